//! Every parameter takes part in training: its gradient is there, is finite, and is not zero throughout.
//!
//! # How
//!
//! With each head, the gradient of the head's own loss on random texts, for each parameter of the module tree. Biases of
//! keys have no effect through a softmax: theirs is rounding, which is not zero, so nobody needs an exception.
//!
//! # Catches
//!
//! - a parameter that is detached
//! - a parameter nobody uses
//! - a parameter that is trained and not shown
//! - NaN in a backward pass
//!
//! # Seen
//!
//! - [paiml/aprender #2203](https://github.com/paiml/aprender/pull/2203): every step of attention made its result
//!   from plain numbers, so queries, keys and values never learnt.
//! - [Project-MONAI/GenerativeModels #402](https://github.com/Project-MONAI/GenerativeModels/issues/402): a linear
//!   layer of the attention was built and never called.
//! - [oliverguhr/transformer-time-series-prediction #13](https://github.com/oliverguhr/transformer-time-series-prediction/issues/13):
//!   the layer that is copied to make the others is itself a parameter that nothing uses.
//!
//! # Fix
//!
//! A parameter without a gradient is not used, or only with another head: build it only where it is used. One of
//! zeros is used and cut off: look for `detach`, `from_data`, `int`, `argmax` or a comparison on the way to it, and
//! for a multiplication by 0. NaN comes from a square root or a logarithm at 0, or from rows hidden with −∞.

use crate::check::{Verdict, none_of};
use crate::labels::probe;
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut problems = Vec::new();
    let mut reached = 0;
    for variant in subject.variants()? {
        let (input, labels) = probe(subject, &variant)?;
        let gradients = subject.hot(&variant)?.trainer().gradients(&input, &labels)?;
        let modules = subject.architecture.modules(&variant.config)?;
        let parameters = modules.parameters();
        let unknown = gradients.by_parameter.keys().filter(|path| !parameters.iter().any(|(known, _)| known == *path));
        problems
            .extend(unknown.map(|path| format!("head `{}`: `{path}` gets a gradient and is not there", variant.head)));
        for (path, parameter) in parameters {
            let problem = match gradients.by_parameter.get(&path) {
                None => Some("gets no gradient".to_owned()),
                Some(gradient) if gradient.shape().to_vec() != parameter.shape => {
                    Some(format!("of shape {:?} gets a gradient of shape {:?}", parameter.shape, gradient.shape()))
                }
                Some(gradient) if gradient.iter::<f32>().any(|x| !x.is_finite()) => {
                    Some("gets one that is not finite".to_owned())
                }
                Some(gradient) if gradient.iter::<f32>().all(|x| x == 0.0) => Some("gets zero throughout".to_owned()),
                Some(_) => None,
            };
            reached += usize::from(problem.is_none());
            problems.extend(problem.map(|problem| format!("head `{}`: `{path}` {problem}", variant.head)));
        }
    }
    none_of(&problems, format!("{reached} gradients"))
}
