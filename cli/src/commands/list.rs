//! `zoo list`: every model and size by name, or those that are asked for.

use zoo_catalog::view::{Facet, SizeLine};
use zoo_catalog::{Catalog, Filter, Range, Sort};
use zoo_registry::names::nearest;
use zoo_registry::{Error, Registry};

use crate::failure::Failure;
use crate::format::short;
use crate::json;
use crate::library::{self, From};
use crate::shell::{Paint, Shell};
use crate::table::Table;

const EXAMPLES: &str = "\
Examples:
  zoo list                  everything; `runs` says what zoo has code for
  zoo list 'bert-*'         names that begin with bert-; quote the pattern, or the shell expands it
  zoo list gpt2             every size of one model
  zoo list --code --json    what zoo can build
  zoo list --attention sliding-window --year 2020..2023 --params ..50B --sort -params
  zoo list --lab google --facets                       how many models of Google's answer how

A range has two ends, `2020..2023`, or one, `..7B`; both belong to it. K, M, B and T stand for thousands, millions, billions, trillions.";

/// Arguments of `zoo list`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name, an alias, a Hugging Face repository, or a pattern with `*`, `?`, `[…]`, `{…,…}`
    #[arg(value_name = "PATTERN", default_value = "*", hide_default_value = true)]
    pattern: String,

    #[command(flatten)]
    terms: Terms,

    /// First published in these years: `2020..2023`, `2017`
    #[arg(long, value_name = "RANGE", help_heading = FILTERS)]
    year: Option<Range>,

    /// With so many parameters: `..1B`, `350M..7B`
    #[arg(long, value_name = "RANGE", help_heading = FILTERS)]
    params: Option<Range>,

    /// Of this family, lab or licence
    #[arg(long, value_name = "FAMILY", help_heading = FILTERS)]
    family: Option<String>,

    /// Made by this lab
    #[arg(long, value_name = "LAB", help_heading = FILTERS)]
    lab: Option<String>,

    /// Code or weights under this licence, by its SPDX identifier
    #[arg(long, value_name = "LICENCE", help_heading = FILTERS)]
    licence: Option<String>,

    /// Only what zoo has code for
    #[arg(long, help_heading = FILTERS)]
    code: bool,

    /// By `name`, `params` or `date`; with `-` before it, the largest or latest first
    #[arg(long, value_name = "KEY", default_value = "name", allow_hyphen_values = true)]
    sort: Sort,

    /// Count how many of these models give each answer, instead of listing them
    #[arg(long)]
    facets: bool,

    #[command(flatten)]
    from: From,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Title of the options that say what is asked for.
const FILTERS: &str = "What is asked for";

/// One option for each question of the taxonomy; the answers are its terms, or what their labels begin with.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = FILTERS)]
struct Terms {
    /// `causal`, `sliding-window`, …
    #[arg(long, value_name = "TERM")]
    attention: Vec<String>,

    /// `encoder`, `decoder`, …
    #[arg(long, value_name = "TERM")]
    architecture: Vec<String>,

    /// `rotary`, `alibi`, …
    #[arg(long, value_name = "TERM")]
    positional_encoding: Vec<String>,

    /// `layernorm`, `rmsnorm`, …
    #[arg(long, value_name = "TERM")]
    normalisation_type: Vec<String>,

    /// `pre`, `post`, …
    #[arg(long, value_name = "TERM")]
    normalisation_placement: Vec<String>,

    /// `gelu`, `swiglu`, …
    #[arg(long, value_name = "TERM")]
    activation: Vec<String>,

    /// `masked-lm`, `causal-lm`, …
    #[arg(long, value_name = "TERM")]
    pretraining_task: Vec<String>,

    /// `instruction-tuning`, …
    #[arg(long, value_name = "TERM")]
    training_paradigm: Vec<String>,

    /// `text`, `image`, …
    #[arg(long, value_name = "TERM")]
    modality: Vec<String>,

    /// `model`, `ancestor`, `relative`, `method`
    #[arg(long, value_name = "TERM")]
    kind: Vec<String>,
}

impl Terms {
    /// Each question with the answers that are asked for.
    fn by_axis(&self) -> [(&'static str, &[String]); 10] {
        [
            ("attention", &self.attention),
            ("architecture", &self.architecture),
            ("positional-encoding", &self.positional_encoding),
            ("normalisation-type", &self.normalisation_type),
            ("normalisation-placement", &self.normalisation_placement),
            ("activation", &self.activation),
            ("pretraining-task", &self.pretraining_task),
            ("training-paradigm", &self.training_paradigm),
            ("modality", &self.modality),
            ("kind", &self.kind),
        ]
    }
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&args.from, registry, shell)?;
    let filter = library.ask(async |catalog| filter(args, catalog).await)??;
    if args.facets {
        let facets = library.ask(async |catalog| catalog.facets(&filter).await)?;
        return if args.json { json::document(shell, &facets) } else { print_facets(&facets, shell) };
    }
    let lines = library.ask(async |catalog| catalog.sizes(&filter, args.sort).await)?;
    let only_named = filter == Filter { name: filter.name.clone(), ..Filter::default() };
    if let Some(asked) = filter.name.filter(|_| lines.is_empty() && only_named) {
        let near = library.ask(async |catalog| catalog.suggest(&asked).await)?;
        return Err(Error::UnknownName { asked, near }.into());
    }
    if args.json {
        return json::document(shell, &lines);
    }
    if lines.is_empty() {
        shell.note("no model is like that; `zoo list --facets` shows what there is");
    }
    print(&lines, shell)
}

fn print(lines: &[SizeLine], shell: &mut Shell) -> Result<(), Failure> {
    let mut table = Table::new(&["name", "model", "date", ">parameters", "runs", "hub"]);
    for line in lines {
        let parameters = line.parameters.map(short).unwrap_or_default();
        let (runs, hub) = (if line.code { "yes" } else { "" }, line.hub.as_deref().unwrap_or_default());
        let cells = [line.name.as_str(), &line.model, &line.date, &parameters, runs].map(|cell| (cell, Paint::Plain));
        table.painted(cells.into_iter().chain([(hub, Paint::Faint)]));
    }
    Ok(table.print(shell)?)
}

fn print_facets(facets: &[Facet], shell: &mut Shell) -> Result<(), Failure> {
    let mut table = Table::new(&["question", "answer", ">models", ""]);
    for facet in facets {
        let mut terms: Vec<_> = facet.terms.iter().collect();
        if facet.id != "year" {
            terms.sort_by_key(|term| std::cmp::Reverse(term.models));
        }
        for term in terms {
            let label = term.label.as_deref().unwrap_or_default();
            let cells =
                [facet.id.as_str(), &term.id, &term.models.to_string()].map(|cell| (cell.to_owned(), Paint::Plain));
            table.painted(cells.into_iter().chain([(label.to_owned(), Paint::Faint)]));
        }
    }
    Ok(table.print(shell)?)
}

/// What the arguments ask for, in the catalog's words; an answer that is none is the user's mistake and not the catalog's.
async fn filter(args: &Args, catalog: &Catalog) -> zoo_catalog::Result<Result<Filter, Failure>> {
    let mut filter = Filter {
        name: (args.pattern != "*").then(|| args.pattern.clone()),
        years: args.year,
        parameters: args.params,
        code: args.code,
        ..Filter::default()
    };
    let facets = [("family", &args.family), ("lab", &args.lab), ("licence", &args.licence)];
    let asked = args.terms.by_axis().into_iter().any(|(_, terms)| !terms.is_empty());
    if !asked && facets.iter().all(|(_, asked)| asked.is_none()) {
        return Ok(Ok(filter));
    }
    let known = catalog.answers().await?;
    let of = |facet: &str| {
        known.iter().find(|known| known.id == facet).map(|facet| facet.terms.as_slice()).unwrap_or_default()
    };
    let found = || -> Result<Filter, Failure> {
        for (axis, terms) in args.terms.by_axis() {
            for asked in terms {
                filter.terms.push((axis.to_owned(), answer(axis, asked, of(axis))?));
            }
        }
        let found =
            facets.map(|(facet, asked)| asked.as_ref().map(|asked| answer(facet, asked, of(facet))).transpose());
        [filter.family, filter.lab, filter.licence] = match found {
            [family, lab, licence] => [family?, lab?, licence?],
        };
        Ok(filter)
    };
    Ok(found())
}

/// The answer that is meant: its id, or what its label begins with, in any letter case.
fn answer(facet: &str, asked: &str, known: &[zoo_catalog::view::Answer]) -> Result<String, Failure> {
    let normal = |text: &str| text.to_lowercase().replace([' ', '_'], "-");
    let wanted = normal(asked);
    if let Some(found) = known.iter().find(|term| normal(&term.id) == wanted) {
        return Ok(found.id.clone());
    }
    let labelled: Vec<_> = known.iter().filter(|term| normal(&term.label).starts_with(&wanted)).collect();
    if let [only] = labelled[..] {
        return Ok(only.id.clone());
    }
    let near = match &labelled[..] {
        [] => nearest(&wanted, known.iter().map(|term| term.id.as_str())),
        several => several.iter().map(|term| term.id.clone()).collect(),
    };
    let near: Vec<_> = near.iter().map(|id| format!("`{id}`")).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
    Err(Failure::usage(format!("no answer to `{facet}` is called `{asked}`{hint}"))
        .hint(format!("`zoo list --facets` shows every answer to `{facet}`")))
}
