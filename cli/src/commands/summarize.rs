//! `zoo summarize`: long texts made short.

use super::generate::{ANSWERING, Options, Task, write};
use super::translate::{Asked, stated};
use zoo_registry::Registry;

use crate::failure::Failure;
use crate::shell::Shell;
use crate::text_model::TextModel;

const EXAMPLES: &str = "\
Examples:
  zoo summarize \"$(cat article.txt)\" --weights google-t5/t5-small
  zoo summarize \"$(cat article.txt)\" --weights DIR --max-new-tokens 60 --beams 4

The checkpoint's `config.json` may say under `task_specific_params` what stands before a text that is to be summarized, and \
how it is done best; what no option says is as it says.";

/// Arguments of `zoo summarize`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The texts to summarize
    #[arg(value_name = "TEXT", required = true)]
    texts: Vec<String>,

    /// What stands before each text [default: what the checkpoint says, or `summarize: `]
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,

    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    // No demo has learnt this.
    args.options.weights.required()?;
    let task = |loaded: &TextModel| -> Result<Task, Failure> {
        let stated = stated(loaded)?.into_iter().find(|(name, _)| name == "summarization");
        let stated = stated.map_or_else(|| Asked::usual("summarize: "), |(_, asked)| asked);
        Ok(stated.task(args.prefix.as_deref()))
    };
    write(&args.texts, "text", &args.options, registry, &ANSWERING, &task, shell)
}
