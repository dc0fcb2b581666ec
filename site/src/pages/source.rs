//! A model's reference code, highlighted, every line with an anchor.

use serde::Serialize;
use zoo_catalog::view::Model;
use zoo_registry::record::SourceFile;

use super::{Link, Site};
use crate::building::file_href;
use crate::error::Result;
use crate::format::slug;
use crate::highlight::plain;

#[derive(Serialize)]
struct Source<'a> {
    id: &'a str,
    name: &'a str,
    files: Vec<File<'a>>,
    /// Shared code that it uses.
    blocks: Vec<Link>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    anchor: String,
    /// Before the line number in an anchor: empty for the first file, so that `#L42` works.
    prefix: String,
    lines: Vec<String>,
}

pub(super) fn render(site: &Site<'_>, model: &Model) -> Result<()> {
    if model.sources.is_empty() {
        return Ok(());
    }
    let summary = &model.summary;
    let mut files: Vec<&SourceFile> = model.sources.iter().collect();
    // The face of a family comes first.
    files.sort_by_key(|file| (file.path != "mod.rs", &file.path));
    let files: Vec<_> =
        files.into_iter().enumerate().map(|(index, file)| view(site, index, file)).collect::<Result<_>>()?;
    let [title, description] =
        ["source.heading", "source.description"].map(|key| site.content.words.with(key, &[("name", &summary.name)]));
    let address = format!("models/{}/source/", summary.id);
    let used = site.content.parts.blocks.iter().filter(|file| file.users.contains(&summary.id));
    let blocks = used.map(|file| Link::code(site.content, &file.source.path, &file_href(&file.source.path)));
    let source = Source { id: &summary.id, name: &summary.name, files, blocks: blocks.collect() };
    site.page_in_english(&address, "source.html", ["models", &title, &description], &source)
}

fn view<'a>(site: &Site<'_>, index: usize, file: &'a SourceFile) -> Result<File<'a>> {
    let lines = if file.path.ends_with(".rs") { site.prose.rust().lines(&file.text)? } else { plain(&file.text) };
    let name = slug(&file.path);
    let prefix = if index == 0 { String::new() } else { format!("{name}-") };
    Ok(File { path: &file.path, anchor: format!("file-{name}"), prefix, lines })
}
