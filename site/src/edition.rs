//! The content as one language tells it: what vocabularies name is called as that language calls it.

use std::collections::{BTreeMap, BTreeSet};

use zoo_catalog::view::{AxisFacts, Change, Family, Matrix, Model, ModelSummary, Parts, Question, Revision};
use zoo_registry::vocabulary::labs::Lab;
use zoo_registry::vocabulary::licences::{self, LicenceName};

use crate::content::{Content, LAB, LICENCE, Printed, RECORD_AXES, YEAR, is_slug};
use crate::data::Data;
use crate::format::humanise;
use crate::lineage::Steps;
use crate::words::{Questions, Tongue, Words};

/// The views of [`Content`], with the labels of one language. What has no name in it keeps the English one.
#[derive(Debug)]
pub(crate) struct Edition<'a> {
    pub(crate) words: Words,
    pub(crate) models: &'a [Model],
    pub(crate) families: &'a [Family],
    pub(crate) matrix: &'a Matrix,
    pub(crate) labs: &'a [Lab],
    pub(crate) licences: &'a [LicenceName],
    pub(crate) indexed: bool,
    /// What commands of models' demos print.
    pub(crate) printed: &'a Printed,
    pub(crate) data: &'a Data,
    /// What the catalog said anew, the newest first.
    pub(crate) history: &'a [Revision],
    /// Who descends from whom.
    pub(crate) steps: &'a Steps<'a>,
    /// Models by the answers they give: axis, then term.
    given: BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a ModelSummary>>>,
    /// Sizes that the code of another model builds: by that model's id, whose they are and what they are called.
    pub(crate) lent: BTreeMap<&'a str, Vec<[&'a str; 2]>>,
    /// The revisions that say something new of a model, by its id, the newest first.
    pub(crate) changed: BTreeMap<&'a str, Vec<&'a Revision>>,
    pub(crate) axes: Vec<AxisFacts>,
    pub(crate) answers: Vec<Question>,
    pub(crate) parts: Parts,
    /// Answers by axis and id that have no name in this language.
    unnamed: BTreeSet<(String, String)>,
    /// What questions are called that are no axes of the taxonomy: of families, labs and years.
    titles: BTreeMap<String, String>,
}

impl<'a> Edition<'a> {
    /// The content in the language of these words.
    pub(crate) fn new(content: &'a Content, steps: &'a Steps<'a>, words: Words, questions: &Questions) -> Self {
        let Content {
            models,
            families,
            matrix,
            axes,
            answers,
            labs,
            licences,
            indexed,
            parts,
            printed,
            data,
            history,
            ..
        } = content;
        let mut edition = Self {
            words,
            models,
            families,
            matrix,
            labs,
            licences,
            indexed: *indexed,
            printed,
            data,
            history,
            changed: changed(history),
            steps,
            given: given(models),
            lent: lent(models),
            axes: axes.clone(),
            answers: answers.clone(),
            parts: parts.clone(),
            unnamed: BTreeSet::new(),
            titles: BTreeMap::new(),
        };
        if edition.words.tongue() != Tongue::English {
            edition.translate(questions);
        }
        edition
    }

    /// Calls questions, answers and building blocks as the language calls them; what they are called in English becomes a further name.
    fn translate(&mut self, questions: &Questions) {
        let tongue = self.words.tongue();
        for axis in &mut self.axes {
            questions.rename(tongue, &axis.id, &mut axis.title, &mut axis.question);
            for term in &mut axis.terms {
                let names = self.parts.names.entry(axis.id.clone()).or_default().entry(term.id.clone()).or_default();
                let name =
                    names.get(tongue.code()).map(String::as_str).or(questions.answer(tongue, &axis.id, &term.id));
                if let Some(name) = name.map(str::to_owned) {
                    names.insert(Tongue::English.code().to_owned(), std::mem::replace(&mut term.label, name));
                } else {
                    self.unnamed.insert((axis.id.clone(), term.id.clone()));
                }
            }
        }
        for kind in &mut self.parts.kinds {
            questions.rename(tongue, &kind.id, &mut kind.title, &mut kind.question);
            for part in &mut kind.parts {
                if let Some(name) = part.names.get(tongue.code()).cloned() {
                    let english = std::mem::replace(&mut part.label, name);
                    part.names.insert(Tongue::English.code().to_owned(), english);
                } else {
                    self.unnamed.insert((kind.id.clone(), part.id.clone()));
                }
            }
        }
        for question in &mut self.answers {
            let axis = self.axes.iter().find(|axis| axis.id == question.id);
            for answer in &mut question.terms {
                let term = axis.and_then(|axis| axis.terms.iter().find(|term| term.id == answer.id));
                let named = term.map(|term| term.label.as_str());
                if let Some(name) = named.or_else(|| questions.answer(tongue, &question.id, &answer.id)) {
                    name.clone_into(&mut answer.label);
                }
            }
        }
        for (id, title) in questions.titles(tongue) {
            self.titles.insert(id.to_owned(), title.to_owned());
        }
    }

    /// Whether an answer or a building block is called as in English, for want of another name.
    pub(crate) fn is_unnamed(&self, axis: &str, term: &str) -> bool {
        !self.unnamed.is_empty() && self.unnamed.contains(&(axis.to_owned(), term.to_owned()))
    }
}

fn changed(history: &[Revision]) -> BTreeMap<&str, Vec<&Revision>> {
    let mut changed: BTreeMap<&str, Vec<&Revision>> = BTreeMap::new();
    for revision in history {
        for changes in Change::by_model(&revision.changes) {
            changed.entry(&changes[0].model).or_default().push(revision);
        }
    }
    changed
}

fn given(models: &[Model]) -> BTreeMap<&str, BTreeMap<&str, Vec<&ModelSummary>>> {
    let mut given: BTreeMap<&str, BTreeMap<&str, Vec<&ModelSummary>>> = BTreeMap::new();
    for model in models {
        let Model { summary, descriptor, .. } = model;
        let classes =
            summary.taxonomy.iter().flat_map(|(axis, terms)| terms.iter().map(|term| (axis.as_str(), term.as_str())));
        let labs = summary.labs.iter().map(|lab| (LAB, lab.as_str()));
        let year = summary.date.get(..4).map(|year| (YEAR, year));
        let licences: BTreeSet<&str> = [&descriptor.licence.code, &descriptor.licence.weights]
            .into_iter()
            .flat_map(|text| licences::parts(text))
            .collect();
        let licences = licences.into_iter().map(|licence| (LICENCE, licence));
        for (axis, term) in classes.chain(labs).chain(year).chain(licences) {
            given.entry(axis).or_default().entry(term).or_default().push(summary);
        }
    }
    given
}

fn lent(models: &[Model]) -> BTreeMap<&str, Vec<[&str; 2]>> {
    let mut lent: BTreeMap<&str, Vec<[&str; 2]>> = BTreeMap::new();
    for model in models {
        for (_, size) in model.descriptor.sizes() {
            if let Some(of) = &size.of {
                lent.entry(of).or_default().push([&model.summary.id, &size.id]);
            }
        }
    }
    lent
}

impl Edition<'_> {
    /// The model with this id.
    pub(crate) fn model(&self, id: &str) -> Option<&Model> {
        self.models.binary_search_by(|model| model.summary.id.as_str().cmp(id)).ok().map(|at| &self.models[at])
    }

    /// A model's name for people, or its id where the catalog does not have it.
    pub(crate) fn model_name<'b>(&'b self, id: &'b str) -> &'b str {
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
        let other = || self.titles.get(axis).cloned().unwrap_or_else(|| humanise(axis));
        found.map_or_else(other, |known| known.title.clone())
    }

    /// Whether an axis or a field has a title in this language.
    pub(crate) fn is_titled(&self, axis: &str) -> bool {
        self.words.tongue() == Tongue::English || self.titles.contains_key(axis)
    }

    /// Label of a term; a lab or a licence that no vocabulary names keeps its id, since capitals cannot be guessed.
    pub(crate) fn term_label(&self, axis_id: &str, term: &str) -> String {
        let guess = || match axis_id {
            LAB => term.replace('-', " "),
            LICENCE => term.to_owned(),
            _ => humanise(term),
        };
        self.answer(axis_id, term).map_or_else(guess, str::to_owned)
    }

    /// From the top of the site to the one page of a term, if it has one: a building block's stands with the building blocks.
    pub(crate) fn term_href(&self, axis: &str, term: &str) -> Option<String> {
        let folder = match axis {
            _ if self.is_of_blocks(axis) => return self.block_href(&format!("{axis}/{term}")),
            LAB => "labs".to_owned(),
            YEAR => "years".to_owned(),
            LICENCE => "licences".to_owned(),
            _ => format!("taxonomy/{axis}"),
        };
        self.has_term(axis, term).then(|| format!("{folder}/{}/", term.to_lowercase()))
    }

    /// From the top of the site to all terms of an axis.
    pub(crate) fn axis_href(&self, axis: &str) -> String {
        if self.is_of_blocks(axis) { format!("parts/{axis}/") } else { format!("taxonomy/#{axis}") }
    }

    /// Whether the terms of an axis are building blocks.
    pub(crate) fn is_of_blocks(&self, axis: &str) -> bool {
        self.kind(axis).is_some_and(|kind| kind.is_axis)
    }

    /// Whether a term has a page: the vocabulary has it and a model uses it. Of labs, years and licences it is enough that a model has one that
    /// can stand in an address.
    pub(crate) fn has_term(&self, axis: &str, term: &str) -> bool {
        if [LAB, YEAR, LICENCE].contains(&axis) {
            return is_slug(&term.to_lowercase()) && !self.members(axis, term).is_empty();
        }
        let mut axes = self.axes.iter().filter(|known| known.id == axis && !RECORD_AXES.contains(&axis));
        let known = axes.find_map(|known| known.terms.iter().find(|known| known.id == term));
        known.is_some_and(|known| !known.models.is_empty())
    }

    /// Models that a term describes, by id.
    pub(crate) fn members(&self, axis: &str, term: &str) -> &[&ModelSummary] {
        self.given.get(axis).and_then(|terms| terms.get(term)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Answers to a question that have pages, by id, with the models that give them.
    pub(crate) fn given(&self, axis: &str) -> impl Iterator<Item = (&str, &[&ModelSummary])> {
        let all = self.given.get(axis).into_iter().flatten().map(|(term, models)| (*term, models.as_slice()));
        all.filter(move |(term, _)| self.has_term(axis, term))
    }

    /// Axes that classify models.
    pub(crate) fn classifying(&self) -> impl Iterator<Item = &AxisFacts> {
        self.axes.iter().filter(|axis| !RECORD_AXES.contains(&axis.id.as_str()))
    }

    /// A model's classification in the vocabulary's order; axes the vocabulary lacks come last, by id.
    pub(crate) fn classification<'b>(
        &'b self,
        taxonomy: &'b BTreeMap<String, Vec<String>>,
    ) -> Vec<(&'b str, &'b [String])> {
        let known: BTreeSet<&str> = self.axes.iter().map(|axis| axis.id.as_str()).collect();
        let ordered = self.axes.iter().map(|axis| axis.id.as_str());
        let unknown = taxonomy.keys().map(String::as_str).filter(|axis| !known.contains(axis));
        let terms = |axis: &'b str| taxonomy.get(axis).map(|terms| (axis, terms.as_slice()));
        ordered.chain(unknown).filter_map(terms).filter(|(_, terms)| !terms.is_empty()).collect()
    }
}
