//! `zoo bench`: how fast models run here, and how far that is from what the machine can do.

mod machine;
mod report;
mod supervise;
mod task;
mod worker;

use std::path::PathBuf;

use zoo_registry::registry::Named;
use zoo_registry::{Model, Registry, capture, device};

use self::machine::Machine;
use self::task::{Shape, Task};
use crate::failure::Failure;
use crate::format::bytes;
use crate::process;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  zoo bench gpt2-small                       the pass, prefill, cached decoding, and how it comes to be
  zoo bench bert-base-uncased vit-base-patch16-224 --batch 1,8 --task forward
  zoo bench t5-small --set head=encoder --seq 512 --threads 1
  zoo bench --machine                        what this machine can do at most
  zoo bench bert-tiny --json | jq '.results[0].seconds'

Each task is timed in a process of its own, so that memory is its own too. What is told is the median, and between which times
the middle half of the runs lies. A share is that of the machine's limit: the larger of what the matrix products would take at the speed
that products were measured at, and what reading their factors from memory would, is 100 %.

  forward   the whole model on the whole input; all that its head says
  prefill   read a text, score what comes next
  decode    then one token after another, remembering all before
  ready     from the name to a model with random weights
  load      from the name and a safetensors file to a model with these weights; to the first answer

`bench/run.py` of the repository puts the same work beside candle, PyTorch and ONNX Runtime.";

/// Arguments of `zoo bench`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Names, aliases or Hugging Face repositories of models that there is code for
    #[arg(value_name = "NAME", required_unless_present = "machine")]
    names: Vec<String>,

    /// What to time; otherwise all that the model can do
    #[arg(long = "task", value_enum, value_name = "TASK,…", value_delimiter = ',')]
    tasks: Vec<Task>,

    /// Texts or images at a time
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1", value_parser = within(1_000_000))]
    batch: Vec<usize>,

    /// Tokens of a text; otherwise 128, or as many as the model reads
    #[arg(long, value_name = "N", value_parser = within(1_000_000))]
    seq: Option<usize>,

    /// Tokens to write
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = within(1_000_000))]
    steps: usize,

    /// How often each is timed; `ready` and `load`, which take a process each, at most five times
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = within(1_000_000))]
    runs: usize,

    /// Threads to compute with; otherwise as many as there are cores
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Where the model runs; `zoo devices` lists them
    #[arg(long, value_name = "DEVICE", default_value = device::DEFAULT)]
    device: String,

    /// Change a field of the configuration; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    overrides: Vec<String>,

    /// Measure what the machine can do, and no model
    #[arg(long, conflicts_with = "names")]
    machine: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Time this task, as often as standard input says; for programs that compare
    #[arg(long, value_enum, value_name = "TASK", hide = true)]
    worker: Option<Task>,

    /// A folder with the weights that a worker is to have; otherwise they are random
    #[arg(long, value_name = "DIR", hide = true)]
    weights: Option<PathBuf>,

    /// Write such a folder, or only the `.safetensors` file that is named, and time nothing
    #[arg(long, value_name = "PATH", hide = true)]
    write: Option<PathBuf>,
}

fn within(most: u64) -> impl clap::builder::TypedValueParser<Value = usize> {
    use clap::builder::TypedValueParser;
    clap::value_parser!(u64).range(1..=most).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let threads = args.threads()?;
    if let Some(task) = args.worker {
        return worker::serve(args, task, registry, shell);
    }
    if let Some(folder) = &args.write {
        return worker::write(args, folder, registry);
    }
    if cfg!(debug_assertions) {
        shell.warn("this program was built without optimisation, and is slow: build it with `--release`");
    }
    let jobs = jobs(args, registry)?;
    let measuring = shell.busy("measuring the machine");
    let machine = Machine::measure(threads);
    drop(measuring);
    if args.machine {
        return report::machine(&machine, args.json, shell);
    }
    let measured = supervise::measure(args, &jobs, shell)?;
    report::print(&machine, &measured, args, shell)
}

/// One thing to time.
#[derive(Debug, Clone)]
struct Job {
    name: String,
    task: Task,
    shape: Shape,
}

/// Everything that is asked for, found possible before anything is timed.
fn jobs(args: &Args, registry: &Registry) -> Result<Vec<Job>, Failure> {
    let mut jobs = Vec::new();
    for name in &args.names {
        let named = registry.resolve(name)?;
        let model = registry.build(name, &args.overrides, &args.device)?;
        for &batch in &args.batch {
            let shape = args.shape(batch, model.as_ref());
            args.fits(named, model.as_ref(), shape)?;
            for task in args.tasks_of(model.as_ref())? {
                // Built once for all batches.
                if task.is_done_once() && batch != args.batch[0] {
                    continue;
                }
                shape.check(model.as_ref(), task)?;
                jobs.push(Job { name: named.id().to_owned(), task, shape });
            }
        }
    }
    Ok(jobs)
}

impl Args {
    /// Threads to compute with.
    fn threads(&self) -> Result<usize, Failure> {
        let cores = process::cores();
        match self.threads {
            None => Ok(cores),
            Some(threads) if (1..=cores).contains(&threads) => Ok(threads),
            Some(threads) => {
                let told = format!("expected `--threads` from 1 to {cores}, found {threads}");
                let hint = "this process has that many cores: more threads would wait for each other";
                Err(Failure::usage(told).hint(hint))
            }
        }
    }

    /// The model that a worker is for.
    fn one<'a>(&self, registry: &'a Registry) -> Result<Named<'a>, Failure> {
        match self.names.as_slice() {
            [name] => Ok(registry.resolve(name)?),
            _ => Err(Failure::usage(format!("expected one name, found {}", self.names.len()))),
        }
    }

    fn shape(&self, batch: usize, model: &dyn Model) -> Shape {
        let seq = self.seq.unwrap_or_else(|| Shape::usual_seq(model, self.steps));
        Shape { batch, seq, steps: self.steps }
    }

    /// What was asked for, or all that the model can do.
    fn tasks_of(&self, model: &dyn Model) -> Result<Vec<Task>, Failure> {
        let writes = model.decoder().is_some();
        if let Some(task) = self.tasks.iter().find(|task| task.writes() && !writes) {
            let told =
                format!("`{}` does not write text with this head: there is no `{}`", model.architecture(), task.name());
            return Err(Failure::usage(told).hint("`zoo show` tells the heads; `--set head=…` chooses another"));
        }
        let all = [Task::Forward, Task::Prefill, Task::Decode, Task::Ready, Task::Load];
        let asked =
            |task: &Task| if self.tasks.is_empty() { writes || !task.writes() } else { self.tasks.contains(task) };
        Ok(all.into_iter().filter(asked).collect())
    }

    /// Refuses what would not fit into memory, by weights and intermediate results as they are counted.
    fn fits(&self, named: Named<'_>, model: &dyn Model, shape: Shape) -> Result<(), Failure> {
        let Some(available) = device::memory(&self.device) else { return Ok(()) };
        let weights = model.modules().parameter_count().saturating_mul(4);
        let length = [shape.seq.min(capture::LONGEST)];
        let costs = capture::costs(named.architecture, model.config(), Some(&length));
        let activations = costs.ok().and_then(|costs| Some(costs.first()?.activation_bytes)).unwrap_or(0);
        let needed = weights.saturating_add(activations.saturating_mul(shape.batch as u64));
        if needed <= available {
            return Ok(());
        }
        let told = format!(
            "`{}` needs {} for its weights and a batch of {} × {} tokens, `{}` has {}",
            named.id(),
            bytes(needed),
            shape.batch,
            shape.seq,
            self.device,
            bytes(available)
        );
        Err(Failure::run(told).hint("`zoo cost` tells what a batch takes; `--batch` and `--seq` make it smaller"))
    }
}
