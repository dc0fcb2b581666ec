//! candle's side of the benchmark: one model, one task, timed as often as it is asked.
//!
//! `bench/run.py` starts it and says what is printed and read. Lines of JSON go to standard output; a number on a line of standard input
//! asks for so many runs.

mod gpt2;
mod models;
mod proc;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use candle_core::{Error, Result, Tensor};
use serde_json::json;

use crate::models::{Input, Subject};

/// The version that `Cargo.toml` pins.
const VERSION: &str = "0.11.1";

/// What is to be done, as the driver says it.
struct Args {
    model: String,
    task: String,
    batch: usize,
    seq: usize,
    steps: usize,
    threads: usize,
    weights: Option<PathBuf>,
}

fn main() -> std::process::ExitCode {
    match Args::read().and_then(|args| run(&args)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this cannot be written either.
            let _ = writeln!(std::io::stderr(), "{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

impl Args {
    fn read() -> Result<Self> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let text = |name: &str| {
            let at = words.iter().position(|word| word == name);
            at.and_then(|at| words.get(at + 1)).cloned()
        };
        let required = |name: &str| text(name).ok_or_else(|| Error::Msg(format!("expected `{name}`, found none")));
        let number = |name: &str| {
            let word = required(name)?;
            word.parse().map_err(|_| Error::Msg(format!("expected a number after `{name}`, found `{word}`")))
        };
        Ok(Self {
            model: required("--model")?,
            task: required("--task")?,
            batch: number("--batch")?,
            seq: number("--seq")?,
            steps: number("--steps")?,
            threads: number("--threads")?,
            weights: text("--weights").map(PathBuf::from),
        })
    }
}

fn run(args: &Args) -> Result<()> {
    let began = Instant::now();
    let mut subject = match (args.task.as_str(), &args.weights) {
        ("ready", _) => Subject::random(&args.model)?,
        (_, Some(folder)) => Subject::from_file(&args.model, &folder.join("model.safetensors"))?,
        (_, None) => return Err(Error::Msg("expected `--weights`, found none".into())),
    };
    let ready = began.elapsed().as_secs_f64();
    let input = Input::new(&args.model, args.batch, args.seq)?;
    let outputs = work(&mut subject, &input, args)?.0;
    let answered = began.elapsed().as_secs_f64();
    // Before the outputs are copied to be looked at.
    let peak_bytes = proc::peak_bytes();
    let mut facts = json!({
        "peer": "candle", "version": VERSION, "model": args.model, "task": args.task, "batch": args.batch, "seq": args.seq,
        "threads": args.threads, "parameters": subject.parameters(), "note": subject.note(),
        "output": outputs.iter().map(|tensor| tensor.dims().to_vec()).collect::<Vec<_>>(),
        "sample": sample(&outputs, subject.sample_scale())?, "peak_bytes": peak_bytes,
    });
    if matches!(args.task.as_str(), "ready" | "load") {
        facts["seconds"] = json!([ready]);
        facts["answer_seconds"] = json!([answered]);
        return say(&facts);
    }
    say(&facts)?;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(Error::wrap)?;
        let runs: usize = line.trim().parse().map_err(|_| Error::Msg(format!("expected a number, found `{line}`")))?;
        // What slept while another peer ran is woken first.
        work(&mut subject, &input, args)?;
        let (wall, cpu) = (Instant::now(), proc::cpu_seconds());
        let seconds = (0..runs).map(|_| Ok(work(&mut subject, &input, args)?.1)).collect::<Result<Vec<_>>>()?;
        let cores = (proc::cpu_seconds() - cpu) / wall.elapsed().as_secs_f64();
        say(&json!({ "seconds": seconds, "cores": cores }))?;
    }
    Ok(())
}

/// Does the task once: what came out, and what of the time counts.
fn work(subject: &mut Subject, input: &Input, args: &Args) -> Result<(Vec<Tensor>, f64)> {
    match args.task.as_str() {
        "forward" | "ready" | "load" => {
            let began = Instant::now();
            let outputs = subject.forward(input)?;
            Ok((outputs, began.elapsed().as_secs_f64()))
        }
        "prefill" => {
            subject.forget();
            let began = Instant::now();
            let logits = subject.read(input)?;
            Ok((vec![logits], began.elapsed().as_secs_f64()))
        }
        "decode" => {
            subject.forget();
            let mut logits = subject.read(input)?;
            let began = Instant::now();
            for step in 0..args.steps {
                logits = subject.step(input, step)?;
            }
            Ok((vec![logits], began.elapsed().as_secs_f64()))
        }
        other => Err(Error::Msg(format!("there is no task `{other}`"))),
    }
}

/// Eight numbers of all outputs taken together, evenly spread: what is compared with the other peers' own.
fn sample(outputs: &[Tensor], scale: f64) -> Result<Vec<f64>> {
    let mut all: Vec<f32> = Vec::new();
    for output in outputs {
        all.extend(output.flatten_all()?.to_vec1::<f32>()?);
    }
    Ok((0..8).map(|k| f64::from(all[k * all.len() / 8]) * scale).collect())
}

fn say(value: &serde_json::Value) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{value}").and_then(|()| out.flush()).map_err(Error::wrap)
}
