//! A model's reference code, highlighted, every line with an anchor; above it what stands where, and which lines compute which equation.

use serde::Serialize;
use zoo_catalog::view::Model;
use zoo_registry::record::SourceFile;

use super::{Head, Link, Site};
use crate::building::file_href;
use crate::edition::Edition;
use crate::error::Result;
use crate::format::{arxiv, slug};
use crate::highlight::{linked, plain};
use crate::outline::{Equation, Item, equations, items};
use crate::prose::Prose;

#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    files: Vec<File<'a>>,
    /// Of its own code and of the shared code that it uses.
    equations: Vec<Computed<'a>>,
    /// Shared code that it uses.
    blocks: Vec<Link>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    anchor: String,
    /// Before the line number in an anchor: empty for the first file, so that `#L42` works.
    prefix: String,
    items: Vec<Item>,
    lines: Vec<String>,
}

/// An equation, and the line that computes it.
#[derive(Serialize)]
pub(super) struct Computed<'a> {
    equation: Link,
    /// On arXiv.
    paper: Option<String>,
    href: Option<String>,
    path: &'a str,
    line: usize,
}

pub(super) fn render(site: &Site<'_>, model: &Model) -> Result<()> {
    if model.sources.is_empty() {
        return Ok(());
    }
    let summary = &model.summary;
    let address = format!("models/{}/source/", summary.id);
    let files = in_order(model);
    let own = files.iter().enumerate().flat_map(|(index, file)| {
        let place = format!("{address}#{}", prefix(index, file));
        computed(file, &place)
    });
    let used = || site.content.parts.blocks.iter().filter(|file| file.users.contains(&summary.id));
    let shared = used().flat_map(|file| shared(&file.source));
    let equations = own.chain(shared).collect();
    let files = files.iter().enumerate().map(|(index, file)| view(site, index, file)).collect::<Result<_>>()?;
    let [title, description] =
        ["source.heading", "source.description"].map(|key| site.content.words.with(key, &[("name", &summary.name)]));
    let blocks = used().map(|file| Link::code(site.content, &file.source.path, &file_href(&file.source.path)));
    let source = Source { name: &summary.name, files, equations, blocks: blocks.collect() };
    let trail = Link::below_model(site.content, &summary.id, "source.crumb");
    let head = Head::below(trail, ["models", &title, &description]);
    site.page_in_english(&address, "source.html", head, &source)
}

/// Whether comments of its code, or of the shared code that it uses, name an equation.
pub(super) fn has_equations(site: &Site<'_>, model: &Model) -> bool {
    let used = site.content.parts.blocks.iter().filter(|file| file.users.contains(&model.summary.id));
    let mut files = model.sources.iter().chain(used.map(|file| &file.source));
    !model.sources.is_empty() && files.any(|file| !equations(&file.text).is_empty())
}

/// The first items of a model's code, for its page.
#[derive(Serialize)]
pub(super) struct Excerpt<'a> {
    path: &'a str,
    first: usize,
    last: usize,
    /// Without marks, for each would be an element.
    text: String,
}

/// Most lines of code on a model's page.
const SHOWN: usize = 60;

/// What stands behind the imports of the first file, as far as whole items go.
pub(super) fn excerpt(model: &Model) -> Option<Excerpt<'_>> {
    let file = in_order(model).into_iter().next().filter(|file| is_rust(file))?;
    let lines: Vec<&str> = file.text.lines().collect();
    let start = lines.iter().position(|line| line.starts_with("///"))?;
    let shown: Vec<&str> = lines.into_iter().skip(start).take(SHOWN).collect();
    let whole = shown.iter().rposition(|line| *line == "}").map_or(shown.len(), |end| end + 1);
    Some(Excerpt { path: &file.path, first: start + 1, last: start + whole, text: shown[..whole].join("\n") })
}

/// The line that declares a type of module, in a model's own code or in the shared code that it uses.
pub(super) fn declaration(content: &Edition<'_>, model: &Model, module: &str) -> Option<Link> {
    let id = &model.summary.id;
    let own = in_order(model).into_iter().enumerate();
    let own = own.map(|(index, file)| (file, format!("models/{id}/source/#{}", prefix(index, file))));
    let used = content.parts.blocks.iter().filter(|file| file.users.contains(id)).map(|file| &file.source);
    let used = used.map(|file| (file, format!("{}#", file_href(&file.path))));
    own.chain(used).find_map(|(file, place)| {
        let line = 1 + file.text.lines().position(|line| declared(line) == Some(module))?;
        Some(Link::code(content, format!("{}:{line}", file.path), &format!("{place}L{line}")))
    })
}

/// The struct that a line begins, if it does.
fn declared(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("struct ")?;
    let is_declaration = before.is_empty() || before.starts_with("pub") && before.ends_with(' ');
    after.split(|letter: char| !letter.is_alphanumeric()).next().filter(|_| is_declaration)
}

/// The lines of a file as HTML.
pub(super) fn lines(prose: &Prose, file: &SourceFile) -> Result<Vec<String>> {
    let lines = if is_rust(file) { prose.rust().lines(&file.text)? } else { plain(&file.text) };
    Ok(lines.iter().map(|line| linked(line)).collect())
}

/// The items of a file; none where it is no Rust.
pub(super) fn outline(prose: &Prose, file: &SourceFile) -> Result<Vec<Item>> {
    if is_rust(file) { items(prose.rust(), &file.text) } else { Ok(Vec::new()) }
}

/// The equations of a file of shared code.
pub(super) fn shared(file: &SourceFile) -> impl Iterator<Item = Computed<'_>> {
    computed(file, &format!("{}#", file_href(&file.path)))
}

/// The equations of a file whose lines stand at a place, `parts/code/mask/#`.
fn computed<'a>(file: &'a SourceFile, place: &str) -> impl Iterator<Item = Computed<'a>> + use<'a> {
    let place = place.to_owned();
    equations(&file.text).into_iter().map(move |Equation { label, paper, line }| Computed {
        equation: Link::new(label, Some(format!("{place}L{line}"))),
        href: paper.as_deref().and_then(arxiv),
        paper,
        path: &file.path,
        line,
    })
}

fn is_rust(file: &SourceFile) -> bool {
    file.path.ends_with(".rs")
}

/// The face of a family comes first.
fn in_order(model: &Model) -> Vec<&SourceFile> {
    let mut files: Vec<&SourceFile> = model.sources.iter().collect();
    files.sort_by_key(|file| (file.path != "mod.rs", &file.path));
    files
}

fn prefix(index: usize, file: &SourceFile) -> String {
    if index == 0 { String::new() } else { format!("{}-", slug(&file.path)) }
}

fn view<'a>(site: &Site<'_>, index: usize, file: &'a SourceFile) -> Result<File<'a>> {
    Ok(File {
        path: &file.path,
        anchor: format!("file-{}", slug(&file.path)),
        prefix: prefix(index, file),
        items: outline(site.prose, file)?,
        lines: lines(site.prose, file)?,
    })
}
