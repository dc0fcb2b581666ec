//! From our parameters back to published tensors: for saving, and for comparing gradients by their published names.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::tensor::{BoolStore, DType, TensorData};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::load::{floats, transpose};
use super::table::{Verb, WeightNames};
use crate::error::{Error, Result};

/// Numbers by our parameter paths → numbers by published names, each verb undone. Tied and dropped rows write nothing.
///
/// Paths that no row names are left out; a check proves that a family's table leaves none.
pub fn publish(names: &WeightNames, ours: BTreeMap<String, TensorData>) -> BTreeMap<String, TensorData> {
    let mut parts: BTreeMap<String, BTreeMap<usize, TensorData>> = BTreeMap::new();
    for (path, data) in ours {
        let data = data.convert::<f32>();
        let rows = names.rows().filter(|(_, row)| row.verb != Verb::Tied);
        let Some((prefix, row, (part, name))) = rows.filter_map(|(p, row)| Some((p, row, row.part_for(&path)?))).next()
        else {
            continue;
        };
        let data = match (row.verb, data.shape().to_vec().as_slice()) {
            (Verb::Transposed, &[rows, columns]) => {
                TensorData::new(transpose(floats(&data), rows, columns), [columns, rows])
            }
            _ => data,
        };
        parts.entry(format!("{prefix}{name}")).or_default().insert(part, data);
    }
    parts.into_iter().map(|(name, parts)| (name, join(parts.into_values().collect()))).collect()
}

/// Tensors side by side along their last axis.
fn join(parts: Vec<TensorData>) -> TensorData {
    let [first, ..] = &parts[..] else { return TensorData::new(Vec::<f32>::new(), [0]) };
    if parts.len() == 1 {
        return first.clone();
    }
    let mut shape = first.shape().to_vec();
    let width = |data: &TensorData| data.shape().to_vec().last().copied().unwrap_or(1);
    let rows = first.num_elements() / width(first).max(1);
    let mut data = Vec::with_capacity(parts.iter().map(TensorData::num_elements).sum());
    for row in 0..rows {
        for part in &parts {
            let width = width(part);
            data.extend_from_slice(&floats(part)[row * width..(row + 1) * width]);
        }
    }
    shape.iter_mut().last().into_iter().for_each(|last| *last = parts.iter().map(width).sum());
    TensorData::new(data, shape)
}

/// Writes tensors to `path` as safetensors, f32, sorted by name. The file appears whole or not at all.
///
/// # Errors
/// [`Error::Io`], [`Error::WeightFile`].
pub fn save(path: &Path, tensors: &BTreeMap<String, TensorData>) -> Result<()> {
    write(path, tensors, ("format", "pt"))
}

/// Writes tensors to `path` as safetensors, each in its own type, with a header of one entry: the format's library keeps headers in a
/// hash map, and writes more than one in another order each time.
pub(crate) fn write(path: &Path, tensors: &BTreeMap<String, TensorData>, (key, value): (&str, &str)) -> Result<()> {
    let refuse = |reason: String| Error::WeightFile { path: path.to_owned(), reason };
    let bad = |error: safetensors::SafeTensorError| refuse(error.to_string());
    let mut views = Vec::with_capacity(tensors.len());
    for (name, data) in tensors {
        let dtype = dtype(data.dtype()).ok_or_else(|| refuse(format!("`{name}` is {:?}", data.dtype())))?;
        views.push((name, TensorView::new(dtype, data.shape().to_vec(), data.as_bytes()).map_err(bad)?));
    }
    let temporary = path.with_extension("safetensors.partial");
    let header = HashMap::from([(key.to_owned(), value.to_owned())]);
    let write = || {
        // The library makes files that only their owner may read; ours are as readable as any other new file.
        let permissions =
            std::fs::File::create(&temporary).and_then(|file| file.metadata()).map_err(Error::io(path))?;
        safetensors::serialize_to_file(views, Some(header), &temporary).map_err(bad)?;
        let readable = std::fs::set_permissions(&temporary, permissions.permissions());
        readable.and_then(|()| std::fs::rename(&temporary, path)).map_err(Error::io(path))
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

/// How safetensors calls a type; `None` for those that nothing here is written in.
fn dtype(ours: DType) -> Option<Dtype> {
    Some(match ours {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::U8 => Dtype::U8,
        DType::Bool(BoolStore::Native) => Dtype::BOOL,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::Row;

    #[test]
    fn verbs_are_undone() {
        let names = WeightNames::new(
            "",
            [Row::split("qkv", &["q", "k"]), Row::transposed("out", &["o"]), Row::same("norm", &["n"])],
        );
        let matrix = |numbers: [f32; 4]| TensorData::new(numbers.to_vec(), [2, 2]);
        let ours = BTreeMap::from([
            ("q.weight".to_owned(), matrix([1.0, 2.0, 5.0, 6.0])),
            ("k.weight".to_owned(), matrix([3.0, 4.0, 7.0, 8.0])),
            ("o.weight".to_owned(), matrix([1.0, 2.0, 3.0, 4.0])),
            ("n.gamma".to_owned(), TensorData::new(vec![1.0f32], [1])),
        ]);
        let published = publish(&names, ours);
        assert_eq!(published["qkv.weight"].try_to_vec::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(published["qkv.weight"].shape().to_vec(), [2, 4]);
        assert_eq!(published["out.weight"].try_to_vec::<f32>().unwrap(), [1.0, 3.0, 2.0, 4.0]);
        assert!(published.contains_key("norm.weight"));
    }

    #[test]
    #[cfg(unix)]
    fn a_saved_file_is_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, other) = (folder.path().join("model.safetensors"), folder.path().join("other"));
        std::fs::write(&other, "").unwrap();
        save(&ours, &BTreeMap::new()).unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&other));
    }

    #[test]
    fn a_failed_save_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("model.safetensors");
        assert!(save(&path, &BTreeMap::new()).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
