//! A second reader and writer of safetensors, which knows nothing of the first: eight bytes for the length of the header, the
//! header as JSON, the numbers one tensor after the other.
//!
//! The format is that of <https://github.com/huggingface/safetensors#format>.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One tensor: its type as the format calls it, its extents, its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// Every tensor of a file by name, and what else its header says.
pub(crate) type Contents = (BTreeMap<String, Stored>, Map<String, Value>);

/// What a file holds.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn read(file: &[u8]) -> Result<Contents, String> {
    let (header, data) = split(file)?;
    let mut header: Map<String, Value> = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let metadata = header.remove("__metadata__").and_then(|value| value.as_object().cloned()).unwrap_or_default();
    let mut tensors = BTreeMap::new();
    let mut windows = Vec::new();
    for (name, facts) in header {
        let lacks = |what: &str| format!("`{name}` has no {what}");
        let numbers = |field: &str| -> Option<Vec<usize>> {
            facts[field].as_array()?.iter().map(|n| n.as_u64().map(|n| n as usize)).collect()
        };
        let dtype = facts["dtype"].as_str().ok_or_else(|| lacks("dtype"))?.to_owned();
        let shape = numbers("shape").ok_or_else(|| lacks("shape"))?;
        let offsets = numbers("data_offsets").filter(|offsets| offsets.len() == 2).ok_or_else(|| lacks("offsets"))?;
        let bytes = data.get(offsets[0]..offsets[1]).ok_or_else(|| format!("`{name}` leaves the file"))?.to_vec();
        let expected = shape.iter().product::<usize>() * width(&dtype).ok_or_else(|| lacks("known dtype"))?;
        if bytes.len() != expected {
            return Err(format!("`{name}` has {} bytes, expected {expected}", bytes.len()));
        }
        windows.push((offsets[0], offsets[1]));
        tensors.insert(name, Stored { dtype, shape, bytes });
    }
    windows.sort_unstable();
    let end = windows.iter().try_fold(0, |end, &(from, to)| (from == end).then_some(to));
    if end != Some(data.len()) {
        return Err("the tensors overlap, or leave bytes that belong to none".to_owned());
    }
    Ok((tensors, metadata))
}

/// The header and the numbers of a file.
pub(crate) fn split(file: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let len = file.first_chunk::<8>().map(|len| u64::from_le_bytes(*len) as usize);
    let len = len.ok_or("the file has no length")?;
    let header = file.get(8..8 + len).ok_or("the header leaves the file")?;
    Ok((header, &file[8 + len..]))
}

/// A file of these tensors, in this order.
pub(crate) fn write<'a>(tensors: impl IntoIterator<Item = (&'a String, &'a Stored)>) -> Vec<u8> {
    write_saying(&Map::new(), tensors)
}

/// The same with this metadata in its header.
pub(crate) fn write_saying<'a>(
    metadata: &Map<String, Value>,
    tensors: impl IntoIterator<Item = (&'a String, &'a Stored)>,
) -> Vec<u8> {
    let (mut header, mut data) = (Map::new(), Vec::new());
    if !metadata.is_empty() {
        header.insert("__metadata__".to_owned(), metadata.clone().into());
    }
    for (name, Stored { dtype, shape, bytes }) in tensors {
        let offsets = [data.len(), data.len() + bytes.len()];
        header.insert(name.clone(), json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets }));
        data.extend(bytes);
    }
    joined(Value::Object(header).to_string().as_bytes(), &data)
}

/// A file of this header and these numbers.
pub(crate) fn joined(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

/// Bytes of a number.
fn width(dtype: &str) -> Option<usize> {
    match dtype {
        "F64" | "I64" => Some(8),
        "F32" | "I32" => Some(4),
        "F16" | "BF16" => Some(2),
        "BOOL" | "U8" => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let tensor = |bytes: [u8; 4]| Stored { dtype: "F32".into(), shape: vec![1], bytes: bytes.to_vec() };
        let tensors = BTreeMap::from([("b".to_owned(), tensor([1, 2, 3, 4])), ("a".to_owned(), tensor([5, 6, 7, 8]))]);
        let file = write(tensors.iter().rev());
        assert_eq!(read(&file).unwrap().0, tensors);
        assert!(read(&file[..file.len() - 1]).is_err());
        assert!(read(&[file.clone(), vec![0]].concat()).unwrap_err().contains("belong to none"));
        assert!(read(&file[..7]).is_err());
    }
}
