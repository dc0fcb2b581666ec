//! Texts in one batch do not know of each other, and a model asked twice answers the same.

use zoo_registry::Model;
use zoo_registry::output::Record;

use crate::check::{Check, Finding, Stop, Verdict, require};
use crate::inputs;
use crate::subject::{Subject, drawing};
use crate::values::{VISIBLE, Values, Worst, gap, values};

pub(super) const BATCH_INVARIANCE: Check = Check {
    id: "batch-invariance",
    statement: "What a model says of a text does not depend on the other texts of the batch, nor on their order.",
    method: "Each text of a batch of four against the text alone, and the batch against itself in another order: every output. \
             The guard: the texts' outputs differ from each other far more than noise.",
    catches: &["a reshape that mixes texts", "statistics over the batch", "one cache or mask for all rows"],
    run: batch_invariance,
};

pub(super) const IS_DETERMINISTIC: Check = Check {
    id: "is-deterministic",
    statement: "One model and one input give one output, and one seed draws one model.",
    method: "The same input twice, to one model and to another built from the same weights: every output equal bit for bit. Two \
             models drawn from one seed are equal, one from another seed is not.",
    catches: &["dropout outside training", "state left behind by a forward pass", "parameters drawn out of order"],
    run: is_deterministic,
};

const ORDER: [usize; 4] = [2, 0, 3, 1];

fn batch_invariance(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        let (head, model) = (&variant.head, subject.hot(&variant)?);
        let input = inputs::input(model.as_ref(), "batch", ORDER.len())?;
        let run = |rows: &[usize]| -> Result<Vec<Values>, Stop> {
            Ok(values(&model.forward(&inputs::select(&input, rows)?, Record::ALL)?))
        };
        let noise = subject.noise(&variant, std::slice::from_ref(&input))?;
        let (whole, permuted) = (run(&[0, 1, 2, 3])?, run(&ORDER)?);
        for (to, &row) in ORDER.iter().enumerate() {
            for ((whole, permuted), alone) in whole.iter().zip(&permuted).zip(&run(&[row])?) {
                let name = &whole.name;
                let multiple = |error| noise.multiple(name, error);
                worst.see(multiple(gap(whole.row(row), &alone.data)), || {
                    format!("{name} of text {row} alone, head `{head}`")
                });
                let moved = multiple(gap(whole.row(row), permuted.row(to)));
                worst.see(moved, || format!("{name} of text {row} in another order, head `{head}`"));
                let next = (row + 1) % ORDER.len();
                let apart = multiple(gap(whole.row(row), whole.row(next)));
                // Attention maps may agree where the texts do not: they are compared, not guarded.
                let guarded = !name.starts_with("attentions.");
                require(!guarded || apart > VISIBLE, || {
                    format!("head `{head}`: {name} of texts {row} and {next} are alike, so nothing is seen")
                })?;
            }
        }
    }
    worst.verdict("four texts in one batch, alone, and in another order")
}

fn is_deterministic(subject: &Subject<'_>) -> Verdict {
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
            let differs = once.iter().zip(&again).find(|(once, again)| bits(once) != bits(again));
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
