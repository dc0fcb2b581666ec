//! Positions learnt for one grid of patches are stretched over any other as the facts say.
//!
//! # How
//!
//! With the table of positions made zero, the first hidden state is everything else that is embedded; with the table it is that and
//! the positions. On the grid they were learnt for, these are the table. On other grids, larger and smaller, wide and tall, the special
//! tokens keep their rows, and the patches' rows are the declared interpolation of the table, computed here in f64, place by
//! place. The guard: every other interpolation lies far outside the tolerance.
//!
//! # Catches
//!
//! - rows and columns exchanged
//! - corners aligned, or places off by half a cell
//! - another sharpness of the cubic
//! - special tokens that are stretched along, or put behind the patches
//!
//! # Seen
//!
//! - [facebookresearch/dinov2 #378](https://github.com/facebookresearch/dinov2/pull/378): a scale factor that is
//!   rounded in the place of a size.
//! - [facebookresearch/dino #8](https://github.com/facebookresearch/dino/issues/8): one factor for both axes.
//!
//! # Fix
//!
//! If the table itself differs, more is done to it than adding it. If special tokens differ, look at which rows are cut
//! off before stretching. If a square grid agrees and others do not, rows and columns are exchanged.

use zoo_registry::Limits;
use zoo_registry::descriptor::Stretch;

use crate::check::{Stop, Verdict, require};
use crate::parts;
use crate::pictures;
use crate::stretched::stretched;
use crate::subject::Subject;
use crate::values::{VISIBLE, Worst, gap};

/// Grids of patches, down and across.
const GRIDS: [[usize; 2]; 6] = [[1, 1], [2, 2], [5, 5], [3, 4], [4, 3], [2, 6]];
/// Every way there is.
const WAYS: [Stretch; 3] = [Stretch::Nearest, Stretch::Bilinear, Stretch::Bicubic];

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let components = &subject.descriptor().components;
    let declared = components.iter().find_map(|component| Some((component, component.stretch?)));
    let Some((component, how)) = declared else {
        return Err(Stop::NotApplicable("its facts name no positions that are stretched".into()));
    };
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        let head = &variant.head;
        let Limits::Images(limits) = subject.hot(&variant)?.limits() else {
            return Err(Stop::fails("its positions are stretched, and it reads no images"));
        };
        let hot = subject.hot_weights(&variant)?;
        let below = |path: &str| path == component.module || path.starts_with(&format!("{}.", component.module));
        let mut tables = hot.iter().filter(|(path, _)| below(path));
        let (Some((_, table)), None) = (tables.next(), tables.next()) else {
            return Err(Stop::fails(format!("expected one parameter at `{}`", component.module)));
        };
        let learnt: Vec<f32> = table.iter::<f32>().collect();
        let width = table.shape().to_vec().last().copied().unwrap_or(1);
        let noise = subject.noise(&variant, &[pictures::blank(&limits, GRIDS[3])])?;
        let with = subject.hot(&variant)?;
        let without = subject.filled(&variant, &subject.device, parts::changed(&hot, below, |_| 0.0))?;

        let mut told_apart = [0.0f64; WAYS.len()];
        for grid in GRIDS {
            let (said, rest) = (
                pictures::first_state(with.as_ref(), &limits, grid)?,
                pictures::first_state(without.as_ref(), &limits, grid)?,
            );
            let special = (said.row(0).len() / width).saturating_sub(grid[0] * grid[1]);
            let side = (learnt.len() / width - special).isqrt();
            require(side * side + special == learnt.len() / width, || {
                format!("head `{head}`: a table of {} rows is no grid after {special} tokens", learnt.len() / width)
            })?;
            let (kept, places) = learnt.split_at(special * width);
            let expected = |how| {
                let positions = [kept.to_vec(), stretched(places, width, [side; 2], grid, how)].concat();
                positions.iter().zip(rest.row(0)).map(|(position, rest)| position + rest).collect::<Vec<f32>>()
            };
            worst.see(noise.multiple(&said.name, gap(said.row(0), &expected(how))), || {
                format!("{} of {} × {} patches, head `{head}`", said.name, grid[0], grid[1])
            });
            for (apart, way) in told_apart.iter_mut().zip(WAYS) {
                *apart = apart.max(noise.multiple(&said.name, gap(&expected(way), &expected(how))));
            }
        }
        for (apart, way) in told_apart.into_iter().zip(WAYS).filter(|(_, way)| *way != how) {
            require(apart > VISIBLE, || {
                format!("head `{head}`: {way:?} lies {apart:.1} × noise from {how:?}, so nothing is seen")
            })?;
        }
    }
    worst.verdict("the table on its own grid, and stretched over others")
}
