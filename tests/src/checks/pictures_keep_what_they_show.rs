//! Preparing an image changes its size and its scale, and nothing of what it shows.
//!
//! # How
//!
//! By the family's own settings, and by these with each of Pillow's filters and with a crop: a picture of one colour
//! stays of that colour, which becomes the number that its mean, deviation and scale make of it, to the last level; a
//! mirror image is prepared to the mirror image; the sides come out as they are asked for, a shortest edge on the shorter
//! side, the other in proportion; the finest of checkerboards, shrunk, is grey and nothing else; a straight slope,
//! enlarged by filters that keep straight lines, is straight. Each step, left out, changes the numbers; one that nobody
//! knows is refused. The guards: the checkerboard has levels far from grey, and what is mirrored differs from its mirror
//! image.
//!
//! # Catches
//!
//! - a crop that is not centred
//! - pixels that are skipped when a picture shrinks
//! - a cubic that overshoots straight lines
//! - a colour, a side or a setting in another's place
//!
//! # Seen
//!
//! - [shift-happens-benchmark/icml-2022 #62](https://github.com/shift-happens-benchmark/icml-2022/pull/62): a resize that
//!   skips pixels gave patterns that were not there.
//! - [zylo117/Yet-Another-EfficientDet-Pytorch
//!   #197](https://github.com/zylo117/Yet-Another-EfficientDet-Pytorch/issues/197): each colour got another one's mean
//!   and deviation.
//! - [junyanz/pytorch-CycleGAN-and-pix2pix #138](https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix/issues/138): the
//!   width was always the side that was scaled, so a wide picture came out lower than the crop.
//!
//! # Fix
//!
//! If one colour does not stay, compare the numbers with the settings, colour by colour; if it is one level too dark here
//! and there, sums are cut off instead of rounded. If mirror images differ, see where the crop begins. If grey has
//! stripes, filters do not widen. The message names the settings.

use serde_json::{Map, Value, json};
use zoo_registry::input::Images;

use crate::check::{Finding, Stop, Verdict, require};
use crate::prepared::{Picture, changed, parsed, small};
use crate::subject::Subject;

/// Of red, green and blue, far apart.
const COLOUR: [u8; 3] = [31, 118, 203];

/// Pillow's codes of the filters that do not jump.
const SMOOTH: [u64; 4] = [1, 2, 3, 5];

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let own = &subject.descriptor().published.preprocessor;
    if own.is_empty() {
        return Err(Stop::NotApplicable("it publishes no way to prepare images".into()));
    }
    let small = small(own);
    let with = |code: u64| (format!("filter {code}"), changed(&small, json!({ "resample": code })));
    let larger = json!({ "size": { "height": 61, "width": 44 }, "crop_size": { "height": 51, "width": 30 } });
    let mut all = vec![("as published".to_owned(), own.clone()), ("larger".to_owned(), changed(&small, larger))];
    // Where a family's means are its deviations, the two could be each other.
    let colours = json!({ "image_mean": [0.31, 0.42, 0.53], "image_std": [0.17, 0.24, 0.36] });
    all.push(("another mean and deviation".to_owned(), changed(&small, colours)));
    all.extend((0..6).map(with));
    for (what, settings) in &all {
        let look = || {
            one_colour(settings)?;
            // What stands in the middle between two pixels goes to the same side of both where filters jump.
            let smooth = settings.get("resample").is_some_and(|code| SMOOTH.iter().any(|smooth| code == smooth));
            if smooth { mirror(settings) } else { Ok(()) }
        };
        look().map_err(|stop| Stop::fails(format!("{what}: {stop}")))?;
    }
    sides(&small)?;
    checkerboard(&small)?;
    slopes(&small)?;
    steps(own, &small)?;
    Ok(Finding::seen(format!("one colour, a mirror image, sides, fine patterns and slopes by {} settings", all.len())))
}

/// One colour stays.
fn one_colour(settings: &Map<String, Value>) -> Result<(), Stop> {
    let found = Picture::of([17, 23], |_| COLOUR).prepared(settings)?;
    for (colour, shown) in COLOUR.into_iter().enumerate() {
        let expected = number(settings, colour, shown.into());
        // Half of what one level makes.
        let level = (number(settings, colour, 1.0) - number(settings, colour, 0.0)).abs() / 2.0;
        let other = channel(&found, colour).iter().copied().find(|&found| (f64::from(found) - expected).abs() > level);
        require(other.is_none(), || {
            let other = other.unwrap_or_default();
            format!("level {shown} of colour {colour} must be {expected:.4} everywhere, found {other:.4}")
        })?;
    }
    Ok(())
}

/// What the settings make of a level.
fn number(settings: &Map<String, Value>, colour: usize, level: f64) -> f64 {
    let get = |field: &str| settings.get(field).filter(|value| !value.is_null());
    let on = |step: &str| get(step) != Some(&Value::Bool(false));
    let of = |field: &str| get(field).filter(|_| on("do_normalize")).and_then(|colours| colours[colour].as_f64());
    let factor = get("rescale_factor").and_then(Value::as_f64).unwrap_or(1.0 / 255.0);
    let scaled = if on("do_rescale") { level * factor } else { level };
    (scaled - of("image_mean").unwrap_or(0.0)) / of("image_std").unwrap_or(1.0)
}

/// Mirrored, and upside down.
fn mirror(settings: &Map<String, Value>) -> Result<(), Stop> {
    // Sides that leave as much on both sides of a crop.
    let size @ [height, width] = [22, 38];
    let picture = Picture::random("mirrored", size);
    let told = picture.prepared(settings)?;
    let turned = |down: bool, across: bool| {
        Picture::of(size, |[y, x]| {
            let (y, x) = (if down { height - 1 - y } else { y }, if across { width - 1 - x } else { x });
            picture.levels[y * width + x]
        })
    };
    let [_, _, rows, columns] = told.dims;
    for (what, down, across) in [("mirrored", false, true), ("upside down", true, false)] {
        let found = turned(down, across).prepared(settings)?;
        let (mut apart, mut stays) = (0.0f64, 0.0f64);
        for colour in 0..3 {
            let level = (number(settings, colour, 1.0) - number(settings, colour, 0.0)).abs();
            let (told, found) = (channel(&told, colour), channel(&found, colour));
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                let (ty, tx) = (if down { rows - 1 - y } else { y }, if across { columns - 1 - x } else { x });
                let in_levels = |at: usize| f64::from((told[at] - found[y * columns + x]).abs()) / level;
                apart = apart.max(in_levels(ty * columns + tx));
                stays = stays.max(in_levels(y * columns + x));
            }
        }
        // A sum in the middle between two levels may fall to either side, in each of two passes.
        require(apart < 2.5, || {
            format!("the picture {what} is {apart:.1} levels from what is prepared of it, {what}")
        })?;
        require(stays > 20.0, || {
            format!("the picture {what} is the picture within {stays:.1} levels, so nothing is seen")
        })?;
    }
    Ok(())
}

/// Sides as they are asked for.
fn sides(small: &Map<String, Value>) -> Result<(), Stop> {
    let asked = |settings: &Map<String, Value>, size: [usize; 2]| -> Result<[usize; 2], Stop> {
        let [_, _, height, width] = Picture::random("sides", size).prepared(settings)?.dims;
        Ok([height, width])
    };
    let exact = changed(small, json!({ "do_center_crop": false }));
    for (settings, expected) in [(&exact, [11, 16]), (small, [7, 10])] {
        let found = asked(settings, [20, 27])?;
        require(found == expected, || format!("a size of {expected:?} is asked for, found {found:?}"))?;
    }
    let edge = changed(&exact, json!({ "size": { "shortest_edge": 12 } }));
    for (size, expected) in [([20, 30], [12, 18]), ([45, 15], [36, 12]), ([7, 7], [12, 12])] {
        let found = asked(&edge, size)?;
        require(found == expected, || {
            format!("a picture of {size:?} with a shortest edge of 12 must become {expected:?}, found {found:?}")
        })?;
    }
    Ok(())
}

/// The plain levels of what comes out.
fn levels(small: &Map<String, Value>, changes: Value) -> Map<String, Value> {
    let plain = json!({ "do_center_crop": false, "do_rescale": false, "do_normalize": false });
    changed(&changed(small, plain), changes)
}

/// The finest pattern, shrunk, is grey.
fn checkerboard(small: &Map<String, Value>) -> Result<(), Stop> {
    let board = Picture::of([88, 128], |[y, x]| if (y + x).is_multiple_of(2) { [0, 40, 255] } else { [254, 140, 55] });
    for code in 1..6 {
        let found = board.prepared(&levels(small, json!({ "resample": code })))?;
        for (colour, grey) in [127.0, 90.0, 155.0].into_iter().enumerate() {
            let far = channel(&found, colour).iter().copied().find(|&level| (level - grey).abs() > 8.0);
            require(far.is_none(), || {
                let far = far.unwrap_or_default();
                format!("filter {code}: a fine pattern around {grey}, an eighth as large, has the level {far}")
            })?;
        }
    }
    Ok(())
}

/// A straight slope, enlarged, is straight: bilinear and bicubic keep what is linear, away from the edges.
fn slopes(small: &Map<String, Value>) -> Result<(), Stop> {
    const STEP: usize = 36;
    let slope =
        Picture::of([7, 7], |[y, x]| [(10 + STEP * x) as u8, (10 + STEP * y) as u8, (10 + STEP * (6 - x)) as u8]);
    for code in [2, 3] {
        let size = json!({ "height": 28, "width": 28 });
        let found = slope.prepared(&levels(small, json!({ "resample": code, "size": size })))?;
        for (y, x) in (8..20).flat_map(|y| (8..20).map(move |x| (y, x))) {
            let at = |place: usize| 10.0 + STEP as f64 * ((place as f64 + 0.5) / 4.0 - 0.5);
            for (colour, expected) in [at(x), at(y), 20.0 + 6.0 * STEP as f64 - at(x)].into_iter().enumerate() {
                let level = f64::from(channel(&found, colour)[y * 28 + x]);
                // Rounded once for each pass.
                require((level - expected).abs() <= 1.01, || {
                    format!("filter {code}: a straight slope has {level} at [{y}, {x}], where the line has {expected}")
                })?;
            }
        }
    }
    Ok(())
}

/// What is left out changes something, and what nobody knows is refused.
fn steps(own: &Map<String, Value>, small: &Map<String, Value>) -> Result<(), Stop> {
    let picture = Picture::random("steps", [19, 24]);
    let whole = picture.prepared(small)?;
    for step in ["do_resize", "do_center_crop", "do_rescale", "do_normalize"] {
        // Normalisation is left out of settings that have none.
        let there = step != "do_normalize" || own.contains_key("image_mean");
        let same = there && picture.prepared(&changed(small, json!({ step: false })))? == whole;
        require(!same, || format!("`{step}` makes no difference"))?;
    }
    let refused = parsed(&changed(own, json!({ "do_something_else": true }))).is_err();
    require(refused, || "a step that nobody knows is left out in silence".to_owned())
}

fn channel(images: &Images, colour: usize) -> &[f32] {
    let [_, _, height, width] = images.dims;
    &images.pixel_values[colour * height * width..][..height * width]
}
