//! What was taken over from the curated source is all there.

use std::collections::BTreeSet;

use zoo_catalog::facts::{Level, Sheet, doctor, facts};
use zoo_registry::descriptor::{Descriptor, Listed, Preset, Severity};

use crate::{TODAY, coded, with_all};

/// Sizes that families with code have and the source does not.
const SIZES_OF_OURS: [&str; 22] = [
    "all-minilm-l6-v2",
    "bert-base-cased",
    "bert-large-cased",
    "bert-medium",
    "bert-mini",
    "bert-small",
    "bert-tiny",
    "deit-base-distilled-patch16-384",
    "deit-base-patch16-384",
    "deit-small-distilled-patch16-224",
    "deit-tiny-distilled-patch16-224",
    "dialogrpt-updown",
    "distilgpt2",
    "infini-transformer-lm-delta",
    "vit-base-patch16-224-in21k",
    "vit-base-patch16-384",
    "vit-base-patch32-224-in21k",
    "vit-base-patch32-384",
    "vit-large-patch16-224-in21k",
    "vit-large-patch16-384",
    "vit-large-patch32-224-in21k",
    "vit-large-patch32-384",
];

/// The one record that the source does not have: reward models in general, as code.
const RECORD_OF_OURS: &str = "reward-model";

/// What the doctor has to say of sound facts: words kept for models to come, and two models whose sizes nobody wrote down.
const KNOWN_WARNINGS: [&str; 10] = [
    "activation.glu",
    "activation.reglu",
    "attention.hard",
    "attention.masked",
    "mesa-transformer presets",
    "normalisation-type.deepnorm",
    "positional-encoding.relative-shaw",
    "pretraining-task.prefix-lm",
    "q-transformer presets",
    "training-paradigm.pretraining",
];

#[test]
fn all_facts_together_are_sound() {
    with_all(|sheets| {
        let report = doctor(sheets, TODAY);
        let told: String = report.findings.iter().map(|finding| format!("\n  {:?} {finding}", finding.level)).collect();
        assert_eq!(report.count(Level::Error), 0, "{told}");
        let warnings =
            report.findings.iter().map(|found| format!("{} {}", found.record, found.field).trim().to_owned());
        assert_eq!(warnings.collect::<BTreeSet<_>>(), KNOWN_WARNINGS.map(str::to_owned).into(), "{told}");
    });
}

#[test]
fn records_are_sorted_and_there_are_as_many_as_in_the_source() {
    assert!(facts().is_sorted_by(|a, b| a.descriptor.id < b.descriptor.id));
    let coded = coded();
    assert_eq!(facts().len() + coded.len(), 162 + 1);
    assert!(coded.iter().any(|sheet| sheet.descriptor.id == RECORD_OF_OURS));
    assert!(
        facts().iter().all(|sheet| !sheet.descriptor.has_code())
            && coded.iter().all(|sheet| sheet.descriptor.has_code())
    );
}

#[test]
fn every_size_edge_and_conflict_of_the_source_is_there() {
    with_all(|sheets| {
        let report = doctor(sheets, TODAY);
        let ids: BTreeSet<_> = sizes(sheets).map(|size| size.id.as_str()).collect();
        assert!(SIZES_OF_OURS.iter().all(|id| ids.contains(id)), "{ids:?}");
        assert_eq!(ids.len() - SIZES_OF_OURS.len(), 397);
        let ours = sheets.iter().find(|sheet| sheet.descriptor.id == RECORD_OF_OURS).unwrap();
        assert_eq!(report.edges - ours.descriptor.lineage.len(), 284);
        assert_eq!((report.conflicts, report.notes), (150, 41));
        let edges = |relation: &str| {
            let others = sheets.iter().filter(|sheet| sheet.descriptor.id != RECORD_OF_OURS);
            others.flat_map(|sheet| &sheet.descriptor.lineage).filter(|edge| edge.relation == relation).count()
        };
        let relations = ["derives-from", "fine-tune-of", "uses-component", "distilled-from"];
        assert_eq!(relations.map(edges), [208, 42, 24, 10]);
    });
}

#[test]
fn every_number_of_the_source_is_there() {
    with_all(|sheets| {
        let of_source = |size: &&Preset| !SIZES_OF_OURS.contains(&size.id.as_str());
        let count = |has: &dyn Fn(&Preset) -> bool| sizes(sheets).filter(of_source).filter(|size| has(size)).count();
        assert_eq!(count(&|size| size.stated.is_some() || size.counted.is_some()), 389, "with a number of parameters");
        assert_eq!(count(&|size| size.stated.is_some()), 376, "stated");
        assert_eq!(count(&|size| size.counted.is_some()), 270, "counted");
        assert_eq!(count(&|size| size.active.is_some()), 10, "with active parameters");
        assert_eq!(count(&|size| size.hub.is_some()), 263, "with a hub name");
        assert_eq!(count(&|size| size.hub_seen.is_some()), 226, "whose hub name was seen");
        let checked = || {
            sizes(sheets).filter_map(|size| Some((size.counted.as_ref()?, size.counted.as_ref()?.checked.as_ref()?)))
        };
        assert_eq!(checked().count(), 76, "compared with an exact count");
        assert_eq!(checked().filter(|(ours, theirs)| ours.parameters == theirs.parameters).count(), 53, "equal to it");
        let farthest = checked().map(|(ours, theirs)| (ours.parameters as f64 / theirs.parameters as f64 - 1.0).abs());
        assert!(farthest.fold(0.0, f64::max) < 0.00042, "the others differ by at most 0.041 %");
    });
}

#[test]
fn every_model_of_the_catalog_paper_has_all_its_columns() {
    with_all(|sheets| {
        let listed = |place| sheets.iter().filter(move |sheet| sheet.descriptor.listed == Some(place));
        assert_eq!([Listed::List, Listed::Figure].map(|place| listed(place).count()), [77, 15]);
        for sheet in listed(Listed::List).chain(listed(Listed::Figure)) {
            let facts = &sheet.descriptor;
            let lacks = columns(facts, sheets).into_iter().filter(|(_, filled)| !filled).map(|(column, _)| column);
            assert_eq!(lacks.collect::<Vec<_>>(), Vec::<&str>::new(), "`{}`", facts.id);
            let beside = facts.external.amatriain.is_some();
            assert_eq!(beside, facts.listed == Some(Listed::List), "`{}`: what the list says is kept beside", facts.id);
        }
    });
}

/// The columns of the catalog paper, and whether each is filled in.
fn columns(facts: &Descriptor, sheets: &[&Sheet]) -> [(&'static str, bool); 10] {
    let axis = |axis: &str| facts.taxonomy.get(axis).is_some_and(|terms| !terms.is_empty());
    let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let mut own = facts.sizes().chain(sheets.iter().flat_map(|sheet| sheet.descriptor.sizes()));
    let sized = own.any(|(_, size)| {
        let here =
            size.of.as_ref().map_or_else(|| facts.sizes().any(|(_, ours)| ours.id == size.id), |of| *of == facts.id);
        here && (size.stated.is_some() || size.counted.is_some() || !size.config.is_empty())
    });
    [
        ("family", !facts.family.is_empty()),
        ("pretraining architecture", axis("architecture")),
        ("pretraining task", axis("pretraining-task")),
        ("extension", said(&facts.extension)),
        ("application", !facts.applications.is_empty()),
        ("date", !facts.date.is_empty()),
        ("parameters", sized || facts.undisclosed),
        ("corpus", said(&facts.corpus)),
        (
            "licence",
            !facts.licence.code.is_empty() && !facts.licence.weights.is_empty() && facts.licence.public.is_some(),
        ),
        ("lab", !facts.labs.is_empty()),
    ]
}

#[test]
fn conflicts_are_weighed() {
    with_all(|sheets| {
        let conflicts = || sheets.iter().flat_map(|sheet| sheet.descriptor.conflicts.iter());
        assert!(conflicts().all(|conflict| !conflict.about.is_empty() && !conflict.values.is_empty()));
        let with = |severity| {
            let has = |sheet: &&&Sheet| sheet.descriptor.conflicts.iter().any(|conflict| conflict.severity == severity);
            sheets.iter().filter(has).count()
        };
        assert!(with(Severity::Conflict) > with(Severity::Note));
        assert_eq!(sheets.iter().filter(|sheet| !sheet.descriptor.conflicts.is_empty()).count(), 109);
    });
}

fn sizes<'a>(sheets: &'a [&'a Sheet]) -> impl Iterator<Item = &'a Preset> {
    sheets.iter().flat_map(|sheet| sheet.descriptor.sizes().map(|(_, size)| size))
}
