//! `zoo cost`: what running a model takes, counted from its operations without running them.

use std::io::Write;

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use zoo_registry::registry::Named;
use zoo_registry::{Cost, Estimate, Registry, capture};

use super::record;
use crate::failure::Failure;
use crate::format::{bytes, exact, short};
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
  zoo cost t5-11b --json | jq '.lengths[-1]'

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
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    match registry.resolve(&args.name) {
        Ok(named) => counted(args, named, shell),
        Err(_) => estimated(args, registry, shell),
    }
}

/// From its operations.
fn counted(args: &Args, named: Named<'_>, shell: &mut Shell) -> Result<(), Failure> {
    let config = named.config(&args.overrides)?;
    let limits =
        named.architecture.build(&config, &zoo_registry::device::by_name(zoo_registry::device::DEFAULT)?)?.limits();
    let lengths = match args.tokens.is_empty() {
        true => capture::lengths(&limits),
        false => args.tokens.iter().map(|&tokens| tokens as usize).collect(),
    };
    let costs = capture::costs(named.architecture, &config, &lengths)?;
    let parameters = named.architecture.modules(&config)?.parameter_count();
    let weights = parameters.saturating_mul(args.dtype.bytes());
    if args.json {
        let lengths: Vec<Value> = costs.iter().map(|cost| line(args, cost)).collect();
        let document = json!({
            "name": named.id(), "parameters": parameters, "batch": args.batch, "dtype": dtype(args), "weight_bytes": weights,
            "estimated": false, "lengths": lengths,
        });
        return json::document(shell, &document);
    }
    head(args, &format!("{} · {}", named.architecture.descriptor().name, named.id()), parameters, shell)?;
    let mut table = Table::new(&[">tokens", ">forward", ">a token", ">activations", ">kept", ">next token"]);
    for cost in &costs {
        let line = line(args, cost);
        let told = |field: &str, tell: fn(u64) -> String| line[field].as_u64().map_or_else(|| "–".into(), tell);
        table.row([
            exact(cost.tokens),
            told("forward_flops", flops),
            told("flops_per_token", flops),
            told("activation_bytes", bytes),
            told("state_bytes", bytes),
            told("step_flops", flops),
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
    let estimate = |name: &str| found.model.estimates.get(name).copied();
    let sizes: Vec<_> = found.sizes.iter().filter_map(|size| Some((size, estimate(&size.name)?))).collect();
    if sizes.is_empty() {
        let told = format!("too little is published of `{model}` to say what it costs");
        return Err(Failure::run(told).hint(format!("`zoo show {model}` tells what is known")));
    }
    let lengths = if args.tokens.is_empty() { vec![2048] } else { args.tokens.clone() };
    let told = |estimate: &Estimate, tokens: u64| expected(args, estimate, tokens);
    if args.json {
        let document = sizes.iter().map(|(size, estimate)| {
            let lengths: Vec<Value> = lengths.iter().map(|&tokens| told(estimate, tokens)).collect();
            json!({
                "name": size.name, "parameters": size.parameters, "batch": args.batch, "dtype": dtype(args),
                "weight_bytes": size.parameters.map(|count| count.saturating_mul(args.dtype.bytes())),
                "estimated": true, "lengths": lengths,
            })
        });
        return json::document(shell, &document.collect::<Vec<_>>());
    }
    shell.note("there is no code for it: what follows is estimated from its published sizes");
    let mut table = Table::new(&["size", ">weights", ">tokens", ">forward", ">a token", ">kept"]);
    for (size, estimate) in &sizes {
        for &tokens in &lengths {
            let line = told(estimate, tokens);
            let cell = |field: &str, tell: fn(u64) -> String| line[field].as_u64().map_or_else(|| "–".into(), tell);
            let weights = size.parameters.map(|count| bytes(count.saturating_mul(args.dtype.bytes())));
            table.row([
                size.name.clone(),
                weights.unwrap_or_else(|| "–".into()),
                exact(tokens),
                cell("forward_flops", flops),
                cell("flops_per_token", flops),
                cell("state_bytes", bytes),
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
    writeln!(shell, "weights  {weights} in {}: {} × {} bytes", dtype(args), exact(parameters), args.dtype.bytes())?;
    Ok(writeln!(shell, "batch    {}\n", exact(args.batch))?)
}

/// One length, for the batch and the type.
fn line(args: &Args, cost: &Cost) -> Value {
    let memory = |bytes: u64| shared(bytes.saturating_mul(args.batch), args.dtype);
    let mut line = Map::new();
    line.insert("tokens".into(), cost.tokens.into());
    line.insert("forward_flops".into(), cost.matmul_flops.saturating_mul(args.batch).into());
    line.insert("flops_per_token".into(), (cost.matmul_flops / cost.tokens.max(1)).into());
    line.insert("elementwise".into(), cost.elementwise.saturating_mul(args.batch).into());
    line.insert("activation_bytes".into(), memory(cost.activation_bytes).into());
    line.insert("state_bytes".into(), cost.writing.map(|writing| memory(writing.state_bytes)).into());
    let step = cost.writing.map(|writing| writing.step_flops.saturating_mul(args.batch));
    line.insert("step_flops".into(), step.into());
    line.into()
}

/// One length of a size without code.
fn expected(args: &Args, estimate: &Estimate, tokens: u64) -> Value {
    let token = estimate.flops_per_token(tokens);
    let state = estimate
        .state_numbers_per_token
        .map(|numbers| numbers.saturating_mul(tokens).saturating_mul(args.batch).saturating_mul(args.dtype.bytes()));
    json!({
        "tokens": tokens, "forward_flops": token.saturating_mul(tokens).saturating_mul(args.batch), "flops_per_token": token,
        "state_bytes": state,
    })
}

/// Bytes that were counted in f32, in another type.
fn shared(bytes: u64, dtype: Type) -> u64 {
    bytes.saturating_mul(dtype.bytes()) / Type::F32.bytes()
}

fn flops(count: u64) -> String {
    format!("{}FLOP", short(count).replace(" B", " G").replace(" K", " k"))
}

fn dtype(args: &Args) -> String {
    args.dtype.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
