//! The command line: its grammar, and the way from arguments to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use zoo_registry::{Architecture, Registry};

use crate::commands;
use crate::failure::Failure;
use crate::remote;
use crate::shell::Shell;

/// A zoo of transformer models: browse them, run them, check them.
#[derive(Debug, Parser)]
#[command(name = "zoo", version, arg_required_else_help = true, styles = STYLES)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Colours: `auto` on a terminal unless `NO_COLOR` is set, `always`, or `never`
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    #[arg(hide_possible_values = true, help_heading = EVERYWHERE)]
    color: Colour,

    /// Say nothing but errors
    #[arg(long, short, global = true, help_heading = EVERYWHERE)]
    quiet: bool,

    #[command(subcommand)]
    command: Command,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Also into files and pipes
    Always,
    /// Not at all
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the models and sizes there are, or those you ask for
    List(commands::list::Args),
    /// Show a model: facts, configuration, size and module tree
    Show(commands::show::Args),
    /// Tell what running a model costs: memory and operations, by length
    Cost(commands::cost::Args),
    /// Time models on this machine, beside what it can do at most
    Bench(commands::bench::Args),
    /// Compare two models: facts, sizes, modules
    Compare(commands::compare::Args),
    /// Show where a model comes from and what came of it
    Lineage(commands::lineage::Args),
    /// Build a model with random weights and run it once
    New(commands::new::Args),
    /// Download trained weights from the Hugging Face hub
    Pull(commands::pull::Args),
    /// Turn texts into vectors with trained weights
    Embed(commands::embed::Args),
    /// Guess the words behind `[MASK]` with trained weights
    FillMask(commands::fill_mask::Args),
    /// Name what is in images, or judge texts, with trained weights
    Classify(commands::classify::Args),
    /// Continue texts with trained weights
    Generate(commands::generate::Args),
    /// Score responses to prompts with a trained reward model
    Score(commands::score::Args),
    /// Translate texts with trained weights
    Translate(commands::translate::Args),
    /// Summarize texts with trained weights
    Summarize(commands::summarize::Args),
    /// Train a family on the small task it is for
    Train(commands::train::Args),
    /// Make a crate for a family of your own
    NewFamily(commands::new_family::Args),
    /// Check what must hold of every model, by running it
    Check(commands::check::Args),
    /// Search the catalog of all models, ask it in SQL, add to it
    Catalog(commands::catalog::Args),
    /// Build the static site, or look at it
    Site(commands::site::Args),
    /// Check everything and write the catalog and the site
    Publish(commands::publish::Args),
    /// List the devices that models can run on
    Devices(commands::devices::Args),
    /// Lend a device of this machine to programs on others
    ServeDevice(commands::serve_device::Args),
    /// Print a completion script for a shell
    Completions(commands::completions::Args),
}

/// The whole program over some architectures: reads the command line, runs the command, tells what went wrong.
///
/// Every command knows these architectures and no others. Two that claim one name are refused, with both their names.
pub fn main(architectures: &[&'static dyn Architecture]) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let grammar = Cli::command().color(help_colour(&arguments));
    let cli = match grammar.try_get_matches_from(arguments).and_then(|found| Cli::from_arg_matches(&found)) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell if this cannot be written either.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut shell = Shell::new(cli.color, cli.quiet);
    let ended =
        known(architectures).and_then(|registry| remote::guarded(|| dispatch(cli.command, &registry, &mut shell)));
    let ended = ended.and_then(|()| Ok(shell.finish()?));
    match ended {
        Ok(()) | Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        Err(failure) => {
            // What was printed so far comes before the error, and matters less than it.
            let _ = shell.finish();
            shell.error(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The families of this program, each beside those that its code builds on.
fn known(architectures: &[&'static dyn Architecture]) -> Result<Registry, Failure> {
    let registry = Registry::new().with_all(architectures)?;
    registry.require_bases()?;
    Ok(registry)
}

fn dispatch(command: Command, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    match command {
        Command::List(args) => commands::list::run(&args, registry, shell),
        Command::Show(args) => commands::show::run(&args, registry, shell),
        Command::Cost(args) => commands::cost::run(&args, registry, shell),
        Command::Bench(args) => commands::bench::run(&args, registry, shell),
        Command::Compare(args) => commands::compare::run(&args, registry, shell),
        Command::Lineage(args) => commands::lineage::run(&args, registry, shell),
        Command::New(args) => commands::new::run(&args, registry, shell),
        Command::Pull(args) => commands::pull::run(&args, registry, shell),
        Command::Embed(args) => commands::embed::run(&args, registry, shell),
        Command::FillMask(args) => commands::fill_mask::run(&args, registry, shell),
        Command::Classify(args) => commands::classify::run(&args, registry, shell),
        Command::Generate(args) => commands::generate::run(&args, registry, shell),
        Command::Score(args) => commands::score::run(&args, registry, shell),
        Command::Translate(args) => commands::translate::run(&args, registry, shell),
        Command::Summarize(args) => commands::summarize::run(&args, registry, shell),
        Command::Train(args) => commands::train::run(&args, registry, shell),
        Command::NewFamily(args) => commands::new_family::run(&args, registry, shell),
        Command::Check(args) => commands::check::run(&args, registry, shell),
        Command::Catalog(args) => commands::catalog::run(&args, registry, shell),
        Command::Site(args) => commands::site::run(&args, registry, shell),
        Command::Publish(args) => commands::publish::run(&args, registry, shell),
        Command::Devices(args) => commands::devices::run(&args, shell),
        Command::ServeDevice(args) => commands::serve_device::run(&args, shell),
        Command::Completions(args) => commands::completions::run(&args, shell),
    }
}

/// Help is printed while the command line is being read, so `--color` is looked for before that.
fn help_colour(arguments: &[OsString]) -> ColorChoice {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let after = words.iter().position(|word| word == "--color").and_then(|at| words.get(at + 1));
    match words.iter().find_map(|word| word.strip_prefix("--color=")).or(after.map(AsRef::as_ref)) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// Title of the options that every command has.
const EVERYWHERE: &str = "Options of every command";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  zoo list 'bert-*'                        which sizes of BERT there are
  zoo list --attention sliding-window --params ..10B
  zoo show gpt2                            what GPT-2 is made of
  zoo cost gpt2-xl --dtype bf16            what running it takes
  zoo lineage gpt2                         where it comes from and what came of it
  zoo new bert --set n_layers=2            build a small BERT and run it
  zoo embed --weights sentence-transformers/all-MiniLM-L6-v2 \"Hello\"
  zoo train bert                           watch a small BERT learn to guess hidden words
  zoo check 'bert*'                        prove that the code does what it says
  zoo publish                              catalog, conformance and site in one go

Exit codes:
  0  done
  1  something failed on the way: a check, a file, a model that does not fit
  2  the command line asks for what cannot be: an unknown name, a bad configuration, a bad flag
130  Ctrl-C";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_name_that_two_families_claim_is_told_and_refused() {
        let bert = zoo_architectures::registry().resolve("bert").unwrap().architecture;
        let failure = known(&[bert, bert]).err().unwrap();
        assert_eq!(failure.exit_code(), 2);
        assert_eq!(failure.told().unwrap().message, "the name `bert` is claimed by both `bert` and another `bert`");
        assert!(failure.told().unwrap().hint.is_some());
    }

    #[test]
    fn a_family_without_those_it_builds_on_is_told_and_refused() {
        let ours = zoo_architectures::registry();
        let [bert, gpt2, reward] =
            ["bert", "gpt2", "reward-model"].map(|name| ours.resolve(name).unwrap().architecture);
        let failure = known(&[bert, gpt2, reward]).err().unwrap();
        assert_eq!(failure.exit_code(), 2);
        let told = failure.told().unwrap();
        let expected = "`reward-model` builds on `gpt3`: no linked crate registers `gpt3`; did you mean `gpt2`";
        assert!(told.message.starts_with(expected) && !told.message.contains('\n'), "{}", told.message);
        assert!(told.hint.as_ref().unwrap().contains("`zoo::main`"), "{told:?}");
        assert!(known(zoo_architectures::ARCHITECTURES).is_ok());
    }

    #[test]
    fn help_finds_its_colour() {
        let colour = |words: &[&str]| help_colour(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(colour(&["zoo", "--color=never", "--help"]), ColorChoice::Never);
        assert_eq!(colour(&["zoo", "list", "--color", "always"]), ColorChoice::Always);
        assert_eq!(colour(&["zoo", "--color"]), ColorChoice::Auto);
    }
}
