//! What a `preprocessor_config.json` says.

use serde_json::{Map, Value};

use super::{Filter, MOST_PIXELS, Preprocessor, Size};

/// Image processors that are known, by the start of their published names, with what a `size` of one number means to them.
const KNOWN: [(&str, IntSize); 3] =
    [("ViT", IntSize::Square), ("DeiT", IntSize::Square), ("CLIP", IntSize::ShortestEdge)];
/// The ends of those names, of every age.
const ENDS: [&str; 3] = ["ImageProcessorFast", "ImageProcessor", "FeatureExtractor"];
/// Steps that are known.
const STEPS: [&str; 5] = ["do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IntSize {
    Square,
    ShortestEdge,
}

/// # Errors
/// A clause naming the field, what was expected and what was found.
pub(super) fn parse(object: &Map<String, Value>) -> Result<Preprocessor, String> {
    let settings = Settings(object);
    let whole = settings.kind()?;
    settings.check_steps()?;
    let resize = if settings.does("do_resize", "size")? {
        Some((settings.size("size", whole)?, settings.filter()?))
    } else {
        None
    };
    let crop = if settings.does("do_center_crop", "crop_size")? {
        match settings.size("crop_size", IntSize::Square)? {
            Size::Exact(size) => Some(size),
            Size::ShortestEdge(_) => {
                return Err(expected("crop_size", "a height and a width", settings.get("crop_size")));
            }
        }
    } else {
        None
    };
    let rescale = match settings.flag("do_rescale")?.unwrap_or(true) {
        true => Some(settings.factor()?),
        false => None,
    };
    let normalise = if settings.does("do_normalize", "image_mean")? {
        Some([settings.colours("image_mean", false)?, settings.colours("image_std", true)?])
    } else {
        None
    };
    Ok(Preprocessor { resize, crop, rescale, normalise })
}

struct Settings<'a>(&'a Map<String, Value>);

impl Settings<'_> {
    fn get(&self, field: &str) -> &Value {
        self.0.get(field).unwrap_or(&Value::Null)
    }

    /// What a `size` of one number means.
    fn kind(&self) -> Result<IntSize, String> {
        let named = ["image_processor_type", "feature_extractor_type"].map(|field| (field, self.get(field)));
        let Some((field, value)) = named.into_iter().find(|(_, value)| !value.is_null()) else {
            return Ok(IntSize::Square);
        };
        let name = value.as_str().unwrap_or_default();
        let start = ENDS.iter().find_map(|end| name.strip_suffix(end));
        let known = KNOWN.iter().find(|(known, _)| start == Some(*known));
        let names: Vec<String> = KNOWN.iter().map(|(known, _)| format!("`{known}ImageProcessor`")).collect();
        known.map(|(_, whole)| *whole).ok_or_else(|| expected(field, &names.join(", "), value))
    }

    fn check_steps(&self) -> Result<(), String> {
        let unknown = self.0.iter().find(|(field, value)| {
            field.starts_with("do_")
                && !STEPS.contains(&field.as_str())
                && **value != Value::Bool(false)
                && !value.is_null()
        });
        unknown.map_or(Ok(()), |(field, _)| Err(format!("`{field}` is a step that is not known here")))
    }

    fn flag(&self, field: &str) -> Result<Option<bool>, String> {
        match self.get(field) {
            Value::Null => Ok(None),
            Value::Bool(does) => Ok(Some(*does)),
            other => Err(expected(field, "true or false", other)),
        }
    }

    /// Whether a step is done: where that is not said, whether its field is there.
    fn does(&self, step: &str, field: &str) -> Result<bool, String> {
        Ok(self.flag(step)?.unwrap_or(!self.get(field).is_null()))
    }

    fn size(&self, field: &str, whole: IntSize) -> Result<Size, String> {
        const FORMS: &str = "a height and a width, a shortest edge, or one number, in pixels";
        let value = self.get(field);
        let pixels = |value: &Value| {
            let pixels = value.as_u64().and_then(|pixels| usize::try_from(pixels).ok());
            pixels.filter(|pixels| (1..=MOST_PIXELS).contains(pixels))
        };
        let exact = |height: &Value, width: &Value| {
            let size = [pixels(height)?, pixels(width)?];
            (size[0] * size[1] <= MOST_PIXELS).then_some(Size::Exact(size))
        };
        let size = match value {
            Value::Object(sides) => {
                let sides: Vec<(&str, &Value)> = sides
                    .iter()
                    .filter(|(_, side)| !side.is_null())
                    .map(|(name, side)| (name.as_str(), side))
                    .collect();
                match sides[..] {
                    [("height", height), ("width", width)] | [("width", width), ("height", height)] => {
                        exact(height, width)
                    }
                    [("shortest_edge", edge)] => pixels(edge).map(Size::ShortestEdge),
                    _ => None,
                }
            }
            Value::Array(sides) => match &sides[..] {
                [height, width] => exact(height, width),
                _ => None,
            },
            side if whole == IntSize::Square => exact(side, side),
            side => pixels(side).map(Size::ShortestEdge),
        };
        size.ok_or_else(|| expected(field, FORMS, value))
    }

    fn filter(&self) -> Result<Filter, String> {
        let value = self.get("resample");
        let filter = value.as_u64().and_then(Filter::from_code);
        filter.ok_or_else(|| expected("resample", "one of Pillow's codes from 0 to 5", value))
    }

    fn factor(&self) -> Result<f64, String> {
        match self.get("rescale_factor") {
            Value::Null => Ok(1.0 / 255.0),
            value => {
                let factor = value.as_f64().filter(|factor| factor.is_finite() && *factor != 0.0);
                factor.ok_or_else(|| expected("rescale_factor", "a number other than 0", value))
            }
        }
    }

    /// One number each for red, green and blue; or one for all.
    fn colours(&self, field: &str, positive: bool) -> Result<[f64; 3], String> {
        let value = self.get(field);
        let numbers: Option<Vec<f64>> = match value {
            Value::Array(numbers) => numbers.iter().map(Value::as_f64).collect(),
            one => one.as_f64().map(|number| vec![number; 3]),
        };
        let fits = |number: &f64| (*number as f32).is_finite() && (!positive || (*number as f32) > 0.0);
        let colours = numbers.and_then(|numbers| <[f64; 3]>::try_from(numbers).ok());
        let what = if positive { "three numbers above 0" } else { "three numbers" };
        colours.filter(|colours| colours.iter().all(fits)).ok_or_else(|| expected(field, what, value))
    }
}

fn expected(field: &str, what: &str, found: &Value) -> String {
    match found {
        Value::Null => format!("expected `{field}` to be {what}, found none"),
        found => format!("expected `{field}` to be {what}, found {found}"),
    }
}
