//! `zoo new`: a model with random weights, built, run once, and saved if asked.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use zoo_registry::output::Record;
use zoo_registry::{Registry, device};

use crate::failure::Failure;
use crate::format::{exact, f32_bytes, memory, shape, short, time};
use crate::shell::{Paint, Shell};
use crate::{folder, json, sample};

const EXAMPLES: &str = "\
Examples:
  zoo new bert-tiny                                   build it, run it, tell its size
  zoo new bert --set n_layers=2 --set head=masked-lm  another configuration
  zoo new gpt2 --seed 7 --save my-gpt2                config.json and model.safetensors in the published names,
                                                      as Hugging Face libraries read them

One seed gives one model: the same seed and configuration draw the same weights.";

/// Arguments of `zoo new`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name, an alias or a Hugging Face repository
    #[arg(value_name = "NAME")]
    name: String,

    /// Change a field of the configuration; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    overrides: Vec<String>,

    /// What the weights are drawn from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Where the model runs; `zoo devices` lists them
    #[arg(long, value_name = "DEVICE", default_value = device::DEFAULT)]
    device: String,

    /// Write the model to this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was built, and what came out of it.
struct Built {
    name: String,
    config: Map<String, Value>,
    parameters: u64,
    drawn_in: Duration,
    input: String,
    outputs: Vec<(String, Vec<usize>)>,
    ran_in: Duration,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let named = registry.resolve(&args.name)?;
    if let Some(folder) = &args.save {
        folder::refuse_if_taken(folder, "--save")?;
    }
    let mut model = registry.build(&args.name, &args.overrides, &args.device)?;
    let parameters = model.modules().parameter_count();

    let busy = shell.busy(format!("drawing {} parameters", short(parameters)));
    let start = Instant::now();
    model.init(args.seed);
    let drawn_in = start.elapsed();
    let start = Instant::now();
    let input = sample::input(model.as_ref())?;
    let output = model.forward(&input, Record::NOTHING)?;
    let outputs = output.named().into_iter().map(|(name, data)| (name, data.shape().to_vec())).collect();
    let ran_in = start.elapsed();
    drop(busy);

    if let Some(folder) = &args.save {
        let _busy = shell.busy(format!("writing {}", memory(parameters)));
        folder::place(folder, |whole| Ok(model.save(whole)?))?;
    }
    let config = model.config().clone();
    let input = sample::told(&input);
    let built = Built { name: named.id().to_owned(), config, parameters, drawn_in, input, outputs, ran_in };
    print(&built, args, shell)
}

fn print(built: &Built, args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    let Built { name, config, parameters, drawn_in, input, outputs, ran_in } = built;
    if args.json {
        let outputs: Map<_, _> = outputs.iter().map(|(name, shape)| (name.clone(), json!(shape))).collect();
        let document = json!({
            "name": name, "config": config, "seed": args.seed, "device": args.device, "parameters": parameters,
            "bytes_f32": f32_bytes(*parameters), "init_seconds": drawn_in.as_secs_f64(), "forward_seconds": ran_in.as_secs_f64(),
            "input": input, "outputs": outputs, "saved": args.save,
        });
        return json::document(shell, &document);
    }
    let title = shell.paint(Paint::Strong, name);
    writeln!(shell, "{title} on {}, seed {}", args.device, args.seed)?;
    writeln!(shell, "  parameters  {} ({})", exact(*parameters), memory(*parameters))?;
    writeln!(shell, "  drawn in    {}", time(*drawn_in))?;
    writeln!(shell, "  input       {input}")?;
    for (output, extents) in outputs {
        writeln!(shell, "  output      {output} {}", shape(extents))?;
    }
    writeln!(shell, "  ran in      {}", time(*ran_in))?;
    if let Some(folder) = &args.save {
        writeln!(shell, "  saved to    {}", folder.display())?;
    }
    Ok(())
}
