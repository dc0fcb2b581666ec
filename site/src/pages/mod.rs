//! One module a page type: plain data in, a rendered page out.

mod block;
mod calculate;
mod cards;
mod compare;
mod conformance;
mod data;
mod family;
mod glossary;
mod home;
mod lineage;
mod model;
mod models;
mod moved;
mod not_found;
mod output;
mod search;
mod source;
mod taxonomy;
mod timeline;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tera::{Context, Tera};
use zoo_catalog::view::{ModelSummary, Tally};
use zoo_registry::Status;

use crate::content::{Content, LABS};
use crate::error::{Error, Result};
use crate::format::{THIN, compact};
use crate::look::Look;
use crate::prose::Prose;

pub(crate) use output::{Output, Sink};

/// Files of a site by path: `models/bert/index.html` → bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pages(BTreeMap<String, Vec<u8>>);

impl Pages {
    /// Every file with its path, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Every page of the site except the catalog's own file, in memory.
///
/// # Errors
/// When an id would not make an address or a page does not render.
pub fn render(content: &Content) -> Result<Pages> {
    render_with(content, &Look::default())
}

/// As [`render`], with templates, styles and scripts from elsewhere.
///
/// # Errors
/// See [`render`]; and when one of these files cannot be read, or is no template.
pub fn render_with(content: &Content, look: &Look) -> Result<Pages> {
    let mut pages = Pages::default();
    render_into(content, look, Output::new(&mut pages))?;
    Ok(pages)
}

/// Writes every page of the site except the catalog's own file; none is held.
///
/// # Errors
/// See [`render`]; and whatever the place that takes them says.
pub(crate) fn render_into<'a>(content: &'a Content, look: &Look, output: Output<'a>) -> Result<Output<'a>> {
    content.check()?;
    let mut site = Site {
        content,
        tera: templates(look)?,
        prose: Prose::new()?,
        drawn: cards::Drawn::new(content)?,
        common: None,
        stubs: BTreeSet::new(),
        pages: output,
    };
    site.common_card()?;
    // No model runs in the page of the calculator.
    let around = sheet(look, |name| name != "calculate.css")?;
    let stage = content.tryout.as_ref().map(|tryout| tryout.put(look, &around, &mut site.pages)).transpose()?;
    site.pages.put("zoo.css".into(), sheet(look, |_| true)?)?;
    home::render(&mut site)?;
    models::render(&mut site)?;
    for model in &content.models {
        model::render(&mut site, model, stage.as_ref())?;
        source::render(&mut site, model)?;
    }
    family::render_index(&mut site)?;
    for family in &content.families {
        family::render(&mut site, family)?;
    }
    calculate::render(&mut site)?;
    compare::render(&mut site)?;
    lineage::render(&mut site)?;
    timeline::render(&mut site)?;
    conformance::render(&mut site)?;
    block::render(&mut site)?;
    taxonomy::render(&mut site)?;
    moved::render(&mut site)?;
    glossary::render(&mut site)?;
    not_found::render(&mut site)?;
    search::render(&mut site)?;
    crate::search::put(content, look, &mut site.pages)?;
    let icon = look.text("static/icon.svg", include_str!("../../static/icon.svg"))?;
    site.pages.put("icon.svg".into(), icon.into_owned())?;
    for (name, own) in SCRIPTS {
        site.pages.put(name.into(), look.text(&format!("static/{name}"), own)?.into_owned())?;
    }
    data::render(&mut site)?;
    data::sitemap(&mut site)?;
    Ok(site.pages)
}

/// The parts of the style sheet, in order.
const STYLES: [(&str, &str); 7] = [
    ("zoo.css", include_str!("../../static/zoo.css")),
    ("figure.css", include_str!("../../static/figure.css")),
    ("picture.css", include_str!("../../static/picture.css")),
    ("parts.css", include_str!("../../static/parts.css")),
    ("search.css", include_str!("../../static/search.css")),
    ("calculate.css", include_str!("../../static/calculate.css")),
    ("explore.css", include_str!("../../static/explore.css")),
];

/// Those parts of the style sheet that are wanted.
fn sheet(look: &Look, is_wanted: impl Fn(&str) -> bool) -> Result<String> {
    let wanted = STYLES.into_iter().filter(|(name, _)| is_wanted(name));
    wanted.map(|(name, own)| look.text(&format!("static/{name}"), own)).collect()
}

/// Scripts of single pages.
const SCRIPTS: [(&str, &str); 2] =
    [("models.js", include_str!("../../static/models.js")), ("compare.js", include_str!("../../static/compare.js"))];

/// The templates.
const TEMPLATES: [(&str, &str); 41] = [
    ("components.html", include_str!("../../templates/components.html")),
    ("base.html", include_str!("../../templates/base.html")),
    ("home.html", include_str!("../../templates/home.html")),
    ("models.html", include_str!("../../templates/models.html")),
    ("model.html", include_str!("../../templates/model.html")),
    ("modules.html", include_str!("../../templates/modules.html")),
    ("evidence.html", include_str!("../../templates/evidence.html")),
    ("calculate.html", include_str!("../../templates/calculate.html")),
    ("cost.html", include_str!("../../templates/cost.html")),
    ("run.html", include_str!("../../templates/run.html")),
    ("tryout.html", include_str!("../../templates/tryout.html")),
    ("source.html", include_str!("../../templates/source.html")),
    ("family.html", include_str!("../../templates/family.html")),
    ("families.html", include_str!("../../templates/families.html")),
    ("conformance.html", include_str!("../../templates/conformance.html")),
    ("planted.html", include_str!("../../templates/planted.html")),
    ("planted-area.html", include_str!("../../templates/planted-area.html")),
    ("check.html", include_str!("../../templates/check.html")),
    ("taxonomy.html", include_str!("../../templates/taxonomy.html")),
    ("term.html", include_str!("../../templates/term.html")),
    ("usage.html", include_str!("../../templates/usage.html")),
    ("parts.html", include_str!("../../templates/parts.html")),
    ("kind.html", include_str!("../../templates/kind.html")),
    ("part.html", include_str!("../../templates/part.html")),
    ("code.html", include_str!("../../templates/code.html")),
    ("glossary.html", include_str!("../../templates/glossary.html")),
    ("search.html", include_str!("../../templates/search.html")),
    ("find.html", include_str!("../../templates/find.html")),
    ("lineage-components.html", include_str!("../../templates/lineage-components.html")),
    ("compare.html", include_str!("../../templates/compare.html")),
    ("diff.html", include_str!("../../templates/diff.html")),
    ("lineage.html", include_str!("../../templates/lineage.html")),
    ("timeline.html", include_str!("../../templates/timeline.html")),
    ("data.html", include_str!("../../templates/data.html")),
    ("model.md", include_str!("../../templates/model.md")),
    ("feed.xml", include_str!("../../templates/feed.xml")),
    ("sitemap.xml", include_str!("../../templates/sitemap.xml")),
    ("citation.cff", include_str!("../../templates/citation.cff")),
    ("llms.txt", include_str!("../../templates/llms.txt")),
    ("moved.html", include_str!("../../templates/moved.html")),
    ("404.html", include_str!("../../templates/404.html")),
];

fn templates(look: &Look) -> Result<Tera> {
    let mut tera = Tera::default();
    let text = |(name, own): (&'static str, _)| Ok((name, look.text(&format!("templates/{name}"), own)?));
    let texts: Vec<_> = TEMPLATES.into_iter().map(text).collect::<Result<_>>()?;
    tera.add_raw_templates(texts).map_err(Error::Templates)?;
    Ok(tera)
}

/// What pages are written with, and where they go.
struct Site<'a> {
    content: &'a Content,
    tera: Tera,
    prose: Prose,
    /// What draws cards, where pages have any.
    drawn: Option<cards::Drawn>,
    /// The card of pages without one of their own.
    common: Option<cards::Shown>,
    /// Old addresses, which only say where their page stands now.
    stubs: BTreeSet<String>,
    pages: Output<'a>,
}

/// What every page has.
#[derive(Serialize)]
struct Shell<'a> {
    /// From the page to the top of the site: `../../`.
    root: String,
    title: &'a str,
    description: &'a str,
    /// Which entry of the navigation it belongs to.
    section: &'a str,
    /// Its whole address, where that of the site is known.
    canonical: Option<String>,
    /// What messengers show of it.
    card: Option<&'a cards::Shown>,
    /// Whether there are building blocks.
    blocks: bool,
}

impl Site<'_> {
    /// Renders a page at an address such as `models/bert/`; the empty address is the home page.
    fn page<T: Serialize>(&mut self, address: &str, template: &str, head: [&str; 3], page: &T) -> Result<()> {
        let card = self.common.clone();
        self.page_with_card(address, template, head, card.as_ref(), page)
    }

    /// The same with a card of its own.
    fn page_with_card<T: Serialize>(
        &mut self,
        address: &str,
        template: &str,
        head: [&str; 3],
        card: Option<&cards::Shown>,
        page: &T,
    ) -> Result<()> {
        let failed = |source| Error::Template { page: address.to_owned(), source };
        let [section, title, description] = head;
        let base = self.content.data.base_url.as_ref().filter(|_| !address.ends_with(".html"));
        let canonical = base.map(|base| base.at(address));
        let blocks = !self.content.parts.kinds.is_empty();
        // The page for what is not there answers at any depth.
        let root = self.content.data.top().filter(|_| address == "404.html").unwrap_or_else(|| root(address));
        let card = card.filter(|_| canonical.is_some());
        let shell = Shell { root, title, description, section, canonical, card, blocks };
        let mut context = Context::from_serialize(page).map_err(failed)?;
        context.insert("shell", &shell);
        context.insert("root", &shell.root);
        let html = self.tera.render(template, &context).map_err(failed)?;
        let path = if address.ends_with(".html") { address.to_owned() } else { format!("{address}index.html") };
        self.pages.put(path, html)
    }
}

/// From an address to the top of the site.
fn root(address: &str) -> String {
    match address.matches('/').count() {
        0 => "./".into(),
        depth => "../".repeat(depth),
    }
}

/// A name that leads somewhere, if there is somewhere to go.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Link {
    pub(crate) label: String,
    /// From the top of the site.
    pub(crate) href: Option<String>,
}

impl Link {
    fn model(content: &Content, id: &str) -> Self {
        let href = content.model(id).map(|_| format!("models/{id}/"));
        Self { label: content.model_name(id).to_owned(), href }
    }

    fn family(content: &Content, id: &str) -> Self {
        let href = content.has_family(id).then(|| format!("families/{id}/"));
        Self { label: content.family_name(id), href }
    }

    fn term(content: &Content, axis: &str, term: &str) -> Self {
        Self { label: content.term_label(axis, term), href: content.term_href(axis, term) }
    }

    fn terms(content: &Content, axis: &str, model: &ModelSummary) -> Vec<Self> {
        let terms = model.taxonomy.get(axis).map(Vec::as_slice).unwrap_or_default();
        terms.iter().map(|term| Self::term(content, axis, term)).collect()
    }
}

/// Somewhere to go, with how many models are there.
#[derive(Debug, Serialize)]
struct Count {
    link: Link,
    count: usize,
}

/// A line of a table of models.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    summary: String,
    date: String,
    family: Link,
    labs: Vec<Link>,
    architecture: Vec<Link>,
    attention: Vec<Link>,
    presets: u32,
    parameters: Option<String>,
    tally: TallyView,
}

impl Row {
    fn new(content: &Content, model: &ModelSummary) -> Self {
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            summary: model.summary.clone(),
            date: model.date.clone(),
            family: Link::family(content, &model.family),
            labs: labs(content, &model.labs),
            architecture: Link::terms(content, "architecture", model),
            attention: Link::terms(content, "attention", model),
            presets: model.presets,
            parameters: model.parameters.map(range),
            tally: TallyView::new(&model.tally),
        }
    }

    fn all<'a>(content: &Content, models: impl IntoIterator<Item = &'a ModelSummary>) -> Vec<Self> {
        models.into_iter().map(|model| Self::new(content, model)).collect()
    }
}

/// Labs, each leading to what else it made where the vocabularies name it.
fn labs(content: &Content, ids: &[String]) -> Vec<Link> {
    ids.iter().map(|id| Link::term(content, LABS, id)).collect()
}

/// `109 M – 335 M`.
fn range((small, large): (u64, u64)) -> String {
    if small == large {
        return compact(small);
    }
    format!("{}{THIN}\u{2013} {}", compact(small), compact(large))
}

/// Outcomes in a few characters.
#[derive(Debug, Serialize)]
struct TallyView {
    /// Whether anything ran.
    ran: bool,
    pass: u32,
    of: u32,
    waived: u32,
    expected: u32,
    fail: u32,
    not_applicable: u32,
    status: StatusView,
}

impl TallyView {
    fn new(tally: &Tally) -> Self {
        let of = tally.all() - tally.not_applicable;
        let status = match tally {
            Tally { fail: 1.., .. } => Status::Fail,
            Tally { expected: 1.., .. } => Status::ExpectedFailure,
            Tally { waived: 1.., .. } => Status::Waived,
            Tally { pass: 1.., .. } => Status::Pass,
            _ => Status::NotApplicable,
        };
        Self {
            ran: of > 0,
            pass: tally.pass,
            of,
            waived: tally.waived,
            expected: tally.expected,
            fail: tally.fail,
            not_applicable: tally.not_applicable,
            status: StatusView::new(status),
        }
    }
}

/// A status as symbol, word and class: never colour alone.
#[derive(Debug, Clone, Copy, Serialize)]
struct StatusView {
    symbol: &'static str,
    word: &'static str,
    class: &'static str,
}

impl StatusView {
    fn new(status: Status) -> Self {
        let (symbol, word) = match status {
            Status::Pass => ("✓", "pass"),
            Status::Waived => ("△", "waived"),
            Status::NotApplicable => ("–", "n/a"),
            Status::ExpectedFailure => ("▽", "expected"),
            Status::UnexpectedPass => ("!", "unexpected pass"),
            Status::Flaky => ("≈", "flaky"),
            Status::Fail => ("✗", "fail"),
            Status::Timeout => ("⧖", "timeout"),
            Status::Error => ("⚠", "error"),
        };
        Self { symbol, word, class: status.as_str() }
    }
}
