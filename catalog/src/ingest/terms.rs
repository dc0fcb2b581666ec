//! The vocabularies: zoo's own, then what plugins bring.

use std::collections::BTreeMap;

use zoo_registry::vocabulary::{self, Term};

use super::Input;
use crate::error::Problem;

/// An axis with its terms, in the order they are shown.
pub(super) struct Axis<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) question: &'a str,
    pub(super) terms: Vec<&'a Term>,
}

/// Every axis: zoo's, each followed by the plugins' terms by id; then the plugins' own axes by id.
pub(super) fn axes<'a>(input: &Input<'a>) -> Vec<Axis<'a>> {
    let mut brought: BTreeMap<&str, BTreeMap<&str, &Term>> = BTreeMap::new();
    for record in &input.records {
        for (axis, terms) in &record.descriptor.terms {
            let known = brought.entry(axis).or_default();
            terms.iter().for_each(|term| _ = known.entry(&term.id).or_insert(term));
        }
    }
    let mut axes: Vec<_> = vocabulary::axes()
        .iter()
        .map(|axis| Axis {
            id: &axis.id,
            title: &axis.title,
            question: &axis.question,
            terms: axis.terms.iter().collect(),
        })
        .collect();
    for (id, terms) in brought {
        let index = axes.iter().position(|axis| axis.id == id).unwrap_or_else(|| {
            axes.push(Axis { id, title: id, question: "", terms: Vec::new() });
            axes.len() - 1
        });
        let ours: Vec<_> = axes[index].terms.iter().map(|term| &term.id).collect();
        let new: Vec<_> = terms.into_values().filter(|term| !ours.contains(&&term.id)).collect();
        axes[index].terms.extend(new);
    }
    axes
}

/// Terms that are defined twice, and not alike.
pub(super) fn problems(input: &Input<'_>) -> Vec<Problem> {
    let mut first: BTreeMap<(&str, &str), (&str, &Term)> = BTreeMap::new();
    for axis in vocabulary::axes() {
        first.extend(axis.terms.iter().map(|term| ((axis.id.as_str(), term.id.as_str()), ("the vocabulary", term))));
    }
    let mut problems = Vec::new();
    for facts in input.records.iter().map(|record| &record.descriptor) {
        for (axis, term) in facts.terms.iter().flat_map(|(axis, terms)| terms.iter().map(move |term| (axis, term))) {
            let (owner, known) = *first.entry((axis, &term.id)).or_insert((&facts.id, term));
            if known != term {
                problems.push(Problem::Term {
                    axis: axis.clone(),
                    term: term.id.clone(),
                    first: owner.to_owned(),
                    architecture: facts.id.clone(),
                });
            }
        }
    }
    problems
}
