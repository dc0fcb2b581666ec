//! Pixels to a PNG: three bytes a pixel, each line as its difference from the one above, which is mostly none.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use crate::error::{Error, Result};

/// Encodes lines of red, green and blue.
pub(super) fn encode([width, height]: [u16; 2], pixels: &[u8]) -> Result<Vec<u8>> {
    let line = usize::from(width) * 3;
    let mut filtered = Vec::with_capacity(pixels.len() + usize::from(height));
    let mut above = vec![0; line];
    for row in pixels.chunks_exact(line) {
        // The filter called `Up`.
        filtered.push(2);
        filtered.extend(row.iter().zip(&above).map(|(now, above): (&u8, &u8)| now.wrapping_sub(*above)));
        above.copy_from_slice(row);
    }
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::new(3));
    let packed = packer.write_all(&filtered).and_then(|()| packer.finish());
    let packed = packed.map_err(|error| Error::Card(format!("the pixels do not pack: {error}")))?;
    let mut header = Vec::from(u32::from(width).to_be_bytes());
    header.extend(u32::from(height).to_be_bytes());
    // Eight bits each of red, green and blue; packed and filtered in the only ways there are; not interlaced.
    header.extend([8, 2, 0, 0, 0]);
    let mut file = Vec::from(*b"\x89PNG\r\n\x1a\n");
    for (name, data) in [(b"IHDR", header.as_slice()), (b"IDAT", packed.as_slice()), (b"IEND", &[])] {
        let length = u32::try_from(data.len()).map_err(|error| Error::Card(error.to_string()))?;
        let mut sum = Crc::new();
        sum.update(name);
        sum.update(data);
        file.extend(length.to_be_bytes());
        file.extend(name);
        file.extend(data);
        file.extend(sum.sum().to_be_bytes());
    }
    Ok(file)
}
