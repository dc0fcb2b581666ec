//! Image files become numbers by the published settings: every number, from the definition of each step.
//!
//! # How
//!
//! Random pictures whose sides differ are written as PNG and prepared by the family's own settings, and by these with one
//! thing changed: each of Pillow's filters, shrinking and enlarging, into sides that differ; a shortest edge; a crop, and
//! one larger than the picture; no rescaling, another factor, no normalisation. What must come out is computed in f64
//! loops: for each pixel the mean of those that the filter reaches, as wide as the larger of both pixels, rounded to
//! whole levels after each of two passes; then the middle, the scale, the mean and the deviation. Levels must be equal
//! where no sum lies in the middle between two. A step that is not known is refused. The guards: colours, sides or means
//! in another order, another filter and a crop elsewhere would change levels.
//!
//! # Catches
//!
//! - colours in another library's order
//! - a filter that does not widen when a picture shrinks, or is another one's
//! - a crop from the corner, a shortest edge given to the longer side
//! - levels that are cut off instead of rounded
//! - a step of the settings that is left out in silence
//!
//! # Seen
//!
//! - [shift-happens-benchmark/icml-2022 #62](https://github.com/shift-happens-benchmark/icml-2022/pull/62): pictures were
//!   shrunk without antialiasing, which cost a ResNet-18 almost a percent of its accuracy.
//! - [tensorpack/tensorpack #176](https://github.com/tensorpack/tensorpack/issues/176): pictures were read with blue
//!   first and prepared as if red came first; published models had been trained so.
//! - [zylo117/Yet-Another-EfficientDet-Pytorch
//!   #197](https://github.com/zylo117/Yet-Another-EfficientDet-Pytorch/issues/197): means and deviations in the order of
//!   blue, green and red, on pictures in the other.
//!
//! # Fix
//!
//! The message says which settings differ first, and where. If one filter alone is off, see its formula; if shrinking
//! alone is, how wide filters are; if all numbers of a colour are off by one factor or shift, the scale, the mean or the
//! deviation. If sizes are, see which side is which.

use serde_json::{Map, Value, json};

use crate::check::{Stop, Verdict, require};
use crate::prepared::{Picture, Prepared, changed, parsed, small};
use crate::subject::Subject;
use crate::values::Worst;

/// Roundings of the scaled level, of what the mean leaves of it, and of the quotient; the settings' own three.
const TOLERANCE: f64 = 6.0;
const MEASURE: &str =
    "multiple of rounding the scaled level and the mean once, divided by the deviation; 6 for each step and setting";
/// Part of the levels that must be certain: the mean of two whole levels lies in the middle every second time.
const CERTAIN: f64 = 0.1;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let own = &subject.descriptor().published.preprocessor;
    if own.is_empty() {
        return Err(Stop::NotApplicable("it publishes no way to prepare images".into()));
    }
    let mut worst = Worst::default();
    let pictures = [Picture::random("wide", [23, 37]), Picture::random("tall", [29, 13])];
    let mut settings = vec![("as published".to_owned(), own.clone())];
    settings.extend(variations(own));
    for (what, settings) in &settings {
        for picture in &pictures {
            compare(picture, settings, what, &mut worst)?;
        }
    }
    guards(&pictures[0], &small(own))?;
    for step in ["do_flip", "do_reduce_labels", "do_pad"] {
        let unknown = changed(own, json!({ step: true }));
        require(parsed(&unknown).is_err(), || {
            format!("`{step}` is no step that is known, and it is left out in silence")
        })?;
    }
    worst.verdict_within(TOLERANCE, MEASURE, &format!("two pictures by {} settings", settings.len()))
}

/// The family's settings with one thing changed.
fn variations(own: &Map<String, Value>) -> Vec<(String, Map<String, Value>)> {
    let small = small(own);
    let mut found: Vec<(String, Map<String, Value>)> = Vec::new();
    for code in 0..6 {
        found.push((format!("filter {code}, smaller"), changed(&small, json!({ "resample": code }))));
        let larger = json!({ "size": { "height": 41, "width": 50 }, "resample": code });
        found.push((format!("filter {code}, larger"), changed(&small, larger)));
    }
    for (what, changes) in [
        ("a shortest edge", json!({ "size": { "shortest_edge": 9 }, "do_center_crop": false })),
        ("a crop larger than the picture", json!({ "crop_size": { "height": 14, "width": 19 } })),
        ("a crop alone", json!({ "do_resize": false })),
        ("nothing said of rescaling", json!({ "do_rescale": null, "rescale_factor": null })),
        ("no rescaling", json!({ "do_rescale": false })),
        ("another factor", json!({ "do_rescale": true, "rescale_factor": 0.007_812_5 })),
        ("another mean and deviation", json!({ "image_mean": [0.31, 0.42, 0.53], "image_std": [0.17, 0.24, 0.36] })),
        ("no normalisation", json!({ "do_normalize": false })),
    ] {
        found.push((what.to_owned(), changed(&small, changes)));
    }
    found
}

fn compare(picture: &Picture, settings: &Map<String, Value>, what: &str, worst: &mut Worst) -> Result<(), Stop> {
    let expected = Prepared::by_definition(picture, settings)?;
    let found = picture.prepared(settings).map_err(|stop| Stop::fails(format!("{what}: {stop}")))?;
    let [height, width] = [expected.rows.len(), expected.rows.first().map_or(0, Vec::len)];
    require(found.dims == [1, 3, height, width], || {
        let from = [picture.height, picture.width];
        format!("{what}: a picture of {from:?} pixels must become [{height}, {width}], found {:?}", &found.dims[2..])
    })?;
    let mut certain = 0;
    for (at, &found) in found.pixel_values.iter().enumerate() {
        let (colour, y, x) = (at / (height * width), at / width % height, at % width);
        let level = expected.rows[y][x][colour];
        if level.certain {
            certain += 1;
            let [number, rounding] = expected.number(colour, level.level);
            worst.see((f64::from(found) - number).abs() / rounding, || {
                format!("colour {colour} of pixel [{y}, {x}], {what}, {found} instead of {number:.4}")
            });
        }
    }
    let all = 3 * height * width;
    require(certain as f64 >= CERTAIN * all as f64, || format!("{what}: only {certain} of {all} levels are certain"))
}

/// What could be done instead would change levels.
fn guards(picture: &Picture, settings: &Map<String, Value>) -> Result<(), Stop> {
    let told = Prepared::by_definition(picture, settings)?.rows;
    let code = settings.get("resample").and_then(Value::as_u64).unwrap_or_default();
    let by = |changes: Value| Ok::<_, Stop>(Prepared::by_definition(picture, &changed(settings, changes))?.rows);
    let corner = by(json!({ "do_center_crop": false }))?;
    let corner = corner.iter().take(told.len()).map(|row| row[..told[0].len()].to_vec()).collect();
    let reversed = told.iter().map(|row| row.iter().map(|&[r, g, b]| [b, g, r]).collect()).collect();
    for (what, other) in [
        ("another filter", by(json!({ "resample": if code == 2 { 3 } else { 2 } }))?),
        ("a crop from the corner", corner),
        ("blue first", reversed),
    ] {
        let pairs = told.iter().flatten().zip(other.iter().flatten());
        let moved = pairs.flat_map(|(a, b)| a.iter().zip(b)).any(|(a, b)| (a.level - b.level).abs() > 2.0);
        require(moved, || format!("{what} would change no level by more than 2, so nothing is seen"))?;
    }
    Ok(())
}
