//! `zoo site`: the static pages, written and looked at.

mod check;
mod watch;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use zoo_registry::Registry;
use zoo_site::serve::Server;
use zoo_site::{BasePath, BaseUrl, Extras, Summary, Tongue};

use super::catalog;
use crate::failure::Failure;
use crate::format::{bytes, counted};
use crate::interrupt;
use crate::runtime::wait;
use crate::shell::Shell;
use crate::{demo_runs, tryout};

const EXAMPLES: &str = "\
Examples:
  zoo site build                          zoo.sqlite becomes public/
  zoo site build --module zoo.wasm        with models that run in their pages
  zoo site build --base-url https://zoo.example/   with a sitemap and canonical addresses
  zoo site build --lang en                in English alone, in a third of the time
  zoo site serve                          look at public/ on http://127.0.0.1:8080
  zoo site serve --addr 127.0.0.1:0       on any port that is free
  zoo site serve --watch                  what facts, templates and styles say as they are edited
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

        #[command(flatten)]
        full_text: FullText,

        #[command(flatten)]
        address: Address,

        #[command(flatten)]
        languages: Languages,
    },
    /// Show a built site on this machine
    Serve {
        /// The folder to show
        #[arg(long, value_name = "DIR", default_value = FOLDER, conflicts_with = "watch")]
        out: PathBuf,

        /// Where to listen: a loopback address and a port
        #[arg(long, value_name = "ADDR", default_value = ADDRESS)]
        addr: SocketAddr,

        #[command(flatten)]
        follow: watch::Follow,
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

/// Where the program is that indexes the words of a site, and what `npm install` gives it.
const INDEXER: (&str, &str) = ("site/fulltext/index.mjs", "site/fulltext/node_modules/pagefind");

/// Arguments of the commands that write a site.
#[derive(Debug, clap::Args)]
// It stands beside a command's own arguments, and groups are named for their structs.
#[group(skip)]
pub(crate) struct FullText {
    /// The program that indexes the words of all pages: it is given the new site's folder; without one, the site is searched by
    /// names [default: site/fulltext/index.mjs, if its packages are installed]
    #[arg(long, value_name = "PROGRAM")]
    full_text: Option<PathBuf>,
}

impl FullText {
    pub(crate) fn program(&self) -> Option<PathBuf> {
        let (usual, needed) = INDEXER;
        self.full_text.clone().or_else(|| Path::new(needed).exists().then(|| usual.into()))
    }
}

/// Where a site will stand.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Address {
    /// The address the site will stand at: for its sitemap, its feeds, the canonical addresses of its pages and the cards that
    /// messengers show of them; links are relative in any case
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<BaseUrl>,

    /// The path of that address, where its host is not known: the page for what is not there answers at any depth, and has to find
    /// its style and its links [default: that of `--base-url`]
    #[arg(long, value_name = "PATH")]
    pub(crate) base_path: Option<BasePath>,
}

/// In which languages a site is written.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Languages {
    /// The languages of the site, of `en`, `zh-Hans` and `de`: English at its top, which is always written, the others in `zh/` and
    /// `de/`; prose that is not translated stands there in English
    #[arg(long, value_name = "LANG,…", value_delimiter = ',', default_value = "en,zh-Hans,de")]
    pub(crate) lang: Vec<Tongue>,
}

impl Address {
    /// Says what a site without an address lacks.
    pub(crate) fn note(&self, shell: &mut Shell) {
        if self.base_url.is_none() {
            shell.note(
                "without `--base-url` there is no sitemap, and pages name no canonical address and have no cards",
            );
        }
    }
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    match &args.action {
        Action::Build { db, out, tryout, full_text, address, languages } => {
            let extras = Extras {
                tryout: tryout.gather(registry, shell)?,
                printed: demo_runs::printed(registry, shell)?,
                indexer: full_text.program(),
                base_url: address.base_url.clone(),
                tongues: languages.lang.clone(),
                base_path: address.base_path.clone(),
            };
            let busy = shell.busy("writing the site");
            let summary = build(db, extras, out)?;
            drop(busy);
            address.note(shell);
            shell.note(format!("{}, {}", counted(summary.pages, "page"), bytes(summary.bytes)));
            Ok(writeln!(shell, "{}", out.join("index.html").display())?)
        }
        Action::Serve { addr, follow, .. } if follow.is_wanted() => watch::run(follow, *addr, registry, shell),
        Action::Serve { out, addr, .. } => serve(out, *addr, shell),
        Action::Check { folder, json } => check::run(folder, *json, shell),
    }
}

/// Writes the site. Ctrl-C waits for the folder to be whole.
pub(crate) fn build(db: &Path, extras: Extras, out: &Path) -> Result<Summary, Failure> {
    let _placing = interrupt::placing();
    wait(async { Ok(zoo_site::build(db, extras, out).await?) })
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
