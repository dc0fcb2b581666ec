//! `zoo catalog search` and `zoo catalog stats`: what there is, and how much.

use zoo_catalog::view::Stats;
use zoo_registry::Registry;

use crate::failure::Failure;
use crate::format::{beginning, exact, short};
use crate::json;
use crate::library::{self, From};
use crate::shell::{Paint, Shell};
use crate::table::Table;

/// Arguments of `zoo catalog search`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Words, or their beginnings; a model has to have all of them
    #[arg(value_name = "WORD", required = true)]
    words: Vec<String>,

    /// Most models to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,

    #[command(flatten)]
    from: From,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How much of a summary fits into a line.
const GIST: usize = 70;

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&args.from, registry, shell)?;
    let text = args.words.join(" ");
    let hits = library.ask(async |catalog| catalog.search(&text, args.limit).await)?;
    if args.json {
        return json::document(shell, &hits);
    }
    if hits.is_empty() {
        let near = library.ask(async |catalog| catalog.suggest(&text).await)?;
        let near: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
        shell.note(format!("nothing has all of these words{hint}"));
        return Ok(());
    }
    let mut table = Table::new(&["id", "name", "date", ">parameters", "runs", "what it is"]);
    for hit in &hits {
        let (parameters, runs) = (hit.parameters.map(short).unwrap_or_default(), if hit.code { "yes" } else { "" });
        let cells =
            [hit.id.as_str(), &hit.name, &hit.date, &parameters, runs].map(|cell| (cell.to_owned(), Paint::Plain));
        table.painted(cells.into_iter().chain([(beginning(&hit.summary, GIST), Paint::Faint)]));
    }
    Ok(table.print(shell)?)
}

pub(super) fn print_stats(stats: &Stats, shell: &mut Shell) -> Result<(), Failure> {
    let mut table = Table::new(&["what", ">how many", ""]);
    let rows = [
        ("models", stats.models, ""),
        ("", stats.with_code, "of them with code"),
        ("sizes", stats.sizes, ""),
        ("", stats.built, "of them built by the code"),
        ("", stats.stated, "with a stated number of parameters"),
        ("", stats.counted, "with one that was counted by a formula"),
        ("answers", stats.answers, "to the questions of the taxonomy"),
        ("edges", stats.edges, "of the family tree"),
        ("papers", stats.papers, ""),
        ("labs", stats.labs, ""),
        ("licences", stats.licences, ""),
        ("conflicts", stats.conflicts, "between sources"),
        ("notes", stats.notes, "on rounding and dates"),
        ("documents", stats.documents, "that something was read in"),
        ("sources", stats.sources, "named"),
        ("", stats.uncited, "of them not looked up yet"),
        ("unsourced", stats.unsourced, "fields, sizes and edges of which nothing was looked up"),
        ("outcomes", stats.outcomes, "of conformance checks"),
    ];
    for (what, count, note) in rows {
        let cells = [(what.to_owned(), Paint::Plain), (exact(count.into()), Paint::Plain)];
        table.painted(cells.into_iter().chain([(note.to_owned(), Paint::Faint)]));
    }
    Ok(table.print(shell)?)
}
