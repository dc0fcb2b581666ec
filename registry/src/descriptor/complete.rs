//! What a record has to say to be complete, and what only code can say.

use super::{Descriptor, Preset, Source};
use crate::error::{Problem, did_you_mean};
use crate::names::nearest;
use crate::vocabulary;

/// Fields that the catalog shows of every model, each of which needs a source.
pub const SOURCED: [&str; 18] = [
    "family",
    "date",
    "labs",
    "countries",
    "licence",
    "extension",
    "applications",
    "corpus",
    "modality",
    "papers",
    "architecture",
    "attention",
    "positional-encoding",
    "normalisation-type",
    "normalisation-placement",
    "activation",
    "pretraining-task",
    "training-paradigm",
];

/// Further fields that may have one.
const MAY_BE_SOURCED: [&str; 8] = ["names", "kind", "summary", "note", "undisclosed", "preprocessor", "init", "layer"];

/// Longest text of `extension`, in characters: a sentence or two.
pub const LONGEST_EXTENSION: usize = 330;

impl Descriptor {
    /// Everything that a complete record says, in its form, and this one does not. A record without code has to be complete; a
    /// family may be one that is being written.
    pub fn gaps(&self) -> Vec<Problem> {
        let mut gaps = Vec::new();
        self.check_forms(&mut gaps);
        let empty = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
        let lists = [
            ("labs", self.labs.is_empty()),
            ("extension", empty(&self.extension)),
            ("applications", self.applications.is_empty()),
            ("corpus", empty(&self.corpus)),
            ("reads", self.reads.is_empty()),
            ("writes", self.writes.is_empty()),
            ("papers", self.papers.is_empty()),
        ];
        gaps.extend(lists.iter().filter(|(_, lacks)| *lacks).map(|(field, _)| Problem::new(*field, "is not said")));
        for axis in ["architecture", "attention", "pretraining-task", "training-paradigm"] {
            if self.taxonomy.get(axis).is_none_or(Vec::is_empty) {
                gaps.push(Problem::new(format!("taxonomy.{axis}"), "is not said"));
            }
        }
        if self.licence.public.is_none() {
            gaps.push(Problem::new("licence.public", "expected `true` or `false`: can anybody get the weights?"));
        }
        let other = self.taxonomy.get("architecture").is_some_and(|terms| terms.iter().any(|term| term == "other"));
        if other && empty(&self.architecture_note) {
            gaps.push(Problem::new("architecture_note", "the architecture is `other`; a note has to say which"));
        }
        gaps.extend(self.lacks_sources());
        gaps.extend(self.unexplained_counts());
        gaps.extend(self.sizes().flat_map(|(field, size)| self.unexplained_shape(field, size)));
        for (at, conflict) in self.conflicts.iter().enumerate() {
            if conflict.about.is_empty() || conflict.values.is_empty() || conflict.chosen.trim().is_empty() {
                let told = "expected what it is `about`, `values` with their sources, and what was `chosen`";
                gaps.push(Problem::new(format!("conflicts[{at}]"), told));
            }
        }
        gaps
    }

    fn lacks_sources(&self) -> Vec<Problem> {
        let mut gaps = Vec::new();
        let none = "has no source; one that was not looked up is `uncited`";
        for field in SOURCED {
            if self.sources.get(field).is_none_or(Vec::is_empty) {
                gaps.push(Problem::new(format!("sources.{field}"), none));
            }
        }
        for (at, edge) in self.lineage.iter().enumerate().filter(|(_, edge)| edge.sources.is_empty()) {
            gaps.push(Problem::new(format!("lineage[{at}]"), format!("the edge to `{}` {none}", edge.id)));
        }
        for (field, size) in self.sizes() {
            if size.sources.is_empty() {
                gaps.push(Problem::new(format!("{field}.{}", size.id), none));
            }
            if size.stated.as_ref().is_some_and(|stated| stated.sources.is_empty()) {
                gaps.push(Problem::new(format!("{field}.{}.stated", size.id), none));
            }
        }
        let fields = || SOURCED.into_iter().chain(MAY_BE_SOURCED).chain(self.taxonomy.keys().map(String::as_str));
        for field in self.sources.keys().filter(|field| !fields().any(|known| known == *field)) {
            let near = nearest(field, fields());
            gaps.push(Problem::new(format!("sources.{field}"), format!("no such field{}", did_you_mean(&near))));
        }
        let unread = |source: &Source| source.source != "uncited" && source.reference.is_none();
        let unread = self.every_source().filter(|(_, source)| unread(source));
        gaps.extend(unread.map(|(path, source)| {
            Problem::new(
                path,
                format!("a source of kind `{}` needs a `ref`: which document, where in it", source.source),
            )
        }));
        gaps
    }

    /// Sizes that say something the rest of the record is silent about.
    fn unexplained_shape(&self, field: &str, size: &Preset) -> Vec<Problem> {
        let mut gaps = Vec::new();
        let get = |name| size.config.get(name).and_then(serde_json::Value::as_u64);
        let attention = self.taxonomy.get("attention").map(Vec::as_slice).unwrap_or_default();
        let shares = attention.iter().any(|term| matches!(term.as_str(), "multi-query" | "grouped-query"));
        if get("n_kv_heads").zip(get("n_heads")).is_some_and(|(kv_heads, heads)| kv_heads < heads) && !shares {
            let told = "fewer heads for keys than for queries, and neither `multi-query` nor `grouped-query` attention";
            gaps.push(Problem::new(format!("{field}.{}.config.n_kv_heads", size.id), told));
        }
        if size.config.contains_key("n_experts")
            && !self.architecture_note.as_ref().is_some_and(|note| note.contains("expert"))
        {
            let told = "there are experts, and `architecture_note` is silent about them";
            gaps.push(Problem::new(format!("{field}.{}.config.n_experts", size.id), told));
        }
        gaps
    }

    /// What a family with code has to have.
    pub(super) fn lacks_of_code(&self) -> Vec<Problem> {
        let lacks = [
            ("summary", self.summary.trim().is_empty(), "is empty"),
            ("papers", self.papers.is_empty(), "a family needs the paper that defines it"),
            ("heads", self.heads.is_empty(), "a family needs at least one head, even if it is `none`"),
            ("tiny", self.tiny.is_empty(), "a family needs a small configuration for tests"),
        ];
        lacks.iter().filter(|(_, lacks, _)| *lacks).map(|(field, _, message)| Problem::new(*field, *message)).collect()
    }

    /// What a record without code cannot have.
    pub(super) fn code_in_a_record(&self) -> Vec<Problem> {
        let has = [
            ("heads", !self.heads.is_empty()),
            ("tiny", !self.tiny.is_empty()),
            ("tinies", !self.tinies.is_empty()),
            ("edges", !self.edges.is_empty()),
            ("components", !self.components.is_empty()),
            ("builds_on", !self.builds_on.is_empty()),
            ("published", self.published != super::Published::default()),
            ("waivers", !self.waivers.is_empty()),
            ("expected_failures", !self.expected_failures.is_empty()),
            ("unbuilt", !self.unbuilt.is_empty()),
        ];
        let told = "belongs to a family with code, whose facts stand beside the code";
        has.iter().filter(|(_, has)| *has).map(|(field, _)| Problem::new(*field, told)).collect()
    }

    /// Forms of single fields: countries, papers, where sources are named.
    fn check_forms(&self, problems: &mut Vec<Problem>) {
        for country in &self.countries {
            if country.len() != 2 || !country.chars().all(|c| c.is_ascii_uppercase()) {
                let told = format!("expected two capital letters of ISO 3166-1, found `{country}`");
                problems.push(Problem::new(format!("countries.{country}"), told));
            }
        }
        for (language, name) in &self.names {
            if !matches!(language.len(), 2 | 3)
                || !language.chars().all(|c| c.is_ascii_lowercase())
                || name.trim().is_empty()
            {
                problems.push(Problem::new(
                    format!("names.{language}"),
                    "expected a name by its ISO 639 code: `zh = \"…\"`",
                ));
            }
        }
        for (field, expression) in [("code", &self.licence.code), ("weights", &self.licence.weights)] {
            if !vocabulary::licences::is_expression(expression) {
                let told = format!("expected an SPDX expression, `NONE` or `NOASSERTION`, found `{expression}`");
                problems.push(Problem::new(format!("licence.{field}"), told));
            }
        }
        for (at, paper) in self.papers.iter().enumerate() {
            let mut tell = |field, message| problems.push(Problem::new(format!("papers[{at}].{field}"), message));
            if !paper.url.starts_with("https://") && !paper.url.starts_with("http://") {
                tell("url", format!("expected `https://…`, found `{}`", paper.url));
            }
            match paper.arxiv.as_ref().map(|id| (id, arxiv_month(id))) {
                Some((id, None)) => tell("arxiv", format!("expected an id such as `1706.03762`, found `{id}`")),
                Some((id, Some((year, _)))) if year.abs_diff(paper.year) > 1 => {
                    tell("year", format!("arXiv {id} is of {year}, found {}", paper.year));
                }
                _ => {}
            }
        }
    }
}

/// Year and month of an arXiv id of the present form, `1706.03762`.
pub fn arxiv_month(id: &str) -> Option<(u16, u8)> {
    let (month, number) = id.split_once('.')?;
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let well_formed = month.len() == 4 && matches!(number.len(), 4 | 5) && digits(month) && digits(number);
    let parsed = (2000 + month.get(..2)?.parse::<u16>().ok()?, month.get(2..)?.parse().ok()?);
    (well_formed && (1..=12).contains(&parsed.1)).then_some(parsed)
}
