//! Papers, and how to cite them.

use serde::Serialize;
use zoo_registry::Descriptor;
use zoo_registry::descriptor;

use crate::format::external;

/// A paper of the list.
#[derive(Serialize)]
pub(super) struct Paper<'a> {
    title: &'a str,
    authors: String,
    year: u16,
    arxiv: Option<&'a str>,
    url: &'a str,
    /// The address, where it may become a link.
    href: Option<&'a str>,
}

pub(super) fn paper(paper: &descriptor::Paper) -> Paper<'_> {
    Paper {
        title: &paper.title,
        authors: paper.authors.join(", "),
        year: paper.year,
        arxiv: paper.arxiv.as_deref(),
        url: &paper.url,
        href: external(&paper.url),
    }
}

/// One entry a paper, keyed by the model's id.
pub(in crate::pages) fn bibtex(descriptor: &Descriptor) -> String {
    let entry = |(index, paper): (usize, &descriptor::Paper)| {
        let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
        let mut fields = vec![
            ("title", format!("{{{}}}", plain(&paper.title))),
            ("author", authors(&paper.authors)),
            ("year", paper.year.to_string()),
        ];
        if let Some(arxiv) = &paper.arxiv {
            fields.push(("eprint", plain(arxiv)));
            fields.push(("archivePrefix", "arXiv".into()));
        }
        fields.push(("url", paper.url.replace(['{', '}', '\\'], "")));
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("  {name} = {{{value}}},\n")).collect();
        format!("@misc{{{}{number},\n{}}}\n", descriptor.id, fields.concat())
    };
    let entries: Vec<_> = descriptor.papers.iter().enumerate().map(entry).collect();
    entries.join("\n")
}

/// An entry for the model's page.
pub(in crate::pages) fn page(descriptor: &Descriptor, address: &str) -> String {
    let Descriptor { id, name, .. } = descriptor;
    format!(
        "@misc{{zoo-{id},\n  title = {{{{{} in zoo, a catalog of transformer models}}}},\n  url = {{{address}}},\n}}\n",
        plain(name)
    )
}

/// `A and B`; a list that ends in `et al.` ends in `others`.
fn authors(names: &[String]) -> String {
    let mut all = Vec::new();
    for name in names {
        match name.strip_suffix("et al.") {
            Some(first) => all.extend([plain(first.trim_end_matches([' ', ','])), "others".into()]),
            None => all.push(plain(name)),
        }
    }
    all.retain(|name| !name.is_empty());
    all.join(" and ")
}

/// Text without what BibTeX would read as markup.
fn plain(text: &str) -> String {
    text.replace(['{', '}', '\\'], "").replace('&', "\\&").replace('%', "\\%").replace('_', "\\_").replace('$', "\\$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn et_al_becomes_others() {
        assert_eq!(authors(&["Devlin et al.".into()]), "Devlin and others");
        assert_eq!(authors(&["A. One".into(), "B. Two".into()]), "A. One and B. Two");
    }

    #[test]
    fn markup_is_taken_out() {
        assert_eq!(plain("a {b} & 5 % \\input"), "a b \\& 5 \\% input");
    }
}
