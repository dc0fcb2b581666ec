//! The curated facts, table by table; a table comes after those it refers to.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqliteConnection;
use zoo_registry::descriptor::Paper;

use super::insert::{every, insert, position};
use super::{Input, facts, models, terms};

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    vocabulary(connection, input).await?;
    models::write(connection, input).await?;
    taxonomy(connection, input).await?;
    papers(connection, input).await?;
    relations(connection, input).await?;
    parts(connection, input).await?;
    published(connection, input).await?;
    let mut files = every(input.records.iter().map(|record| (&record.descriptor, &record.sources[..])));
    files.sort_by_key(|(facts, _, file)| (&facts.id, &file.path));
    insert(connection, "source_file (architecture, path, text)", files, |row, (facts, _, file)| {
        row.push_bind(&facts.id).push_bind(&file.path).push_bind(&file.text);
    })
    .await?;
    figures(connection, input).await?;
    demos(connection, input).await
}

async fn demos(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let demos = input.records.iter().filter_map(|record| Some((&record.descriptor.id, record.demo.as_ref()?)));
    let demos: Vec<_> = demos.collect();
    insert(connection, "demo (architecture, task)", demos.clone(), |row, (id, demo)| {
        row.push_bind(id).push_bind(&demo.task);
    })
    .await?;
    let tries = every(demos.into_iter().map(|(id, demo)| (id, &demo.tries[..])));
    insert(connection, "demo_try (architecture, position, command)", tries, |row, (id, at, command)| {
        row.push_bind(id).push_bind(position(at)).push_bind(command);
    })
    .await
}

async fn figures(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let figures = every(input.records.iter().map(|record| (&record.descriptor, &record.figures[..])));
    let columns = "figure (architecture, position, title, caption, command, x_label, x_scale, y_label, y_scale)";
    insert(connection, columns, figures.clone(), |row, (facts, at, figure)| {
        row.push_bind(&facts.id).push_bind(position(at)).push_bind(&figure.title).push_bind(&figure.caption);
        row.push_bind(&figure.command);
        for axis in [&figure.x, &figure.y] {
            row.push_bind(&axis.label).push_bind(axis.scale.as_str());
        }
    })
    .await?;
    let series = every(figures.into_iter().map(|(facts, at, figure)| ((facts, at), &figure.series[..])));
    let points = every(series.into_iter().map(|(figure, at, series)| ((figure, at, series), &series.points[..])));
    let columns = "figure_point (architecture, figure, series, name, position, x, y)";
    insert(connection, columns, points, |row, (((facts, figure), series_at, series), at, [x, y])| {
        row.push_bind(&facts.id).push_bind(position(figure)).push_bind(position(series_at)).push_bind(&series.name);
        row.push_bind(position(at)).push_bind(*x).push_bind(*y);
    })
    .await
}

async fn vocabulary(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let axes = terms::axes(input);
    let rows = axes.iter().enumerate().collect();
    insert(connection, "axis (id, position, title, question)", rows, |row, (at, axis)| {
        row.push_bind(axis.id).push_bind(position(at)).push_bind(axis.title).push_bind(axis.question);
    })
    .await?;
    let terms = every(axes.iter().map(|axis| (axis, &axis.terms[..])));
    insert(connection, "term (axis, id, position, label, definition)", terms, |row, (axis, at, term)| {
        row.push_bind(axis.id).push_bind(&term.id).push_bind(position(at));
        row.push_bind(&term.label).push_bind(&term.definition);
    })
    .await
}

async fn taxonomy(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let axes =
        facts(input).flat_map(|facts| facts.taxonomy.iter().map(move |(axis, terms)| ((facts, axis), &terms[..])));
    let columns = "architecture_term (architecture, axis, position, term)";
    insert(connection, columns, every(axes), |row, ((facts, axis), at, term)| {
        row.push_bind(&facts.id).push_bind(axis).push_bind(position(at)).push_bind(term);
    })
    .await
}

async fn papers(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let distinct: BTreeSet<_> = facts(input).flat_map(|facts| facts.papers.iter().map(content)).collect();
    let ids: BTreeMap<_, _> = distinct.into_iter().zip(1_i64..).collect();
    insert(connection, "paper (id, title, year, arxiv, url, et_al)", ids.iter().collect(), |row, (paper, id)| {
        let (url, title, _, year, arxiv, et_al) = *paper;
        row.push_bind(*id).push_bind(title).push_bind(year).push_bind(arxiv).push_bind(url).push_bind(et_al);
    })
    .await?;
    let authors: BTreeSet<_> = ids.keys().flat_map(|(_, _, authors, ..)| *authors).collect();
    insert(connection, "author (name)", authors.into_iter().collect(), |row, author| _ = row.push_bind(author)).await?;
    let authors = every(ids.iter().map(|((_, _, authors, ..), id)| (*id, *authors)));
    insert(connection, "paper_author (paper, position, author)", authors, |row, (paper, at, author)| {
        row.push_bind(paper).push_bind(position(at)).push_bind(author);
    })
    .await?;
    let papers = every(facts(input).map(|facts| (facts, &facts.papers[..])));
    insert(connection, "architecture_paper (architecture, position, paper)", papers, |row, (facts, at, paper)| {
        row.push_bind(&facts.id).push_bind(position(at)).push_bind(ids[&content(paper)]);
    })
    .await
}

async fn relations(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let edges = every(facts(input).map(|facts| (facts, &facts.lineage[..])));
    let columns = "lineage (architecture, position, ancestor, relation, change, preset_name, date, note)";
    insert(connection, columns, edges, |row, (facts, at, edge)| {
        row.push_bind(&facts.id).push_bind(position(at)).push_bind(&edge.id);
        row.push_bind(&edge.relation).push_bind(&edge.change);
        row.push_bind(&edge.variant).push_bind(&edge.date).push_bind(&edge.note);
    })
    .await?;
    let bases = every(facts(input).map(|facts| (facts, &facts.builds_on[..])));
    insert(connection, "builds_on (architecture, position, base)", bases, |row, (facts, at, base)| {
        row.push_bind(&facts.id).push_bind(position(at)).push_bind(base);
    })
    .await
}

async fn parts(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let components = every(facts(input).map(|facts| (facts, &facts.components[..])));
    let columns = "component (architecture, position, module, name, kind, source, part)";
    insert(connection, columns, components, |row, (facts, at, part)| {
        row.push_bind(&facts.id).push_bind(position(at));
        row.push_bind(&part.module).push_bind(&part.name).push_bind(&part.kind).push_bind(&part.source);
        row.push_bind(&part.part);
    })
    .await?;
    let heads = every(facts(input).map(|facts| (facts, &facts.heads[..])));
    insert(connection, "head (architecture, id, position, summary)", heads, |row, (facts, at, head)| {
        row.push_bind(&facts.id).push_bind(&head.id).push_bind(position(at)).push_bind(&head.summary);
    })
    .await?;
    let heads = facts(input).flat_map(|facts| facts.heads.iter().map(move |head| ((facts, head), &head.published[..])));
    let columns = "head_published (architecture, head, position, class)";
    insert(connection, columns, every(heads), |row, ((facts, head), at, class)| {
        row.push_bind(&facts.id).push_bind(&head.id).push_bind(position(at)).push_bind(class);
    })
    .await
}

async fn published(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let types = every(facts(input).map(|facts| (facts, &facts.published.model_types[..])));
    insert(connection, "published_type (architecture, position, model_type)", types, |row, (facts, at, model_type)| {
        row.push_bind(&facts.id).push_bind(position(at)).push_bind(model_type);
    })
    .await?;
    let fields = facts(input).flat_map(|facts| {
        let ours = facts.published.config.iter().map(|(published, ours)| (published, Some(ours)));
        let ignored = facts.published.ignored.iter().map(|published| (published, None));
        ours.chain(ignored).enumerate().map(move |(at, field)| (facts, at, field))
    });
    let columns = "published_field (architecture, position, published, ours)";
    insert(connection, columns, fields.collect(), |row, (facts, at, (published, ours))| {
        row.push_bind(&facts.id).push_bind(position(at)).push_bind(published).push_bind(ours);
    })
    .await
}

/// All that tells papers apart, in the order they are counted.
fn content(paper: &Paper) -> (&str, &str, &[String], u16, Option<&str>, bool) {
    (&paper.url, &paper.title, &paper.authors, paper.year, paper.arxiv.as_deref(), paper.et_al)
}
