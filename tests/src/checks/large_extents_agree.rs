//! What holds of a few short texts holds of many, and of a long one: the sizes at which kernels change their ways.
//!
//! # How
//!
//! A batch of 47 inputs, more than 512 rows of every matrix and an odd number of them, on this device and on another, and some
//! of its inputs in a batch of three: every output, in units of the model's own f32 noise. Where the positions allow, one
//! text of 517 tokens on both devices. Inputs must differ visibly from each other, or nothing is seen.
//!
//! # Catches
//!
//! - a kernel that is wrong from some size on, or at sizes that are no multiple of its tile
//! - rows that wrap around
//! - positions that end early
//!
//! # Seen
//!
//! - [tracel-ai/burn #4966](https://github.com/tracel-ai/burn/issues/4966): products of more than 500 rows that came out
//!   near zero.
//! - [tracel-ai/burn #4907](https://github.com/tracel-ai/burn/issues/4907): the same for `[512, 512]` times `[512, 32]`.
//! - [ml-explore/mlx #1084](https://github.com/ml-explore/mlx/issues/1084): a product that is wrong for one shape.
//!
//! # Fix
//!
//! Halve the batch until it agrees: the size at which it breaks names the kernel. Report it, and pin the version.

use zoo_registry::output::Record;
use zoo_registry::{Input, Limits, Model};

use crate::check::{Stop, Verdict, require};
use crate::inputs;
use crate::subject::{Subject, Variant};
use crate::values::{Noise, VISIBLE, Values, Worst, gap, values};

/// Inputs in the batch: with eleven tokens or twelve patches each, an odd number above 512.
const BATCH: usize = 47;
/// Inputs that are looked at beside it.
const FEW: [usize; 3] = [46, 0, 23];
/// Tokens of a long text.
const LONG: usize = 517;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let variants = subject.variants()?;
    for variant in &variants {
        many(subject, variant, &mut worst)?;
    }
    // A long text costs as much as everything else; what is built of the same parts is looked at with one head.
    let long = match variants.first() {
        Some(variant) => usize::from(at_length(subject, variant, &mut worst)?),
        None => 0,
    };
    worst.verdict(&format!(
        "{} heads with {BATCH} inputs, {long} texts of {LONG} tokens, on `{}` and on `{}`",
        variants.len(),
        subject.device_name,
        subject.reference_name
    ))
}

fn many(subject: &Subject<'_>, variant: &Variant, worst: &mut Worst) -> Result<(), Stop> {
    let (here, there) = (subject.hot(variant)?, subject.hot_on(variant, &subject.reference)?);
    let batch = inputs::input(here.as_ref(), "large", BATCH)?;
    let few = inputs::select(&batch, &FEW)?;
    let noise = subject.noise_of(variant, std::slice::from_ref(&few), Record::NOTHING)?;
    let (whole, other, part) =
        (said(here.as_ref(), &batch)?, said(there.as_ref(), &batch)?, said(here.as_ref(), &few)?);
    let head = &variant.head;
    // Of so many inputs some are loud: what they move is measured on all of them.
    let loud = subject.noise_of(variant, std::slice::from_ref(&batch), Record::NOTHING)?;
    compare(&whole, &other, &loud, worst, &format!("head `{head}`, {BATCH} inputs, of both devices"));
    for (whole, part) in whole.iter().zip(&part) {
        for (index, row) in FEW.into_iter().enumerate() {
            let multiple = noise.multiple(&whole.name, gap(whole.row(row), part.row(index)));
            worst.see(multiple, || {
                format!("{} of input {row}, head `{head}`, of {BATCH} and of {}", whole.name, FEW.len())
            });
        }
        let apart = noise.multiple(&whole.name, gap(whole.row(FEW[0]), whole.row(FEW[1])));
        require(apart > VISIBLE, || {
            format!("head `{head}`: {} of two inputs are {apart:.1} × noise apart, so nothing is seen", whole.name)
        })?;
    }
    Ok(())
}

/// One long text, where the positions allow it, or can be made to.
fn at_length(subject: &Subject<'_>, variant: &Variant, worst: &mut Worst) -> Result<bool, Stop> {
    let mut config = variant.config.clone();
    if let Some(positions) = config.get_mut("max_positions") {
        *positions = LONG.into();
    }
    let Ok(config) = subject.architecture.complete(&config) else { return Ok(false) };
    let variant = Variant { config, ..variant.clone() };
    let (here, there) = (subject.hot(&variant)?, subject.hot_on(&variant, &subject.reference)?);
    let enough = |limits: &zoo_registry::TokenLimits| limits.max_positions.is_none_or(|most| most >= LONG);
    let fits = match here.limits() {
        Limits::Tokens(limits) => enough(&limits),
        Limits::TokenPair { source, target } => enough(&source) && enough(&target),
        _ => false,
    };
    if !fits {
        return Ok(false);
    }
    let streams = inputs::streams(here.as_ref())?;
    let text = inputs::reading(&streams, |_, limits| inputs::texts(limits, "long", 1, LONG))?.input();
    let noise = subject.noise_of(&variant, std::slice::from_ref(&text), Record::NOTHING)?;
    let (ours, theirs) = (said(here.as_ref(), &text)?, said(there.as_ref(), &text)?);
    compare(&ours, &theirs, &noise, worst, &format!("head `{}`, {LONG} tokens, of both devices", variant.head));
    Ok(true)
}

fn said(model: &dyn Model, input: &Input) -> Result<Vec<Values>, Stop> {
    Ok(values(&model.forward(input, Record::NOTHING)?))
}

fn compare(ours: &[Values], theirs: &[Values], noise: &Noise, worst: &mut Worst, of: &str) {
    for (ours, theirs) in ours.iter().zip(theirs) {
        worst.see(noise.multiple(&ours.name, gap(&ours.data, &theirs.data)), || format!("{}, {of}", ours.name));
    }
}
