//! An image of any number of whole patches is read as the picture it is; any other is refused.
//!
//! # How
//!
//! With each head, images of several grids of patches, squares, rows and columns, give finite outputs. The same patches
//! laid out in rows of another length are another picture: however the tokens are rearranged, what the model says differs
//! far more than noise. Parts of a patch, one channel more, no pixel, too few numbers and NaN are refused.
//!
//! # Catches
//!
//! - positions that are stretched as if the grid were one row
//! - a grid that is taken for a square
//! - the rest of a patch that is dropped in silence
//!
//! # Seen
//!
//! - [facebookresearch/dino #8](https://github.com/facebookresearch/dino/issues/8): positions were stretched by one
//!   factor for both axes, so an image that is no square got a wrong number of them.
//! - [facebookresearch/dinov2 #378](https://github.com/facebookresearch/dinov2/pull/378): a scale factor that is rounded
//!   gave one row too few for some sizes, such as 546 pixels in patches of 14.
//! - [huggingface/candle #2286](https://github.com/huggingface/candle/issues/2286): where no stretching was needed, the
//!   image's own tokens were returned in the place of the positions.
//!
//! # Fix
//!
//! Look at `GridPositions::forward`: it must be given rows and columns, in this order, and must resize to a number of
//! places, never by a factor. Then at `PatchEmbedding::forward`, which returns the grid that it made. A refusal that is
//! missing belongs in the model's limits: `patch_size` and `channels` are checked before anything is uploaded.

use zoo_registry::input::Images;
use zoo_registry::output::Record;
use zoo_registry::{Error, ImageLimits, Input, Limits, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::pictures::least_moved;
use crate::subject::Subject;
use crate::values::{VISIBLE, Values, values};

/// Grids of patches, down and across. Those of as many patches are compared with each other: a square among them may be the grid
/// that positions were learnt on.
const GRIDS: [[usize; 2]; 15] = [
    [1, 1],
    [5, 5],
    [2, 2],
    [1, 4],
    [4, 1],
    [3, 3],
    [1, 9],
    [9, 1],
    [3, 4],
    [4, 3],
    [2, 6],
    [6, 2],
    [12, 1],
    [4, 4],
    [2, 8],
];

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    for variant in &variants {
        let (head, model) = (&variant.head, subject.hot(variant)?);
        let Limits::Images(limits) = model.limits() else {
            return Err(Stop::NotApplicable("it declares to read something else than images".into()));
        };
        let say = |images: Images| -> Result<Vec<Values>, Stop> {
            Ok(values(&model.forward(&Input::Images(images), Record::NOTHING)?))
        };
        let mut compared: Vec<([usize; 2], Vec<Values>)> = Vec::new();
        for grid in GRIDS {
            let said = say(laid_out(&limits, grid))?;
            let broken = said.iter().find(|value| value.data.is_empty() || value.data.iter().any(|x| !x.is_finite()));
            require(broken.is_none(), || {
                let name = broken.map_or("", |value| &value.name);
                format!("head `{head}`: {name} of an image of {grid:?} patches is not finite")
            })?;
            compared.push((grid, said));
        }
        let noise = subject.noise(variant, &[Input::Images(laid_out(&limits, [3, 4]))])?;
        for (index, (grid, said)) in compared.iter().enumerate() {
            let as_many = |(other, _): &&([usize; 2], _)| other[0] * other[1] == grid[0] * grid[1];
            for (other_grid, other) in compared[index + 1..].iter().filter(as_many) {
                let (name, moved) = least_moved(said, other, &noise);
                require(moved > VISIBLE, || {
                    format!(
                        "head `{head}`: the same patches in a grid of {grid:?} and of {other_grid:?} leave {name} within \
                         {moved:.1} × noise"
                    )
                })?;
            }
        }
        refusals(model.as_ref(), &limits).map_err(|problem| Stop::fails(format!("head `{head}`: {problem}")))?;
    }
    Ok(Finding::seen(format!("{} heads; {} grids of patches", variants.len(), GRIDS.len())))
}

/// An image whose patches, row by row, are the same random ones for every grid.
fn laid_out(limits: &ImageLimits, [rows, columns]: [usize; 2]) -> Images {
    let [down, across] = limits.patch_size;
    let dims = [1, limits.channels, rows * down, columns * across];
    let patch = |index: usize| {
        let mut draw = crate::seed::draw(&format!("patch {index}"));
        (0..limits.channels * down * across).map(|_| draw.normal() as f32).collect::<Vec<f32>>()
    };
    let patches: Vec<Vec<f32>> = (0..rows * columns).map(patch).collect();
    let mut pixel_values = Vec::with_capacity(dims.iter().product());
    for channel in 0..dims[1] {
        for (y, x) in (0..dims[2]).flat_map(|y| (0..dims[3]).map(move |x| (y, x))) {
            let patch = &patches[y / down * columns + x / across];
            pixel_values.push(patch[(channel * down + y % down) * across + x % across]);
        }
    }
    Images { dims, pixel_values }
}

fn refusals(model: &dyn Model, limits: &ImageLimits) -> Result<(), String> {
    let [down, across] = limits.patch_size;
    let sized = |[channels, height, width]: [usize; 3], filled: f32| {
        let dims = [1, channels, height, width];
        Images { dims, pixel_values: vec![filled; dims.iter().product()] }
    };
    let (channels, whole) = (limits.channels, [limits.channels, 2 * down, 2 * across]);
    let mut bad = vec![
        ("one channel more", sized([channels + 1, down, across], 0.5)),
        ("no pixel", sized([channels, 0, across], 0.5)),
        ("too few numbers", Images { pixel_values: vec![0.5; 3], ..sized(whole, 0.5) }),
        ("NaN", sized(whole, f32::NAN)),
    ];
    if down > 1 {
        bad.push(("a row of pixels more", sized([channels, 2 * down + 1, 2 * across], 0.5)));
    }
    if across > 1 {
        bad.push(("a column of pixels more", sized([channels, 2 * down, 2 * across + 1], 0.5)));
    }
    for (what, images) in bad {
        match model.forward(&Input::Images(images), Record::NOTHING) {
            Err(Error::Input { .. }) => {}
            Err(other) => return Err(format!("{what} is another error: {other}")),
            Ok(_) => return Err(format!("{what} is accepted")),
        }
    }
    Ok(())
}
