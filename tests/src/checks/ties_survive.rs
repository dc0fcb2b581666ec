//! A table that serves as output layer too stays one parameter: drawn, trained, saved and loaded.
//!
//! # How
//!
//! With each head that scores tokens, every row of a table over the vocabulary is moved whose token is not read: if the
//! score of that token follows, the head borrows the table, and the weight table must say so with a row that is tied. With
//! each tied row: the saved file holds the numbers once; a file that holds them twice loads and says so; one whose copies
//! differ is refused by name and changes nothing. After a step of training, a fresh model that loads what was saved answers bit for
//! bit as the trained one: no second copy was left behind.
//!
//! # Catches
//!
//! - a clone that comes apart at the first step
//! - a head of its own in the file that is dropped in silence
//! - an output layer that is saved beside its table, or not at all
//!
//! # Seen
//!
//! - [huggingface/transformers #42612](https://github.com/huggingface/transformers/pull/42612) and
//!   [vllm-project/vllm #51665](https://github.com/vllm-project/vllm/pull/51665): a head that differs, overwritten by the
//!   embedding.
//! - [NVIDIA-NeMo/Automodel #2511](https://github.com/NVIDIA-NeMo/Automodel/pull/2511): a tie that was declared but not
//!   there, so that training it and saving one lost the other.
//!
//! # Fix
//!
//! Let the head borrow the table in its forward pass; hold no second parameter. Then give the weight table a tied row.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::weights::{MemoryWeights, Verb, publish};
use zoo_registry::{Error, HeadOutput, Input, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs;
use crate::labels::probe;
use crate::subject::{Subject, Variant, drawing};
use crate::values::{VISIBLE, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut borrowed, mut tied) = (BTreeSet::new(), 0);
    for variant in subject.variants()? {
        let names = subject.architecture.weight_names(&variant.config)?;
        let declared = declared(subject, &variant)?;
        for path in lent(subject, &variant)? {
            require(declared.iter().any(|(_, ours)| *ours == path), || {
                format!(
                    "head `{}` scores tokens with `{path}`, and no row of the weight table is tied to it: an output layer in a \
                     file would be left out in silence",
                    variant.head
                )
            })?;
            borrowed.insert(path);
        }
        for (name, path) in &declared {
            let of = |path: &String| {
                let data = subject.hot_weights(&variant)?.remove(path);
                let one = publish(&names, data.into_iter().map(|data| (path.clone(), data)).collect());
                one.into_values().next().ok_or_else(|| Stop::fails(format!("`{path}` is not published")))
            };
            in_files(subject, &variant, name, of(path)?)?;
            tied += 1;
        }
        if !declared.is_empty() {
            after_a_step(subject, &variant)?;
        }
    }
    if tied == 0 {
        return Err(Stop::NotApplicable(
            "nothing is tied: no head borrows a table, no row of the weight table says so".into(),
        ));
    }
    Ok(Finding::seen(format!("{tied} tied rows; output layers that are tables: {borrowed:?}")))
}

/// Every tied row as a published name and the path of our parameter.
fn declared(subject: &Subject<'_>, variant: &Variant) -> Result<Vec<(String, String)>, Stop> {
    let modules = subject.architecture.modules(&variant.config)?;
    let names = subject.architecture.weight_names(&variant.config)?;
    let mut found = Vec::new();
    for (prefix, row) in names.rows().filter(|(_, row)| row.verb == Verb::Tied) {
        for ours in row.ours {
            let ours = format!("{}{ours}", row.within);
            for (path, _) in modules.parameters() {
                let leaf = path
                    .strip_prefix(&ours)
                    .and_then(|rest| if rest.is_empty() { Some("") } else { rest.strip_prefix('.') });
                if let Some(leaf) = leaf {
                    let dot = if leaf.is_empty() { "" } else { "." };
                    found.push((format!("{prefix}{}{dot}{leaf}", row.published), path));
                }
            }
        }
    }
    Ok(found)
}

/// The tables over the vocabulary that the scores of tokens are made with.
fn lent(subject: &Subject<'_>, variant: &Variant) -> Result<Vec<String>, Stop> {
    let model = subject.hot(variant)?;
    let Some(vocab_size) = model.limits().tokens().map(|limits| limits.vocab_size) else { return Ok(Vec::new()) };
    let input = inputs::input(model.as_ref(), "tied", 1)?;
    let Some(still) = scores(model.as_ref(), &input)? else { return Ok(Vec::new()) };
    let read = ids(&input);
    let unread = (0..vocab_size).find(|id| !read.contains(&(*id as i64)));
    let unread = unread.ok_or_else(|| Stop::fails("every token is read, expected one that is not"))?;
    let noise = subject.noise(variant, std::slice::from_ref(&input))?;
    let mut lent = Vec::new();
    for (path, data) in subject.hot_weights(variant)? {
        let [rows, width] = data.shape().to_vec()[..] else { continue };
        // A map's own columns are an output layer by right.
        if rows != vocab_size {
            continue;
        }
        let mut weights = subject.hot_weights(variant)?;
        let moved = data.iter::<f32>().enumerate().map(|(at, x)| if at / width == unread { x + 1.0 } else { x });
        weights.insert(path.clone(), TensorData::new(moved.collect::<Vec<f32>>(), data.shape().to_vec()));
        let moved = scores(subject.filled(variant, &subject.device, weights)?.as_ref(), &input)?.unwrap_or_default();
        let follows = still.iter().zip(&moved).enumerate().filter(|(at, _)| at % vocab_size == unread);
        let apart = follows.map(|(_, (a, b))| f64::from((a - b).abs())).fold(0.0, f64::max);
        if noise.multiple("logits", apart) > VISIBLE {
            lent.push(path);
        }
    }
    Ok(lent)
}

/// Scores of tokens, where the head gives any.
fn scores(model: &dyn Model, input: &Input) -> Result<Option<Vec<f32>>, Stop> {
    Ok(match model.forward(input, Record::NOTHING)?.head {
        HeadOutput::TokenLogits(logits) | HeadOutput::NextTokenLogits(logits) => {
            Some(logits.into_data().iter().collect())
        }
        _ => None,
    })
}

fn ids(input: &Input) -> BTreeSet<i64> {
    match input {
        Input::Tokens(tokens) => tokens.input_ids.as_slice().iter().copied().collect(),
        Input::TokenPair { source, target } => {
            source.input_ids.as_slice().iter().chain(target.input_ids.as_slice()).copied().collect()
        }
        _ => BTreeSet::new(),
    }
}

/// Files that hold a tied tensor not at all, twice, and twice with different numbers.
fn in_files(subject: &Subject<'_>, variant: &Variant, name: &str, owner: TensorData) -> Result<(), Stop> {
    let (head, mut model) = (&variant.head, subject.hot(variant)?);
    let weights = model.weights();
    require(!weights.contains_key(name), || format!("head `{head}`: `{name}` is saved beside what it is tied to"))?;
    let with = |copy: TensorData| -> MemoryWeights {
        let copy = (name.to_owned(), copy);
        weights.clone().into_iter().chain([copy]).collect()
    };
    let report = model.load(&with(owner.clone()))?;
    require(report.tied == [name], || {
        format!("head `{head}`: `{name}` stands twice, and the report tells of {report:?}")
    })?;
    let mut other: Vec<f32> = owner.iter().collect();
    other.iter_mut().take(1).for_each(|x| *x += 1.0);
    let met = model.load(&with(TensorData::new(other, owner.shape().to_vec())));
    let told = matches!(&met, Err(Error::Weights { report, .. }) if report.contains(name));
    require(told, || format!("head `{head}`: `{name}` contradicts what it is tied to, which is met with {met:?}"))?;
    require(bytes(&model.weights()) == bytes(&weights), || {
        format!("head `{head}`: weights that contradict themselves are refused, and change the model all the same")
    })
}

fn bytes(weights: &BTreeMap<String, TensorData>) -> Vec<(&String, &[u8])> {
    weights.iter().map(|(name, data)| (name, data.as_bytes())).collect()
}

/// A step of training leaves nothing behind that is not saved.
fn after_a_step(subject: &Subject<'_>, variant: &Variant) -> Result<(), Stop> {
    const WIDTH: f64 = 0.01;
    let (input, labels) = probe(subject, variant)?;
    let hot = subject.hot(variant)?;
    // Answers before the step, so that anything kept of them would be kept.
    hot.forward(&input, Record::NOTHING)?;
    let mut trainer = hot.trainer();
    for _ in 0..2 {
        trainer.step(&input, &labels, WIDTH)?;
    }
    let trained = trainer.model();
    let mut fresh = {
        let _turn = drawing();
        subject.architecture.build(&variant.config, &subject.device)?
    };
    let saved: MemoryWeights = trained.weights().into_iter().collect();
    fresh.load(&saved)?;
    let answers = |model: &dyn Model| -> Result<_, Stop> { Ok(values(&model.forward(&input, Record::NOTHING)?)) };
    let (found, expected) = (answers(trained.as_ref())?, answers(fresh.as_ref())?);
    let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
    require(differs.is_none(), || {
        let name = differs.map_or("", |(found, _)| &found.name);
        format!("head `{}`: after a step, {name} is not that of a fresh model with the saved weights", variant.head)
    })
}
