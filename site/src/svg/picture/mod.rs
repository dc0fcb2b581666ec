//! Pictures of building blocks, drawn from their data: large for a page, small for a gallery.

mod cells;
mod curves;
mod wiring;

use std::collections::BTreeMap;

use zoo_registry::picture::{Picture, Shown};

use super::{Canvas, Caption};

/// How large a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// With the names of its axes.
    Page,
    /// Its shape alone.
    Thumbnail,
}

/// The picture for a page of its own.
pub(crate) fn picture(title: &str, picture: &Picture) -> String {
    let (canvas, width, height) = drawn(picture, Size::Page);
    Caption { name: "picture", title, description: &picture.says }.inline(&canvas, width, height)
}

/// The picture as a file of its own.
pub(crate) fn picture_file(title: &str, picture: &Picture) -> String {
    let (canvas, width, height) = drawn(picture, Size::Page);
    let style = concat!(include_str!("../../../static/figure.css"), include_str!("../../../static/picture.css"));
    Caption { name: "picture", title, description: &picture.says }.styled(&canvas, [width, height], style)
}

/// A small picture beside its name, which says what it is: screen readers pass over it.
pub(crate) fn thumbnail(picture: &Picture) -> String {
    let (canvas, width, height) = drawn(picture, Size::Thumbnail);
    format!(
        "<svg class=\"figure thumbnail\" viewBox=\"0 0 {width} {height}\" width=\"96\" height=\"96\" preserveAspectRatio=\"xMinYMax\" aria-hidden=\"true\">{}</svg>",
        canvas.body
    )
}

fn drawn(picture: &Picture, size: Size) -> (Canvas, i32, i32) {
    match &picture.shown {
        Shown::Cells(panels) => cells::marks(panels, size),
        Shown::Heat(panels) => cells::heat(panels, size),
        Shown::Curves(curves) => curves::draw(curves, size),
        Shown::Heads(heads) => wiring::heads(heads, size),
        Shown::Wiring(panels) => wiring::draw(panels, size),
    }
}

/// How many a year, as bars; none where no year is known.
pub(crate) fn by_year(title: &str, counts: &BTreeMap<u16, usize>) -> Option<String> {
    const WIDTH: i32 = 22;
    const HEIGHT: i32 = 56;
    let (&first, &last) = (counts.keys().next()?, counts.keys().next_back()?);
    let most = counts.values().copied().max().unwrap_or(1).max(1);
    let mut canvas = Canvas::default();
    let mut told = Vec::new();
    for (year, column) in (first..=last).zip(0..) {
        let count = counts.get(&year).copied().unwrap_or(0);
        let share = i32::try_from(count * 40 / most).unwrap_or(40);
        let height = if count == 0 { 1 } else { share.max(3) };
        let x = column * WIDTH;
        canvas.link(None, |canvas| {
            canvas.title(&format!("{year}: {count}"));
            canvas.rect(
                if count == 0 { "grid" } else { "fill year" },
                [x + 2, HEIGHT - 16 - height, WIDTH - 4, height],
                1,
            );
        });
        if count > 0 {
            told.push(format!("{year}: {count}"));
        }
        canvas.text("code mid", x + WIDTH / 2, HEIGHT - 3, &format!("{:02}", year % 100));
    }
    let width = i32::from(last - first + 1) * WIDTH;
    let description = told.join(", ");
    Some(Caption { name: "by-year", title, description: &description }.inline(&canvas, width, HEIGHT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zoo_registry::picture;

    #[test]
    fn every_picture_is_drawn_within_its_frame() {
        let axes = zoo_registry::vocabulary::axes();
        let places =
            axes.iter().flat_map(|axis| axis.terms.iter().map(move |term| (axis.id.as_str(), term.id.as_str())));
        let mut count = 0;
        for (kind, id) in places.chain([("mlp", "dense"), ("mlp", "gated"), ("mlp", "mixture-of-experts")]) {
            let Some(data) = picture::picture(kind, id) else { continue };
            count += 1;
            for text in [super::picture(id, &data), thumbnail(&data)] {
                let number = |name: &str| -> i32 {
                    let after = &text[text.find(&format!(" {name}=\"")).unwrap() + name.len() + 3..];
                    after[..after.find('"').unwrap()].parse().unwrap()
                };
                let (width, height) = (number("width"), number("height"));
                assert!((20..=760).contains(&width) && (20..=520).contains(&height), "{kind}/{id}: {width} × {height}");
                for attribute in ["x", "y"] {
                    for piece in text.split(&format!(" {attribute}=\"")).skip(1) {
                        let at: i32 = piece[..piece.find('"').unwrap()].parse().unwrap();
                        let limit = if attribute == "x" { width } else { height };
                        assert!((0..=limit).contains(&at), "{kind}/{id}: {attribute}={at} of {limit}");
                    }
                }
                assert!(!text.contains("style=") && text.len() < 16_000, "{kind}/{id}: {} bytes", text.len());
            }
        }
        assert!(count > 40, "only {count}");
    }

    #[test]
    fn years_without_any_stand_empty_between() {
        let drawn = by_year("Years", &BTreeMap::from([(2017, 2), (2019, 4)])).unwrap();
        assert_eq!(drawn.matches("<title>2018: 0").count(), 1);
        assert!(drawn.contains(">2017: 2, 2019: 4</desc>") && by_year("", &BTreeMap::new()).is_none());
    }
}
