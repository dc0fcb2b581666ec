//! What every model has, with code or without: itself, and the lists of who made it, where, what for and on which terms.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;
use zoo_registry::descriptor::Listed;
use zoo_registry::vocabulary::families::family;
use zoo_registry::vocabulary::labs::{Lab, lab};
use zoo_registry::vocabulary::licences::{licence, parts};

use super::insert::{every, insert, position};
use super::{Input, facts};

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let columns = "architecture (id, name, summary, family, date, licence_code, licence_weights, readme, descriptor_json, \
                   kind, code, listed, extension, corpus, architecture_note, undisclosed, weights_public, licence_note, note)";
    insert(connection, columns, input.records.clone(), |row, record| {
        let facts = &record.descriptor;
        let json = serde_json::to_string(facts).unwrap_or_default();
        let listed = facts.listed.map(|listed| match listed {
            Listed::List => "list",
            Listed::Figure => "figure",
        });
        row.push_bind(&facts.id).push_bind(&facts.name).push_bind(facts.gist()).push_bind(&facts.family);
        row.push_bind(&facts.date).push_bind(&facts.licence.code).push_bind(&facts.licence.weights);
        row.push_bind(&record.readme).push_bind(json).push_bind(&facts.kind).push_bind(facts.has_code());
        row.push_bind(listed).push_bind(&facts.extension).push_bind(&facts.corpus);
        row.push_bind(&facts.architecture_note).push_bind(facts.undisclosed).push_bind(facts.licence.public);
        row.push_bind(&facts.licence.note).push_bind(&facts.note);
    })
    .await?;
    families(connection, input).await?;
    labs(connection, input).await?;
    licences(connection, input).await?;
    let countries = every(facts(input).map(|facts| (&facts.id, &facts.countries[..])));
    insert(connection, "country (architecture, position, country)", countries, |row, (id, at, country)| {
        row.push_bind(id).push_bind(position(at)).push_bind(country);
    })
    .await?;
    let applications = every(facts(input).map(|facts| (&facts.id, &facts.applications[..])));
    insert(
        connection,
        "application (architecture, position, application)",
        applications,
        |row, (id, at, application)| {
            row.push_bind(id).push_bind(position(at)).push_bind(application);
        },
    )
    .await
}

async fn families(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let of_models = facts(input).flat_map(|facts| {
        let families = [&facts.family].into_iter().chain(&facts.other_families).enumerate();
        families.map(move |(at, family)| (&facts.id, at, family))
    });
    let of_models: Vec<_> = of_models.collect();
    let distinct: BTreeSet<_> = of_models.iter().map(|(_, _, family)| *family).collect();
    insert(connection, "family (id, label)", distinct.into_iter().collect(), |row, id| {
        row.push_bind(id).push_bind(family(id).map(|known| &known.label));
    })
    .await?;
    let columns = "architecture_family (architecture, position, family)";
    insert(connection, columns, of_models, |row, (id, at, family)| {
        row.push_bind(id).push_bind(position(at)).push_bind(family);
    })
    .await
}

async fn labs(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let named: BTreeSet<&String> = facts(input).flat_map(|facts| &facts.labs).collect();
    let became = named.iter().filter_map(|id| lab(id)?.now.as_ref());
    let all: BTreeSet<&String> = named.iter().copied().chain(became).collect();
    insert(connection, "lab (id, name, country, now)", all.iter().copied().collect(), |row, id| {
        let known = lab(id);
        row.push_bind(id).push_bind(known.map(|lab| &lab.name));
        row.push_bind(known.and_then(|lab| lab.country.as_ref())).push_bind(known.and_then(|lab| lab.now.as_ref()));
    })
    .await?;
    let names = |lab: &'static Lab| {
        let aliases = lab.aliases.iter().map(|name| (name, None));
        aliases.chain(lab.names.iter().map(|(language, name)| (name, Some(language)))).enumerate()
    };
    let names = all.iter().filter_map(|id| lab(id)).flat_map(|lab| names(lab).map(move |(at, name)| (lab, at, name)));
    insert(
        connection,
        "lab_name (lab, position, name, language)",
        names.collect(),
        |row, (lab, at, (name, language))| {
            row.push_bind(&lab.id).push_bind(position(at)).push_bind(name).push_bind(language);
        },
    )
    .await?;
    let labs = every(facts(input).map(|facts| (facts, &facts.labs[..])));
    insert(connection, "architecture_lab (architecture, position, lab)", labs, |row, (facts, at, lab)| {
        row.push_bind(&facts.id).push_bind(position(at)).push_bind(lab);
    })
    .await
}

async fn licences(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let of_models = || {
        let expressions = facts(input).flat_map(|facts| {
            let (code, weights) = (&facts.licence.code, &facts.licence.weights);
            [(&facts.id, "code", code), (&facts.id, "weights", weights)]
        });
        expressions
            .flat_map(|(id, part, text)| parts(text).enumerate().map(move |(at, licence)| (id, part, at, licence)))
    };
    let distinct: BTreeSet<_> = of_models().map(|(.., licence)| licence).collect();
    insert(connection, "licence (id, label, openness, note)", distinct.into_iter().collect(), |row, id| {
        let known = licence(id);
        row.push_bind(id).push_bind(known.map(|licence| &licence.label));
        row.push_bind(known.map(|licence| licence.openness.as_str()))
            .push_bind(known.and_then(|licence| licence.note.as_ref()));
    })
    .await?;
    let columns = "architecture_licence (architecture, part, position, licence)";
    insert(connection, columns, of_models().collect(), |row, (id, part, at, licence)| {
        row.push_bind(id).push_bind(part).push_bind(position(at)).push_bind(licence);
    })
    .await
}
