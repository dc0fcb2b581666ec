//! Where weights are read from: a safetensors file, a folder of shards, or memory. Files are not trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{AllocationProperty, Bytes, DType, TensorData};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::checkpoint::read_object;
use crate::error::{Error, Result};

/// What a file says of a tensor before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorFacts {
    /// Element type in the file.
    pub dtype: DType,
    /// Extents in the file.
    pub shape: Vec<usize>,
}

/// Named tensors that can be read one at a time.
pub trait WeightSource {
    /// Every tensor, by published name.
    fn tensors(&self) -> &BTreeMap<String, TensorFacts>;

    /// The numbers of one tensor, in the type of the file.
    ///
    /// # Errors
    /// [`Error::WeightFile`] if there is no such tensor or it cannot be read.
    fn read(&self, name: &str) -> Result<TensorData>;

    /// Says that what was read of a tensor was copied, so that nothing needs to stay in memory of it. Reading it again is no mistake.
    fn release(&self, _name: &str) {}

    /// Where the tensors come from, for messages.
    fn origin(&self) -> &Path;
}

/// Tensors in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryWeights {
    facts: BTreeMap<String, TensorFacts>,
    data: BTreeMap<String, TensorData>,
}

impl FromIterator<(String, TensorData)> for MemoryWeights {
    fn from_iter<I: IntoIterator<Item = (String, TensorData)>>(tensors: I) -> Self {
        let data: BTreeMap<_, _> = tensors.into_iter().collect();
        let facts = |data: &TensorData| TensorFacts { dtype: data.dtype(), shape: data.shape().to_vec() };
        Self { facts: data.iter().map(|(name, data)| (name.clone(), facts(data))).collect(), data }
    }
}

impl WeightSource for MemoryWeights {
    fn tensors(&self) -> &BTreeMap<String, TensorFacts> {
        &self.facts
    }

    fn read(&self, name: &str) -> Result<TensorData> {
        self.data.get(name).cloned().ok_or_else(|| no_tensor(self.origin(), name))
    }

    fn origin(&self) -> &Path {
        Path::new("memory")
    }
}

/// One safetensors file, or the shards that a `model.safetensors.index.json` names. Files are mapped, not read: a tensor
/// whose numbers need no conversion is used where it lies.
#[derive(Debug)]
pub struct SafetensorsWeights {
    origin: PathBuf,
    facts: BTreeMap<String, TensorFacts>,
    windows: BTreeMap<String, bytes::Bytes>,
    maps: Vec<Arc<Mmap>>,
    header: BTreeMap<String, String>,
}

/// File names tried in a folder, in this order.
const FILE_NAMES: [&str; 2] = ["model.safetensors", "model.safetensors.index.json"];
/// Names of weights in formats that run code when they are opened.
const PICKLES: [&str; 3] = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5"];

impl SafetensorsWeights {
    /// Opens a file, an index of shards, or a folder that holds either.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::WeightFile`] if it is not sound: a header that lies about its length,
    /// offsets that overlap or leave the file, sizes that do not fit their type, a name that stands twice, an index that
    /// leaves its folder, a pickle.
    pub fn open(path: &Path) -> Result<Self> {
        let path = if path.is_dir() { file_in(path)? } else { path.to_owned() };
        let mut weights = Self::empty(path.clone());
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") => weights.add_file(&path, None)?,
            Some("json") => weights.add_shards(&path)?,
            _ => return Err(bad(&path, "expected a `.safetensors` file, an index of shards or a folder with one")),
        }
        Ok(weights)
    }

    /// One safetensors file that is in memory already; `origin` is what messages call it.
    ///
    /// # Errors
    /// [`Error::WeightFile`] if it is not sound.
    pub fn in_memory(origin: &Path, file: &'static [u8]) -> Result<Self> {
        let mut weights = Self::empty(origin.to_owned());
        weights.add_bytes(bytes::Bytes::from_static(file), origin, None)?;
        Ok(weights)
    }

    fn empty(origin: PathBuf) -> Self {
        let (facts, windows, header) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { origin, facts, windows, maps: Vec::new(), header }
    }

    /// What the file says besides its tensors: the `__metadata__` of the format.
    pub(crate) fn header(&self) -> &BTreeMap<String, String> {
        &self.header
    }

    fn add_shards(&mut self, index: &Path) -> Result<()> {
        #[derive(Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let object = Value::Object(read_object(index)?);
        let Index { weight_map } = serde_json::from_value(object).map_err(|error| bad(index, error))?;
        let mut shards: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (tensor, file) in weight_map {
            shards.entry(file).or_default().insert(tensor);
        }
        let folder = index.parent().unwrap_or(Path::new("."));
        for (file, expected) in shards {
            let plain = Path::new(&file).components().collect::<Vec<_>>();
            if !matches!(plain[..], [Component::Normal(_)]) || !file.ends_with(".safetensors") {
                return Err(bad(
                    index,
                    format!("shard `{file}` is not the name of a safetensors file beside the index"),
                ));
            }
            self.add_file(&folder.join(file), Some(&expected))?;
        }
        Ok(())
    }

    /// Maps one file. `expected` is what an index says it holds.
    fn add_file(&mut self, path: &Path, expected: Option<&BTreeSet<String>>) -> Result<()> {
        let file = File::open(path).map_err(Error::io(path))?;
        // SAFETY: the mapping is read-only and private. If another process cuts the file short while it is mapped, reading
        // it ends this process; every reader of large weight files accepts that, and our own writer renames, never cuts.
        let map = Arc::new(unsafe { Mmap::map(&file) }.map_err(Error::io(path))?);
        self.maps.push(Arc::clone(&map));
        self.add_bytes(bytes::Bytes::from_owner(Mapped(map)), path, expected)
    }

    /// Takes in what one file holds.
    fn add_bytes(&mut self, bytes: bytes::Bytes, path: &Path, expected: Option<&BTreeSet<String>>) -> Result<()> {
        let (header_len, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| bad(path, error))?;
        let header = &bytes[8..8 + header_len];
        refuse_repeated_names(header).map_err(|reason| bad(path, reason))?;
        self.header.extend(metadata.metadata().clone().unwrap_or_default());
        let start = 8 + header_len;
        for (name, info) in metadata.tensors() {
            let dtype = dtype(info.dtype).ok_or_else(|| {
                bad(path, format!("`{name}` is of type {:?}, expected F64, F32, F16, BF16 or an integer", info.dtype))
            })?;
            let (from, to) = info.data_offsets;
            let window = bytes.slice(start + from..start + to);
            if self.windows.insert(name.clone(), window).is_some() {
                return Err(bad(path, format!("`{name}` stands in two shards")));
            }
            self.facts.insert(name, TensorFacts { dtype, shape: info.shape.clone() });
        }
        if let Some(lacking) = expected.into_iter().flatten().find(|name| !self.facts.contains_key(*name)) {
            return Err(bad(path, format!("the index promises `{lacking}` here, which the file lacks")));
        }
        Ok(())
    }
}

impl WeightSource for SafetensorsWeights {
    fn tensors(&self) -> &BTreeMap<String, TensorFacts> {
        &self.facts
    }

    fn read(&self, name: &str) -> Result<TensorData> {
        let (Some(window), Some(facts)) = (self.windows.get(name), self.facts.get(name)) else {
            return Err(no_tensor(&self.origin, name));
        };
        let aligned = (window.as_ptr() as usize).is_multiple_of(facts.dtype.size());
        let bytes = if aligned {
            Bytes::from_shared(window.clone(), AllocationProperty::File)
        } else {
            Bytes::from_bytes_vec(window.to_vec())
        };
        TensorData::try_from_bytes(bytes, facts.shape.clone(), facts.dtype).map_err(|error| bad(&self.origin, error))
    }

    fn release(&self, name: &str) {
        #[cfg(target_os = "linux")]
        if let Some(window) = self.windows.get(name) {
            let start_in = |map: &Mmap| (window.as_ptr() as usize).checked_sub(map.as_ptr() as usize);
            let holds = |map: &&Arc<Mmap>| start_in(map).is_some_and(|start| start + window.len() <= map.len());
            if let Some(map) = self.maps.iter().find(holds) {
                let advice = memmap2::UncheckedAdvice::DontNeed;
                // SAFETY: nobody writes to the mapping, so its pages come back from the file as they were. If the system does
                // not follow the advice, they stay, which is no harm.
                let _ = unsafe { map.unchecked_advise_range(advice, start_in(map).unwrap_or(0), window.len()) };
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (name, &self.maps);
    }

    fn origin(&self) -> &Path {
        &self.origin
    }
}

/// A mapped file as its windows hold it.
struct Mapped(Arc<Mmap>);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn file_in(folder: &Path) -> Result<PathBuf> {
    let named = |names: &[&str]| names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    match (named(&FILE_NAMES), named(&PICKLES)) {
        (Some(path), _) => Ok(path),
        (None, Some(pickle)) => {
            let name = pickle.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Err(bad(
                folder,
                format!("holds `{name}`, a format that can run code when opened; zoo reads safetensors only"),
            ))
        }
        (None, None) => {
            Err(bad(folder, format!("holds neither {}", FILE_NAMES.map(|n| format!("`{n}`")).join(" nor "))))
        }
    }
}

fn dtype(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
        Dtype::F64 => DType::F64,
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::I64 => DType::I64,
        Dtype::I32 => DType::I32,
        Dtype::I16 => DType::I16,
        Dtype::I8 => DType::I8,
        Dtype::U8 => DType::U8,
        // Buffers of masks; never a parameter, so the exact type does not matter.
        Dtype::BOOL => DType::U8,
        _ => return None,
    })
}

/// JSON lets a name stand twice, and the last one would win in silence.
fn refuse_repeated_names(header: &[u8]) -> Result<(), String> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Option<String>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object of tensors")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
            let mut seen = BTreeSet::new();
            let mut repeated = None;
            while let Some(name) = map.next_key::<String>()? {
                map.next_value::<IgnoredAny>()?;
                if !seen.insert(name.clone()) {
                    repeated = Some(name);
                }
            }
            Ok(repeated)
        }
    }
    let mut header = serde_json::Deserializer::from_slice(header);
    match header.deserialize_map(Names) {
        Ok(None) => Ok(()),
        Ok(Some(name)) => Err(format!("`{name}` stands twice in the header")),
        Err(error) => Err(error.to_string()),
    }
}

fn bad(path: &Path, reason: impl ToString) -> Error {
    Error::WeightFile { path: path.to_owned(), reason: reason.to_string() }
}

fn no_tensor(path: &Path, name: &str) -> Error {
    bad(path, format!("holds no tensor `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with this header and `data_len` bytes of zeros.
    fn file(header: &str, data_len: usize) -> tempfile::NamedTempFile {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(vec![0; data_len]);
        written(&bytes)
    }

    fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn refused(header: &str, data_len: usize) -> String {
        SafetensorsWeights::open(file(header, data_len).path()).unwrap_err().to_string()
    }

    #[test]
    fn a_sound_file_is_read() {
        let file = file(r#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#, 24);
        let weights = SafetensorsWeights::open(file.path()).unwrap();
        assert_eq!(weights.tensors()["a"].shape, [2, 3]);
        assert_eq!(weights.read("a").unwrap().try_to_vec::<f32>().unwrap(), [0.0; 6]);
        assert!(weights.read("b").unwrap_err().to_string().contains("holds no tensor `b`"));
    }

    #[test]
    fn what_was_released_is_read_again() {
        let header = r#"{"a":{"dtype":"F32","shape":[3000],"data_offsets":[0,12000]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12000,12008]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        let numbers: Vec<f32> = (0..3002).map(|i| i as f32).collect();
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        let file = written(&bytes);
        let weights = SafetensorsWeights::open(file.path()).unwrap();
        let held = weights.read("a").unwrap();
        for name in ["a", "b", "no such tensor"] {
            weights.release(name);
        }
        assert_eq!(held.try_to_vec::<f32>().unwrap(), numbers[..3000]);
        assert_eq!(weights.read("a").unwrap().try_to_vec::<f32>().unwrap(), numbers[..3000]);
        assert_eq!(weights.read("b").unwrap().try_to_vec::<f32>().unwrap(), numbers[3000..]);
    }

    #[test]
    fn hostile_headers_are_refused() {
        let a = r#""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#;
        assert!(refused(&format!("{{{a},{a}}}"), 8).contains("`a` stands twice"));
        let overlapping = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
        refused(overlapping, 12);
        refused(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4000]}}"#, 8);
        refused(r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8);
        refused(r#"{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}}"#, 8);
        refused(r#"{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}"#, 8);
        refused(&format!("{{{a}}}"), 9);
        refused("{", 0);
        refused("[]", 0);
    }

    #[test]
    fn lies_about_lengths_are_refused() {
        for bytes in [&[][..], &[1, 2, 3], &u64::MAX.to_le_bytes(), &1000u64.to_le_bytes(), &(1u64 << 40).to_le_bytes()]
        {
            assert!(SafetensorsWeights::open(written(bytes).path()).is_err());
        }
    }

    #[test]
    fn folders_say_what_they_lack() {
        let folder = tempfile::tempdir().unwrap();
        assert!(SafetensorsWeights::open(folder.path()).unwrap_err().to_string().contains("holds neither"));
        std::fs::write(folder.path().join("pytorch_model.bin"), b"").unwrap();
        assert!(SafetensorsWeights::open(folder.path()).unwrap_err().to_string().contains("can run code"));
        assert!(SafetensorsWeights::open(&folder.path().join("absent.safetensors")).is_err());
    }

    #[test]
    fn shards_are_read_as_one_and_stay_in_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        std::fs::copy(file(header, 4).path(), folder.path().join("one.safetensors")).unwrap();
        std::fs::copy(file(&header.replace("\"a\"", "\"b\""), 4).path(), folder.path().join("two.safetensors"))
            .unwrap();
        let index = |map: &str| {
            let path = folder.path().join("model.safetensors.index.json");
            std::fs::write(path, format!(r#"{{"weight_map":{map}}}"#)).unwrap();
            SafetensorsWeights::open(folder.path())
        };
        let weights = index(r#"{"a":"one.safetensors","b":"two.safetensors"}"#).unwrap();
        assert_eq!(weights.tensors().len(), 2);
        assert!(index(r#"{"a":"two.safetensors"}"#).unwrap_err().to_string().contains("promises `a`"));
        for outside in ["../one.safetensors", "/etc/passwd", "sub/one.safetensors", "..", "one.bin"] {
            assert!(index(&format!(r#"{{"a":"{outside}"}}"#)).is_err(), "{outside}");
        }
    }
}
