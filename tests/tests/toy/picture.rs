//! A small model that looks at images, and switches that break what it sees.

use burn::module::{Initializer, Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use zoo_registry::config::Rules;
use zoo_registry::include_dir::Dir;
use zoo_registry::input::Images;
use zoo_registry::output::Trace;
use zoo_registry::{
    Architecture, Descriptor, Family, FromInput, HeadOutput, ImageBatch, ImageLimits, Input, Limits, Network, Output,
    Patterns, Problem, Row, WeightNames,
};

use super::{folder, saying};

/// What is wrong with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(crate) enum PictureBug {
    Nothing,
    // What is seen.
    ChannelUnseen, LastPatchUnseen, PixelsSkipped,
    // Null models.
    PatchesUnmixed, PictureIsDense, PictureSaysNothing,
    // Where it is.
    PlacesUnused, GridFlattened, PartsDropped,
}

/// The toy that looks at images, with one bug; [`PictureBug::Nothing`] is healthy.
pub(crate) fn picture(bug: PictureBug) -> &'static dyn Architecture {
    picture_saying(bug, "", "")
}

/// The same that says `to` in its TOML where it should say `from`.
pub(crate) fn picture_saying(bug: PictureBug, from: &str, to: &str) -> &'static dyn Architecture {
    let toml = saying(include_str!("picture.toml"), from, to);
    let files = [("picture.toml", toml.as_str()), ("README.md", "# Picture\n\nMade for breaking.")];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).to_vec();
    let family = PictureFamily { bug, descriptor: Descriptor::parse(&toml).unwrap(), folder: folder("", files) };
    match bug {
        PictureBug::PartsDropped => Box::leak(Box::new(CroppingFamily(family))),
        _ => Box::leak(Box::new(family)),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    #[serde(default)]
    head: Head,
    image_size: usize,
    patch_size: usize,
    channels: usize,
    d_model: usize,
    n_labels: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Head {
    #[default]
    None,
    Labels,
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        Rules::new()
            .size("image_size", self.image_size)
            .size("patch_size", self.patch_size)
            .divides(("patch_size", self.patch_size), ("image_size", self.image_size))
            .size("channels", self.channels)
            .size("d_model", self.d_model)
            .size("n_labels", self.n_labels)
            .broken()
    }
}

/// `tanh(x E + P)` for every patch, then `tanh(· + mean W)`, so that every patch knows of every other.
#[derive(Module, Debug)]
pub(crate) struct Picture {
    patches: Conv2d,
    places: Param<Tensor<3>>,
    mix: Linear,
    classifier: Option<Linear>,
    #[module(skip)]
    config: Config,
    #[module(skip)]
    bug: PictureBug,
}

impl Picture {
    fn new(config: &Config, bug: PictureBug, device: &Device) -> Self {
        let Config { image_size, patch_size, channels, d_model, n_labels, .. } = *config;
        let grid = image_size / patch_size;
        let kernel = [patch_size; 2];
        Self {
            patches: Conv2dConfig::new([channels, d_model], kernel).with_stride(kernel).init(device),
            places: Initializer::Normal { mean: 0.0, std: 0.5 }.init([1, grid * grid, d_model], device),
            mix: LinearConfig::new(d_model, d_model).init(device),
            classifier: (config.head == Head::Labels).then(|| LinearConfig::new(d_model, n_labels).init(device)),
            config: config.clone(),
            bug,
        }
    }

    fn look(&self, pixels: Tensor<4>, trace: &mut Trace) -> Output {
        let ([batch, channels, height, width], device) = (pixels.dims(), pixels.device());
        let size = self.config.patch_size;
        let pixels = match self.bug {
            PictureBug::ChannelUnseen => pixels.clone().narrow(1, 0, 1).repeat_dim(1, self.config.channels),
            PictureBug::LastPatchUnseen => {
                let at = [0..batch, 0..channels, height - size..height, width - size..width];
                pixels.slice_assign(at, Tensor::zeros([batch, channels, size, size], &device))
            }
            _ => pixels,
        };
        let vectors = match self.bug {
            // The kernel's last column never meets an image.
            PictureBug::PixelsSkipped => {
                let narrow = self.patches.weight.val().narrow(3, 0, size - 1);
                let bias = self.patches.bias.as_ref().map(|bias| bias.val());
                let options = burn::tensor::ops::ConvOptions::new([size; 2], [0, 0], [1, 1], 1);
                burn::tensor::module::conv2d(pixels, narrow, bias, options)
            }
            _ => self.patches.forward(pixels),
        };
        let [_, _, rows, columns] = vectors.dims();
        let vectors = vectors.flatten::<3>(2, 3).swap_dims(1, 2);
        let placed =
            if self.bug == PictureBug::PlacesUnused { vectors } else { vectors + self.places([rows, columns]) };
        trace.hidden(&placed);
        let seen = placed.tanh();
        let hidden = match self.bug {
            PictureBug::PatchesUnmixed => seen.clone() + self.mix.forward(seen) * 0.0,
            PictureBug::PictureIsDense => self.mix.forward(seen),
            PictureBug::PictureSaysNothing => seen * 0.0,
            _ => (seen.clone() + self.mix.forward(seen.mean_dim(1))).tanh(),
        };
        Output::new(match &self.classifier {
            Some(classifier) => HeadOutput::LabelLogits(classifier.forward(hidden.mean_dim(1).squeeze_dim::<2>(1))),
            None => HeadOutput::Hidden(hidden),
        })
    }

    /// The nearest place of the own grid for each patch, `[1, rows · columns, d_model]`.
    fn places(&self, [rows, columns]: [usize; 2]) -> Tensor<3> {
        let grid = self.config.image_size / self.config.patch_size;
        let n = rows * columns;
        let nearest = |patch: usize| match self.bug {
            PictureBug::GridFlattened => patch * grid * grid / n,
            _ => (patch / columns * grid / rows) * grid + patch % columns * grid / columns,
        };
        let indices: Vec<i64> = (0..n).map(|patch| nearest(patch) as i64).collect();
        let table = self.places.val();
        let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [n]), &table.device());
        table.select(1, indices)
    }

    fn images(&self) -> Limits {
        Limits::Images(ImageLimits { channels: self.config.channels, patch_size: [self.config.patch_size; 2] })
    }
}

impl Network for Picture {
    type Input = ImageBatch;

    fn limits(&self) -> Limits {
        self.images()
    }

    fn patterns(&self) -> Patterns {
        Patterns::default()
    }

    fn forward(&self, batch: ImageBatch, trace: &mut Trace) -> Output {
        self.look(batch.pixel_values, trace)
    }
}

/// [`Picture`] for [`PictureBug::PartsDropped`].
#[derive(Module, Debug)]
pub(crate) struct Cropping {
    inner: Picture,
}

/// Images without what is left of a patch at their right and lower edge.
pub(crate) struct Cropped(ImageBatch);

impl FromInput for Cropped {
    fn from_input(input: &Input, limits: &Limits, device: &Device) -> Result<Self, String> {
        let (Input::Images(images), Limits::Images(image_limits)) = (input, limits) else {
            return ImageBatch::from_input(input, limits, device).map(Self);
        };
        let [batch, channels, height, width] = images.dims;
        let [down, across] = image_limits.patch_size;
        let whole = [height - height % down, width - width % across];
        if images.pixel_values.len() != images.dims.iter().product::<usize>() || whole.contains(&0) {
            return ImageBatch::from_input(input, limits, device).map(Self);
        }
        let row = |at: usize| &images.pixel_values[at * width..][..whole[1]];
        let rows = (0..batch * channels).flat_map(|plane| (0..whole[0]).map(move |y| plane * height + y));
        let pixel_values = rows.flat_map(|at| row(at).iter().copied()).collect();
        let cropped = Images { dims: [batch, channels, whole[0], whole[1]], pixel_values };
        ImageBatch::from_input(&Input::Images(cropped), limits, device).map(Self)
    }
}

impl Network for Cropping {
    type Input = Cropped;

    fn limits(&self) -> Limits {
        self.inner.images()
    }

    fn patterns(&self) -> Patterns {
        Patterns::default()
    }

    fn forward(&self, Cropped(batch): Cropped, trace: &mut Trace) -> Output {
        self.inner.look(batch.pixel_values, trace)
    }
}

struct PictureFamily {
    bug: PictureBug,
    descriptor: Descriptor,
    folder: Dir<'static>,
}

/// [`PictureFamily`] for [`PictureBug::PartsDropped`].
struct CroppingFamily(PictureFamily);

impl Family for PictureFamily {
    type Config = Config;
    type Network = Picture;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        &self.folder
    }

    fn init(&self, config: &Config, device: &Device) -> Picture {
        Picture::new(config, self.bug, device)
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        table(
            config,
            [Row::same("patches", &["patches"]), Row::same("places", &["places"]), Row::transposed("mix", &["mix"])],
            Row::transposed("score", &["classifier"]),
        )
    }
}

impl Family for CroppingFamily {
    type Config = Config;
    type Network = Cropping;

    fn descriptor(&self) -> &Descriptor {
        &self.0.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        &self.0.folder
    }

    fn init(&self, config: &Config, device: &Device) -> Cropping {
        Cropping { inner: Picture::new(config, self.0.bug, device) }
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        table(
            config,
            [
                Row::same("patches", &["inner.patches"]),
                Row::same("places", &["inner.places"]),
                Row::transposed("mix", &["inner.mix"]),
            ],
            Row::transposed("score", &["inner.classifier"]),
        )
    }
}

fn table(config: &Config, body: [Row; 3], head: Row) -> WeightNames {
    let names = WeightNames::new("picture.", body);
    if config.head == Head::Labels { names.with_head([head]) } else { names.ignoring([Row::drop("score")]) }
}
