//! `zoo completions`: what a shell needs to complete our commands.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell as ShellKind;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  zoo completions bash > ~/.local/share/bash-completion/completions/zoo
  zoo completions zsh > \"${fpath[1]}/_zoo\"
  zoo completions fish > ~/.config/fish/completions/zoo.fish";

/// Arguments of `zoo completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: ShellKind,
}

pub(crate) fn run(args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    // Written to memory first: the generator panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "zoo", &mut script);
    Ok(shell.write_all(&script)?)
}
