//! The facts of a model, whether there is code for it or not.

use std::io::Write;

use zoo_catalog::compare::{Fact, facts as facts_of};
use zoo_catalog::view::{Model, SizeLine};
use zoo_catalog::{Filter, Sort};
use zoo_registry::Error;
use zoo_registry::descriptor::{Preset, SOURCED, Source};

use super::show::pairs;
use crate::failure::Failure;
use crate::format::exact;
use crate::library::Library;
use crate::shell::{Paint, Shell};
use crate::table::Table;

/// A model, and what the name that was asked for says of it.
pub(crate) struct Found {
    pub(crate) model: Model,
    /// Its sizes, wherever the facts of them stand; only the one that was named, if one was.
    pub(crate) sizes: Vec<SizeLine>,
}

/// The model that a name stands for, or else names that are near.
pub(crate) fn find(library: &Library, name: &str) -> Result<Found, Failure> {
    let named = library.ask(async |catalog| catalog.resolve(name).await)?;
    let model = match &named {
        Some(named) => library.ask(async |catalog| catalog.model(&named.model).await)?,
        None => None,
    };
    let Some(model) = model else {
        let near = library.ask(async |catalog| catalog.suggest(name).await)?;
        return Err(Error::UnknownName { asked: name.to_owned(), near }.into());
    };
    let filter = Filter { name: Some(name.to_owned()), ..Filter::default() };
    let mut sizes = library.ask(async |catalog| catalog.sizes(&filter, Sort::default()).await)?;
    // A model of which no size is known stands for itself in a list.
    sizes.retain(|size| size.name != model.summary.id || model.descriptor.sizes().any(|(_, own)| own.id == size.name));
    Ok(Found { model, sizes })
}

/// Facts and sizes.
pub(crate) fn print(found: &Found, shell: &mut Shell) -> Result<(), Failure> {
    let facts = &found.model.descriptor;
    let title = shell.paint(Paint::Strong, format!("{} · {}", facts.name, facts.id));
    writeln!(shell, "{title}\n{}\n", facts.gist())?;
    let fields: Vec<_> = facts_of(&found.model).into_iter().map(|fact| (fact.name, fact.value)).collect();
    pairs(shell, "facts", &fields)?;
    print_sizes(found, shell)
}

/// Every fact with where it was read, and where sources disagree.
pub(crate) fn print_sourced(found: &Found, shell: &mut Shell) -> Result<(), Failure> {
    let facts = &found.model.descriptor;
    let title = shell.paint(Paint::Strong, format!("{} · {}", facts.name, facts.id));
    writeln!(shell, "{title}\n{}\n", facts.gist())?;
    for Fact { name, field, value } in facts_of(&found.model) {
        writeln!(shell, "{}  {value}", shell.paint(Paint::Strong, name))?;
        let sources = facts.sources.get(field).map(Vec::as_slice).unwrap_or_default();
        if SOURCED.contains(&field) {
            print_sources(sources, shell)?;
        }
    }
    for conflict in &facts.conflicts {
        let size = conflict.size.as_ref().map_or_else(String::new, |size| format!(" of {size}"));
        let title = shell.paint(Paint::Odd, format!("{}{size}", conflict.about.join(", ")));
        writeln!(shell, "{title}  {} is what stands here", conflict.chosen)?;
        for said in &conflict.values {
            writeln!(shell, "    {}: {}", shell.paint(Paint::Faint, &said.source), said.value)?;
        }
        if let Some(note) = &conflict.note {
            writeln!(shell, "    {note}")?;
        }
    }
    writeln!(shell)?;
    print_sizes(found, shell)
}

fn print_sources(sources: &[Source], shell: &mut Shell) -> Result<(), Failure> {
    if sources.iter().all(|source| source.source == "uncited") {
        writeln!(shell, "    {}", shell.paint(Paint::Odd, "not yet sourced"))?;
    }
    for source in sources.iter().filter(|source| source.source != "uncited") {
        let place = source.reference.as_deref().unwrap_or_default();
        let note = source.note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
        let told = format!("{}: {place}, confidence {}{note}", source.source, source.confidence);
        writeln!(shell, "    {}", shell.paint(Paint::Faint, told))?;
    }
    Ok(())
}

fn print_sizes(found: &Found, shell: &mut Shell) -> Result<(), Failure> {
    if found.sizes.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["size", ">parameters", ">layers", ">width", ">heads", "runs", "hub"]);
    for line in &found.sizes {
        let own = found.model.descriptor.sizes().map(|(_, size)| size).find(|size| size.id == line.name);
        let number = |field: &str| own.and_then(|size| size.config.get(field)?.as_u64()).map(exact).unwrap_or_default();
        let cells = [
            line.name.clone(),
            parameters(line, own),
            number("n_layers"),
            number("d_model"),
            number("n_heads"),
            if line.code { "yes".to_owned() } else { String::new() },
        ];
        let hub = line.hub.clone().unwrap_or_default();
        table.painted(cells.into_iter().map(|cell| (cell, Paint::Plain)).chain([(hub, Paint::Faint)]));
    }
    Ok(table.print(shell)?)
}

/// Exact where it was built or counted; as its makers say it, where that is all there is.
fn parameters(line: &SizeLine, size: Option<&Preset>) -> String {
    let stated =
        size.filter(|size| size.parameters.is_none() && size.counted.is_none()).and_then(|size| size.stated.as_ref());
    match (line.parameters, stated) {
        (Some(_), Some(stated)) if !line.code => format!("{} stated", stated.label),
        (Some(count), _) => exact(count),
        (None, _) => String::new(),
    }
}
