//! Looking at hidden states and attention maps does not change what the model says.
//!
//! # How
//!
//! With and without recording: the head says the same. Nothing is kept unasked. What is kept has its shape: one hidden
//! state more than layers, a map a layer, each row of a map a distribution. The guard: the first maps of a stack are far from uniform.
//!
//! # Catches
//!
//! - another kernel when maps are wanted
//! - a layer that is not recorded
//! - scores recorded before the softmax
//! - attention that is uniform
//!
//! # Seen
//!
//! - [pytorch/pytorch #160064](https://github.com/pytorch/pytorch/issues/160064): `MultiheadAttention` with a head
//!   hidden whole is finite with `need_weights=False` and NaN with `need_weights=True`.
//! - [huggingface/transformers #29187](https://github.com/huggingface/transformers/pull/29187): of Gemma's three
//!   kernels only the one that can give maps merged the heads to a wrong width.
//!
//! # Fix
//!
//! If what the head says changes, the path that keeps maps is another computation: compare `attend` with
//! `attention_weights` and the product after it. If the number of records is wrong, `trace.hidden` belongs once after
//! the embeddings and once after each layer, `trace.attention` once in each, within the `Stack` that runs. A row that
//! is no distribution was recorded before the softmax. Maps near uniform mean lost scores: a scale, or queries that
//! are zero.

use serde_json::{Map, Value};
use zoo_registry::output::{HeadOutput, Output, Record};

use crate::check::{Stop, Verdict, require};
use crate::hot;
use crate::inputs;
use crate::subject::Subject;
use crate::values::{Axes, Values, Worst, gap, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let input = inputs::input(model.as_ref(), "recorded", 2)?;
        let noise = subject.noise(&variant, std::slice::from_ref(&input))?;
        let (silent, told) = (model.forward(&input, Record::NOTHING)?, model.forward(&input, Record::ALL)?);
        let fail = |what: String| Stop::fails(format!("head `{}`: {what}", variant.head));
        let unasked = values(&silent).into_iter().find(Values::is_recorded);
        require(unasked.is_none(), || "something is kept unasked".to_owned())?;
        kept(&told, &variant.config).map_err(fail)?;
        let told = values(&told);
        for silent in values(&silent) {
            let told = told.iter().find(|told| told.name == silent.name);
            let error = told.map_or(f64::INFINITY, |told| gap(&silent.data, &told.data));
            let multiple = noise.multiple(&silent.name, error);
            worst.see(multiple, || format!("{}, head `{}`", silent.name, variant.head));
        }
        told.iter().filter(|value| matches!(value.axes, Axes::Pair(..))).try_for_each(distributions).map_err(fail)?;
    }
    worst.verdict("with and without recording")
}

fn kept(told: &Output, config: &Map<String, Value>) -> Result<(), String> {
    let layers = |stack: &str| {
        let number = |field: &str| config.get(field).and_then(Value::as_u64);
        number(&format!("n_{stack}_layers")).or_else(|| number("n_layers")).map(|n| n as usize)
    };
    let recorded = |what: &str, hidden: usize, maps: usize, layers: Option<usize>| {
        // Where a configuration counts groups of layers, every layer of a group is recorded. Where it counts none, there is
        // nothing to hold the maps against but the hidden states.
        if let Some(layers) = layers.filter(|layers| maps == 0 || !maps.is_multiple_of(*layers)) {
            return Err(format!("{maps} attention maps of {layers} {what}layers"));
        }
        if hidden != maps + 1 {
            return Err(format!("{hidden} hidden states, expected {maps} and the embeddings"));
        }
        Ok(())
    };
    let maps = told.attentions.len();
    // Of two stacks, the one that answers alone without predicting what comes next is the encoder.
    let writes = told.source.is_some() || matches!(told.head, HeadOutput::NextTokenLogits(_));
    let stack = if writes { "decoder" } else { "encoder" };
    recorded("", told.hidden_states.len(), maps, layers(stack))?;
    let Some(source) = &told.source else { return Ok(()) };
    let maps = source.attentions.len();
    recorded("encoder ", source.hidden_states.len(), maps, layers("encoder"))?;
    let across = source.cross_attentions.len();
    if across == told.attentions.len() {
        Ok(())
    } else {
        Err(format!("{across} maps of looks at the source, expected one a layer"))
    }
}

/// How many roundings of 1 a row of a map may be off: softmax divides numbers of one sum, each rounded once, and the sum here
/// rounds once more for each of its few terms.
const ROW_ROUNDINGS: f64 = 32.0;
/// Hot weights leave attention less than this part of the entropy of uniform attention.
const HOT_ENTROPY: f64 = 0.9;

fn distributions(map: &Values) -> Result<(), String> {
    let &[_, _, _, keys] = &map.shape[..] else { return Err(format!("{} has shape {:?}", map.name, map.shape)) };
    let rows = || map.data.chunks_exact(keys).map(|row| row.iter().map(|&p| f64::from(p)).collect::<Vec<f64>>());
    let off = |row: Vec<f64>| {
        let negative = row.iter().any(|&p| p.is_nan() || p < 0.0);
        if negative { f64::INFINITY } else { (row.iter().sum::<f64>() - 1.0).abs() }
    };
    let worst = rows().map(off).fold(0.0, f64::max);
    if worst > ROW_ROUNDINGS * crate::values::UNIT_ROUNDOFF {
        return Err(format!("a row of {} is no distribution: off by {worst:.3e}", map.name));
    }
    let depth = map.name.rsplit('.').next().and_then(|layer| layer.parse::<usize>().ok());
    if depth.is_some_and(|layer| layer >= hot::DEPTH) {
        return Ok(());
    }
    // Rows with one visible key have no entropy to lose.
    let spread = rows().filter_map(|row| {
        let visible = row.iter().filter(|&&p| p > 0.0).count();
        let entropy: f64 = row.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum();
        (visible > 1).then(|| entropy / (visible as f64).ln())
    });
    let spread: Vec<f64> = spread.collect();
    let mean = spread.iter().sum::<f64>() / spread.len().max(1) as f64;
    if mean > HOT_ENTROPY {
        return Err(format!("{} is nearly uniform: {:.0} % of the largest entropy", map.name, 100.0 * mean));
    }
    Ok(())
}
