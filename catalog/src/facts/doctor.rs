//! What is wrong with all facts together, and what is merely missing.

use std::collections::BTreeSet;

use serde::Serialize;
use zoo_registry::descriptor::{LONGEST_EXTENSION, Preset, Severity};
use zoo_registry::vocabulary::{self, families, labs, licences};

use super::{Finding, Level, Sheet, whole};

/// What the facts hold, and what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Number of records.
    pub records: usize,
    /// Number of sizes.
    pub sizes: usize,
    /// Number of edges of the family tree.
    pub edges: usize,
    /// Number of conflicts between sources.
    pub conflicts: usize,
    /// Number of differences that are not conflicts: rounding, papers later than releases.
    pub notes: usize,
    /// Number of times a source is named.
    pub sources: usize,
    /// How many of them are not sourced yet.
    pub uncited: usize,
    /// Fields, sizes and edges of which no source was looked up.
    pub uncited_only: usize,
    /// Hub names that were written down without being seen in a file.
    pub hub_names_unseen: usize,
    /// Everything that is wrong, errors first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Number of findings of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

/// Sizes whose number of parameters, as the code builds them, is not the one that is counted. `built` counts a size by its id.
pub fn stale(sheet: &Sheet, built: impl Fn(&str) -> Option<u64>) -> Vec<Finding> {
    let told = |size: &Preset| {
        let counted = size.counted.as_ref().filter(|counted| counted.basis.is_none())?.parameters;
        let built = built(&size.id).filter(|built| *built != counted)?;
        let told = format!("counts {counted} parameters, the code builds {built}, and no `basis` says why");
        Some(sheet.finding(Level::Warning, format!("presets.{}.counted", size.id), told))
    };
    sheet.descriptor.presets.iter().filter_map(told).collect()
}

/// Looks at all records together. `today` is a date such as `2025-12-31`.
pub fn doctor(sheets: &[&Sheet], today: &str) -> Report {
    let mut findings = whole::check(sheets, today);
    for sheet in sheets {
        findings.extend(of_sheet(sheet));
        findings.extend(without_sizes(sheet, sheets));
    }
    findings.extend(unused(sheets));
    findings.sort();
    let conflicts = |severity| {
        let all = sheets.iter().flat_map(|sheet| &sheet.descriptor.conflicts);
        all.filter(|conflict| conflict.severity == severity).count()
    };
    let sizes = || sheets.iter().flat_map(|sheet| sheet.descriptor.sizes().map(|(_, size)| size));
    let sources = || sheets.iter().flat_map(|sheet| sheet.descriptor.every_source());
    Report {
        records: sheets.len(),
        sizes: sizes().count(),
        edges: sheets.iter().map(|sheet| sheet.descriptor.lineage.len()).sum(),
        conflicts: conflicts(Severity::Conflict),
        notes: conflicts(Severity::Note),
        sources: sources().count(),
        uncited: sources().filter(|(_, source)| source.source == "uncited").count(),
        uncited_only: sheets.iter().map(|sheet| uncited_only(sheet)).sum(),
        hub_names_unseen: sizes()
            .filter(|size| size.hub.is_some() && size.name.is_some() && size.hub_seen.is_none())
            .count(),
        findings,
    }
}

fn of_sheet(sheet: &Sheet) -> Vec<Finding> {
    let facts = &sheet.descriptor;
    let mut found: Vec<_> = facts
        .problems()
        .into_iter()
        .map(|problem| sheet.finding(Level::Error, problem.field, problem.message))
        .collect();
    // Records without code are complete, or they would not have been read.
    let gaps = facts.gaps().into_iter();
    found.extend(gaps.map(|problem| sheet.finding(Level::Warning, problem.field, problem.message)));
    let mut warn = |field: String, message: String| found.push(sheet.finding(Level::Warning, field, message));
    let length = facts.extension.as_ref().map_or(0, |text| text.chars().count());
    if length > LONGEST_EXTENSION {
        warn("extension".into(), format!("expected at most {LONGEST_EXTENSION} characters, found {length}"));
    }
    for lab in facts.labs.iter().filter(|lab| labs::lab(lab).is_none()) {
        warn(format!("labs.{lab}"), format!("the vocabulary of labs has no `{lab}`; pages will show the id"));
    }
    for family in [&facts.family].into_iter().chain(&facts.other_families) {
        if families::family(family).is_none() {
            warn("family".into(), format!("the vocabulary of families has no `{family}`; pages will show the id"));
        }
    }
    for (field, expression) in [("code", &facts.licence.code), ("weights", &facts.licence.weights)] {
        for part in licences::parts(expression).filter(|part| licences::licence(part).is_none()) {
            warn(
                format!("licence.{field}"),
                format!("the vocabulary of licences has no `{part}`; pages will show the id"),
            );
        }
    }
    found
}

fn without_sizes(sheet: &Sheet, sheets: &[&Sheet]) -> Option<Finding> {
    let facts = &sheet.descriptor;
    let mut elsewhere = sheets.iter().flat_map(|other| other.descriptor.sizes());
    let has = facts.sizes().next().is_some() || elsewhere.any(|(_, size)| size.of.as_ref() == Some(&facts.id));
    let told = "has no sizes, and `undisclosed` does not say why";
    (!has && !facts.undisclosed && facts.kind == "model").then(|| sheet.finding(Level::Warning, "presets", told))
}

/// Fields, sizes and edges whose every source is `uncited`.
fn uncited_only(sheet: &Sheet) -> usize {
    let (mut all, mut read) = (BTreeSet::new(), BTreeSet::new());
    for (path, source) in sheet.descriptor.every_source() {
        let field = path.rsplit_once('[').map_or(path.clone(), |(field, _)| field.to_owned());
        if source.source != "uncited" {
            read.insert(field.clone());
        }
        all.insert(field);
    }
    all.difference(&read).count()
}

/// Words of the vocabularies that no record uses.
fn unused(sheets: &[&Sheet]) -> Vec<Finding> {
    let facts = || sheets.iter().map(|sheet| &sheet.descriptor);
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    for facts in facts() {
        used.extend(
            facts.taxonomy.iter().flat_map(|(axis, terms)| terms.iter().map(|term| (axis.as_str(), term.as_str()))),
        );
        used.insert(("kind", &facts.kind));
        used.extend(facts.lineage.iter().map(|edge| ("lineage-relation", edge.relation.as_str())));
        for (_, source) in facts.every_source() {
            used.extend([("source", source.source.as_str()), ("confidence", source.confidence.as_str())]);
        }
        let checked = facts.sizes().filter_map(|(_, size)| size.counted.as_ref()?.checked.as_ref());
        used.extend(checked.map(|checked| ("source", checked.source.as_str())));
        used.extend(facts.labs.iter().map(|lab| ("labs", lab.as_str())));
        used.extend(
            [&facts.family].into_iter().chain(&facts.other_families).map(|family| ("families", family.as_str())),
        );
        let licences = licences::parts(&facts.licence.code).chain(licences::parts(&facts.licence.weights));
        used.extend(licences.map(|licence| ("licences", licence)));
    }
    let terms = vocabulary::axes().iter();
    let terms = terms.flat_map(|axis| axis.terms.iter().map(|term| (axis.id.as_str(), term.id.as_str())));
    // What a lab became is in use with the lab.
    let labs = labs::labs().iter().filter(|lab| !labs::labs().iter().any(|other| other.now.as_ref() == Some(&lab.id)));
    let words = terms
        .chain(labs.map(|lab| ("labs", lab.id.as_str())))
        .chain(families::families().iter().map(|family| ("families", family.id.as_str())))
        .chain(licences::licences().iter().map(|licence| ("licences", licence.id.as_str())));
    let unused = words.filter(|word| !used.contains(word)).map(|(vocabulary, word)| Finding {
        level: Level::Warning,
        file: String::new(),
        line: None,
        record: String::new(),
        field: format!("{vocabulary}.{word}"),
        message: "no record uses it".into(),
    });
    unused.collect()
}
