//! The modules that a model's code builds: with their tensors, the blocks they are, and as the picture shows them.

use serde::Serialize;
use zoo_catalog::view::Model;
use zoo_registry::descriptor;

use super::parameters;
use crate::edition::Edition;
use crate::error::Result;
use crate::pages::{Head, Link, Site, source};
use crate::parts::Part;
use crate::svg::DrawnRow;

#[derive(Serialize)]
struct Page<'a> {
    name: &'a str,
    /// The preset that all of it is of.
    shown: Option<&'a str>,
    parameters: Vec<parameters::Row>,
    components: Vec<Component<'a>>,
    picture: Vec<Boxed>,
}

/// A box of the picture.
#[derive(Serialize)]
struct Boxed {
    depth: usize,
    /// Leads where the box leads.
    label: Link,
    kind: String,
    shapes: String,
    times: String,
    /// The lines that declare what it is, in the model's own code or in shared code.
    code: Option<Link>,
}

#[derive(Serialize)]
struct Component<'a> {
    module: &'a str,
    /// Leads to its building block.
    name: Link,
    /// The lines of shared code that compute it.
    code: Option<Link>,
    kind: &'a str,
    source: &'a str,
}

/// Writes the page, where there are modules or parts, and says whether there is one.
pub(super) fn render(
    site: &Site<'_>,
    model: &Model,
    tree: Option<(&str, &Part<'_>)>,
    picture: Vec<DrawnRow>,
) -> Result<bool> {
    let (content, summary, all) = (site.content, &model.summary, &model.descriptor.components);
    let part = tree.map(|(_, part)| part);
    if part.is_none() && all.is_empty() {
        return Ok(false);
    }
    let page = Page {
        name: &summary.name,
        shown: tree.map(|(preset, _)| preset),
        parameters: part.map(parameters::rows).unwrap_or_default(),
        components: all.iter().map(|one| component(content, one, all, part)).collect(),
        picture: picture.into_iter().map(|row| boxed(content, model, row)).collect(),
    };
    let [title, description] =
        ["modules.heading", "modules.description"].map(|key| content.words.with(key, &[("name", &summary.name)]));
    let address = format!("models/{}/modules/", summary.id);
    let trail = Link::below_model(content, &summary.id, "diff.modules_heading");
    site.page(&address, "modules.html", Head::below(trail, ["models", &title, &description]), &page)?;
    Ok(true)
}

fn boxed(content: &Edition<'_>, model: &Model, row: DrawnRow) -> Boxed {
    let declaration = || source::declaration(content, model, &row.module);
    Boxed {
        code: content.code_of(&row.module).or_else(declaration),
        depth: row.depth,
        label: Link::new(row.label, row.href),
        kind: row.kind,
        shapes: row.shapes,
        times: row.times,
    }
}

/// A component with its building block and its code.
fn component<'a>(
    content: &Edition<'_>,
    component: &'a descriptor::Component,
    all: &[descriptor::Component],
    tree: Option<&Part<'_>>,
) -> Component<'a> {
    let module = tree.and_then(|tree| tree.of_component(component));
    let href = match module {
        Some(module) => content.block_of(module, all),
        None => component.part.as_ref().and_then(|place| content.block_href(place)),
    };
    Component {
        module: &component.module,
        name: Link::new(&component.name, href),
        code: module.and_then(|module| content.code_of(module.kind)),
        kind: &component.kind,
        source: &component.source,
    }
}
