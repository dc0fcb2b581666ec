//! One module a page type: plain data in, a rendered page out.

mod about;
mod block;
mod calculate;
mod cards;
mod changes;
mod compare;
mod conformance;
mod data;
mod family;
mod glossary;
mod home;
mod kept;
mod lineage;
mod model;
mod models;
mod moved;
mod not_found;
mod origins;
mod output;
mod search;
mod source;
mod taxonomy;
mod timeline;
mod usage;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;
use tera::{Context, Tera};
use zoo_catalog::view::{BlockFile, ModelSummary, Tally};
use zoo_registry::Status;

use crate::content::{Content, LAB};
use crate::data::BaseUrl;
use crate::edition::Edition;
use crate::error::{Error, Result};
use crate::format::{THIN, compact, escape};
use crate::lineage::Steps;
use crate::look::Look;
use crate::prose::Prose;
use crate::tryout::Stage;
use crate::words::{NOTICE, Questions, Tongue, Words, expand};

use output::Held;
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

    /// Adds other files, in the place of those at their addresses.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
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
    let pages = Held::default();
    render_into(content, look, &pages)?;
    Ok(pages.pages())
}

/// Writes every page of the site except the catalog's own file; none is held. Gives every file with its bytes.
///
/// # Errors
/// See [`render`]; and whatever the place that takes them says.
pub(crate) fn render_into(content: &Content, look: &Look, sink: &dyn Sink) -> Result<BTreeMap<String, u64>> {
    content.check()?;
    let output = Output::new(sink);
    let prose = Prose::new()?;
    // No model runs in the page of the calculator, nor in those of building blocks and their pictures.
    let around = sheet(look, |name| !["calculate.css", "parts.css", "picture.css"].contains(&name))?;
    let stage = content.tryout.as_ref().map(|tryout| tryout.put(look, &around, &output)).transpose()?;
    let drawn = cards::Drawn::new(content)?;
    let questions = Questions::read(look)?;
    let steps = Steps::new(&content.models);
    let wanted = |tongue: &Tongue| *tongue == Tongue::English || content.tongues.contains(tongue);
    let tongues: Vec<Tongue> = Tongue::ALL.into_iter().filter(wanted).collect();
    let edition = |tongue: &Tongue| Ok(Edition::new(content, &steps, Words::read(*tongue, look)?, &questions));
    let editions = tongues.iter().map(edition).collect::<Result<Vec<_>>>()?;
    let code = shared_code(&content.parts.blocks, &prose)?;
    let sites = editions.iter().map(|edition| {
        Ok(Site {
            content: edition,
            tera: templates(look, &edition.words)?,
            prose: &prose,
            code: &code,
            tongues: &tongues,
            drawn: drawn.as_ref(),
            common: cards::common(edition),
            pages: &output,
        })
    });
    let sites = sites.collect::<Result<Vec<_>>>()?;
    each(&sites, |site| edition_into(site, stage.as_ref()))?;
    // The language that always is there stands first.
    let english = &sites[0];
    let stubs = moved::render(english)?;
    not_found::render(english)?;
    english.common_card()?;
    let files = data::files(english)?;
    each(&sites, |site| data::render(site, &files))?;
    assets_into(look, &output)?;
    data::sitemap::render(english, &stubs)?;
    Ok(output.sizes())
}

/// Does the same with every one, on all threads. Of several failures the first in order is told.
fn each<T: Sync>(all: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    all.par_iter().find_map_first(|one| work(one).err()).map_or(Ok(()), Err)
}

/// Every file of shared code by its path, highlighted line by line.
fn shared_code<'a>(files: &'a [BlockFile], prose: &Prose) -> Result<BTreeMap<&'a str, Vec<String>>> {
    let lines = |file: &'a BlockFile| Ok((file.source.path.as_str(), source::lines(prose, &file.source)?));
    files.par_iter().map(lines).collect()
}

/// The pages of one language.
fn edition_into(site: &Site<'_>, stage: Option<&Stage>) -> Result<()> {
    each(site.content.models, |model| {
        model::render(site, model, stage)?;
        if site.is_english() { source::render(site, model) } else { Ok(()) }
    })?;
    each(site.content.families, |family| family::render(site, family))?;
    each(&KINDS, |render| render(site))?;
    crate::search::names_into(site.content, site.pages)
}

/// Every other kind of page.
const KINDS: [fn(&Site<'_>) -> Result<()>; 15] = [
    home::render,
    models::render,
    family::render_index,
    calculate::render,
    compare::render,
    lineage::render,
    timeline::render,
    conformance::render,
    block::render,
    taxonomy::render,
    origins::render,
    glossary::render,
    about::render,
    changes::render,
    search::render,
];

/// Styles, scripts and the icon, which all pages share, but for those of models that run in their pages.
///
/// # Errors
/// When one of these files cannot be read.
pub fn assets(look: &Look) -> Result<Pages> {
    let pages = Held::default();
    assets_into(look, &Output::new(&pages))?;
    Ok(pages.pages())
}

fn assets_into(look: &Look, pages: &Output<'_>) -> Result<()> {
    crate::search::put(look, pages)?;
    pages.put("zoo.css".into(), sheet(look, |_| true)?)?;
    let icon = look.text("static/icon.svg", include_str!("../../static/icon.svg"))?;
    pages.put("icon.svg".into(), icon.into_owned())?;
    for (name, own) in SCRIPTS {
        pages.put(name.into(), look.text(&format!("static/{name}"), own)?.into_owned())?;
    }
    Ok(())
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
const SCRIPTS: [(&str, &str); 3] = [
    ("calculate.js", include_str!("../../static/calculate.js")),
    ("compare.js", include_str!("../../static/compare.js")),
    ("models.js", include_str!("../../static/models.js")),
];

/// The templates.
const TEMPLATES: [(&str, &str); 48] = [
    ("components.html", include_str!("../../templates/components.html")),
    ("base.html", include_str!("../../templates/base.html")),
    ("home.html", include_str!("../../templates/home.html")),
    ("models.html", include_str!("../../templates/models.html")),
    ("model.html", include_str!("../../templates/model.html")),
    ("modules.html", include_str!("../../templates/modules.html")),
    ("evidence.html", include_str!("../../templates/evidence.html")),
    ("calculate.html", include_str!("../../templates/calculate.html")),
    ("kept.html", include_str!("../../templates/kept.html")),
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
    ("device.html", include_str!("../../templates/device.html")),
    ("taxonomy.html", include_str!("../../templates/taxonomy.html")),
    ("term.html", include_str!("../../templates/term.html")),
    ("origins.html", include_str!("../../templates/origins.html")),
    ("origin.html", include_str!("../../templates/origin.html")),
    ("usage.html", include_str!("../../templates/usage.html")),
    ("parts.html", include_str!("../../templates/parts.html")),
    ("kind.html", include_str!("../../templates/kind.html")),
    ("part.html", include_str!("../../templates/part.html")),
    ("code.html", include_str!("../../templates/code.html")),
    ("glossary.html", include_str!("../../templates/glossary.html")),
    ("about.html", include_str!("../../templates/about.html")),
    ("changes.html", include_str!("../../templates/changes.html")),
    ("revision.html", include_str!("../../templates/revision.html")),
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

/// The templates with the words of one language in them.
fn templates(look: &Look, words: &Words) -> Result<Tera> {
    let mut tera = Tera::default();
    let text = |(name, own): (&'static str, _)| {
        Ok((name, expand(name, &look.text(&format!("templates/{name}"), own)?, words)?))
    };
    let texts: Vec<_> = TEMPLATES.into_iter().map(text).collect::<Result<_>>()?;
    tera.register_filter("inside", inside);
    tera.add_raw_templates(texts).map_err(Error::Templates)?;
    Ok(tera)
}

/// A label as it stands inside a sentence: its first letter is a small one.
fn inside(label: &str, _: tera::Kwargs, _: &tera::State<'_>) -> String {
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What pages are written with, and where they go.
struct Site<'s> {
    content: &'s Edition<'s>,
    tera: Tera,
    prose: &'s Prose,
    /// Every file of shared code by its path, highlighted line by line.
    code: &'s BTreeMap<&'s str, Vec<String>>,
    /// Every language of the site.
    tongues: &'s [Tongue],
    /// What draws cards, where pages have any.
    drawn: Option<&'s cards::Drawn>,
    /// The card of pages without one of their own.
    common: Option<cards::Shown>,
    pages: &'s Output<'s>,
}

/// What a page says of itself.
struct Head<'a> {
    /// Which entry of the navigation it belongs to.
    section: &'a str,
    title: &'a str,
    description: &'a str,
    /// The pages above it, and the page itself; nothing at the top.
    trail: Vec<Link>,
    /// What it tells programs.
    linked: Vec<Value>,
}

impl<'a> From<[&'a str; 3]> for Head<'a> {
    fn from([section, title, description]: [&'a str; 3]) -> Self {
        Self { section, title, description, trail: Vec::new(), linked: Vec::new() }
    }
}

impl<'a> Head<'a> {
    /// Of a page below others: its trail ends in what the page itself is called.
    fn below(trail: Vec<Link>, head: [&'a str; 3]) -> Self {
        Self { trail, ..Self::from(head) }
    }

    fn telling(self, linked: Vec<Value>) -> Self {
        Self { linked, ..self }
    }
}

/// What every page has.
#[derive(Serialize)]
struct Shell<'a> {
    /// The language of the page, as HTML names it.
    tag: &'static str,
    /// From the page to the first page of its language: `../../`.
    root: String,
    /// From the page to the top of the site, where all that has no language stands.
    top: String,
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
    /// The same page in every language, if there are several.
    tongues: Vec<Other>,
    /// The same, by whole addresses, where that of the site is known.
    alternates: Vec<Alternate>,
    /// The pages above it, and the page itself; nothing at the top.
    trail: Vec<Link>,
    /// What programs read in it: JSON-LD.
    linked: Option<String>,
}

/// The same page in a language.
#[derive(Serialize)]
struct Other {
    tag: &'static str,
    name: &'static str,
    /// None for the page itself.
    href: Option<String>,
}

#[derive(Serialize)]
struct Alternate {
    tag: &'static str,
    address: String,
}

impl Site<'_> {
    /// Whether these are the pages at the top of the site, beside which everything stands that has no language.
    fn is_english(&self) -> bool {
        self.content.words.tongue() == Tongue::English
    }

    /// Renders a page at an address such as `models/bert/`; the empty address is the home page.
    fn page<'h, T: Serialize>(&self, address: &str, template: &str, head: impl Into<Head<'h>>, page: &T) -> Result<()> {
        let card = self.common.clone();
        self.page_with_card(address, template, head, card.as_ref(), page)
    }

    /// The same with a card of its own.
    fn page_with_card<'h, T: Serialize>(
        &self,
        address: &str,
        template: &str,
        head: impl Into<Head<'h>>,
        card: Option<&cards::Shown>,
        page: &T,
    ) -> Result<()> {
        let html = self.html(self.tongues, [address, template], head.into(), card, page)?;
        self.put_page(address, html)
    }

    /// A page that stands in English only: it holds no words but code, or there can be one alone.
    fn page_in_english<'h, T: Serialize>(
        &self,
        address: &str,
        template: &str,
        head: impl Into<Head<'h>>,
        page: &T,
    ) -> Result<()> {
        let html = self.html(&[], [address, template], head.into(), self.common.as_ref(), page)?;
        self.put_page(address, html)
    }

    fn put_page(&self, address: &str, html: String) -> Result<()> {
        let at = format!("{}{address}", self.content.words.tongue().folder());
        self.pages.put(if at.ends_with(".html") { at } else { format!("{at}index.html") }, html)
    }

    fn html<T: Serialize>(
        &self,
        tongues: &[Tongue],
        [address, template]: [&str; 2],
        head: Head<'_>,
        card: Option<&cards::Shown>,
        page: &T,
    ) -> Result<String> {
        let failed = |source| Error::Template { page: address.to_owned(), source };
        let Head { section, title, description, trail, mut linked } = head;
        linked.extend(data::linked::trail(self.content, address, &trail));
        let tongue = self.content.words.tongue();
        let base = self.content.data.base_url.as_ref().filter(|_| !address.ends_with(".html"));
        let at = |tongue: Tongue| format!("{}{address}", tongue.folder());
        // The page for what is not there answers at any depth.
        let root = self.content.data.top().filter(|_| address == "404.html").unwrap_or_else(|| root(address));
        let top = if tongue.up().is_empty() {
            root.clone()
        } else {
            format!("{}{}", root.trim_start_matches("./"), tongue.up())
        };
        let tongues = if tongues.len() > 1 { tongues } else { &[] };
        let other = |other: &Tongue| Other {
            tag: other.tag(),
            name: other.name(),
            href: (*other != tongue).then(|| format!("{top}{}", at(*other))),
        };
        let shell = Shell {
            tag: tongue.tag(),
            title,
            description,
            section,
            canonical: base.map(|base| base.at(&at(tongue))),
            card: card.filter(|_| base.is_some()),
            blocks: !self.content.parts.kinds.is_empty(),
            tongues: tongues.iter().map(other).collect(),
            alternates: base.map(|base| alternates(base, tongues, address)).unwrap_or_default(),
            trail,
            linked: (!linked.is_empty()).then(|| data::linked::inside(&Value::from(linked))),
            root,
            top,
        };
        let mut context = Context::from_serialize(page).map_err(failed)?;
        context.insert("shell", &shell);
        context.insert("root", &shell.root);
        context.insert("top", &shell.top);
        Ok(self.noticed(self.tera.render(template, &context).map_err(failed)?))
    }

    /// A page that says once that some of it is English, if some of it is.
    fn noticed(&self, html: String) -> String {
        let Some((before, after)) = html.split_once(NOTICE) else { return html };
        if !after.contains(" lang=\"en\"") {
            return format!("{before}{after}");
        }
        format!("{before}<p class=\"notice\">{}</p>\n{after}", escape(&self.content.words.say("text.notice")))
    }
}

/// A page in each of its languages, for machines; nothing where it has but one.
fn alternates(base: &BaseUrl, tongues: &[Tongue], address: &str) -> Vec<Alternate> {
    if tongues.len() < 2 {
        return Vec::new();
    }
    let all = tongues.iter().map(|tongue| (tongue.tag(), *tongue)).chain([("x-default", Tongue::English)]);
    all.map(|(tag, tongue)| Alternate { tag, address: base.at(&format!("{}{address}", tongue.folder())) }).collect()
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
    /// From the first page of the language.
    pub(crate) href: Option<String>,
    /// Whether the label is English on a page of another language.
    pub(crate) english: bool,
    /// Whether it leads from such a page to one that is in English only.
    pub(crate) only_english: bool,
}

impl Link {
    /// A name that is the same in every language.
    pub(crate) fn new(label: impl Into<String>, href: Option<String>) -> Self {
        Self { label: label.into(), href, english: false, only_english: false }
    }

    /// To a page of code, from the top of the site.
    pub(crate) fn code(content: &Edition<'_>, label: impl Into<String>, href: &str) -> Self {
        let tongue = content.words.tongue();
        let href = Some(format!("{}{href}", tongue.up()));
        Self { only_english: tongue != Tongue::English, ..Self::new(label, href) }
    }

    /// To a page that is called as a text says.
    fn said(content: &Edition<'_>, key: &str, href: &str) -> Self {
        Self::new(content.words.say(key), Some(href.to_owned()))
    }

    fn model(content: &Edition<'_>, id: &str) -> Self {
        let href = content.model(id).map(|_| format!("models/{id}/"));
        Self::new(content.model_name(id), href)
    }

    fn family(content: &Edition<'_>, id: &str) -> Self {
        let href = content.has_family(id).then(|| format!("families/{id}/"));
        Self::new(content.family_name(id), href)
    }

    /// The trail to a page below that of a model, called as a text says.
    fn below_model(content: &Edition<'_>, id: &str, key: &str) -> Vec<Self> {
        let models = Self::said(content, "nav.models", "models/");
        vec![models, Self::model(content, id), Self::new(content.words.say(key), None)]
    }

    /// To a family, called one.
    fn of_family(content: &Edition<'_>, id: &str) -> Self {
        let family = Self::family(content, id);
        Self { label: content.words.with("family.of", &[("family", &family.label)]), ..family }
    }

    fn term(content: &Edition<'_>, axis: &str, term: &str) -> Self {
        let english = content.is_unnamed(axis, term);
        Self { english, ..Self::new(content.term_label(axis, term), content.term_href(axis, term)) }
    }

    /// What is said of a model, by the name of its field.
    fn field(content: &Edition<'_>, field: &str) -> Self {
        Self { english: !content.is_titled(field), ..Self::new(content.axis_title(field), None) }
    }

    fn terms(content: &Edition<'_>, axis: &str, model: &ModelSummary) -> Vec<Self> {
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
    /// Whether there is code that checks could run.
    code: bool,
    tally: TallyView,
}

impl Row {
    fn new(content: &Edition<'_>, model: &ModelSummary) -> Self {
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
            code: model.code,
            tally: TallyView::new(&content.words, &model.tally),
        }
    }

    fn all<'a>(content: &Edition<'_>, models: impl IntoIterator<Item = &'a ModelSummary>) -> Vec<Self> {
        models.into_iter().map(|model| Self::new(content, model)).collect()
    }
}

/// Labs, each leading to what else it made.
fn labs(content: &Edition<'_>, ids: &[String]) -> Vec<Link> {
    ids.iter().map(|id| Link::term(content, LAB, id)).collect()
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
    fn new(words: &Words, tally: &Tally) -> Self {
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
            status: StatusView::new(words, status),
        }
    }
}

/// A status as symbol, word and class: never colour alone.
#[derive(Debug, Clone, Serialize)]
struct StatusView {
    symbol: &'static str,
    word: String,
    class: &'static str,
}

impl StatusView {
    fn new(words: &Words, status: Status) -> Self {
        let symbol = match status {
            Status::Pass => "✓",
            Status::Waived => "△",
            Status::NotApplicable => "–",
            Status::ExpectedFailure => "▽",
            Status::UnexpectedPass => "!",
            Status::Flaky => "≈",
            Status::Fail => "✗",
            Status::Timeout => "⧖",
            Status::Error => "⚠",
        };
        Self { symbol, word: words.say(&format!("status.{}.word", status.as_str())), class: status.as_str() }
    }
}
