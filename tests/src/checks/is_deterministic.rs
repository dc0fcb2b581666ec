//! One model and one input give one output, and one seed draws one model.
//!
//! # How
//!
//! The same input twice, to one model and to another built from the same weights: every output equal bit for bit. Two
//! models drawn from one seed are equal, one from another seed is not.
//!
//! # Catches
//!
//! - dropout outside training
//! - state left behind by a forward pass
//! - parameters drawn out of order
//!
//! # Seen
//!
//! - [facebookresearch/DME #3](https://github.com/facebookresearch/DME/issues/3): `F.dropout` was called without
//!   saying whether this is training, and dropped at inference too.
//! - [NVIDIA/apex #1449](https://github.com/NVIDIA/apex/pull/1449): dropout was applied outside training.
//! - [huggingface/transformers #44358](https://github.com/huggingface/transformers/pull/44358): a tied head that was
//!   not declared was drawn anew with each load of ShieldGemma 2, and each load answered otherwise.
//!
//! # Fix
//!
//! If asking again differs, the forward pass changes something: dropout, a counter, a cache that lives in the module.
//! If building again differs, a number comes from somewhere else than the weights: a parameter that is not in the
//! weight table, a field filled at random. If one seed draws two models, parameters are drawn in the order of first
//! use: draw them in declaration order. An output that is not finite has a scale or a mask that overflows.

use zoo_registry::Model;
use zoo_registry::output::Record;

use crate::check::{Finding, Verdict, require};
use crate::inputs;
use crate::subject::{Subject, drawing};
use crate::values::{Values, side_by_side, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    for variant in &variants {
        let (head, first, second) = (&variant.head, subject.hot(variant)?, subject.hot(variant)?);
        let input = inputs::input(first.as_ref(), "twice", 2)?;
        let run = |model: &dyn Model| -> zoo_registry::Result<Vec<Values>> {
            Ok(values(&model.forward(&input, Record::ALL)?))
        };
        let once = run(first.as_ref())?;
        let finite = once.iter().find(|value| value.data.iter().any(|x| !x.is_finite()));
        require(finite.is_none(), || {
            format!("head `{head}`: {} is not finite", finite.map_or("", |value| &value.name))
        })?;
        for (again, what) in [(run(first.as_ref())?, "asked again"), (run(second.as_ref())?, "built again")] {
            let differs = side_by_side(&once, &again)?.find(|(once, again)| bits(once) != bits(again));
            require(differs.is_none(), || {
                format!("head `{head}`: {what}, {} differs", differs.map_or("", |(once, _)| &once.name))
            })?;
        }
        let drawn = |seed| -> zoo_registry::Result<_> {
            let _turn = drawing();
            let mut model = subject.architecture.build(&variant.config, &subject.device)?;
            model.init(seed);
            Ok(model.weights())
        };
        let (one, same, other) = (drawn(7)?, drawn(7)?, drawn(8)?);
        let differs =
            one.iter().find(|(name, data)| same.get(*name).map(|data| data.as_bytes()) != Some(data.as_bytes()));
        require(differs.is_none(), || {
            format!("head `{head}`: one seed draws two `{}`", differs.map_or("", |(name, _)| name))
        })?;
        let alike =
            one.iter().all(|(name, data)| other.get(name).is_some_and(|other| other.as_bytes() == data.as_bytes()));
        require(!alike, || format!("head `{head}`: two seeds draw one model"))?;
    }
    Ok(Finding::seen(format!("{} heads; outputs and drawn weights equal bit for bit", variants.len())))
}

fn bits(value: &Values) -> Vec<u32> {
    value.data.iter().map(|x| x.to_bits()).collect()
}
