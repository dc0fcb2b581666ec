//! The catalogue and its record as they were when this was compiled, for whoever publishes them.

use include_dir::{Dir, include_dir};
use zoo_registry::{PlantedFacts, PlantedKind};

use crate::catalogue::{Patch, parsed_patches};
use crate::error::Result;
use crate::score::Score;

static BUGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/bugs");
static REWRITES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rewrites");
static NULLS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/nulls");

/// Every patch that was run, with the checks that failed: bugs, rewrites, nulls, each by area and in the order of its file.
///
/// # Errors
/// [`Error`](crate::Error) if what was compiled in does not parse, which a test looks at.
pub fn recorded() -> Result<Vec<PlantedFacts>> {
    let Score { bugs, rewrites, nulls, .. } = Score::recorded()?;
    let mut facts = Vec::new();
    for (kind, folder, caught) in [
        (PlantedKind::Bug, &BUGS, bugs),
        (PlantedKind::Rewrite, &REWRITES, rewrites),
        (PlantedKind::Null, &NULLS, nulls),
    ] {
        for patch in patches(folder)? {
            let Some(killers) = caught.get(&patch.id) else { continue };
            let Patch { id, file, family, what, alone, area, .. } = patch;
            let caught_by = killers.iter().cloned().collect();
            facts.push(PlantedFacts { id, kind, area, file, family, what, alone, caught_by });
        }
    }
    Ok(facts)
}

fn patches(folder: &Dir<'_>) -> Result<Vec<Patch>> {
    let mut files: Vec<_> = folder.files().collect();
    files.sort_by_key(|file| file.path());
    let each = files.into_iter().map(|file| parsed_patches(file.path(), file.contents_utf8().unwrap_or_default()));
    Ok(each.collect::<Result<Vec<_>>>()?.concat())
}
