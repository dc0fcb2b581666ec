//! Everything the pages are written from: the catalog's views, gathered once.

use std::collections::{BTreeMap, BTreeSet};

use zoo_catalog::Catalog;
use zoo_catalog::view::{AxisFacts, Family, LabName, Matrix, Model, ModelSummary, Parts, Question};

use crate::data::Data;
use crate::error::{Error, Result};
use crate::format::humanise;
use crate::tryout::Tryout;

/// Axes that describe how a fact is known or related, not a model: they get no pages of terms.
pub(crate) const RECORD_AXES: [&str; 3] = ["lineage-relation", "source", "confidence"];

/// The axis that names labs, where the vocabularies have one; a model's labs are facts of their own.
pub(crate) const LABS: &str = "lab";

/// The catalog's views, as plain data.
#[derive(Debug, Clone)]
pub struct Content {
    /// Every architecture, sorted by id.
    pub models: Vec<Model>,
    /// Every family, sorted by id.
    pub families: Vec<Family>,
    /// The conformance matrix.
    pub matrix: Matrix,
    /// The vocabularies, in the order they are shown.
    pub axes: Vec<AxisFacts>,
    /// What the answers to every question are called, those of labs and families too.
    pub answers: Vec<Question>,
    /// What else labs are called, in other languages too.
    pub lab_names: Vec<LabName>,
    /// Whether the pages will be indexed by their words.
    pub indexed: bool,
    /// Building blocks, the code they share, and the glossary.
    pub parts: Parts,
    /// What runs in the reader's page, if it was built.
    pub tryout: Option<Tryout>,
    /// What stands beside the pages, for programs.
    pub data: Data,
}

impl Content {
    /// Reads everything from a catalog.
    ///
    /// # Errors
    /// [`Error::Catalog`].
    pub async fn read(catalog: &Catalog) -> Result<Self> {
        let mut models = Vec::new();
        for summary in catalog.models().await? {
            models.extend(catalog.model(&summary.id).await?);
        }
        Ok(Self {
            models,
            families: catalog.families().await?,
            matrix: catalog.matrix().await?,
            axes: catalog.axes().await?,
            answers: catalog.answers().await?,
            lab_names: catalog.lab_names().await?,
            indexed: false,
            parts: catalog.parts().await?,
            tryout: None,
            data: Data::read(catalog).await?,
        })
    }

    /// Refuses ids that would not make an address.
    pub(crate) fn check(&self) -> Result<()> {
        let models = self.models.iter().map(|model| ("architecture", &model.summary.id));
        let families = self.families.iter().map(|family| ("family", &family.id));
        let axes = self.axes.iter().map(|axis| ("axis", &axis.id));
        let terms = self.axes.iter().flat_map(|axis| &axis.terms).map(|term| ("term", &term.id));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let kebab = |id: &str| id.chars().all(plain) && !id.starts_with('.') && !id.ends_with('.') && !id.is_empty();
        let checks = self.matrix.suite.checks.iter().map(|check| ("check", &check.id));
        let kinds = self.parts.kinds.iter().map(|kind| ("kind of part", &kind.id));
        let parts = self.parts.kinds.iter().flat_map(|kind| &kind.parts).map(|part| ("part", &part.id));
        let ids = models.chain(families).chain(axes).chain(terms).chain(checks).chain(kinds).chain(parts);
        match ids.into_iter().find(|(_, id)| !kebab(id)) {
            Some((what, id)) => Err(Error::Id { what, id: id.clone() }),
            None => Ok(()),
        }
    }

    /// The model with this id.
    pub(crate) fn model(&self, id: &str) -> Option<&Model> {
        self.models.binary_search_by(|model| model.summary.id.as_str().cmp(id)).ok().map(|at| &self.models[at])
    }

    /// A model's name for people, or its id where the catalog does not have it.
    pub(crate) fn model_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.model(id).map_or(id, |model| &model.summary.name)
    }

    /// What an answer is called, if the catalog says.
    fn answer(&self, question: &str, id: &str) -> Option<&str> {
        let question = self.answers.iter().find(|known| known.id == question)?;
        let answer = question.terms.iter().find(|term| term.id == id)?;
        Some(&answer.label).filter(|label| *label != id).map(String::as_str)
    }

    /// A family's name, or else its founder's where the ids agree.
    pub(crate) fn family_name(&self, id: &str) -> String {
        self.answer("family", id).map(str::to_owned).unwrap_or_else(|| {
            self.model(id).map_or_else(
                || if id.len() <= 4 { id.to_uppercase() } else { humanise(id) },
                |founder| founder.summary.name.clone(),
            )
        })
    }

    /// The family with this id, if it has a page.
    pub(crate) fn has_family(&self, id: &str) -> bool {
        self.families.iter().any(|family| family.id == id)
    }

    /// Title of an axis.
    pub(crate) fn axis_title(&self, axis: &str) -> String {
        let found = self.axes.iter().find(|known| known.id == axis);
        found.map_or_else(|| humanise(axis), |known| known.title.clone())
    }

    /// Label of a term; a lab that no vocabulary names keeps its id, since capitals cannot be guessed.
    pub(crate) fn term_label(&self, axis_id: &str, term: &str) -> String {
        let guess = || if axis_id == LABS { term.replace('-', " ") } else { humanise(term) };
        self.answer(axis_id, term).map_or_else(guess, str::to_owned)
    }

    /// From the top of the site to the one page of a term, if it has one: a building block's stands with the building blocks.
    pub(crate) fn term_href(&self, axis: &str, term: &str) -> Option<String> {
        if self.is_of_blocks(axis) {
            return self.block_href(&format!("{axis}/{term}"));
        }
        self.has_term(axis, term).then(|| format!("taxonomy/{axis}/{term}/"))
    }

    /// From the top of the site to all terms of an axis.
    pub(crate) fn axis_href(&self, axis: &str) -> String {
        if self.is_of_blocks(axis) { format!("parts/{axis}/") } else { format!("taxonomy/#{axis}") }
    }

    /// Whether the terms of an axis are building blocks.
    pub(crate) fn is_of_blocks(&self, axis: &str) -> bool {
        self.kind(axis).is_some_and(|kind| kind.is_axis)
    }

    /// Whether a term has a page: the vocabulary has it and a model uses it.
    pub(crate) fn has_term(&self, axis: &str, term: &str) -> bool {
        let mut axes = self.axes.iter().filter(|known| known.id == axis && !RECORD_AXES.contains(&axis));
        let known = axes.find_map(|known| known.terms.iter().find(|known| known.id == term));
        // A model's labs are facts of their own, so the vocabulary does not say who uses them.
        known.is_some_and(|known| !known.models.is_empty() || axis == LABS && self.members(axis, term).next().is_some())
    }

    /// Models that a term describes.
    pub(crate) fn members<'a>(&'a self, axis: &'a str, term: &'a str) -> impl Iterator<Item = &'a ModelSummary> {
        let summaries = self.models.iter().map(|model| &model.summary);
        summaries.filter(move |model| {
            let answers = if axis == LABS { Some(&model.labs) } else { model.taxonomy.get(axis) };
            answers.is_some_and(|answers| answers.iter().any(|answer| answer == term))
        })
    }

    /// Axes that classify models.
    pub(crate) fn classifying(&self) -> impl Iterator<Item = &AxisFacts> {
        self.axes.iter().filter(|axis| !RECORD_AXES.contains(&axis.id.as_str()))
    }

    /// A model's classification in the vocabulary's order; axes the vocabulary lacks come last, by id.
    pub(crate) fn classification<'a>(
        &'a self,
        taxonomy: &'a BTreeMap<String, Vec<String>>,
    ) -> Vec<(&'a str, &'a [String])> {
        let known: BTreeSet<&str> = self.axes.iter().map(|axis| axis.id.as_str()).collect();
        let ordered = self.axes.iter().map(|axis| axis.id.as_str());
        let unknown = taxonomy.keys().map(String::as_str).filter(|axis| !known.contains(axis));
        let terms = |axis: &'a str| taxonomy.get(axis).map(|terms| (axis, terms.as_slice()));
        ordered.chain(unknown).filter_map(terms).filter(|(_, terms)| !terms.is_empty()).collect()
    }
}
