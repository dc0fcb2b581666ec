//! What a page may weigh: bytes as they travel, elements, requests before the reader does anything.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::Found;
use super::links::address;
use super::page::Page;
use crate::words::Tongue;

/// What a page weighs, or may weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Bytes of the page, packed.
    pub html: u64,
    /// Bytes of its style sheets, packed.
    pub css: u64,
    /// Bytes of the scripts that it loads at once, packed.
    pub js: u64,
    /// Elements.
    pub nodes: u64,
    /// What a browser asks for before the reader does anything; an icon is not counted, for browsers keep it.
    pub requests: u64,
}

/// The page of a type that weighs most in one respect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measure {
    /// `html`, `css`, `js`, `nodes` or `requests`.
    pub of: &'static str,
    /// How much it is on the heaviest page.
    pub most: u64,
    /// How much it may be.
    pub budget: u64,
    /// The heaviest page.
    pub page: String,
}

/// What the pages of one type weigh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeCost {
    /// `model`, `source`, …
    pub name: &'static str,
    /// How many there are.
    pub pages: usize,
    /// The heaviest, in each respect.
    pub measures: Vec<Measure>,
}

const RULE: &str = "pages-keep-their-budget";
const KIB: u64 = 1024;
/// Of any page.
const CSS: u64 = 8 * KIB;

/// What pages may weigh, by the beginning of their address: the first that fits counts. `*` is one step.
const BUDGETS: [(&str, &str, Cost); 10] = [
    ("home", "", cost(20, 2, 1_500, 3)),
    ("source", "models/*/source/", cost(40, 2, 8_000, 3)),
    ("evidence", "models/*/evidence/", cost(25, 2, 4_000, 3)),
    ("model", "models/*/", cost(20, 4, 1_500, 3)),
    ("models", "models/", cost(25, 8, 4_000, 5)),
    // One request more is what computes costs, or puts any models side by side; a row a size is most of the calculator.
    ("calculate", "calculate/", cost(32, 8, 6_000, 4)),
    ("compare", "compare/", cost(25, 8, 4_000, 4)),
    ("matrix", "conformance/**", cost(25, 4, 7_000, 3)),
    ("search", "search/", cost(6, 8, 1_500, 8)),
    ("page", "**", cost(25, 4, 4_000, 3)),
];

/// What is loaded when somebody turns to the search box.
const SEARCH: [(&str, &[&str], u64); 2] = [
    ("names", &["search/names.js"], 6 * KIB),
    ("scripts", &["search/start.js", "search/jump.js", "search/match.js"], 4 * KIB),
];

const fn cost(html: u64, js: u64, nodes: u64, requests: u64) -> Cost {
    Cost { html: html * KIB, css: CSS, js: js * KIB, nodes, requests }
}

impl Cost {
    fn by_name(self) -> [(&'static str, u64); 5] {
        let Self { html, css, js, nodes, requests } = self;
        [("html", html), ("css", css), ("js", js), ("nodes", nodes), ("requests", requests)]
    }
}

/// Collects what pages weigh.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    pages: Vec<Weighed>,
    /// Packed size of style sheets and scripts.
    assets: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Weighed {
    path: String,
    html: u64,
    nodes: u64,
    sheets: Vec<String>,
    scripts: Vec<String>,
    /// Pictures and what else is loaded.
    others: u64,
}

impl Budgets {
    pub(super) fn asset(&mut self, path: &str, text: &str) {
        self.assets.insert(path.to_owned(), packed(text));
    }

    pub(super) fn page(&mut self, path: &str, text: &str, page: &Page) {
        let seen = |target: &str| address(path, target.split(['?', '#']).next().unwrap_or(target));
        let links = |rel| page.all("link").filter(move |tag| tag.lists("rel", rel)).filter_map(|tag| tag.get("href"));
        let pictures = page.all("img").filter_map(|tag| tag.get("src")).filter(|source| !source.starts_with("data:"));
        self.pages.push(Weighed {
            path: path.to_owned(),
            html: packed(text),
            nodes: page.tags.len() as u64,
            sheets: links("stylesheet").filter_map(seen).collect(),
            scripts: page
                .all("script")
                .filter_map(|tag| tag.get("src"))
                .chain(links("modulepreload"))
                .filter_map(seen)
                .collect(),
            others: (pictures.count() + links("preload").count()) as u64,
        });
    }

    /// The heaviest pages, and what is too heavy.
    pub(super) fn finish(self, found: &mut Found) -> Vec<TypeCost> {
        let mut types: Vec<TypeCost> = BUDGETS.iter().map(|(name, _, budget)| TypeCost::new(name, *budget)).collect();
        let size = |path: &String| self.assets.get(path).copied().unwrap_or(0);
        for page in &self.pages {
            // Pages are of one type in every language.
            let path = Tongue::of_path(&page.path).1;
            let at = path.strip_suffix("index.html").unwrap_or(path);
            let Some(kind) = BUDGETS.iter().position(|(_, pattern, _)| fits(at, pattern)) else { continue };
            let cost = Cost {
                html: page.html,
                css: page.sheets.iter().map(size).sum(),
                js: page.scripts.iter().map(size).sum(),
                nodes: page.nodes,
                requests: 1 + page.others + (page.sheets.len() + page.scripts.len()) as u64,
            };
            types[kind].count(&page.path, cost, found);
        }
        for (what, files, budget) in SEARCH {
            for folder in Tongue::ALL.map(Tongue::folder) {
                let files: Vec<String> = files.iter().map(|file| format!("{folder}{file}")).collect();
                let bytes: u64 = files.iter().map(size).sum();
                if bytes > budget {
                    let told = format!("the {what} of the search box are {bytes} bytes, packed, and may be {budget}");
                    found.add(&files[0], 1, RULE, told, "move what fewer people look for to what is loaded later");
                }
            }
        }
        types.retain(|kind| kind.pages > 0);
        types
    }
}

impl TypeCost {
    fn new(name: &'static str, budget: Cost) -> Self {
        let measure = |(of, budget)| Measure { of, most: 0, budget, page: String::new() };
        Self { name, pages: 0, measures: budget.by_name().map(measure).into() }
    }

    fn count(&mut self, path: &str, cost: Cost, found: &mut Found) {
        self.pages += 1;
        for (measure, (of, value)) in self.measures.iter_mut().zip(cost.by_name()) {
            if value > measure.budget {
                let told = format!(
                    "{value} {} where a page of the type `{}` may have {}",
                    unit(of),
                    self.name,
                    measure.budget
                );
                found.add(path, 1, RULE, told, "show less, or show it on a page of its own");
            }
            if value > measure.most || measure.page.is_empty() {
                (measure.most, measure.page) = (value, path.to_owned());
            }
        }
    }
}

fn unit(of: &str) -> &'static str {
    match of {
        "html" => "bytes of packed HTML",
        "css" => "bytes of packed style",
        "js" => "bytes of packed scripts",
        "nodes" => "elements",
        _ => "requests",
    }
}

/// Whether an address is of a pattern: `*` is one step, `**` any number of them.
fn fits(address: &str, pattern: &str) -> bool {
    if let Some(start) = pattern.strip_suffix("**") {
        return address.starts_with(start);
    }
    let (steps, wanted): (Vec<&str>, Vec<&str>) = (address.split('/').collect(), pattern.split('/').collect());
    steps.len() == wanted.len() && steps.iter().zip(wanted).all(|(step, wanted)| wanted == "*" || *step == wanted)
}

/// How many bytes travel when a host packs a text as hosts do.
fn packed(text: &str) -> u64 {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    packer
        .write_all(text.as_bytes())
        .and_then(|()| packer.finish())
        .map_or(text.len() as u64, |bytes| bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_of_the_type_that_their_address_says() {
        let kind = |at: &str| BUDGETS.iter().find(|(_, pattern, _)| fits(at, pattern)).map(|(name, ..)| *name);
        let expected = [
            ("", "home"),
            ("models/", "models"),
            ("models/bert/", "model"),
            ("models/bert/source/", "source"),
            ("models/bert/evidence/", "evidence"),
            ("conformance/", "matrix"),
            ("conformance/checks/loss/", "matrix"),
            ("404.html", "page"),
            ("families/bert/", "page"),
        ];
        for (at, name) in expected {
            assert_eq!(kind(at), Some(name), "{at}");
        }
    }
}
