//! A model that several threads ask at once answers each as if it were alone.
//!
//! # How
//!
//! With each head, one model is asked for two inputs by four threads, each several times and starting together: every answer
//! is that of the model alone, bit for bit. The two inputs have visibly different answers.
//!
//! # Catches
//!
//! - scratch space that two calls share
//! - a cache inside the model
//! - sums whose order depends on who comes first
//!
//! # Seen
//!
//! - [microsoft/onnxruntime #19275](https://github.com/microsoft/onnxruntime/issues/19275) and
//!   [apache/mxnet #15576](https://github.com/apache/mxnet/issues/15576): answers that several threads corrupt, without an
//!   error.
//!
//! # Fix
//!
//! Look for `static`, `Mutex`, `RefCell` and `OnceLock` below `forward`; hand such state in as an argument.

use std::sync::Barrier;

use zoo_registry::output::Record;
use zoo_registry::{Input, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs;
use crate::subject::Subject;
use crate::values::values;

/// Threads that ask, and how often each does.
const THREADS: usize = 4;
const TIMES: usize = 3;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    for variant in &variants {
        let (model, head) = (subject.hot(variant)?, &variant.head);
        let model = model.as_ref();
        let texts = [inputs::input(model, "one thread", 2)?, inputs::input(model, "another thread", 2)?];
        let alone = [bits(model, &texts[0])?, bits(model, &texts[1])?];
        require(alone[0] != alone[1], || format!("head `{head}`: two inputs have one answer, so nothing is seen"))?;
        let together = Barrier::new(THREADS);
        let ask = |thread: usize| -> Result<bool, Stop> {
            let which = thread % texts.len();
            together.wait();
            for _ in 0..TIMES {
                if bits(model, &texts[which])? != alone[which] {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let same = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn({
                        let ask = &ask;
                        move || ask(thread)
                    })
                })
                .collect();
            let answers =
                asked.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(Stop::fails("a thread panicked"))));
            answers.collect::<Result<Vec<bool>, Stop>>()
        })?;
        require(same.iter().all(|same| *same), || {
            format!("head `{head}`: asked by {THREADS} threads at once, the model answers otherwise than alone")
        })?;
    }
    Ok(Finding::seen(format!("{} heads, each asked by {THREADS} threads at once", variants.len())))
}

fn bits(model: &dyn Model, input: &Input) -> Result<Vec<u32>, Stop> {
    let answers = values(&model.forward(input, Record::NOTHING)?);
    Ok(answers.iter().flat_map(|answer| answer.data.iter().map(|x| x.to_bits())).collect())
}
