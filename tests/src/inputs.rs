//! Random inputs of the kind a model reads, inside its limits, the same on every run.

use zoo_registry::batch::TokenLimits;
use zoo_registry::input::Images;
use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Input, Limits, Model, Rows, Tokens};

use crate::check::Stop;
use crate::draw::Draw;

/// Length of the longest text that checks use, where the model has the positions for it.
const LONGEST: usize = 11;
/// Fewer tokens show too little.
const SHORTEST: usize = 6;
/// Patches of an image, down and across: few, and not a square.
const PATCHES: [usize; 2] = [3, 4];

/// What texts must be, for checks about the tokens of one text.
///
/// # Errors
/// [`Stop::NotApplicable`] for models that declare to read something else.
pub fn text_limits(model: &dyn Model) -> Result<TokenLimits, Stop> {
    match model.limits() {
        Limits::Tokens(limits) => Ok(limits),
        Limits::TokenPair { .. } => Err(not_a_text("a source and a target")),
        Limits::Images(_) => Err(not_a_text("images")),
        _ => Err(not_a_text("something else")),
    }
}

fn not_a_text(reads: &str) -> Stop {
    Stop::NotApplicable(format!("it declares to read {reads}, this is about the tokens of one text"))
}

/// Length of the longest text to use: what the positions allow, at most eleven tokens.
///
/// # Errors
/// [`Stop::Fails`] if there are too few positions to see anything.
pub fn longest(limits: &TokenLimits) -> Result<usize, Stop> {
    let len = limits.max_positions.map_or(LONGEST, |max| max.min(LONGEST));
    let enough = len >= SHORTEST;
    enough
        .then_some(len)
        .ok_or_else(|| Stop::fails(format!("the tiny configuration has {len} positions, expected at least {SHORTEST}")))
}

/// A random text; `name` tells texts apart.
pub fn text(limits: &TokenLimits, name: &str, len: usize) -> Vec<i64> {
    Draw::new(&format!("text {name}")).ids(len, limits.vocab_size)
}

/// A batch of random texts of one length, with random segments where the model tells them apart.
///
/// # Errors
/// [`Stop::Fails`] if there would be no text.
pub fn texts(limits: &TokenLimits, name: &str, batch: usize, len: usize) -> Result<Tokens, Stop> {
    let rows: Vec<Vec<i64>> = (0..batch).map(|row| text(limits, &format!("{name} {row}"), len)).collect();
    let input_ids = Rows::new(&rows).ok_or_else(|| Stop::fails("expected room for at least one token"))?;
    let n_types = limits.n_token_types;
    let types = (n_types > 1).then(|| Draw::new(&format!("types {name}")).ids(batch * len, n_types));
    let token_type_ids = types.and_then(|types| Rows::from_flat(batch, len, types));
    Ok(Tokens { token_type_ids, ..Tokens::new(input_ids) })
}

/// A batch of whatever the model reads.
///
/// # Errors
/// [`Stop::NotApplicable`] for kinds of input that are not known here, [`Stop::Fails`] for limits too tight.
pub fn input(model: &dyn Model, name: &str, batch: usize) -> Result<Input, Stop> {
    match model.limits() {
        Limits::Tokens(limits) => Ok(texts(&limits, name, batch, longest(&limits)?)?.into()),
        Limits::TokenPair { source, target } => Ok(Input::TokenPair {
            source: texts(&source, &format!("source of {name}"), batch, longest(&source)?)?,
            // Another length, so that the two cannot be mistaken for each other.
            target: texts(&target, &format!("target of {name}"), batch, longest(&target)? - 2)?,
        }),
        Limits::Images(limits) => {
            let [height, width] = [PATCHES[0] * limits.patch_size[0], PATCHES[1] * limits.patch_size[1]];
            let dims = [batch, limits.channels, height, width];
            let mut draw = Draw::new(&format!("images {name}"));
            let pixel_values = (0..dims.iter().product()).map(|_| draw.normal() as f32).collect();
            Ok(Input::Images(Images { dims, pixel_values }))
        }
        _ => Err(Stop::NotApplicable("it declares to read what this suite cannot make up".into())),
    }
}

/// The inputs of a batch at `rows`, in that order.
///
/// # Errors
/// [`Stop::NotApplicable`] for kinds of input that are not known here.
pub fn select(input: &Input, rows: &[usize]) -> Result<Input, Stop> {
    match input {
        Input::Tokens(tokens) => Ok(tokens.select(rows).into()),
        Input::TokenPair { source, target } => {
            Ok(Input::TokenPair { source: source.select(rows), target: target.select(rows) })
        }
        Input::Images(Images { dims: [_, channels, height, width], pixel_values }) => {
            let size = channels * height * width;
            let pixel_values = rows.iter().flat_map(|row| &pixel_values[row * size..][..size]).copied().collect();
            Ok(Input::Images(Images { dims: [rows.len(), *channels, *height, *width], pixel_values }))
        }
        _ => Err(Stop::NotApplicable("it declares to read what this suite cannot make up".into())),
    }
}

/// Whether a model predicts the next token.
///
/// # Errors
/// Of making up an input and running it.
pub fn predicts_next(model: &dyn Model) -> Result<bool, Stop> {
    let output = model.forward(&input(model, "head", 1)?, Record::NOTHING)?;
    Ok(matches!(output.head, HeadOutput::NextTokenLogits(_)))
}
