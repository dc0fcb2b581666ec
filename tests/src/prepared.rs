//! How images are prepared, from the definition of each step, in f64: what Pillow calls resampling, then the crop, the scale and
//! the normalisation.

use std::f64::consts::PI;
use std::path::Path;

use serde_json::{Map, Value, json};
use zoo_registry::images::Preprocessor;
use zoo_registry::input::Images;

use crate::check::Stop;
use crate::seed;

/// Levels of red, green and blue, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) levels: Vec<[u8; 3]>,
}

impl Picture {
    /// What `level` says of each place, `[y, x]`.
    pub(crate) fn of([height, width]: [usize; 2], level: impl Fn([usize; 2]) -> [u8; 3]) -> Self {
        let levels = (0..height).flat_map(|y| (0..width).map(move |x| [y, x])).map(level).collect();
        Self { height, width, levels }
    }

    /// Random levels, each colour's its own, darker to one side, so that no side looks like another.
    pub(crate) fn random(name: &str, [height, width]: [usize; 2]) -> Self {
        let mut draw = seed::draw(&format!("picture {name}"));
        let levels: Vec<[u8; 3]> = (0..height * width)
            .map(|at| [0, 1, 2].map(|colour| (draw.below(160) + 90 * (at % width) / width + colour) as u8))
            .collect();
        Self { height, width, levels }
    }

    /// As the preprocessor sees it: written to a file and read.
    ///
    /// # Errors
    /// [`Stop::Fails`] if it cannot be written, or the settings are refused.
    pub(crate) fn prepared(&self, settings: &Map<String, Value>) -> Result<Images, Stop> {
        let failed = |error: &dyn std::fmt::Display| Stop::fails(format!("no picture can be written: {error}"));
        let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
        let path = folder.path().join("picture.png");
        let pixels = self.levels.as_flattened().to_vec();
        let image = image::RgbImage::from_raw(self.width as u32, self.height as u32, pixels);
        let image = image.ok_or_else(|| Stop::fails("expected a level for every pixel"))?;
        image.save(&path).map_err(|error| failed(&error))?;
        Ok(parsed(settings)?.read(&[path])?)
    }
}

/// The preprocessor of these settings.
///
/// # Errors
/// [`zoo_registry::Error::Parse`].
pub(crate) fn parsed(settings: &Map<String, Value>) -> zoo_registry::Result<Preprocessor> {
    Preprocessor::from_object(settings, Path::new("preprocessor_config.json"))
}

/// The family's settings, changed so; without what is null.
pub(crate) fn changed(settings: &Map<String, Value>, changes: Value) -> Map<String, Value> {
    let mut changed = settings.clone();
    let Value::Object(changes) = changes else { return changed };
    for (field, value) in changes {
        match value {
            Value::Null => drop(changed.remove(&field)),
            value => drop(changed.insert(field, value)),
        }
    }
    changed
}

/// Sizes that show which side is which, small, with a crop that leaves as much on both sides. They share no factor with those of
/// most pictures, so that few places lie in the middle between two pixels.
pub(crate) fn small(settings: &Map<String, Value>) -> Map<String, Value> {
    let (size, crop) = (json!({ "height": 11, "width": 16 }), json!({ "height": 7, "width": 10 }));
    changed(settings, json!({ "size": size, "crop_size": crop, "do_resize": true, "do_center_crop": true }))
}

/// A level, and whether rounding anywhere before could have made it another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Level {
    pub(crate) level: f64,
    pub(crate) certain: bool,
}

/// What the steps make of a picture: `[y][x][colour]` with its levels, and how levels become numbers.
pub(crate) struct Prepared {
    pub(crate) rows: Vec<Vec<[Level; 3]>>,
    factor: f64,
    normalise: Option<[[f64; 3]; 2]>,
}

impl Prepared {
    /// By the definitions.
    ///
    /// # Errors
    /// [`Stop::Fails`] for settings that are written in a way that is not known here.
    pub(crate) fn by_definition(picture: &Picture, settings: &Map<String, Value>) -> Result<Self, Stop> {
        let get = |field: &str| settings.get(field).filter(|value| !value.is_null());
        let does = |step: &str, otherwise: bool| get(step).map_or(otherwise, |does| *does == Value::Bool(true));
        let unknown = |field: &str| Stop::fails(format!("`{field}` is written in a way that this check does not know"));
        let certain = |level: u8| Level { level: level.into(), certain: true };
        let mut rows: Vec<Vec<[Level; 3]>> =
            picture.levels.chunks(picture.width).map(|row| row.iter().map(|rgb| rgb.map(certain)).collect()).collect();
        if does("do_resize", get("size").is_some()) {
            let size = size(get("size"), [picture.height, picture.width]).ok_or_else(|| unknown("size"))?;
            let code = get("resample").and_then(Value::as_u64).ok_or_else(|| unknown("resample"))?;
            rows = resized(rows, size, code);
        }
        if does("do_center_crop", get("crop_size").is_some()) {
            let size = size(get("crop_size"), [0; 2]).ok_or_else(|| unknown("crop_size"))?;
            rows = cropped(&rows, size);
        }
        let factor = get("rescale_factor").and_then(Value::as_f64).unwrap_or(1.0 / 255.0);
        let colours = |field: &str| -> Option<[f64; 3]> {
            let numbers: Vec<f64> = get(field)?.as_array()?.iter().filter_map(Value::as_f64).collect();
            numbers.try_into().ok()
        };
        let normalise = does("do_normalize", get("image_mean").is_some());
        let normalise = normalise.then(|| Some([colours("image_mean")?, colours("image_std")?]));
        Ok(Self {
            rows,
            factor: if does("do_rescale", true) { factor } else { 1.0 },
            normalise: normalise.map(|both| both.ok_or_else(|| unknown("image_mean"))).transpose()?,
        })
    }

    /// The number that a level of a colour becomes, and how far roundings in f32 may move it.
    pub(crate) fn number(&self, colour: usize, level: f64) -> [f64; 2] {
        let scaled = level * self.factor;
        let [mean, std] = self.normalise.map_or([0.0, 1.0], |[mean, std]| [mean[colour], std[colour]]);
        let rounding = crate::values::UNIT_ROUNDOFF * (scaled.abs() + mean.abs()) / std;
        [(scaled - mean) / std, rounding.max(f64::MIN_POSITIVE)]
    }
}

/// `[height, width]` that is asked for.
fn size(value: Option<&Value>, [height, width]: [usize; 2]) -> Option<[usize; 2]> {
    let side = |name: &str| value?.get(name)?.as_u64().map(|side| side as usize);
    if let Some(both) = value?.as_u64() {
        return Some([both as usize; 2]);
    }
    if let Some(edge) = side("shortest_edge") {
        // The other keeps the proportions, its fraction cut off.
        let short = height.min(width);
        return Some([height, width].map(|side| edge * side / short.max(1)));
    }
    Some([side("height")?, side("width")?])
}

fn resized(rows: Vec<Vec<[Level; 3]>>, [height, width]: [usize; 2], code: u64) -> Vec<Vec<[Level; 3]>> {
    let rows = rows.iter().map(|row| along(row, width, code)).collect::<Vec<_>>();
    let columns = transposed(&rows);
    transposed(&columns.iter().map(|column| along(column, height, code)).collect::<Vec<_>>())
}

fn transposed(rows: &[Vec<[Level; 3]>]) -> Vec<Vec<[Level; 3]>> {
    let width = rows.first().map_or(0, Vec::len);
    (0..width).map(|x| rows.iter().map(|row| row[x]).collect()).collect()
}

/// How close to a half, in levels, a sum must not be to be sure of its rounding: the weights may be kept with 22 bits.
const UNSURE: f64 = 1e-3;
/// How close to a place where a filter jumps.
const AT_A_JUMP: f64 = 1e-9;

/// A line of another length. Each pixel is the weighted mean of those that the filter reaches from its centre, the filter as wide
/// as the larger of both pixels, rounded to a whole level.
fn along(line: &[[Level; 3]], to: usize, code: u64) -> Vec<[Level; 3]> {
    let from = line.len();
    if from == to {
        return line.to_vec();
    }
    let scale = from as f64 / to as f64;
    let pixel = |at: usize| {
        let centre = (at as f64 + 0.5) * scale;
        if code == 0 {
            let sure = (centre - centre.round()).abs() > AT_A_JUMP;
            return line[(centre as usize).min(from - 1)]
                .map(|level| Level { certain: level.certain && sure, ..level });
        }
        let apart = |source: usize| (source as f64 + 0.5 - centre) / scale.max(1.0);
        let weights: Vec<f64> = (0..from).map(|source| weight(code, apart(source))).collect();
        let jumps = code == 4 && (0..from).any(|source| (apart(source).abs() - 0.5).abs() < AT_A_JUMP);
        let total: f64 = weights.iter().sum();
        [0, 1, 2].map(|colour| {
            let taken = || weights.iter().zip(line).filter(|(weight, _)| **weight != 0.0);
            let sum: f64 = taken().map(|(weight, pixel)| weight / total * pixel[colour].level).sum();
            let sure = (sum - sum.floor() - 0.5).abs() > UNSURE && !jumps;
            let certain = sure && taken().all(|(_, pixel)| pixel[colour].certain);
            Level { level: (sum + 0.5).floor().clamp(0.0, 255.0), certain }
        })
    };
    (0..to).map(pixel).collect()
}

/// Pillow's filters by their codes, at a distance in pixels.
fn weight(code: u64, at: f64) -> f64 {
    let (x, sinc) = (at.abs(), |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) });
    // Keys' cubic (1981), with a = −1/2.
    const A: f64 = -0.5;
    match code {
        1 if x < 3.0 => sinc(x) * sinc(x / 3.0),
        2 => (1.0 - x).max(0.0),
        3 if x < 1.0 => (A + 2.0) * x.powi(3) - (A + 3.0) * x.powi(2) + 1.0,
        3 if x < 2.0 => A * x.powi(3) - 5.0 * A * x.powi(2) + 8.0 * A * x - 4.0 * A,
        4 if x <= 0.5 => 1.0,
        5 if x < 1.0 => sinc(x) * (0.54 + 0.46 * (PI * x).cos()),
        _ => 0.0,
    }
}

/// The middle, black where there is nothing.
fn cropped(rows: &[Vec<[Level; 3]>], [height, width]: [usize; 2]) -> Vec<Vec<[Level; 3]>> {
    let black = [Level { level: 0.0, certain: true }; 3];
    let own = [rows.len(), rows.first().map_or(0, Vec::len)];
    // How far the crop begins inside; of what is odd, the pixel more is cut off at the end, and filled in at the beginning.
    let [top, left] = [0, 1].map(|side| (own[side] as i64 - [height, width][side] as i64).div_euclid(2));
    let at = |y: usize, x: usize| {
        let place = [y as i64 + top, x as i64 + left].map(usize::try_from);
        let [Ok(y), Ok(x)] = place else { return black };
        rows.get(y).and_then(|row| row.get(x)).copied().unwrap_or(black)
    };
    (0..height).map(|y| (0..width).map(|x| at(y, x)).collect()).collect()
}
