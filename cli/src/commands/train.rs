//! `zoo train`: a family learns the small task it is for.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Map, Value, json};
use zoo_registry::checkpoint::read_object;
use zoo_registry::lesson::{Grade, Plan, Step, teach};
use zoo_registry::registry::build;
use zoo_registry::{Error, Lesson, Model, Registry, config, device};

use crate::failure::Failure;
use crate::format::{exact, short, time};
use crate::shell::{Paint, Shell};
use crate::table::Table;
use crate::{folder, json, plot};

const EXAMPLES: &str = "\
Examples:
  zoo train bert                      a small BERT learns to guess hidden words of a toy English
  zoo train gpt2 --out my-gpt2        keep what was trained: weights, configuration, tokenizer
  zoo train bert --steps 200 --json   losses and grades for a script
  zoo train bert --set n_layers=1     what does it need its second layer for?

The data is made on the spot, and the grade is taken on data that was never trained on. One seed trains one model.
The exit code is 1 if the task was not learnt.";

/// Arguments of `zoo train`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A family, by any of its names
    #[arg(value_name = "FAMILY")]
    name: String,

    /// Change a field of the configuration that is trained; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    overrides: Vec<String>,

    /// Write the trained checkpoint to this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Train for another number of batches than the task takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,

    /// The largest step width, where the task's own does not suit
    #[arg(long, value_name = "RATE", value_parser = rate)]
    learning_rate: Option<f64>,

    /// What weights and data are drawn from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Where the model is trained; `zoo devices` lists them
    #[arg(long, value_name = "DEVICE", default_value = device::DEFAULT)]
    device: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let architecture = registry.resolve(&args.name)?.architecture;
    let name = &architecture.descriptor().name;
    let lesson = architecture.lesson().ok_or_else(|| {
        let have = registry.architectures().into_iter().filter(|architecture| architecture.lesson().is_some());
        let have: Vec<String> = have.map(|architecture| format!("`{}`", architecture.descriptor().id)).collect();
        let lacks =
            Error::Unsupported { model: architecture.descriptor().id.clone(), lacks: "has no task to learn".into() };
        Failure::from(lacks).hint(format!("these have one: {}", have.join(", ")))
    })?;
    if let Some(folder) = &args.out {
        folder::refuse_if_taken(folder, "--out")?;
    }
    let mut config = lesson.config();
    config::set(architecture.descriptor(), &mut config, &args.overrides)?;
    let mut model = build(architecture, &architecture.complete(&config)?, &args.device)?;
    model.init(args.seed);
    let plan = lesson.plan();
    let plan = Plan {
        steps: args.steps.map_or(plan.steps, |steps| steps as usize),
        learning_rate: args.learning_rate.unwrap_or(plan.learning_rate),
    };
    if !args.json {
        writeln!(shell, "{}: {}", shell.paint(Paint::Strong, name), lesson.task())?;
        shell.flush()?;
    }

    let start = Instant::now();
    let bar = shell.steps(plan.steps);
    let mut losses = Vec::with_capacity(plan.steps);
    let mut hear = |step: Step| {
        losses.push(step.loss);
        bar.step(format!("loss {:.4}", step.loss));
        step.loss.is_finite()
    };
    let model = teach(model, lesson.as_ref(), plan, args.seed, &mut hear)?;
    drop(bar);
    let trained_in = start.elapsed();
    if losses.last().is_some_and(|loss| !loss.is_finite()) {
        return Err(Failure::run(format!("the loss left all bounds at step {} of {}", losses.len(), plan.steps))
            .hint("another `--seed` may fare better"));
    }
    let grades = {
        let _busy = shell.busy("grading on data that was never trained on");
        lesson.grades(model.as_ref())?
    };
    if let Some(folder) = &args.out {
        folder::place(folder, |whole| save(model.as_ref(), lesson.as_ref(), whole))?;
    }
    if args.json {
        json::document(shell, &document(args, model.as_ref(), lesson.as_ref(), &losses, &grades))?;
    } else {
        let parameters = model.modules().parameter_count();
        writeln!(
            shell,
            "  {} parameters, {} steps, {}\n",
            short(parameters),
            exact(plan.steps as u64),
            time(trained_in)
        )?;
        print(&losses, &grades, shell)?;
        if let Some(folder) = &args.out {
            writeln!(shell, "\nsaved to {}; try", folder.display())?;
            for command in lesson.tries() {
                writeln!(shell, "  zoo {command} --weights {}", folder.display())?;
            }
        }
    }
    match grades.iter().find(|grade| grade.score < grade.pass) {
        Some(grade) => Err(Failure::run(format!(
            "not learnt: {} {:.1} %, expected {:.0} %",
            grade.measure,
            100.0 * grade.score,
            100.0 * grade.pass
        ))),
        None => Ok(()),
    }
}

/// A step width: above 0, at most 1.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().map_err(|error| error.to_string())?;
    if rate > 0.0 && rate <= 1.0 {
        Ok(rate)
    } else {
        Err(format!("expected a number above 0, at most 1, found {rate}"))
    }
}

/// A folder as Hugging Face lays it out.
fn save(model: &dyn Model, lesson: &dyn Lesson, folder: &Path) -> Result<(), Failure> {
    model.save(folder)?;
    for (name, value) in lesson.files() {
        let path = folder.join(name);
        let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", path.display()));
        // What a lesson knows better than the model, such as the names of labels, replaces what is there.
        let there = if path.exists() { read_object(&path)? } else { Map::new() };
        let value: Map<String, Value> = there.into_iter().chain(value).collect();
        let mut text = serde_json::to_string_pretty(&value).map_err(|error| failed(error.into()))?;
        text.push('\n');
        std::fs::write(&path, text).map_err(failed)?;
    }
    Ok(())
}

fn print(losses: &[f64], grades: &[Grade], shell: &mut Shell) -> Result<(), Failure> {
    for row in plot::columns(losses) {
        writeln!(shell, "{row}")?;
    }
    writeln!(shell, "    loss └{}\n", "─".repeat(losses.len().min(60)))?;
    let mut table = Table::new(&[">learnt", ">by chance", "what was asked, on data never trained on"]);
    for grade in grades {
        let paint = if grade.score >= grade.pass { Paint::Good } else { Paint::Bad };
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        table.painted([
            (percent(grade.score), paint),
            (percent(grade.chance), Paint::Plain),
            (grade.measure.clone(), Paint::Plain),
        ]);
    }
    Ok(table.print(shell)?)
}

fn document(args: &Args, model: &dyn Model, lesson: &dyn Lesson, losses: &[f64], grades: &[Grade]) -> Value {
    let grades = grades.iter().map(|grade| {
        json!({ "measure": grade.measure, "score": grade.score, "chance": grade.chance, "pass": grade.pass,
                "learnt": grade.score >= grade.pass })
    });
    json!({
        "architecture": model.architecture(), "task": lesson.task(), "config": model.config(), "seed": args.seed,
        "device": args.device, "parameters": model.modules().parameter_count(), "losses": losses,
        "grades": grades.collect::<Vec<_>>(), "saved": args.out,
    })
}
