//! Image files as a model wants them, by the checkpoint's own `preprocessor_config.json`.
//!
//! What comes out of a PNG is what Hugging Face's image processors on Pillow and numpy make of it, number by number: Pillow's
//! resampling with its rounding to whole levels between the two passes, then the crop, the scale and the normalisation in f32.
//! JPEG decoders differ from each other by a level here and there, and so do results. Every image is made RGB first, as Pillow does:
//! grey three times, palettes looked up, transparency dropped, 16-bit colours cut to their high byte. Rotation that a camera
//! noted in the file (EXIF) is not applied, as it is not there.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::checkpoint::read_object;
use crate::descriptor::Descriptor;
use crate::error::{Error, Result};
use crate::input::Images;

#[cfg(feature = "image-files")]
mod file;
mod resample;
mod settings;

pub use resample::Filter;
use resample::resize;

/// Pixels that are decoded or made at most: 2²⁶, of a square image 8192 a side.
pub const MOST_PIXELS: usize = 1 << 26;

/// What is done to an image before a model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocessor {
    /// To which size, and how.
    pub resize: Option<(Size, Filter)>,
    /// `[height, width]` that is cut from the middle; what lacks is black.
    pub crop: Option<[usize; 2]>,
    /// What levels from 0 to 255 are multiplied with.
    pub rescale: Option<f64>,
    /// The mean taken off and the deviation divided by, for red, green and blue.
    pub normalise: Option<[[f64; 3]; 2]>,
}

/// A size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Height and width.
    Exact([usize; 2]),
    /// The shorter side; the other keeps the proportions.
    ShortestEdge(usize),
}

/// Levels from 0 to 255 of red, green and blue, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Picture {
    height: usize,
    width: usize,
    levels: Vec<[u8; 3]>,
}

/// The file that says what is done.
pub const FILE: &str = "preprocessor_config.json";

impl Preprocessor {
    /// Reads a `preprocessor_config.json`.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Parse`] if it says something that is not known here, or no image can be made by it.
    pub fn open(path: &Path) -> Result<Self> {
        Self::from_object(&read_object(path)?, path)
    }

    /// That of a checkpoint folder.
    ///
    /// # Errors
    /// [`Error::Parse`] if the folder has none, or as [`Self::open`].
    pub fn of_folder(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        if path.exists() {
            return Self::open(&path);
        }
        Err(Error::Parse {
            path,
            reason: "is not there, and it says how images are prepared for this checkpoint".into(),
        })
    }

    /// The published defaults of a family, for checkpoints that do not say how images are prepared.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the family's facts give none.
    pub fn of_family(descriptor: &Descriptor) -> Result<Self> {
        let published = &descriptor.published.preprocessor;
        if published.is_empty() {
            let lacks = "has no published way to prepare images".into();
            return Err(Error::Unsupported { model: descriptor.id.clone(), lacks });
        }
        Self::from_object(published, Path::new(&format!("{}.toml", descriptor.id)))
    }

    /// The same from what the file at `path` holds.
    ///
    /// # Errors
    /// [`Error::Parse`].
    pub fn from_object(object: &Map<String, Value>, path: &Path) -> Result<Self> {
        settings::parse(object).map_err(|reason| Error::Parse { path: path.to_owned(), reason })
    }

    /// Image files as one batch, PNG or JPEG.
    ///
    /// # Errors
    /// [`Error::Image`] for the first file that is not there, is no image, is too large, or comes out in another size than the
    /// ones before it.
    #[cfg(feature = "image-files")]
    pub fn read(&self, files: &[PathBuf]) -> Result<Images> {
        self.batch(files.len(), files.iter().map(|path| (path.clone(), file::read(path))))
    }

    /// One picture that is in memory already, as a batch: red, green and blue from 0 to 255, row by row, `width` pixels each.
    /// `name` is what messages call it.
    ///
    /// # Errors
    /// [`Error::Image`] if it has no pixel or too many, or its rows are not whole.
    pub fn picture(&self, name: &Path, width: usize, levels: Vec<[u8; 3]>) -> Result<Images> {
        let pixels = levels.len();
        let whole = (1..=MOST_PIXELS).contains(&pixels) && width > 0 && pixels.is_multiple_of(width);
        let picture = if whole {
            Ok(Picture { height: pixels / width, width, levels })
        } else {
            Err(format!("expected 1 to {MOST_PIXELS} pixels in rows of {width}, found {pixels}"))
        };
        self.batch(1, std::iter::once((name.to_owned(), picture)))
    }

    fn batch(
        &self,
        count: usize,
        pictures: impl Iterator<Item = (PathBuf, Result<Picture, String>)>,
    ) -> Result<Images> {
        let mut dims = [count, 3, 0, 0];
        let mut pixel_values = Vec::new();
        for (path, picture) in pictures {
            let refuse = |reason| Error::Image { path: path.clone(), reason };
            let picture = picture.and_then(|picture| self.arranged(picture)).map_err(refuse)?;
            let size = [picture.height, picture.width];
            if pixel_values.is_empty() {
                dims[2..].copy_from_slice(&size);
                let numbers = count.checked_mul(3 * size[0] * size[1]);
                if numbers.is_none_or(|numbers| numbers > 3 * MOST_PIXELS) {
                    let pixels = size[0] * size[1];
                    return Err(refuse(format!("expected at most {MOST_PIXELS} pixels, found {count} × {pixels}")));
                }
            }
            if dims[2..] != size {
                return Err(refuse(format!(
                    "gives {} × {} pixels and the images before it {} × {}, which makes no batch",
                    size[0], size[1], dims[2], dims[3]
                )));
            }
            self.append(&picture, &mut pixel_values);
        }
        Ok(Images { dims, pixel_values })
    }

    /// Resized and cropped.
    fn arranged(&self, picture: Picture) -> Result<Picture, String> {
        let picture = match self.resize {
            Some((size, filter)) => resize(&picture, size.of(&picture), filter)?,
            None => picture,
        };
        Ok(match self.crop {
            Some(size) => picture.cropped(size),
            None => picture,
        })
    }

    /// Adds the numbers of a picture, channel by channel.
    fn append(&self, picture: &Picture, numbers: &mut Vec<f32>) {
        for channel in 0..3 {
            numbers.extend(picture.levels.iter().map(|levels| {
                let level = levels[channel];
                let scaled = self.rescale.map_or_else(|| f32::from(level), |factor| (f64::from(level) * factor) as f32);
                match self.normalise {
                    Some([mean, std]) => (scaled - mean[channel] as f32) / std[channel] as f32,
                    None => scaled,
                }
            }));
        }
    }
}

impl Size {
    /// `[height, width]` that a picture gets.
    fn of(self, &Picture { height, width, .. }: &Picture) -> [usize; 2] {
        match self {
            Self::Exact(size) => size,
            Self::ShortestEdge(edge) => {
                let (short, long) = if width <= height { (width, height) } else { (height, width) };
                // As Python divides: a product of whole numbers, then one rounding, then the fraction cut off.
                let other = (edge as f64 * long as f64 / short as f64) as usize;
                if width <= height { [other, edge] } else { [edge, other] }
            }
        }
    }
}

impl Picture {
    /// The middle, black where there is nothing.
    fn cropped(&self, [height, width]: [usize; 2]) -> Self {
        // Where the crop starts in the picture, and the picture in the crop.
        let start = |whole: usize, part: usize| {
            if whole >= part { ((whole - part) / 2, 0) } else { (0, (part - whole).div_ceil(2)) }
        };
        let ((top, pad_top), (left, pad_left)) = (start(self.height, height), start(self.width, width));
        let mut levels = vec![[0; 3]; height * width];
        for y in 0..height.min(self.height) {
            let row = &self.levels[(top + y) * self.width + left..][..width.min(self.width)];
            levels[(pad_top + y) * width + pad_left..][..row.len()].copy_from_slice(row);
        }
        Self { height, width, levels }
    }
}

#[cfg(all(test, feature = "image-files"))]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
