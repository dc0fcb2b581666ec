//! Everything the pages are written from: the catalog's views, gathered once.

use std::collections::BTreeMap;

use futures_util::future::try_join3;
use zoo_catalog::Catalog;
use zoo_catalog::view::{AxisFacts, Family, Matrix, Model, Parts, Question, Revision};
use zoo_registry::vocabulary::labs::Lab;
use zoo_registry::vocabulary::licences::LicenceName;

use crate::data::Data;
use crate::error::{Error, Result};
use crate::tryout::Tryout;
use crate::words::Tongue;

/// Axes that describe how a fact is known or related, not a model: they get no pages of terms.
pub(crate) const RECORD_AXES: [&str; 3] = ["lineage-relation", "source", "confidence"];

/// Models that are read at a time.
const AT_A_TIME: usize = 128;

/// Questions about where a model comes from, which are no axes of the taxonomy: who made it, in which year, and under which licences.
pub(crate) const LAB: &str = "lab";
pub(crate) const YEAR: &str = "year";
pub(crate) const LICENCE: &str = "licence";

/// The catalog's views, as plain data.
#[derive(Debug, Clone)]
pub struct Content {
    /// Every architecture, sorted by id.
    pub models: Vec<Model>,
    /// Every family, sorted by id.
    pub families: Vec<Family>,
    /// The conformance matrix.
    pub matrix: Matrix,
    /// The vocabularies, in the order they are shown.
    pub axes: Vec<AxisFacts>,
    /// What the answers to every question are called, those of labs and families too.
    pub answers: Vec<Question>,
    /// Who made the models, and what these labs have become, sorted by id.
    pub labs: Vec<Lab>,
    /// What code and weights are under, sorted by id.
    pub licences: Vec<LicenceName>,
    /// Whether the pages will be indexed by their words.
    pub indexed: bool,
    /// Building blocks, the code they share, and the glossary.
    pub parts: Parts,
    /// What the catalog said anew, the newest first; empty where nobody kept record.
    pub history: Vec<Revision>,
    /// What runs in the reader's page, if it was built.
    pub tryout: Option<Tryout>,
    /// What the commands of each model's demo print, by the model's id and by command.
    pub printed: Printed,
    /// What stands beside the pages, for programs.
    pub data: Data,
    /// The languages that pages are written in. English is always one of them.
    pub tongues: Vec<Tongue>,
}

/// What commands printed when they were run, by the id of the model they show and by what follows `zoo`.
pub type Printed = BTreeMap<String, BTreeMap<String, String>>;

impl Content {
    /// Reads everything from a catalog.
    ///
    /// # Errors
    /// [`Error::Catalog`].
    pub async fn read(catalog: &Catalog) -> Result<Self> {
        let models = async {
            let mut models = Vec::new();
            for lines in catalog.models().await?.chunks(AT_A_TIME) {
                models.extend(catalog.whole(lines.to_vec()).await?);
            }
            Ok::<_, Error>(models)
        };
        let lists = async {
            Ok::<_, Error>((
                catalog.families().await?,
                catalog.matrix().await?,
                catalog.axes().await?,
                catalog.answers().await?,
            ))
        };
        let rest = async {
            let mut history = catalog.history().await?;
            history.reverse();
            let origins = (catalog.labs().await?, catalog.licences().await?);
            Ok::<_, Error>((origins, catalog.parts().await?, history, Data::read(catalog).await?))
        };
        let (models, (families, matrix, axes, answers), ((labs, licences), parts, history, data)) =
            try_join3(models, lists, rest).await?;
        Ok(Self {
            models,
            families,
            matrix,
            axes,
            answers,
            labs,
            licences,
            indexed: false,
            parts,
            history,
            tryout: None,
            printed: Printed::new(),
            data,
            tongues: Tongue::ALL.to_vec(),
        })
    }

    /// Refuses ids that would not make an address.
    pub(crate) fn check(&self) -> Result<()> {
        let models = self.models.iter().map(|model| ("architecture", &model.summary.id));
        let families = self.families.iter().map(|family| ("family", &family.id));
        let axes = self.axes.iter().map(|axis| ("axis", &axis.id));
        let terms = self.axes.iter().flat_map(|axis| &axis.terms).map(|term| ("term", &term.id));
        let checks = self.matrix.suite.checks.iter().map(|check| ("check", &check.id));
        let kinds = self.parts.kinds.iter().map(|kind| ("kind of part", &kind.id));
        let parts = self.parts.kinds.iter().flat_map(|kind| &kind.parts).map(|part| ("part", &part.id));
        let dates = self.history.iter().map(|revision| ("revision", &revision.date));
        let changes = self.history.iter().flat_map(|revision| &revision.changes);
        let changed = changes.map(|change| ("architecture that changed", &change.model)).chain(dates);
        let ids =
            models.chain(families).chain(axes).chain(terms).chain(checks).chain(kinds).chain(parts).chain(changed);
        match ids.into_iter().find(|(_, id)| !is_slug(id)) {
            Some((what, id)) => Err(Error::Id { what, id: id.clone() }),
            None => Ok(()),
        }
    }
}

/// Whether an id can stand in an address as it is.
pub(crate) fn is_slug(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    id.chars().all(plain) && !id.starts_with('.') && !id.ends_with('.') && !id.is_empty()
}
