//! A damaged file is refused with the right error, and the model stays what it was, all of it.
//!
//! # How
//!
//! A saved file of each small configuration is damaged in every way a download or a disk damages one: cut short at many
//! lengths, with a bit flipped in its length and in many places of its header, grown by a byte. Each must be an error of the
//! file or of the weights, or load to the same bits: a flipped bit may hit a blank. Then its tensors are changed: one is
//! lacking, misshapen, of whole numbers, named twice, one too many, and a pickle stands in its place. The error must name the tensor, and a
//! tensor too many be reported. After every refusal each parameter of a model that was loaded before has its bits.
//!
//! # Catches
//!
//! - half a load
//! - a missing tensor that keeps its random start
//! - a header that is believed
//! - the last of two tensors of one name
//! - a format that runs code when it is opened
//!
//! # Seen
//!
//! - [lyogavin/airllm #137](https://github.com/lyogavin/airllm/issues/137) and
//!   [PersuGPT/PersuGPT.github.io #2](https://github.com/PersuGPT/PersuGPT.github.io/issues/2): downloads that end early.
//! - [Comfy-Org/ComfyUI #15602](https://github.com/Comfy-Org/ComfyUI/issues/15602): bytes behind the last tensor that one
//!   reader takes and another does not.
//!
//! # Fix
//!
//! Plan the whole load from names, types and shapes before the first parameter changes. Bound every number of the header by the
//! length of the file.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;
use zoo_registry::weights::SafetensorsWeights;
use zoo_registry::{Error, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::plain::{self, Stored};
use crate::seed;
use crate::subject::{Subject, Variant};

/// Lengths at which a file is cut, and bits of its header that are flipped.
const CUTS: usize = 16;
const FLIPS: usize = 48;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut tried = 0;
    let variants = subject.variants()?;
    // What a head adds is no other kind of file.
    let of_each_tiny = variants
        .iter()
        .enumerate()
        .filter(|(index, variant)| variants[..*index].iter().all(|earlier| earlier.tiny() != variant.tiny()));
    for (_, variant) in of_each_tiny {
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let mut bench = Bench::new(subject, variant, folder.path())?;
        bench.broken_files()?;
        bench.changed_tensors()?;
        bench.pickle()?;
        tried += bench.tried;
    }
    Ok(Finding::seen(format!("{tried} damaged files")))
}

/// A model that was loaded before, and a sound file with other weights.
struct Bench<'a> {
    head: &'a str,
    model: Box<dyn Model>,
    before: BTreeMap<String, TensorData>,
    sound: Vec<u8>,
    folder: &'a Path,
    tried: usize,
}

/// How a damaged file may be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// An error of the file.
    File,
    /// An error of the weights.
    Weights,
    /// Either, or weights as if nothing had happened.
    Harmless,
}

impl<'a> Bench<'a> {
    fn new(subject: &Subject<'_>, variant: &'a Variant, folder: &'a Path) -> Result<Self, Stop> {
        let path = folder.join("sound.safetensors");
        let other = subject.hot_weights(variant)?.into_iter().map(|(path, data)| {
            let moved = data.iter::<f32>().map(|x| x + 1.0).collect::<Vec<f32>>();
            (path, TensorData::new(moved, data.shape().to_vec()))
        });
        subject.filled(variant, &subject.device, other.collect())?.save(&path)?;
        let sound = std::fs::read(&path).map_err(|error| Stop::fails(format!("no saved file: {error}")))?;
        let model = subject.hot(variant)?;
        let before = model.parameters();
        Ok(Self { head: &variant.head, model, before, sound, folder, tried: 0 })
    }

    fn broken_files(&mut self) -> Result<(), Stop> {
        let (len, mut draw) = (self.sound.len(), seed::draw("damage"));
        let header = plain::split(&self.sound).map_err(Stop::fails)?.0.len();
        let ends = [0, 7, 8, 8 + header - 1, 8 + header, len - 1];
        for at in ends.into_iter().chain((0..CUTS).map(|_| draw.below(len))) {
            let cut = self.sound[..at].to_vec();
            self.meets(&cut, Expected::File, "", || format!("cut after {at} of {len} bytes"))?;
        }
        let twice = self.named_twice()?;
        self.meets(&twice, Expected::File, "", || "that names a tensor twice".to_owned())?;
        let longer = [self.sound.as_slice(), &[0]].concat();
        self.meets(&longer, Expected::File, "", || "a byte longer".to_owned())?;
        for bit in 0..64 {
            let flipped = self.flipped(bit);
            self.meets(&flipped, Expected::File, "", || format!("with bit {bit} of its length flipped"))?;
        }
        for _ in 0..FLIPS {
            let bit = 64 + draw.below(8 * header);
            let flipped = self.flipped(bit);
            self.meets(&flipped, Expected::Harmless, "", || format!("with bit {bit} flipped, in the header"))?;
        }
        Ok(())
    }

    fn changed_tensors(&mut self) -> Result<(), Stop> {
        let (tensors, _) = plain::read(&self.sound).map_err(Stop::fails)?;
        let lopsided = |tensor: &Stored| tensor.shape.len() > 1 && tensor.shape.first() != tensor.shape.last();
        let found = tensors.iter().find(|(_, tensor)| lopsided(tensor));
        let (name, tensor) =
            found.ok_or_else(|| Stop::fails("expected a tensor that is not square among the weights"))?;
        let with = |tensor: Option<Stored>| {
            let mut changed = tensors.clone();
            changed.remove(name);
            changed.extend(tensor.map(|tensor| (name.clone(), tensor)));
            plain::write(&changed)
        };
        let turned = Stored { shape: tensor.shape.iter().rev().copied().collect(), ..tensor.clone() };
        let whole = Stored { dtype: "I32".to_owned(), ..tensor.clone() };
        let half = tensor.bytes.chunks_exact(4).flat_map(|bytes| [bytes[2], bytes[3]]).collect();
        let mut shape = tensor.shape.clone();
        shape.iter_mut().last().into_iter().for_each(|last| *last -= 1);
        let narrow =
            Stored { bytes: tensor.bytes[..4 * shape.iter().product::<usize>()].to_vec(), shape, ..tensor.clone() };
        self.meets(&with(None), Expected::Weights, name, || format!("without `{name}`"))?;
        self.meets(&with(Some(turned)), Expected::Weights, name, || format!("with the axes of `{name}` swapped"))?;
        self.meets(&with(Some(narrow)), Expected::Weights, name, || format!("with a narrower `{name}`"))?;
        self.meets(&with(Some(whole)), Expected::Weights, name, || format!("with whole numbers in `{name}`"))?;
        let lying = Stored { dtype: "F32".to_owned(), bytes: half, ..tensor.clone() };
        self.meets(&with(Some(lying)), Expected::File, "", || format!("with half the bytes of `{name}`"))?;
        self.too_many(&tensors, tensor)
    }

    /// The file with the first of its tensors named once more in the header, for the same numbers.
    fn named_twice(&self) -> Result<Vec<u8>, Stop> {
        let (header, data) = plain::split(&self.sound).map_err(Stop::fails)?;
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(header).map_err(|error| Stop::fails(error.to_string()))?;
        let (name, facts) = fields
            .iter()
            .find(|(name, _)| *name != "__metadata__")
            .ok_or_else(|| Stop::fails("expected a tensor among the weights"))?;
        let more = format!(",{}:{facts}}}", serde_json::Value::from(name.clone()));
        let end = header.iter().rposition(|byte| *byte == b'}').unwrap_or_default();
        Ok(plain::joined(&[&header[..end], more.as_bytes()].concat(), data))
    }

    /// A tensor that nobody asked for is no reason to refuse, and one to tell.
    fn too_many(&mut self, tensors: &BTreeMap<String, Stored>, tensor: &Stored) -> Result<(), Stop> {
        const NAME: &str = "nobody.asked.for.this";
        let mut more = tensors.clone();
        more.insert(NAME.to_owned(), tensor.clone());
        let path = self.written(&plain::write(&more))?;
        let report = self.model.load(&SafetensorsWeights::open(&path)?)?;
        let head = self.head;
        require(report.unexpected == [NAME], || {
            format!("head `{head}`: a tensor too many is reported as {:?}", report.unexpected)
        })?;
        self.before = self.model.parameters();
        Ok(())
    }

    fn pickle(&mut self) -> Result<(), Stop> {
        let folder = self.folder.join("pickled");
        let made =
            std::fs::create_dir(&folder).and_then(|()| std::fs::write(folder.join("pytorch_model.bin"), b"\x80\x02}."));
        made.map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let head = self.head;
        match SafetensorsWeights::open(&folder) {
            Err(Error::WeightFile { .. }) => {}
            other => return Err(Stop::fails(format!("head `{head}`: a pickle is met with {other:?}"))),
        }
        let pickle = self.written(b"\x80\x02}q\x00.")?;
        let opened = SafetensorsWeights::open(&pickle);
        require(opened.is_err(), || format!("head `{head}`: a pickle that is called safetensors is opened"))
    }

    fn flipped(&self, bit: usize) -> Vec<u8> {
        let mut file = self.sound.clone();
        file[bit / 8] ^= 1 << (bit % 8);
        file
    }

    fn written(&self, file: &[u8]) -> Result<std::path::PathBuf, Stop> {
        let path = self.folder.join("damaged.safetensors");
        // A new file: the old one may still be mapped.
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, file).map_err(|error| Stop::fails(format!("no room for a file: {error}")))?;
        Ok(path)
    }

    /// Loads a damaged file and looks what happens.
    fn meets(&mut self, file: &[u8], expected: Expected, named: &str, what: impl Fn() -> String) -> Result<(), Stop> {
        self.tried += 1;
        let path = self.written(file)?;
        let met = SafetensorsWeights::open(&path).and_then(|weights| self.model.load(&weights));
        let head = self.head;
        let told = |found: &str| Stop::fails(format!("head `{head}`: a file {} {found}", what()));
        let fits = match (&met, expected) {
            (Err(Error::WeightFile { .. }), Expected::File | Expected::Harmless)
            | (Err(Error::Weights { .. }), Expected::Harmless) => true,
            (Err(Error::Weights { report, .. }), Expected::Weights) => report.contains(named),
            (Ok(_), Expected::Harmless) => {
                let sound = plain::read(&self.sound).map_err(Stop::fails)?.0;
                let weights = self.model.weights();
                let same =
                    weights.iter().all(|(name, data)| sound.get(name).is_some_and(|t| t.bytes == data.as_bytes()));
                if !same {
                    return Err(told("is loaded as something else than was saved"));
                }
                self.before = self.model.parameters();
                true
            }
            _ => false,
        };
        if !fits {
            let met = met.map_or_else(|error| error.to_string(), |report| format!("success: {report:?}"));
            return Err(told(&format!("is met with `{met}`, expected {expected:?}")));
        }
        let after = self.model.parameters();
        let changed =
            self.before.iter().find(|(path, data)| after.get(*path).map(TensorData::as_bytes) != Some(data.as_bytes()));
        match changed {
            Some((path, _)) => Err(told(&format!("is refused, and `{path}` has changed all the same"))),
            None => Ok(()),
        }
    }
}
