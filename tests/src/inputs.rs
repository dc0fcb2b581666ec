//! Random inputs of the kind a model reads, inside its limits, the same on every run.

use zoo_registry::batch::TokenLimits;
use zoo_registry::input::Images;
use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Input, Limits, Model, Rows, Side, Tokens};

use crate::check::Stop;
use crate::seed;
use crate::values::Stream;

/// Length of the longest text that checks use, where the model has the positions for it.
const LONGEST: usize = 11;
/// Fewer tokens show too little.
const SHORTEST: usize = 6;
/// Patches of an image, down and across: few, and not a square.
const PATCHES: [usize; 2] = [3, 4];

/// The texts a model is given: one, or what it reads and what it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// For the encoder of an encoder–decoder.
    pub source: Option<Tokens>,
    /// The only text, or the one that is written.
    pub target: Tokens,
}

impl Reading {
    /// The text of a stream.
    pub fn of(&self, stream: Stream) -> Option<&Tokens> {
        match stream {
            Stream::Source => self.source.as_ref(),
            Stream::Target => Some(&self.target),
        }
    }

    /// The same with another text in one stream.
    #[must_use]
    pub fn with(&self, stream: Stream, tokens: Tokens) -> Self {
        match stream {
            Stream::Source => Self { source: Some(tokens), ..self.clone() },
            Stream::Target => Self { target: tokens, ..self.clone() },
        }
    }

    /// The rows at `indices`, in that order.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let source = self.source.as_ref().map(|source| source.select(indices));
        Self { source, target: self.target.select(indices) }
    }

    /// What an encoder–decoder reads before it writes.
    pub fn before_writing(&self) -> Option<Input> {
        self.source.clone().map(Input::Tokens)
    }

    /// All of it.
    pub fn input(&self) -> Input {
        match &self.source {
            Some(source) => Input::TokenPair { source: source.clone(), target: self.target.clone() },
            None => self.target.clone().into(),
        }
    }
}

/// The streams of texts a model is given, with what each must be.
///
/// # Errors
/// [`Stop::NotApplicable`] for models that declare to look at something else.
pub fn streams(model: &dyn Model) -> Result<Vec<(Stream, TokenLimits)>, Stop> {
    match model.limits() {
        Limits::Tokens(limits) => Ok(vec![(Stream::Target, limits)]),
        Limits::TokenPair { source, target } => Ok(vec![(Stream::Source, source), (Stream::Target, target)]),
        Limits::Images(_) => Err(not_a_text("images")),
        _ => Err(not_a_text("something else")),
    }
}

/// A text, or a pair of them, for each of `streams`, made by `make`.
///
/// # Errors
/// Of `make`.
pub fn reading(
    streams: &[(Stream, TokenLimits)],
    mut make: impl FnMut(Stream, &TokenLimits) -> Result<Tokens, Stop>,
) -> Result<Reading, Stop> {
    let (mut source, mut target) = (None, None);
    for (stream, limits) in streams {
        match stream {
            Stream::Source => source = Some(make(*stream, limits)?),
            Stream::Target => target = Some(make(*stream, limits)?),
        }
    }
    let target = target.ok_or_else(|| Stop::fails("expected a text"))?;
    Ok(Reading { source, target })
}

/// Random texts for every stream, as long as the model allows.
///
/// # Errors
/// [`Stop::NotApplicable`] for models that read no text, [`Stop::Fails`] for limits too tight.
pub fn random_reading(model: &dyn Model, name: &str, batch: usize) -> Result<Reading, Stop> {
    reading(&streams(model)?, |stream, limits| {
        // A target of another length, so that the two cannot be mistaken for each other.
        match (stream, model.limits()) {
            (Stream::Target, Limits::TokenPair { .. }) => {
                texts(limits, &format!("target of {name}"), batch, longest(limits)? - 2)
            }
            (Stream::Target, _) => texts(limits, name, batch, longest(limits)?),
            (Stream::Source, _) => texts(limits, &format!("source of {name}"), batch, longest(limits)?),
        }
    })
}

fn not_a_text(reads: &str) -> Stop {
    Stop::NotApplicable(format!("it declares to read {reads}, this is about the tokens of texts"))
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

/// The same tokens with the positions they have, said outright, where the model takes any: what is done to them then, a mask
/// taken away or the text before them, moves none.
pub fn in_place(tokens: &Tokens, limits: &TokenLimits) -> Tokens {
    let [batch, len] = tokens.input_ids.dims();
    let mask = tokens.mask();
    let counted = mask.rows().flat_map(|real| {
        let count = |n: &mut i64, &real: &bool| {
            *n += i64::from(real);
            Some((*n - 1).max(0))
        };
        real.iter().scan(0, count).collect::<Vec<_>>()
    });
    let counted = limits.max_positions.and_then(|_| Rows::from_flat(batch, len, counted.collect()));
    Tokens { position_ids: tokens.position_ids.clone().or(counted), ..tokens.clone() }
}

/// A random text; `name` tells texts apart.
pub fn text(limits: &TokenLimits, name: &str, len: usize) -> Vec<i64> {
    seed::draw(&format!("text {name}")).ids(len, limits.vocab_size)
}

/// A batch of random texts of one length, with random segments where the model tells them apart.
///
/// # Errors
/// [`Stop::Fails`] if there would be no text.
pub fn texts(limits: &TokenLimits, name: &str, batch: usize, len: usize) -> Result<Tokens, Stop> {
    let rows: Vec<Vec<i64>> = (0..batch).map(|row| text(limits, &format!("{name} {row}"), len)).collect();
    let input_ids = Rows::new(&rows).ok_or_else(|| Stop::fails("expected room for at least one token"))?;
    let n_types = limits.n_token_types;
    let types = (n_types > 1).then(|| seed::draw(&format!("types {name}")).ids(batch * len, n_types));
    let token_type_ids = types.and_then(|types| Rows::from_flat(batch, len, types));
    Ok(Tokens { token_type_ids, ..Tokens::new(input_ids) })
}

/// The texts with so many tokens of each hidden on one side; their ids stay.
///
/// # Errors
/// [`Stop::Fails`] unless there is one number a text.
pub fn masked(tokens: Tokens, hidden: &[usize], side: Side) -> Result<Tokens, Stop> {
    let [batch, len] = tokens.input_ids.dims();
    let real = |hidden: &usize, at: usize| match side {
        Side::Left => at >= *hidden,
        Side::Right => at + hidden < len,
    };
    let mask: Vec<Vec<bool>> = hidden.iter().map(|hidden| (0..len).map(|at| real(hidden, at)).collect()).collect();
    let mask = Rows::new(&mask).filter(|mask| mask.dims()[0] == batch);
    let attention_mask = mask.ok_or_else(|| Stop::fails(format!("expected {batch} texts, found {}", hidden.len())))?;
    Ok(Tokens { attention_mask: Some(attention_mask), ..tokens })
}

/// A batch of whatever the model reads.
///
/// # Errors
/// [`Stop::NotApplicable`] for kinds of input that are not known here, [`Stop::Fails`] for limits too tight.
pub fn input(model: &dyn Model, name: &str, batch: usize) -> Result<Input, Stop> {
    match model.limits() {
        Limits::Tokens(_) | Limits::TokenPair { .. } => Ok(random_reading(model, name, batch)?.input()),
        Limits::Images(limits) => {
            let [height, width] = [PATCHES[0] * limits.patch_size[0], PATCHES[1] * limits.patch_size[1]];
            let dims = [batch, limits.channels, height, width];
            let mut draw = seed::draw(&format!("images {name}"));
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
