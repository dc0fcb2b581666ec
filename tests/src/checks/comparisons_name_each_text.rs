//! Comparisons that cannot be meant are refused, and each prompt counts alike, however many answers were ranked for it.
//!
//! # How
//!
//! With each head that gives a reward, five texts are given to learn from with comparisons that are wrong in one way each: a text
//! with itself, a text in no comparison, a text that is not there, none at all, a margin that is not a number; a ranking of one,
//! a text in two rankings or in none, rewards for fewer texts. Each is an input error, and the model is as before. Then two rankings of
//! three and of two texts must give the mean of the two rankings' own means, and pairs with margins the mean of theirs, from the
//! rewards in f64. The guard: without the weights the loss would be another.
//!
//! # Catches
//!
//! - a batch that was put together wrongly and teaches half of what it should
//! - a comparison of a text with itself, which adds ln 2 and teaches nothing
//! - a long ranking that outweighs a short one
//!
//! # Seen
//!
//! - [CarperAI/trlx #395](https://github.com/CarperAI/trlx/pull/395): pairs whose two texts are the same after they were cut
//!   switched the reward model to inference in the middle of training.
//! - [pytorch/rl #1328](https://github.com/pytorch/rl/pull/1328): a loss that looks for the first token in which two texts
//!   differ, and finds none where they are the same.
//!
//! # Fix
//!
//! Look through the pairs before any tensor: every row exists, no row is compared with itself, every row is named. Weigh each
//! comparison by one over the comparisons of its ranking, times one over the rankings.

use zoo_registry::output::Record;
use zoo_registry::{Error, Input, Labels, Pair};

use crate::check::{Stop, Verdict, require};
use crate::formula;
use crate::judges::judges;
use crate::learnt::{Learnt, noise_of_loss};
use crate::subject::{Subject, Variant};
use crate::values::{VISIBLE, WHOLE_MODEL, Worst};

/// Texts in a batch.
const TEXTS: usize = 5;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut heads, mut tried) = (Worst::default(), 0, 0);
    for (variant, input) in judges(subject, "named", TEXTS)? {
        heads += 1;
        tried += refused(subject, &variant, &input)?;
        weighed(subject, &variant, &input, &mut worst)?;
    }
    let measure = "multiple of the loss's f32 noise; 8 allows for sums in another order";
    worst.verdict_within(WHOLE_MODEL, measure, &format!("{heads} heads, {tried} comparisons that cannot be meant"))
}

/// What cannot be meant.
fn refused(subject: &Subject<'_>, variant: &Variant, input: &Input) -> Result<usize, Stop> {
    let pairs = |pairs: &[(usize, usize)]| {
        Labels::Pairs(pairs.iter().map(|&(better, worse)| Pair::new(better, worse)).collect())
    };
    let unsure = Pair { margin: f64::NAN, ..Pair::new(0, 1) };
    let wrong = [
        ("a text that is compared with itself", pairs(&[(0, 1), (2, 3), (4, 4)])),
        ("a text that is compared with itself beside others", pairs(&[(0, 1), (2, 3), (4, 0), (1, 1)])),
        ("a text in no comparison", pairs(&[(0, 1), (2, 3)])),
        ("a text that is not there", pairs(&[(0, 1), (2, 3), (4, TEXTS)])),
        ("no comparison", Labels::Pairs(Vec::new())),
        ("a margin that is not a number", Labels::Pairs(vec![unsure, Pair::new(2, 3), Pair::new(4, 0)])),
        ("a ranking of one", Labels::Rankings(vec![vec![0, 1, 2, 3], vec![4]])),
        ("a text in two rankings", Labels::Rankings(vec![vec![0, 1, 2], vec![2, 3, 4]])),
        ("a text in no ranking", Labels::Rankings(vec![vec![0, 1], vec![2, 3]])),
        ("a ranking of texts that are not there", Labels::Rankings(vec![vec![0, 1, 2], vec![3, 4, TEXTS]])),
        ("no ranking", Labels::Rankings(Vec::new())),
        ("fewer rewards than texts", Labels::Rewards(vec![0.5; TEXTS - 1])),
    ];
    let head = &variant.head;
    for (what, labels) in &wrong {
        let mut trainer = subject.hot(variant)?.trainer();
        let before = trainer.model().parameters();
        let met = [trainer.gradients(input, labels).map(|learnt| learnt.loss), trainer.step(input, labels, 0.1)];
        for met in met {
            match met {
                Err(Error::Input { .. }) => {}
                Err(error) => return Err(Stop::fails(format!("head `{head}`: {what} is met with `{error}`"))),
                Ok(loss) => return Err(Stop::fails(format!("head `{head}`: {what} gives a loss of {loss}"))),
            }
        }
        let after = trainer.model().parameters();
        let same = before.iter().all(|(path, data)| after.get(path).is_some_and(|a| a.as_bytes() == data.as_bytes()));
        require(same, || format!("head `{head}`: {what} is refused, and moves the model all the same"))?;
    }
    Ok(wrong.len())
}

/// Rankings of several lengths, and comparisons with margins.
fn weighed(subject: &Subject<'_>, variant: &Variant, input: &Input, worst: &mut Worst) -> Result<(), Stop> {
    let model = subject.hot(variant)?;
    let output = model.forward(input, Record::NOTHING)?;
    let weights = subject.hot_weights(variant)?;
    let sure = |better, worse, margin| Pair { margin, ..Pair::new(better, worse) };
    let each = [
        Labels::Rankings(vec![vec![3, 0, 1], vec![4, 2]]),
        Labels::Pairs(vec![sure(0, 1, 0.5), sure(3, 2, -0.25), sure(4, 1, 2.0)]),
    ];
    for labels in each {
        let learnt = Learnt::of(subject.hot(variant)?, input, &labels)?;
        let noise = noise_of_loss(&weights, &learnt);
        let expected = formula::loss(&output, &labels).unwrap_or(f64::NAN);
        if let Labels::Rankings(_) = labels {
            guard(variant, &output, expected, noise)?;
        }
        let multiple = (learnt.loss - expected).abs() / noise;
        worst.see(multiple, || format!("{labels:?}: {} for {expected}, head `{}`", learnt.loss, variant.head));
    }
    Ok(())
}

/// All comparisons alike would be another loss.
fn guard(variant: &Variant, output: &zoo_registry::Output, expected: f64, noise: f64) -> Result<(), Stop> {
    let all = [(3, 0), (3, 1), (0, 1), (4, 2)].map(|(better, worse)| Pair::new(better, worse));
    let alike = formula::loss(output, &Labels::Pairs(all.to_vec())).unwrap_or(f64::NAN);
    let apart = (alike - expected).abs() / noise;
    require(apart > VISIBLE, || {
        format!("head `{}`: weighed alike, comparisons are {apart:.1} × noise away, so nothing is seen", variant.head)
    })
}
