//! How long the catalog takes with a hundred thousand models: `cargo run --release --example scale -- 100000`. With a path after the
//! number, the catalog is kept there and nothing is asked: `zoo site build` can be measured on it.
//!
//! The models are made up, from a fixed seed: sizes, answers, edges, sources and a few sentences each, from words whose frequencies
//! fall as those of a language do. Of every question several are asked, many times each, and the median and the slowest are told.
#![expect(clippy::print_stdout, reason = "what an example has to say")]

use std::error::Error;
use std::time::{Duration, Instant};

use zoo_catalog::{Catalog, Filter, Key, Range, Sort, build};
use zoo_registry::vocabulary::{axes, families::families, labs::labs};
use zoo_registry::{Descriptor, Record, SuiteFacts};

/// Numbers that look drawn and are always the same.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap_or(0)
    }

    /// A small number far more often than a large one.
    fn rank(&mut self, end: usize) -> usize {
        let first = self.below(end);
        self.below(first + 1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A word by its rank: the commonest are those of the trade.
fn word(rank: usize) -> String {
    const COMMON: [&str; 12] = [
        "model",
        "language",
        "attention",
        "transformer",
        "training",
        "text",
        "vision",
        "sparse",
        "long",
        "tokens",
        "expert",
        "memory",
    ];
    COMMON.get(rank).map_or_else(|| syllables(rank), |word| (*word).to_owned())
}

fn syllables(mut number: usize) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ke", "lo", "mi", "nu", "ra", "se", "to", "vi", "wu", "xa", "ze", "ga", "de", "fi", "ho"];
    let mut text = String::new();
    while number > 0 {
        text += SYLLABLES[number % 16];
        number /= 16;
    }
    text
}

fn record(at: usize, draw: &mut Draw) -> Result<Record, Box<dyn Error>> {
    let id = format!("{}-{at}", syllables(at % 5_000 + 256));
    let terms: Vec<String> =
        ["architecture", "attention", "pretraining-task", "training-paradigm", "activation", "modality"]
            .iter()
            .filter_map(|axis| axes().iter().find(|known| known.id == *axis))
            .map(|axis| format!("{} = [\"{}\"]", axis.id, axis.terms[draw.rank(axis.terms.len())].id))
            .collect();
    let prose: Vec<_> = (0..40).map(|_| word(draw.rank(30_000))).collect();
    let (lab, family) = (&labs()[draw.rank(labs().len())].id, &draw.of(families()).id);
    let (year, month) = (2015 + draw.below(11), 1 + draw.below(12));
    let parents = if at == 0 { 0 } else { 1 + draw.below(2) };
    let parents: std::collections::BTreeSet<_> = (0..parents).map(|_| draw.below(at)).collect();
    let edges: Vec<String> = parents
        .into_iter()
        .map(|parent| {
            format!("{{ id = \"{}-{parent}\", relation = \"derives-from\" }}", syllables(parent % 5_000 + 256))
        })
        .collect();
    let sizes: Vec<String> = (0..1 + draw.below(3))
        .map(|size| {
            let parameters = 1_000_000 * (1 + draw.rank(200_000));
            format!(
                "{{ id = \"{id}-{size}\", name = \"{size}\", hub = \"{lab}/{id}-{size}\", stated = {{ parameters = {parameters}, label = \"x\" }}, \
                 sources = [{{ source = \"repo\", ref = \"{lab}/{id}: README.md\", confidence = \"high\" }}] }}"
            )
        })
        .collect();
    let sourced: Vec<String> = ["date", "labs", "licence", "extension", "attention"]
        .iter()
        .map(|field| {
            format!("{field} = [{{ source = \"repo\", ref = \"{lab}/{id}: config.json\", confidence = \"high\" }}]")
        })
        .collect();
    let toml = format!(
        "id = \"{id}\"\nname = \"{} {at}\"\nfamily = \"{family}\"\ndate = \"{year}-{month:02}\"\nlabs = [\"{lab}\"]\n\
         licence = {{ code = \"MIT\", weights = \"Apache-2.0\", public = true }}\nsummary = \"{}\"\nextension = \"{}\"\n\
         papers = [{{ title = \"{} {at}\", authors = [\"{}\"], year = {year}, url = \"https://example.org/{at}\" }}]\n\
         lineage = [{}]\npresets = [{}]\nheads = [{{ id = \"none\", summary = \"The body.\" }}]\ntiny = {{ d_model = 8 }}\n\
         [taxonomy]\n{}\n[sources]\n{}\n",
        syllables(at % 5_000 + 256),
        prose[..10].join(" "),
        prose[10..].join(" "),
        prose[3..9].join(" "),
        syllables(draw.rank(40_000) + 16),
        edges.join(", "),
        sizes.join(", "),
        terms.join("\n"),
        sourced.join("\n"),
    );
    Ok(Record::without_code(Descriptor::parse(&toml)?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let mut draw = Draw(7);
    let began = Instant::now();
    let records = (0..count).map(|at| record(at, &mut draw)).collect::<Result<Vec<_>, _>>()?;
    println!("{count} models, read in {:.1?}", began.elapsed());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match std::env::args_os().nth(2) {
        Some(path) => {
            runtime.block_on(build(path.as_ref(), &records, &SuiteFacts::default(), &[]))?;
            Ok(())
        }
        None => runtime.block_on(measure(&records)),
    }
}

async fn measure(records: &[Record]) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("catalog.sqlite");
    let began = Instant::now();
    let summary = build(&path, records, &SuiteFacts::default(), &[]).await?;
    println!("{:24} {:>10.1?}, {} MiB", "build", began.elapsed(), summary.bytes >> 20);
    let catalog = Catalog::open(&path).await?;
    let descriptor = |at: usize| &records[at % records.len()].descriptor;
    let (first, middle, last) = (descriptor(0), descriptor(records.len() / 2), descriptor(records.len() - 1));

    let texts = [
        "language model".to_owned(),
        "attention".into(),
        "sparse vision memory".into(),
        "m".into(),
        "transformer google".into(),
        middle.name.clone(),
        middle.papers[0].title.clone(),
        "kelo".into(),
        "no such words".into(),
    ];
    for text in &texts {
        timed(&format!("search `{text}`"), async || catalog.search(text, 20).await.map(|found| found.len())).await?;
    }
    for name in [&middle.id, &last.presets[0].id, &"no-such-model".to_owned()] {
        timed(&format!("resolve `{name}`"), async || {
            catalog.resolve(name).await.map(|found| usize::from(found.is_some()))
        })
        .await?;
    }
    let mistyped = format!("{}x", middle.id);
    timed(&format!("suggest `{mistyped}`"), async || catalog.suggest(&mistyped).await.map(|found| found.len())).await?;
    for facts in [first, middle, last] {
        let name = format!("lineage `{}`", facts.id);
        timed(&name, async || {
            catalog.lineage(&facts.id).await.map(|found| found.ancestors.len() + found.descendants.len())
        })
        .await?;
    }
    timed("model", async || catalog.model(&middle.id).await.map(|found| usize::from(found.is_some()))).await?;
    let term = |axis: &str, term: &str| vec![(axis.to_owned(), term.to_owned())];
    let years = Range::parse("2020..2021").ok();
    let filters = [
        ("one rare answer", Filter { terms: term("attention", "hard"), ..Filter::default() }),
        ("two years, one answer", Filter { terms: term("architecture", "encoder"), years, ..Filter::default() }),
        ("few sizes", Filter { parameters: Range::parse("1M..2M").ok(), ..Filter::default() }),
        ("one lab", Filter { lab: Some("zhipu-ai".into()), ..Filter::default() }),
        ("everything", Filter::default()),
    ];
    for (name, filter) in &filters {
        let sort = Sort { key: Key::Parameters, descending: true };
        timed(&format!("list: {name}"), async || catalog.sizes(filter, sort).await.map(|found| found.len())).await?;
        timed(&format!("facets: {name}"), async || catalog.facets(filter).await.map(|found| found.len())).await?;
    }
    Ok(())
}

/// Asks until two seconds have gone by, but three times at least.
async fn timed(name: &str, ask: impl AsyncFn() -> zoo_catalog::Result<usize>) -> zoo_catalog::Result<()> {
    let (began, mut times, mut found) = (Instant::now(), Vec::new(), 0);
    while times.len() < 3 || (times.len() < 500 && began.elapsed() < Duration::from_secs(2)) {
        let asked = Instant::now();
        found = ask().await?;
        times.push(asked.elapsed());
    }
    times.sort();
    let slowest = times[times.len() - 1];
    println!("{name:44} median {:>9.2?}, slowest {slowest:>9.2?}, {found} found", times[times.len() / 2]);
    Ok(())
}
