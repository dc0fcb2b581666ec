//! What messengers show of pages: a card for each model, and one for all others. Only where the address of the site is known, for they ask
//! for whole addresses.

use serde::Serialize;
use zoo_catalog::view::Model;

use super::{Site, range};
use crate::card::{Card, Cards, Picture, Places, SIZE};
use crate::content::Content;
use crate::edition::Edition;
use crate::error::Result;
use crate::format::compact;
use crate::svg::{self, Shapes};

/// The card of pages that have none of their own.
const COMMON: &str = "og/zoo.png";

/// Draws the cards of a site.
pub(super) struct Drawn {
    cards: Cards,
    /// In the catalog's order, where each model stands that has a date and a size.
    known: Vec<Option<[f32; 2]>>,
    places: Places,
}

/// What a page says of its card.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Shown {
    /// Whole address.
    address: String,
    says: String,
    size: [u16; 2],
}

impl Drawn {
    pub(super) fn new(content: &Content) -> Result<Option<Self>> {
        if content.data.base_url.is_none() {
            return Ok(None);
        }
        let (known, places) = places(content);
        Ok(Some(Self { cards: Cards::new()?, known, places }))
    }
}

/// What pages say of the card that they share; nothing where the site has no address.
pub(super) fn common(content: &Edition<'_>) -> Option<Shown> {
    let base = content.data.base_url.as_ref()?;
    Some(Shown { address: base.at(COMMON), says: content.words.say("card.common"), size: SIZE })
}

/// Where models stand between the first and the last, the smallest and the largest.
fn places(content: &Content) -> (Vec<Option<[f32; 2]>>, Places) {
    let known = |model: &Model| {
        let (_, most) = model.summary.parameters.filter(|(_, most)| *most > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
        let height = (most as f64).log10();
        Some([svg::years(&model.summary.date)?, height])
    };
    let known: Vec<Option<[f64; 2]>> = content.models.iter().map(known).collect();
    let ends = |axis: usize| {
        let values = || known.iter().flatten().map(|place| place[axis]);
        (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max))
    };
    let ends = [ends(0), ends(1)];
    #[expect(clippy::cast_possible_truncation, reason = "a place in a picture")]
    let within = |place: [f64; 2]| {
        [0, 1].map(|axis| {
            let (first, last) = ends[axis];
            // Thousandths, so that no last bit of a logarithm shows.
            (((place[axis] - first) / (last - first).max(1e-9) * 1000.0).round() / 1000.0) as f32
        })
    };
    let places: Vec<Option<[f32; 2]>> = known.iter().map(|place| place.map(within)).collect();
    // Of more points than a card holds, some stand for all.
    let all: Vec<[f32; 2]> = places.iter().flatten().copied().collect();
    let all = all.iter().copied().step_by(all.len() / svg::MOST + 1).collect();
    let mut dated: Vec<&Model> =
        content.models.iter().zip(&known).filter(|(_, place)| place.is_some()).map(|(model, _)| model).collect();
    dated.sort_by_key(|model| &model.summary.date);
    let year =
        |model: Option<&&Model>| model.map(|model| model.summary.date.chars().take(4).collect()).unwrap_or_default();
    let sizes: Vec<u64> = dated.iter().filter_map(|model| model.summary.parameters).map(|(_, most)| most).collect();
    let size = |size: Option<&u64>| size.map(|size| compact(*size)).unwrap_or_default();
    let drawn = Places {
        all,
        years: [year(dated.first()), year(dated.last())],
        sizes: [size(sizes.iter().min()), size(sizes.iter().max())],
    };
    (places, drawn)
}

impl Site<'_> {
    /// The card of a model, drawn; nothing where the site has no address.
    pub(super) fn card(&self, model: &Model, shapes: Option<&Shapes>) -> Result<Option<Shown>> {
        let content = self.content;
        let (Some(base), Some(drawn)) = (&content.data.base_url, self.drawn) else { return Ok(None) };
        let summary = &model.summary;
        let own = content.models.binary_search_by(|known| known.summary.id.cmp(&summary.id)).ok();
        let own = own.and_then(|own| drawn.known.get(own).copied().flatten());
        let picture = shapes.map_or(Picture::Among(&drawn.places, own), Picture::Shapes);
        let says = match (shapes, own) {
            (Some(_), _) => "card.architecture",
            (None, Some(_)) => "card.place",
            (None, None) => "card.all",
        };
        let says = content.words.with(says, &[("name", &summary.name)]);
        let path = format!("og/{}.png", summary.id);
        let shown = Shown { address: base.at(&path), says, size: SIZE };
        // A card is a picture with English words, which all languages show.
        if !self.is_english() {
            return Ok(Some(shown));
        }
        let facts = [
            Some(summary.date.chars().take(4).collect()),
            summary.parameters.map(range).map(|count| format!("{count} parameters")),
            Some(format!("{} family", content.family_name(&summary.family))),
        ];
        let facts = facts.into_iter().flatten().collect();
        let card = Card { name: &summary.name, id: &summary.id, summary: &summary.summary, facts, picture };
        let png = drawn.cards.draw(&card)?;
        self.pages.put(path, png)?;
        Ok(Some(shown))
    }

    /// The card of all other pages, drawn.
    pub(super) fn common_card(&self) -> Result<()> {
        let content = self.content;
        let Some(drawn) = self.drawn else { return Ok(()) };
        let facts = vec![format!("{} models", content.models.len()), format!("{} families", content.families.len())];
        let card = Card {
            name: "Transformers",
            id: "zoo",
            summary: "Each drawn from its own code, classified and checked.",
            facts,
            picture: Picture::Among(&drawn.places, None),
        };
        let png = drawn.cards.draw(&card)?;
        self.pages.put(COMMON.into(), png)
    }
}
