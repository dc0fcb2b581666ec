//! What models that look at images see of them.

use zoo_registry::input::Images;
use zoo_registry::output::Record;
use zoo_registry::{ImageLimits, Input, Model};

use crate::check::Stop;
use crate::inputs;
use crate::values::{Axes, Noise, Values, gap, values};

/// An image of so many rows and columns of patches, without a thing on it.
pub(crate) fn blank(limits: &ImageLimits, [rows, columns]: [usize; 2]) -> Input {
    let [down, across] = limits.patch_size;
    let dims = [1, limits.channels, rows * down, columns * across];
    Input::Images(Images { dims, pixel_values: vec![0.0; dims.iter().product()] })
}

/// What a model makes of a blank image before its first layer.
///
/// # Errors
/// [`Stop::Fails`] if it records nothing there.
pub(crate) fn first_state(model: &dyn Model, limits: &ImageLimits, grid: [usize; 2]) -> Result<Values, Stop> {
    let said = values(&model.forward(&blank(limits, grid), Record::ALL)?);
    let first = said.into_iter().find(|value| value.name.ends_with("hidden_states.0"));
    first.ok_or_else(|| Stop::fails("it records no `hidden_states.0`"))
}

/// Everything in an image that some output does not depend on, in words: each patch, and in turn each pixel of a patch in each
/// channel. With `everywhere`, each position must depend on it; otherwise only what is said of the whole image.
pub(crate) fn unseen(model: &dyn Model, limits: &ImageLimits, everywhere: bool) -> Result<Vec<String>, Stop> {
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

/// How far each output moves when two patches change places, beyond what a rearrangement of the tokens explains, and how far at
/// the last position, where neither of them stands.
pub(crate) fn moved_by_patches(
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
    let mut found = Vec::new();
    for (before, after) in before.iter().zip(&after) {
        found.push((before.name.clone(), moved(before, after, noise)));
        if let (Axes::Token(_), Some(last)) = (before.axes, before.shape.get(1).and_then(|len| len.checked_sub(1))) {
            let last = [last];
            let at_the_end = gap(&before.part(0, |_| &last), &after.part(0, |_| &last));
            found.push((format!("{} at the last position", before.name), noise.multiple(&before.name, at_the_end)));
        }
    }
    Ok(found)
}

/// What the images are called whose noise [`moved_by_patches`] compares with.
pub(crate) const ORDERED: &str = "order";

/// The output that moved least, and how far, in multiples of the noise.
pub(crate) fn least_moved<'a>(before: &'a [Values], after: &[Values], noise: &Noise) -> (&'a str, f64) {
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
