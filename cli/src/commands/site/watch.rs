//! `zoo site serve --watch`: a preview that follows the files of facts, templates and styles while somebody works on them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use zoo_catalog::Catalog;
use zoo_catalog::facts::Sheet;
use zoo_registry::architecture::record_of;
use zoo_registry::{Descriptor, Outcome, Record, Registry};
use zoo_site::serve::Server;
use zoo_site::{Content, Look, Pages, Preview, Tongue, assets, render_with};

use crate::commands::catalog;
use crate::failure::Failure;
use crate::format::time;
use crate::interrupt::{self, Scratch};
use crate::runtime::wait;
use crate::shell::Shell;

/// How often the files are looked at. Asking the system to tell would need a library a platform, and misses network drives; asking
/// a few hundred files how old they are takes a millisecond.
const PAUSE: Duration = Duration::from_millis(100);

/// What a preview follows.
#[derive(Debug, clap::Args)]
pub(super) struct Follow {
    /// Follow the files of facts, templates and styles, and show what they say now; nothing published is changed
    #[arg(long)]
    watch: bool,

    /// Where files of facts are, `<id>.toml`, with a family's `README.md` beside it
    /// [default: catalog/facts and architectures/src, where they are there]
    #[arg(long, value_name = "DIR", requires = "watch")]
    facts: Vec<PathBuf>,

    /// Where `templates/` and `static/` are [default: site, where it is there; otherwise those in the program]
    #[arg(long, value_name = "DIR", requires = "watch")]
    look: Option<PathBuf>,

    /// The catalog whose conformance outcomes are shown, if it is there
    #[arg(long, value_name = "FILE", default_value = catalog::FILE, requires = "watch")]
    db: PathBuf,

    /// The languages to show besides English, of `zh-Hans` and `de`: each takes a while more at every change
    #[arg(long, value_name = "LANG,…", value_delimiter = ',', requires = "watch")]
    lang: Vec<Tongue>,
}

impl Follow {
    pub(super) fn is_wanted(&self) -> bool {
        self.watch
    }

    fn facts(&self) -> Vec<PathBuf> {
        let usual = ["catalog/facts", "architectures/src"].into_iter().map(PathBuf::from);
        if self.facts.is_empty() { usual.filter(|folder| folder.is_dir()).collect() } else { self.facts.clone() }
    }

    fn look(&self) -> Option<PathBuf> {
        let usual = Path::new("site/templates/base.html").is_file().then(|| "site".into());
        self.look.clone().or(usual)
    }
}

/// Shows the site as the files say it is, until Ctrl-C.
pub(super) fn run(follow: &Follow, address: SocketAddr, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let mut bench = Bench::new(follow, registry)?;
    let mut files = bench.files()?;
    let preview = Preview::new(bench.pages(true)?);
    let (listening, heard) = std::sync::mpsc::channel();
    let shown = preview.clone();
    let server = std::thread::spawn(move || {
        wait(async {
            let server = Server::preview(&shown, address).await?;
            let stop = interrupt::stop_serving();
            // Nobody waits for an address that is not told.
            let _ = listening.send(server.address());
            // A browser that listens for changes would keep a server that waits for it.
            tokio::select! {
                ended = server.run(std::future::pending()) => Ok(ended?),
                () = stop => Ok(()),
            }
        })
    });
    if let Ok(address) = heard.recv() {
        writeln!(shell, "http://{address}")?;
        shell.flush()?;
        shell.note(format!("following {} files; Ctrl-C stops the preview", files.len()));
    }
    while !server.is_finished() {
        sleep(PAUSE);
        let now = bench.files()?;
        let changed = changed(&files, &now);
        let Some(first) = changed.first() else { continue };
        let (began, told) = (Instant::now(), told(first, changed.len()));
        match bench.shown(&preview, &changed) {
            Ok(()) => {
                shell.note(format!("{told}: shown after {}", time(began.elapsed())));
            }
            // What was shown before is still shown.
            Err(failure) => {
                shell.warn(format!("{told} is not shown yet"));
                shell.error(&failure);
            }
        }
        files = now;
    }
    server.join().unwrap_or_else(|_| Err(Failure::run("the preview stopped")))
}

/// Files with the time and the size that tell whether they changed.
type Files = BTreeMap<PathBuf, (SystemTime, u64)>;

fn changed<'a>(before: &'a Files, now: &'a Files) -> Vec<&'a Path> {
    let new = now.iter().filter(|(file, state)| before.get(*file) != Some(state)).map(|(file, _)| file.as_path());
    let gone = before.keys().filter(|file| !now.contains_key(*file)).map(PathBuf::as_path);
    new.chain(gone).collect()
}

fn told(first: &Path, changed: usize) -> String {
    match changed - 1 {
        0 => first.display().to_string(),
        others => format!("{} and {others} more", first.display()),
    }
}

/// What a preview is made of.
struct Bench<'a> {
    registry: &'a Registry,
    facts: Vec<PathBuf>,
    look: Option<PathBuf>,
    tongues: Vec<Tongue>,
    outcomes: Vec<Outcome>,
    /// Every record as the program has it.
    own: Vec<Record>,
    /// What the files of facts said last.
    read: BTreeMap<PathBuf, (String, Record)>,
    content: Option<Content>,
    scratch: Scratch,
}

impl<'a> Bench<'a> {
    fn new(follow: &Follow, registry: &'a Registry) -> Result<Self, Failure> {
        let outcomes = if follow.db.exists() { outcomes(&follow.db)? } else { Vec::new() };
        Ok(Self {
            registry,
            facts: follow.facts(),
            look: follow.look(),
            tongues: follow.lang.clone(),
            outcomes,
            own: catalog::records(registry)?,
            read: BTreeMap::new(),
            content: None,
            scratch: Scratch::within(&std::env::temp_dir())?,
        })
    }

    /// Every file that is followed.
    fn files(&self) -> Result<Files, Failure> {
        let mut files = Files::new();
        for folder in &self.facts {
            collect(folder, &["toml", "md"], &mut files)?;
        }
        for folder in
            self.look.iter().flat_map(|look| ["templates", "static", "strings"].map(|folder| look.join(folder)))
        {
            collect(&folder, &["html", "css", "js", "svg", "toml"], &mut files)?;
        }
        Ok(files)
    }

    fn holds_facts(&self, file: &Path) -> bool {
        self.facts.iter().any(|folder| file.starts_with(folder))
    }

    /// Shows what these files have changed.
    fn shown(&mut self, preview: &Preview, changed: &[&Path]) -> Result<(), Failure> {
        if changed.iter().all(|file| self.holds_assets(file)) {
            preview.show_over(assets(&self.look())?);
        } else {
            let facts = changed.iter().any(|file| self.holds_facts(file));
            preview.show(self.pages(facts)?);
        }
        Ok(())
    }

    /// Whether no page is made of the file: they lead to styles and scripts.
    fn holds_assets(&self, file: &Path) -> bool {
        self.look.as_ref().is_some_and(|look| file.starts_with(look.join("static")))
    }

    fn look(&self) -> Look {
        self.look.as_ref().map_or_else(Look::default, Look::from_folder)
    }

    /// Every page; the facts are read again if they changed.
    fn pages(&mut self, facts: bool) -> Result<Pages, Failure> {
        if facts || self.content.is_none() {
            let records = self.records()?;
            let db = self.scratch.path().join(catalog::FILE);
            catalog::build(&db, &records, &self.outcomes, &catalog::Past::default())?;
            let content = wait(async { Ok(Content::read(&Catalog::open(&db).await?).await?) })?;
            self.content = Some(Content { tongues: self.tongues.clone(), ..content });
        }
        let Some(content) = &self.content else { return Err(Failure::run("the facts were not read")) };
        Ok(render_with(content, &self.look())?)
    }

    /// The program's records, and in their places those whose files say something else by now.
    fn records(&mut self) -> Result<Vec<Record>, Failure> {
        let mut records: BTreeMap<String, Record> =
            self.own.iter().map(|record| (record.descriptor.id.clone(), record.clone())).collect();
        let mut files = Files::new();
        for folder in &self.facts {
            collect(folder, &["toml"], &mut files)?;
        }
        for file in files.keys() {
            let Some(record) = self.record(file)? else { continue };
            records.insert(record.descriptor.id.clone(), record);
        }
        Ok(records.into_values().collect())
    }

    /// The record in a file of facts; `None` for a file of something else.
    fn record(&mut self, file: &Path) -> Result<Option<Record>, Failure> {
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let text = read(file)?;
        let architecture = self.registry.architectures().into_iter().find(|known| known.descriptor().id == stem);
        let readme = file.with_file_name("README.md");
        let readme = if architecture.is_some() && readme.is_file() { read(&readme)? } else { String::new() };
        let said = format!("{text}\0{readme}");
        if let Some((before, record)) = self.read.get(file)
            && *before == said
        {
            return Ok(Some(record.clone()));
        }
        let named = format!("id = \"{stem}\"");
        if !text.lines().any(|line| line.trim() == named) {
            return Ok(None);
        }
        let failed = |told: String| Failure::run(format!("{}: {told}", file.display()));
        let record = match architecture {
            Some(family) => {
                let descriptor = Descriptor::parse(&text).map_err(|error| failed(error.to_string()))?;
                Record { readme, ..record_of(family, &descriptor)? }
            }
            None => {
                let sheet = Sheet::record(&file.display().to_string(), text).map_err(|findings| {
                    Failure::run(findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
                })?;
                Record::without_code(sheet.descriptor)
            }
        };
        self.read.insert(file.to_owned(), (said, record.clone()));
        Ok(Some(record))
    }
}

/// The outcomes that a published catalog holds.
fn outcomes(db: &Path) -> Result<Vec<Outcome>, Failure> {
    let matrix = wait(async { Ok(Catalog::open(db).await?.matrix().await?) })?;
    Ok(matrix.rows.into_iter().flat_map(|(_, outcomes)| outcomes).collect())
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::run(format!("{}: {error}", file.display())))
}

/// Files of some kinds in a folder and those below it.
fn collect(folder: &Path, kinds: &[&str], files: &mut Files) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // A file that an editor is just replacing is there again at the next look.
        let Ok(facts) = fs::metadata(&path) else { continue };
        if facts.is_dir() {
            collect(&path, kinds, files)?;
        } else if path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| kinds.contains(&kind)) {
            files.insert(path, (facts.modified().map_err(failed)?, facts.len()));
        }
    }
    Ok(())
}
