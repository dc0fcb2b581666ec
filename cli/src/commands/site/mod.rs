//! `zoo site`: the static pages, written and looked at.

mod check;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use zoo_registry::Registry;
use zoo_site::serve::Server;
use zoo_site::{Summary, Tryout};

use super::catalog;
use crate::failure::Failure;
use crate::format::{bytes, counted};
use crate::interrupt;
use crate::runtime::wait;
use crate::shell::Shell;
use crate::tryout;

const EXAMPLES: &str = "\
Examples:
  zoo site build                          zoo.sqlite becomes public/
  zoo site build --module zoo.wasm        with models that run in their pages
  zoo site serve                          look at public/ on http://127.0.0.1:8080
  zoo site serve --addr 127.0.0.1:0       on any port that is free
  zoo site check                          every link, every page's head, every budget

The folder needs no server: links are relative, and any web host can publish it as it is.";

/// Where the site is, unless somebody says otherwise.
pub(crate) const FOLDER: &str = "public";
/// Where a preview listens, unless somebody says otherwise.
pub(crate) const ADDRESS: &str = "127.0.0.1:8080";

/// Arguments of `zoo site`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write the site of a catalog
    Build {
        /// The catalog to read
        #[arg(long, value_name = "FILE", default_value = catalog::FILE)]
        db: PathBuf,

        /// The folder to write: new, empty, or a site that is replaced
        #[arg(long, value_name = "DIR", default_value = FOLDER)]
        out: PathBuf,

        #[command(flatten)]
        tryout: tryout::Args,
    },
    /// Show a built site on this machine
    Serve {
        /// The folder to show
        #[arg(long, value_name = "DIR", default_value = FOLDER)]
        out: PathBuf,

        /// Where to listen: a loopback address and a port
        #[arg(long, value_name = "ADDR", default_value = ADDRESS)]
        addr: SocketAddr,
    },
    /// Look a built site over: links, what every page must have, what it may weigh
    ///
    /// Sizes are of packed files, in KiB; each beside what a page of its type may have. Nothing is loaded and no browser runs.
    Check {
        /// The folder to look at
        #[arg(value_name = "DIR", default_value = FOLDER)]
        folder: PathBuf,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    match &args.action {
        Action::Build { db, out, tryout } => {
            let tryout = tryout.gather(registry, shell)?;
            let busy = shell.busy("writing the site");
            let summary = build(db, tryout, out)?;
            drop(busy);
            shell.note(format!("{}, {}", counted(summary.pages, "page"), bytes(summary.bytes)));
            Ok(writeln!(shell, "{}", out.join("index.html").display())?)
        }
        Action::Serve { out, addr } => serve(out, *addr, shell),
        Action::Check { folder, json } => check::run(folder, *json, shell),
    }
}

/// Writes the site. Ctrl-C waits for the folder to be whole.
pub(crate) fn build(db: &Path, tryout: Option<Tryout>, out: &Path) -> Result<Summary, Failure> {
    let _placing = interrupt::placing();
    wait(async { Ok(zoo_site::build(db, tryout, out).await?) })
}

/// Shows a built site until Ctrl-C.
pub(crate) fn serve(out: &Path, address: SocketAddr, shell: &mut Shell) -> Result<(), Failure> {
    wait(async {
        let server = Server::bind(out, address).await?;
        let stop = interrupt::stop_serving();
        writeln!(shell, "http://{}", server.address())?;
        shell.flush()?;
        shell.note("Ctrl-C stops the preview");
        Ok(server.run(stop).await?)
    })
}
