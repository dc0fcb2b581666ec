//! What models that look at images see of them.

use zoo_registry::input::Images;
use zoo_registry::output::Record;
use zoo_registry::{Error, ImageLimits, Input, Limits, Model};

use crate::check::{Check, Finding, Stop, Verdict, require};
use crate::inputs;
use crate::subject::Subject;
use crate::values::{Axes, Noise, VISIBLE, Values, gap, values};

pub(super) const IMAGES_OF_ANY_SIZE: Check = Check {
    id: "images-of-any-size",
    statement: "An image of any number of whole patches is read as the picture it is; any other is refused.",
    method: "With each head, images of several grids of patches, squares, rows and columns, give finite outputs. The same patches \
             laid out in rows of another length are another picture: however the tokens are rearranged, what the model says \
             differs far more than noise. Parts of a patch, one channel more, no pixel, too few numbers and NaN are refused.",
    catches: &[
        "positions that are stretched as if the grid were one row",
        "a grid that is taken for a square",
        "the rest of a patch that is dropped in silence",
    ],
    run: images_of_any_size,
};

/// Grids of patches, down and across. Those of twelve patches are compared with each other.
const GRIDS: [[usize; 2]; 8] = [[1, 1], [2, 2], [5, 5], [3, 4], [4, 3], [2, 6], [6, 2], [12, 1]];
const COMPARED: usize = 12;

fn images_of_any_size(subject: &Subject<'_>) -> Verdict {
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
            if grid[0] * grid[1] == COMPARED {
                compared.push((grid, said));
            }
        }
        let noise = subject.noise(variant, &[Input::Images(laid_out(&limits, [3, 4]))])?;
        for (index, (grid, said)) in compared.iter().enumerate() {
            for (other_grid, other) in &compared[index + 1..] {
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
        let mut draw = zoo_registry::draw::Draw::new(&format!("patch {index}"));
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

/// Everything in an image that some output does not depend on, in words: each patch, and in turn each pixel of a patch in each
/// channel. With `everywhere`, each position must depend on it; otherwise only what is said of the whole image.
pub(super) fn unseen(model: &dyn Model, limits: &ImageLimits, everywhere: bool) -> Result<Vec<String>, Stop> {
    const IMAGES: usize = 3;
    let Input::Images(images) = inputs::input(model, "flow", IMAGES)? else {
        return Err(Stop::fails("expected images"));
    };
    let say = |images: Images| -> Result<Vec<Values>, Stop> {
        Ok(values(&model.forward(&Input::Images(images), Record::NOTHING)?))
    };
    let [_, channels, height, width] = images.dims;
    let [down, across] = limits.patch_size;
    let columns = width / across;
    let patches = height / down * columns;
    let in_a_patch = channels * down * across;
    // Which pixels are changed, and what they are called.
    let whole = (0..patches).map(|patch| (format!("patch {patch}"), patch, (0..in_a_patch).collect::<Vec<_>>()));
    let single = (0..in_a_patch).map(|pixel| {
        let (channel, y, x) = (pixel / (down * across), pixel / across % down, pixel % across);
        let name = format!("channel {channel} of pixel [{y}, {x}] of patch {}", pixel % patches);
        (name, pixel % patches, vec![pixel])
    });
    let before = say(images.clone())?;
    let mut problems = Vec::new();
    for (name, patch, pixels) in whole.chain(single) {
        let mut changed = images.clone();
        for (image, &pixel) in (0..IMAGES).flat_map(|image| pixels.iter().map(move |pixel| (image, pixel))) {
            let (channel, y, x) = (pixel / (down * across), pixel / across % down, pixel % across);
            let (y, x) = (patch / columns * down + y, patch % columns * across + x);
            changed.pixel_values[((image * channels + channel) * height + y) * width + x] += 1.0;
        }
        for (before, after) in before.iter().zip(&say(changed)?) {
            let blind = match before.axes {
                Axes::Text => unchanged(before, after, None),
                _ if !everywhere => None,
                _ => (0..before.shape.get(1).copied().unwrap_or(0)).find_map(|at| unchanged(before, after, Some(at))),
            };
            problems.extend(blind.map(|place| format!("{}{place} does not see {name}", before.name)));
        }
    }
    Ok(problems)
}

/// The place, in words, if it is the same bit for bit in every image.
fn unchanged(before: &Values, after: &Values, at: Option<usize>) -> Option<String> {
    let at = at.as_slice();
    let images = before.shape.first().copied().unwrap_or(0);
    let same = (0..images).all(|image| before.part(image, |_| at) == after.part(image, |_| at));
    same.then(|| at.first().map_or_else(String::new, |at| format!(" at position {at}")))
}

/// How far each output moves when two patches change places, beyond what a rearrangement of the tokens explains.
pub(super) fn moved_by_patches(
    model: &dyn Model,
    limits: &ImageLimits,
    noise: &Noise,
) -> Result<Vec<(String, f64)>, Stop> {
    let Input::Images(images) = inputs::input(model, ORDERED, 1)? else {
        return Err(Stop::fails("expected images"));
    };
    let [_, channels, height, width] = images.dims;
    let [down, across] = limits.patch_size;
    let mut exchanged = images.clone();
    // The first patch and the one before the last, which stand in no common row or column.
    let (top, left) = (height - down, width - 2 * across);
    for channel in 0..channels {
        for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
            let at = |y: usize, x: usize| (channel * height + y) * width + x;
            exchanged.pixel_values.swap(at(y, x), at(top + y, left + x));
        }
    }
    let say = |images: Images| -> Result<Vec<Values>, Stop> {
        Ok(values(&model.forward(&Input::Images(images), Record::NOTHING)?))
    };
    let (before, after) = (say(images)?, say(exchanged)?);
    Ok(before.iter().zip(&after).map(|(before, after)| (before.name.clone(), moved(before, after, noise))).collect())
}

/// What the images are called whose noise [`moved_by_patches`] compares with.
pub(super) const ORDERED: &str = "order";

fn least_moved<'a>(before: &'a [Values], after: &[Values], noise: &Noise) -> (&'a str, f64) {
    let moves = before.iter().zip(after).map(|(before, after)| (before.name.as_str(), moved(before, after, noise)));
    moves.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(("nothing", 0.0))
}

/// How far the token that changed most is from the nearest token of the other output; of one answer an image, how far it moved.
/// In multiples of the noise.
fn moved(before: &Values, after: &Values, noise: &Noise) -> f64 {
    if before.axes == Axes::Text {
        return noise.multiple(&before.name, gap(&before.data, &after.data));
    }
    let tokens = |value: &Values| -> Vec<Vec<f32>> {
        (0..value.shape.get(1).copied().unwrap_or(0)).map(|at| value.part(0, |_| std::slice::from_ref(&at))).collect()
    };
    let after = tokens(after);
    let nearest = |token: &Vec<f32>| after.iter().map(|other| gap(token, other)).fold(f64::INFINITY, f64::min);
    noise.multiple(&before.name, tokens(before).iter().map(nearest).fold(0.0, f64::max))
}
