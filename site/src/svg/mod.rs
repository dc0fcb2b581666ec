//! Pictures drawn at build time: plain SVG, classes instead of styles, every label escaped.

mod badge;
mod bar;
mod chart;
mod diagram;
mod layer;
mod layout;
mod lineage;
mod map;
mod picture;
mod plan;
mod room;
mod shapes;
mod timeline;
mod wires;

pub(crate) use badge::Badge;
pub(crate) use bar::{Segment, bar, segments};
pub(crate) use chart::chart;
pub(crate) use diagram::{DrawnRow, draw};
pub(crate) use lineage::lineage;
pub(crate) use map::map;
pub(crate) use picture::{by_year, picture, picture_file, thumbnail};
pub(crate) use plan::{Around, Bare};
pub(crate) use shapes::{Shape, Shapes};
pub(crate) use timeline::{Frame, Scales, scales, timeline};

use std::fmt::Write as _;

use zoo_registry::descriptor::Component;

use crate::format::escape;
use crate::parts::Part;

/// Models that a picture holds: with more there is no room to see one, and the table beside it says it better.
pub(crate) const MOST: usize = 2_000;

/// Kinds of part that pictures tell apart, and their names for people.
pub(crate) const CATEGORIES: [&str; 6] = ["embedding", "attention", "mlp", "norm", "head", "other"];

/// What kind of part a module is: what its component says, else what its type is called.
pub(crate) fn category(part: &Part<'_>, components: &[Component]) -> Option<&'static str> {
    let known = |kind: &str| CATEGORIES.iter().copied().find(|id| *id == kind);
    if let Some((_, component)) = part.component(components) {
        return known(&component.kind).or(Some("other"));
    }
    let (kind, name) = (part.kind.to_lowercase(), part.name.to_lowercase());
    let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    if has(&["embedding"]) {
        Some("embedding")
    } else if has(&["attention"]) {
        Some("attention")
    } else if has(&["mlp", "feedforward", "expert", "moe"]) {
        Some("mlp")
    } else if has(&["norm"]) {
        Some("norm")
    } else if has(&["head"]) || name == "head" || name.ends_with("_head") {
        Some("head")
    } else {
        None
    }
}

/// Writes the elements of one picture.
#[derive(Default)]
pub(crate) struct Canvas {
    body: String,
    /// What of it a picture without words shows.
    shapes: Vec<Shape>,
}

impl Canvas {
    fn rect(&mut self, class: &str, [x, y, width, height]: [i32; 4], radius: i32) {
        self.shapes.extend(Shape::of_rect(class, [x, y, width, height]));
        self.put(format_args!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>"#
        ));
    }

    fn circle(&mut self, class: &str, x: i32, y: i32, radius: i32) {
        if class == "sum" {
            self.shapes.push(Shape::Sum([x, y]));
        }
        self.put(format_args!(r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}"/>"#));
    }

    fn path(&mut self, class: &str, d: &str) {
        if class.starts_with("wire") {
            self.shapes.extend(shapes::wires(d));
        }
        self.put(format_args!(r#"<path class="{class}" d="{d}"/>"#));
    }

    fn text(&mut self, class: &str, x: i32, y: i32, text: &str) {
        self.put(format_args!(r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#, escape(text)));
    }

    fn title(&mut self, text: &str) {
        self.put(format_args!("<title>{}</title>", escape(text)));
    }

    /// What `inside` draws becomes a link, where there is somewhere to go; a group otherwise.
    fn link(&mut self, href: Option<&str>, inside: impl FnOnce(&mut Self)) {
        match href {
            Some(href) => self.put(format_args!(r#"<a href="{}">"#, escape(href))),
            None => self.put(format_args!("<g>")),
        }
        inside(self);
        self.body.push_str(if href.is_some() { "</a>" } else { "</g>" });
    }

    /// A small picture beside the word that says what it is.
    fn key(&self, [width, height]: [i32; 2]) -> String {
        let body = &self.body;
        format!("<svg class=\"figure\" width=\"{width}\" height=\"{height}\" aria-hidden=\"true\">{body}</svg>")
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(element);
    }
}

/// Where a picture stands and what it is called.
pub(crate) struct Caption<'a> {
    /// Class of the `<svg>` and start of the ids of its title and description.
    pub name: &'a str,
    /// Name.
    pub title: &'a str,
    /// What it shows, in words.
    pub description: &'a str,
}

impl Caption<'_> {
    /// An `<svg>` for a page: colours come from the page, links work, so it is a group of things and not one image.
    fn inline(&self, canvas: &Canvas, width: i32, height: i32) -> String {
        let Self { name, title, description } = self;
        // A bar has no text of its own: it may take any width.
        let stretch = if *name == "bar" { " preserveAspectRatio=\"none\"" } else { "" };
        format!(
            "<svg class=\"figure {name}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\"{stretch} \
             role=\"group\" aria-labelledby=\"{name}-title\" aria-describedby=\"{name}-desc\">\
             <title id=\"{name}-title\">{}</title><desc id=\"{name}-desc\">{}</desc>{}</svg>",
            escape(title),
            escape(description),
            canvas.body
        )
    }

    /// An `<svg>` file of its own, with its own colours.
    fn standalone(&self, canvas: &Canvas, width: i32, height: i32) -> String {
        self.styled(canvas, [width, height], include_str!("../../static/figure.css"))
    }

    /// The same with a style of its own.
    fn styled(&self, canvas: &Canvas, [width, height]: [i32; 2], style: &str) -> String {
        let Self { name, title, description } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure {name} alone\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\
             <title id=\"title\">{}</title><desc id=\"desc\">{}</desc><style>{}</style>\
             <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>{}</svg>\n",
            escape(title),
            escape(description),
            style,
            canvas.body
        )
    }
}

/// The shape of a kind of model, for a key.
pub(crate) fn key_mark(kind: usize) -> String {
    let mut canvas = Canvas::default();
    timeline::mark(&mut canvas, kind, 8, 8, 5);
    canvas.key([16, 16])
}

/// The stroke of a kind of edge, for a key.
pub(crate) fn key_line(kind: usize) -> String {
    let mut canvas = Canvas::default();
    canvas.path(&format!("edge r{}", kind % 4), "M1 8H35");
    canvas.key([36, 16])
}

/// Rough width of a text in pixels.
fn text_width(text: &str, per_letter: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "labels are short")]
    let width = (text.chars().count() as f64 * per_letter).ceil() as i32;
    width
}

/// Rough width in pixels of a text in bold letters of 14 pixels.
fn label_width(text: &str) -> i32 {
    let tenths = |letter: char| match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | '\'' | '|' | ' ' => 50,
        't' | 'f' | 'r' | '(' | ')' | '-' => 68,
        'm' | 'w' | 'M' | 'W' => 143,
        letter if letter.is_ascii_uppercase() => 108,
        letter if letter.is_ascii() => 95,
        // Scripts whose letters fill a square.
        _ => 140,
    };
    text.chars().map(tenths).sum::<i32>() / 10 + 1
}

/// A text cut to a width, with `…` where something went.
fn fit(text: &str, width: i32, per_letter: f64) -> String {
    fit_by(text, width, |text| text_width(text, per_letter))
}

/// The same, of letters that are not equally wide.
fn fit_by(text: &str, width: i32, measure: impl Fn(&str) -> i32) -> String {
    if measure(text) <= width {
        return text.to_owned();
    }
    let mut kept: String = text.to_owned();
    while !kept.is_empty() && measure(&kept) + 10 > width {
        kept.pop();
    }
    format!("{}…", kept.trim_end())
}

/// Years since 1900 with a fraction, from an ISO day or month; `None` where it is neither.
pub(crate) fn years(date: &str) -> Option<f64> {
    let mut parts = date.split('-').map(|part| part.parse::<f64>().ok());
    let year = parts.next()??;
    let month = parts.next().flatten().unwrap_or(1.0);
    let day = parts.next().flatten().unwrap_or(15.0);
    Some(year - 1900.0 + (month - 1.0) / 12.0 + (day - 1.0) / 372.0)
}
