//! Each position sees exactly the positions that the family's attention terms say.
//!
//! # How
//!
//! Every token in turn is replaced, in several texts and by several others, and every output that changes by a single bit
//! is noted. The matrix must equal the declared one, lower-triangular for causal attention and for every next-token head,
//! full for bidirectional attention; a dependency that is missing counts like one too many. One answer a text must depend
//! on every token, and segments must matter where the model takes them. An encoder–decoder reads its source whole, whatever
//! is written, and looks at all of it from every position. Of an image, each patch is replaced, and each pixel of a patch
//! in each channel: with bidirectional attention every position must change, with any other what is said of the whole
//! image. Whoever declares neither must show neither.
//!
//! # Catches
//!
//! - a mask off by one, or none
//! - heads and time mixed up in a reshape
//! - attention that does nothing
//! - an input that is ignored
//! - attention that does not say what it is
//! - a convolution that steps over pixels
//!
//! # Seen
//!
//! - [huggingface/transformers #48745](https://github.com/huggingface/transformers/issues/48745): RoFormer, BigBird,
//!   RemBERT and Megatron-BERT saw the future as causal models, and their loss collapsed on random tokens.
//! - [huggingface/transformers #31673](https://github.com/huggingface/transformers/issues/31673): the mask of Gemma
//!   2's sliding layers let labels leak when it was combined with the causal one, and training loss fell to 0.
//! - [karpathy/minGPT #75](https://github.com/karpathy/minGPT/issues/75): a mask of -10000 is not hidden from a model
//!   that learns scores lower than that.
//!
//! # Fix
//!
//! `sees` is a mask: look at `causal_bias` and whether `mask::sum` gets it in every layer, then at how `q_len` and
//! `kv_len` are counted. `does not see` means that attention is lost: an output that is not added, a mask that hides
//! too much, or heads split without the transpose that `MultiHeadAttention` makes. If all of a triangle is wrong, ask
//! whether the `attention` terms in the TOML say what the paper says. A source that is not seen is cross-attention
//! that reads the target.

use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Limits, Model, Output, Rows, TokenLimits, Tokens};

use crate::check::{Stop, Verdict, none_of};
use crate::inputs::{self, Reading};
use crate::pictures;
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Stream, Values, values};

/// What a family declares of who sees whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Itself and what came before.
    Causal,
    /// Everything.
    Full,
    /// It does not say.
    Unsaid,
}

fn declared(subject: &Subject<'_>, output: &Output) -> Flow {
    let terms = subject.descriptor().taxonomy.get("attention");
    let says = |term: &str| terms.into_iter().flatten().any(|id| id == term);
    match output.head {
        // Whoever predicts a token must not have seen it.
        HeadOutput::NextTokenLogits(_) => Flow::Causal,
        // Of two stacks, the one that reads sees everything and the one that writes does not.
        _ if output.source.is_some() && says("causal") => Flow::Causal,
        _ if says("full-bidirectional") => Flow::Full,
        _ if says("causal") || says("masked") => Flow::Causal,
        _ => Flow::Unsaid,
    }
}

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut problems = Vec::new();
    let mut looked_at = Vec::new();
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        if let Limits::Images(limits) = model.limits() {
            let terms = subject.descriptor().taxonomy.get("attention");
            let everywhere = terms.into_iter().flatten().any(|term| term == "full-bidirectional");
            let unseen = pictures::unseen(model.as_ref(), &limits, everywhere)?;
            let told = |first: &String| format!("head `{}`: {first}; {} in all", variant.head, unseen.len());
            problems.extend(unseen.first().map(told));
            let hidden = model.forward(&inputs::input(model.as_ref(), "flow", 1)?, Record::NOTHING)?.head;
            let positions = matches!(hidden, HeadOutput::Hidden(_));
            if positions && !everywhere && pictures::unseen(model.as_ref(), &limits, true)?.is_empty() {
                problems.push(unsaid(&variant, "the head's answer", "full-bidirectional"));
            }
            looked_at.push(format!("`{}` {}", variant.head, if everywhere { "full" } else { "as a whole" }));
            continue;
        }
        let reading = inputs::random_reading(model.as_ref(), "flow", TEXTS)?;
        let output = model.forward(&reading.input(), Record::NOTHING)?;
        let flow = declared(subject, &output);
        let before = values(&output);
        for (from, limits) in inputs::streams(model.as_ref())? {
            let seen = dependencies(model.as_ref(), &reading, (from, &limits), &before)?;
            for (seen, value) in seen.iter().zip(&before) {
                if flow == Flow::Unsaid {
                    problems.extend(seen.is_one_of(value.axes, from).map(|term| unsaid(&variant, &value.name, term)));
                    continue;
                }
                let wrong = seen.wrong(|to_position, position| expected(flow, value.axes, from, to_position, position));
                if let Some(first) = wrong.first() {
                    let (head, name, pairs) = (&variant.head, &value.name, seen.pairs());
                    let of = if from == Stream::Source { " of the source" } else { "" };
                    let wrong = wrong.len();
                    problems.push(format!("head `{head}`, {name}: {first}{of}; {wrong} of {pairs} pairs are wrong"));
                }
            }
        }
        segments_matter(&variant, model.as_ref(), &mut problems)?;
        let flow = match flow {
            Flow::Causal => "causal",
            Flow::Full => "full",
            Flow::Unsaid => continue,
        };
        looked_at.push(format!("`{}` {flow}", variant.head));
    }
    if looked_at.is_empty() && problems.is_empty() {
        let neither = "its attention is declared neither `causal` nor `full-bidirectional`, and is neither";
        return Err(Stop::NotApplicable(neither.into()));
    }
    none_of(&problems, looked_at.join(", "))
}

fn unsaid(variant: &Variant, name: &str, term: &str) -> String {
    format!(
        "head `{}`, {name}: everything is seen as in `{term}` attention, and the TOML does not say so",
        variant.head
    )
}

/// Texts in the batch: a dependency seen in one is seen.
const TEXTS: usize = 3;
/// Tokens tried in the place of each.
const OTHERS: usize = 2;

/// Whether an output at position `to` must depend on the token at `position` of the stream `from`.
fn expected(flow: Flow, axes: Axes, from: Stream, to: usize, position: usize) -> bool {
    match (axes, from) {
        // One answer a text stands at no position: all of it must depend on every token.
        (Axes::Text, _) => true,
        // What was read is read whole, before anything is written, and looked at from everywhere.
        (Axes::Token(_), Stream::Source) => true,
        (Axes::Token(Stream::Source), Stream::Target) => false,
        _ => flow == Flow::Full || position <= to,
    }
}

/// Which positions of each output change when a token of the stream `from` is replaced.
fn dependencies(
    model: &dyn Model,
    reading: &Reading,
    (from, limits): (Stream, &TokenLimits),
    before: &[Values],
) -> Result<Vec<Seen>, Stop> {
    let tokens = reading.of(from).ok_or_else(|| Stop::fails("expected a text"))?;
    let [_, len] = tokens.input_ids.dims();
    let mut seen: Vec<Seen> = before.iter().map(|value| Seen::new(value, len)).collect();
    for position in 0..len {
        for other in 1..=OTHERS {
            let replaced = reading.with(from, replaced(tokens, position, other, limits.vocab_size as i64));
            let after = values(&model.forward(&replaced.input(), Record::NOTHING)?);
            for ((seen, before), after) in seen.iter_mut().zip(before).zip(&after) {
                seen.note(before, after, position, TEXTS);
            }
        }
    }
    Ok(seen)
}

fn replaced(tokens: &Tokens, position: usize, other: usize, vocab: i64) -> Tokens {
    let [batch, len] = tokens.input_ids.dims();
    let step = 1 + (other as i64 - 1) * (vocab / 2).max(1);
    let mut ids = tokens.input_ids.as_slice().to_vec();
    for row in 0..batch {
        ids[row * len + position] = (ids[row * len + position] + step) % vocab;
    }
    let input_ids = Rows::from_flat(batch, len, ids).unwrap_or_else(|| tokens.input_ids.clone());
    Tokens { input_ids, ..tokens.clone() }
}

/// Which positions were seen to depend on which, `[to][from]`.
#[derive(Debug, Clone)]
struct Seen(Vec<Vec<bool>>);

impl Seen {
    fn new(value: &Values, len: usize) -> Self {
        let positions = if value.axes == Axes::Text { 1 } else { value.shape.get(1).copied().unwrap_or(1) };
        Self(vec![vec![false; len]; positions])
    }

    fn pairs(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    fn note(&mut self, before: &Values, after: &Values, from: usize, texts: usize) {
        for (to, seen) in self.0.iter_mut().enumerate() {
            let to = [to];
            let bits = |value: &Values, row| value.part(row, |_| &to).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            seen[from] |= (0..texts).any(|row| bits(before, row) != bits(after, row));
        }
    }

    /// The term that says exactly what was seen, of an output with positions.
    fn is_one_of(&self, axes: Axes, from: Stream) -> Option<&'static str> {
        let own = axes == Axes::Token(from);
        let is = |flow| self.wrong(|to, position| expected(flow, axes, from, to, position)).is_empty();
        let terms = [(Flow::Causal, "causal"), (Flow::Full, "full-bidirectional")];
        terms.into_iter().find(|(flow, _)| own && is(*flow)).map(|(_, term)| term)
    }

    /// Every pair that is not as expected, in words.
    fn wrong(&self, expected: impl Fn(usize, usize) -> bool) -> Vec<String> {
        let mut wrong = Vec::new();
        for (to, seen) in self.0.iter().enumerate() {
            for (from, &seen) in seen.iter().enumerate() {
                match (expected(to, from), seen) {
                    (true, false) => wrong.push(format!("position {to} does not see position {from}")),
                    (false, true) => wrong.push(format!("position {to} sees position {from}")),
                    _ => {}
                }
            }
        }
        wrong
    }
}

fn segments_matter(variant: &Variant, model: &dyn Model, problems: &mut Vec<String>) -> Result<(), Stop> {
    let reading = inputs::random_reading(model, "segments", 1)?;
    for (stream, limits) in inputs::streams(model)? {
        let Some(tokens) = reading.of(stream).filter(|_| limits.n_token_types > 1) else { continue };
        let [batch, len] = tokens.input_ids.dims();
        let run = |segment| -> Result<_, Stop> {
            let tokens = Tokens { token_type_ids: Some(Rows::full(batch, len, segment)), ..tokens.clone() };
            Ok(values(&model.forward(&reading.with(stream, tokens).input(), Record::NOTHING)?))
        };
        if run(0)? == run(1)? {
            problems.push(format!("head `{}`: `token_type_ids` change nothing", variant.head));
        }
    }
    Ok(())
}
