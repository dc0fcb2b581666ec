//! The process in which something is timed: of its own, so that it has its own threads, its own peak of memory and, if it must, its own end.
//!
//! It prints a line of JSON with what it is and what came out. Then each number on a line of standard input asks for so many runs, and is
//! answered with a line of their times. `bench/run.py` asks it as it asks the programs that zoo is put beside, in the same words.

use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use zoo_registry::registry::Named;
use zoo_registry::weights::SafetensorsWeights;
use zoo_registry::{Limits, Model, Registry, device};

use super::Args;
use super::task::{Task, Work, answers};
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{json, process};

/// What a worker says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Facts {
    peer: String,
    version: String,
    model: String,
    task: Task,
    batch: usize,
    seq: usize,
    threads: usize,
    pub(super) parameters: u64,
    /// Extents of each answer.
    pub(super) output: Vec<Vec<usize>>,
    /// Eight numbers of all answers taken together, evenly spread: by them programs see that they computed the same.
    sample: Vec<f32>,
    /// Multiplications and additions in matrix products of a run.
    pub(super) flops: u64,
    /// Bytes that go into those products.
    pub(super) bytes: u64,
    /// Of getting ready and of the first run.
    pub(super) peak_bytes: Option<u64>,
    note: Option<String>,
    pub(super) input_is_image: bool,
    /// Of what is done once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) seconds: Vec<f64>,
    /// From the beginning to the first answer, of what is done once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) answer_seconds: Vec<f64>,
}

/// What it answers when runs are asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Times {
    pub(super) seconds: Vec<f64>,
    /// Cores that were busy with it, on average.
    cores: Option<f64>,
}

/// Serves one task until nobody asks any more.
pub(super) fn serve(args: &Args, task: Task, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    process::bound(device::memory(&args.device));
    let on = device::by_name(&args.device)?;
    let wait = || on.sync().map_err(|error| Failure::run(format!("device `{}`: {error}", args.device)));
    let named = args.one(registry)?;
    let shape = args.shape(args.batch[0], registry.build(named.id(), &args.overrides, &args.device)?.as_ref());

    let began = Instant::now();
    let model = ready(args, task, named, registry)?;
    wait()?;
    let ready = began.elapsed().as_secs_f64();
    let work = Work::new(model.as_ref(), task, shape)?;
    let once = || -> Result<_, Failure> {
        let prepared = work.prepare(model.as_ref())?;
        wait()?;
        let began = Instant::now();
        let output = work.run(model.as_ref(), prepared)?;
        wait()?;
        Ok((output, began.elapsed().as_secs_f64()))
    };
    let (output, _) = once()?;
    let answered = began.elapsed().as_secs_f64();
    // Before the answers are copied to be looked at.
    let peak_bytes = process::peak_bytes();
    let answers = answers(output);
    let all: Vec<f32> = answers.iter().flat_map(|(_, numbers)| numbers).copied().collect();
    let products = work.products(named.architecture, model.config())?;
    let single = |seconds| if task.is_done_once() { vec![seconds] } else { Vec::new() };
    let facts = Facts {
        peer: "zoo".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        model: named.id().to_owned(),
        task,
        batch: shape.batch,
        seq: shape.seq,
        threads: args.threads()?,
        parameters: model.modules().parameter_count(),
        output: answers.into_iter().map(|(extents, _)| extents).collect(),
        sample: (0..8).filter_map(|k| all.get(k * all.len() / 8)).copied().collect(),
        flops: products.flops,
        bytes: products.bytes,
        peak_bytes,
        note: None,
        input_is_image: matches!(model.limits(), Limits::Images(_)),
        seconds: single(ready),
        answer_seconds: single(answered),
    };
    drop(all);
    json::line(shell, &facts)?;
    if task.is_done_once() {
        return Ok(());
    }
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::run(format!("standard input: {error}")))?;
        let asked = || Failure::run(format!("expected a number of runs on standard input, found `{line}`"));
        let runs: usize = line.trim().parse().map_err(|_| asked())?;
        // What slept while somebody else ran is woken first.
        once()?;
        let (began, cpu) = (Instant::now(), process::cpu_seconds());
        let seconds = (0..runs).map(|_| Ok(once()?.1)).collect::<Result<Vec<_>, Failure>>()?;
        let wall = began.elapsed().as_secs_f64();
        let cores = process::cpu_seconds().zip(cpu).map(|(after, before)| (after - before) / wall);
        json::line(shell, &Times { seconds, cores })?;
    }
    Ok(())
}

/// A model, as the task wants it.
fn ready(args: &Args, task: Task, named: Named<'_>, registry: &Registry) -> Result<Box<dyn Model>, Failure> {
    let mut model = registry.build(named.id(), &args.overrides, &args.device)?;
    match &args.weights {
        Some(folder) if task != Task::Ready => {
            model.load(&SafetensorsWeights::open(&folder.join(FILE))?)?;
        }
        _ => model.init(0),
    }
    Ok(model)
}

/// The file of weights in a folder, as it is published.
pub(super) const FILE: &str = "model.safetensors";

/// Writes a model with random weights, for others to load.
pub(super) fn write(args: &Args, to: &Path, registry: &Registry) -> Result<(), Failure> {
    process::bound(device::memory(&args.device));
    let mut model = registry.build(args.one(registry)?.id(), &args.overrides, &args.device)?;
    model.init(0);
    Ok(model.save(to)?)
}
