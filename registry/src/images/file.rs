//! PNG and JPEG files as levels of red, green and blue. Files are not trusted: sizes are bounded before anything is allocated.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::{MOST_PIXELS, Picture};

/// Bytes of an image file at most.
const LARGEST_FILE: u64 = 1 << 28;
/// Bytes that decoding may take: four 16-bit numbers a pixel, and as much for the decoder.
const LARGEST_ALLOCATION: u64 = 16 * MOST_PIXELS as u64;

/// Decodes a file.
///
/// # Errors
/// A clause saying what was expected and found.
pub(super) fn read(path: &Path) -> Result<Picture, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !size.is_file() {
        return Err("expected an image file, found a folder or something else".into());
    }
    if size.len() > LARGEST_FILE {
        return Err(format!("expected at most {LARGEST_FILE} bytes, found {}", size.len()));
    }
    let file = BufReader::new(File::open(path).map_err(|error| error.to_string())?);
    let mut reader = ImageReader::new(file).with_guessed_format().map_err(|error| error.to_string())?;
    match reader.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg) => {}
        Some(other) => return Err(format!("expected PNG or JPEG, found {other:?}")),
        None => return Err("expected PNG or JPEG, found neither".into()),
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > MOST_PIXELS as u64 {
        return Err(format!("expected at least one pixel and at most {MOST_PIXELS}, found {height} × {width}"));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
    Ok(Picture { height: height as usize, width: width as usize, levels: levels(image) })
}

fn levels(image: DynamicImage) -> Vec<[u8; 3]> {
    let high = |number: u16| (number >> 8) as u8;
    match image {
        DynamicImage::ImageLuma8(image) => image.pixels().map(|pixel| [pixel[0]; 3]).collect(),
        DynamicImage::ImageLumaA8(image) => image.pixels().map(|pixel| [pixel[0]; 3]).collect(),
        DynamicImage::ImageRgba8(image) => image.pixels().map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
        DynamicImage::ImageLuma16(image) => image.pixels().map(|pixel| [high(pixel[0]); 3]).collect(),
        DynamicImage::ImageLumaA16(image) => image.pixels().map(|pixel| [high(pixel[0]); 3]).collect(),
        DynamicImage::ImageRgb16(image) => image.pixels().map(|pixel| pixel.0.map(high)).collect(),
        DynamicImage::ImageRgba16(image) => {
            image.pixels().map(|pixel| [pixel[0], pixel[1], pixel[2]].map(high)).collect()
        }
        other => other.into_rgb8().pixels().map(|pixel| pixel.0).collect(),
    }
}
