//! `zoo cost`: what running a model takes, counted from its operations without running them.

use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;
use zoo_registry::registry::Named;
use zoo_registry::{Cost, Estimate, Registry, capture};

use super::record;
use crate::failure::Failure;
use crate::format::{bytes, exact, flops};
use crate::json;
use crate::library::{self, From};
use crate::shell::{Paint, Shell};
use crate::table::Table;

const EXAMPLES: &str = "\
Examples:
  zoo cost gpt2                              by length, in f32, one text at a time
  zoo cost gpt3-175b --tokens 2048 --dtype bf16
  zoo cost gpt2-xl --batch 8 --tokens 512,1024
  zoo cost gpt2 --set n_layers=96 --set d_model=12288 --set n_heads=96
  zoo cost llama-65b --tokens 2048           there is no code for it: an estimate from its sizes
  zoo cost t5-11b --json | jq '.[0].lengths[-1]'

Where there is code, its operations are recorded on a device that computes nothing: FLOPs are those of matrix products and
convolutions, activations the most that inputs and intermediate results take at a time, and what is kept while writing is what the
state of its decoder holds. Another type than f32 takes its share of that. Of an encoder–decoder both texts have that length.";

/// Arguments of `zoo cost`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name, an alias or a Hugging Face repository
    #[arg(value_name = "NAME")]
    name: String,

    /// Lengths of the text; otherwise 128, twice that, and so on
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=capture::LONGEST as u64))]
    tokens: Vec<u64>,

    /// Texts or images at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    batch: u64,

    /// The type of every number
    #[arg(long, value_enum, value_name = "TYPE", default_value_t = Type::F32)]
    dtype: Type,

    /// Change a field of the configuration; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    overrides: Vec<String>,

    /// Print JSON: exact bytes and operations
    #[arg(long)]
    json: bool,
}

/// Types of numbers that models are run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    F32,
    F16,
    Bf16,
    Int8,
}

impl Type {
    fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Int8 => 1,
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    match registry.resolve(&args.name) {
        Ok(named) => counted(args, named, shell),
        Err(_) => estimated(args, registry, shell),
    }
}

/// A size with what it takes, for the batch and the type that were asked for.
#[derive(Debug, Serialize)]
struct Told {
    name: String,
    parameters: Option<u64>,
    batch: u64,
    dtype: String,
    weight_bytes: Option<u64>,
    /// From its published sizes, for there is no code to count.
    estimated: bool,
    lengths: Vec<Length>,
}

/// What texts of one length take, or images.
#[derive(Debug, Serialize)]
struct Length {
    tokens: u64,
    forward_flops: u64,
    flops_per_token: u64,
    elementwise: Option<u64>,
    activation_bytes: Option<u64>,
    state_bytes: Option<u64>,
    step_flops: Option<u64>,
}

/// From its operations.
fn counted(args: &Args, named: Named<'_>, shell: &mut Shell) -> Result<(), Failure> {
    let config = named.config(&args.overrides)?;
    let lengths: Vec<usize> = args.tokens.iter().map(|&tokens| tokens as usize).collect();
    let costs = capture::costs(named.architecture, &config, (!lengths.is_empty()).then_some(&lengths))?;
    let parameters = named.architecture.modules(&config)?.parameter_count();
    let lengths = costs.iter().map(|cost| args.length(cost)).collect();
    let told = args.told(named.id(), Some(parameters), false, lengths);
    if args.json {
        return json::document(shell, &[told]);
    }
    head(args, &format!("{} · {}", named.architecture.descriptor().name, named.id()), parameters, shell)?;
    let mut table = Table::new(&[">tokens", ">forward", ">a token", ">activations", ">kept", ">next token"]);
    for length in told.lengths {
        table.row([
            exact(length.tokens),
            flops(length.forward_flops),
            flops(length.flops_per_token),
            or_dash(length.activation_bytes.map(bytes)),
            or_dash(length.state_bytes.map(bytes)),
            or_dash(length.step_flops.map(flops)),
        ]);
    }
    Ok(table.print(shell)?)
}

/// From its published sizes.
fn estimated(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&From { db: None }, registry, shell)?;
    let found = record::find(&library, &args.name)?;
    let model = &found.model.summary.id;
    if !args.overrides.is_empty() {
        let told = format!("there is no code for `{model}`, and so nothing to set");
        return Err(Failure::usage(told).hint("`zoo list --code` shows what there is code for"));
    }
    let lengths = if args.tokens.is_empty() { vec![2048] } else { args.tokens.clone() };
    let sizes: Vec<Told> = found
        .sizes
        .iter()
        .filter_map(|size| {
            let estimate = found.model.estimates.get(&size.name)?;
            let lengths = lengths.iter().map(|&tokens| args.estimated_length(estimate, tokens)).collect();
            Some(args.told(size.name.clone(), size.parameters, true, lengths))
        })
        .collect();
    if sizes.is_empty() {
        let told = format!("too little is published of `{model}` to say what it costs");
        return Err(Failure::run(told).hint(format!("`zoo show {model}` tells what is known")));
    }
    if args.json {
        return json::document(shell, &sizes);
    }
    shell.note("there is no code for it: what follows is estimated from its published sizes");
    let mut table = Table::new(&["size", ">weights", ">tokens", ">forward", ">a token", ">kept"]);
    for size in &sizes {
        for length in &size.lengths {
            table.row([
                size.name.clone(),
                or_dash(size.weight_bytes.map(bytes)),
                exact(length.tokens),
                flops(length.forward_flops),
                flops(length.flops_per_token),
                or_dash(length.state_bytes.map(bytes)),
            ]);
        }
    }
    table.print(shell)?;
    Ok(writeln!(
        shell,
        "\na token: 2 FLOPs a parameter in use, and 4 for each token before it, layer and number of its heads"
    )?)
}

fn head(args: &Args, title: &str, parameters: u64, shell: &mut Shell) -> Result<(), Failure> {
    let title = shell.paint(Paint::Strong, title);
    let weights = bytes(parameters.saturating_mul(args.dtype.bytes()));
    writeln!(shell, "{title}")?;
    writeln!(
        shell,
        "weights  {weights} in {}: {} × {} bytes",
        args.dtype.name(),
        exact(parameters),
        args.dtype.bytes()
    )?;
    Ok(writeln!(shell, "batch    {}\n", exact(args.batch))?)
}

impl Args {
    fn told(&self, name: impl Into<String>, parameters: Option<u64>, estimated: bool, lengths: Vec<Length>) -> Told {
        Told {
            name: name.into(),
            parameters,
            batch: self.batch,
            dtype: self.dtype.name(),
            weight_bytes: parameters.map(|count| count.saturating_mul(self.dtype.bytes())),
            estimated,
            lengths,
        }
    }

    /// As counted, in f32 and for one text.
    fn length(&self, cost: &Cost) -> Length {
        let memory = |bytes: u64| self.of_batch(bytes).saturating_mul(self.dtype.bytes()) / Type::F32.bytes();
        Length {
            tokens: cost.tokens,
            forward_flops: self.of_batch(cost.matmul_flops),
            flops_per_token: cost.matmul_flops / cost.tokens.max(1),
            elementwise: Some(self.of_batch(cost.elementwise)),
            activation_bytes: Some(memory(cost.activation_bytes)),
            state_bytes: cost.writing.map(|writing| memory(writing.state_bytes)),
            step_flops: cost.writing.map(|writing| self.of_batch(writing.step_flops)),
        }
    }

    fn estimated_length(&self, estimate: &Estimate, tokens: u64) -> Length {
        let flops_per_token = estimate.flops_per_token(tokens);
        let kept = |numbers: u64| self.of_batch(numbers.saturating_mul(tokens)).saturating_mul(self.dtype.bytes());
        Length {
            tokens,
            forward_flops: self.of_batch(flops_per_token.saturating_mul(tokens)),
            flops_per_token,
            elementwise: None,
            activation_bytes: None,
            state_bytes: estimate.state_numbers_per_token.map(kept),
            step_flops: None,
        }
    }

    fn of_batch(&self, of_one: u64) -> u64 {
        of_one.saturating_mul(self.batch)
    }
}

fn or_dash(told: Option<String>) -> String {
    told.unwrap_or_else(|| "–".into())
}
