//! Names: every id, alias and repository belongs to one architecture or preset.

use std::collections::BTreeMap;

use zoo_registry::names::normal;

use super::Input;
use crate::error::Problem;

/// A name and who goes by it.
pub(super) struct Claim<'a> {
    /// As written.
    pub(super) name: &'a str,
    /// Id of the architecture.
    pub(super) architecture: &'a str,
    /// Id of the preset, if the name is not the architecture's own.
    pub(super) preset: Option<&'a str>,
}

/// Every alias of every architecture and preset, sorted, each spelling once.
pub(super) fn aliases<'a>(input: &Input<'a>) -> Vec<Claim<'a>> {
    let mut claims: Vec<_> = input
        .records
        .iter()
        .flat_map(|record| {
            let facts = &record.descriptor;
            let own = facts.aliases.iter().map(|name| Claim { name, architecture: &facts.id, preset: None });
            let presets = facts.sizes().flat_map(|(_, preset)| {
                preset.aliases.iter().map(|name| Claim { name, architecture: &facts.id, preset: Some(&preset.id) })
            });
            own.chain(presets)
        })
        .collect();
    claims.sort_by_key(|claim| claim.name);
    claims.dedup_by_key(|claim| claim.name);
    claims
}

/// Names with two owners. Letter case and the choice of `_` or `-` do not make two names.
pub(super) fn problems(input: &Input<'_>) -> Vec<Problem> {
    let mut owners: BTreeMap<String, (&str, Option<&str>)> = BTreeMap::new();
    let mut problems = Vec::new();
    for record in &input.records {
        let facts = &record.descriptor;
        let own = [&facts.id].into_iter().chain(&facts.aliases).map(|name| (name, None));
        let presets = facts.sizes().flat_map(|(_, preset)| {
            let names = [&preset.id].into_iter().chain(&preset.aliases).chain(&preset.hub);
            names.map(|name| (name, Some(preset.id.as_str())))
        });
        for (name, preset) in own.chain(presets) {
            let owner = (facts.id.as_str(), preset);
            let first = *owners.entry(normal(name)).or_insert(owner);
            if first != owner {
                problems.push(Problem::Claimed { name: name.clone(), first: say(first), second: say(owner) });
            }
        }
    }
    problems
}

fn say((architecture, preset): (&str, Option<&str>)) -> String {
    preset.map_or_else(|| architecture.to_owned(), |preset| format!("{architecture}/{preset}"))
}
