//! What the code of a size costs, read off its operations: the forward pass runs on a device that records each operation with the shapes
//! it meets and computes nothing, so that GPT-3 is counted as fast as a toy.

mod passing;

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Device, Tensor};
use burn_ir::{
    BaseOperationIr, FloatOperationIr, GraphIr, ModuleOperationIr, NumericOperationIr, OperationIr, TensorId, TensorIr,
    TensorStatus,
};
use serde_json::{Map, Value};

use crate::architecture::Architecture;
use crate::batch::Limits;
use crate::cost::{Cost, Writing};
use crate::decode::Logits;
use crate::error::{Error, Result};
use crate::input::{Images, Input, Tokens};
use crate::model::Model;
use crate::output::Record;
use crate::rows::Rows;

pub use passing::passing;

/// The shortest text that is counted.
const SHORTEST: usize = 128;
/// The longest, of a model that reads texts of any length.
const ENDLESS: usize = 1024;
/// The longest of any model: masks and relative positions are laid out on the host for every pair of tokens.
pub const LONGEST: usize = 4096;

/// Lengths of texts that are worth counting: 128 tokens, twice that, and so on up to the longest that a model with these limits reads.
/// None for images, which have one size.
fn worthwhile(limits: &Limits) -> Vec<usize> {
    let longest = |limit: Option<usize>| limit.map_or(ENDLESS, |limit| limit.min(LONGEST));
    let longest = match limits {
        Limits::Tokens(limits) => longest(limits.max_positions),
        Limits::TokenPair { source, target } => longest(source.max_positions).min(longest(target.max_positions)),
        Limits::Images(_) => return Vec::new(),
    };
    let powers = std::iter::successors(Some(SHORTEST), |length| length.checked_mul(2));
    powers.take_while(|length| *length < longest).chain([longest]).collect()
}

/// What a configuration costs: for texts of each of these lengths, or of those worth counting: 128 tokens, twice that, and so on. For a
/// vision model it is one image of the configured size, whatever the lengths.
///
/// # Errors
/// [`Error::Config`]; [`Error::Input`] for a text that the model cannot read, or one of more than 4096 tokens; [`Error::Unsupported`] if
/// the pass depends on numbers it computed, which nobody knows here.
pub fn costs(
    architecture: &dyn Architecture,
    config: &Map<String, Value>,
    lengths: Option<&[usize]>,
) -> Result<Vec<Cost>> {
    let limits = architecture.build(config, &Device::flex())?.limits();
    let lengths = lengths.map_or_else(|| worthwhile(&limits), <[usize]>::to_vec);
    let refuse = |reason| Error::Input { model: architecture.descriptor().id.clone(), reason };
    if let Some(length) = lengths.iter().find(|length| !(1..=LONGEST).contains(*length)) {
        return Err(refuse(format!("expected a length from 1 to {LONGEST} tokens, found {length}")));
    }
    let lengths = if matches!(limits, Limits::Images(_)) { vec![0] } else { lengths };
    let cost = |length: usize| {
        let input = input(&limits, config, [length; 2]).map_err(refuse)?;
        let tokens = match (&input, &limits) {
            (Input::Images(images), Limits::Images(limits)) => {
                let ([_, _, height, width], [down, across]) = (images.dims, limits.patch_size);
                (height / down) * (width / across)
            }
            _ => length,
        };
        cost(architecture, config, (tokens, &input))
    };
    lengths.into_iter().map(cost).collect()
}

/// One text, a source and a target of these lengths, or an image of the configured size: whatever is read.
fn input(limits: &Limits, config: &Map<String, Value>, [source, target]: [usize; 2]) -> Result<Input, String> {
    let text = |tokens| Tokens::new(Rows::full(1, tokens, 0));
    Ok(match limits {
        Limits::Tokens(_) => text(target).into(),
        Limits::TokenPair { .. } => Input::TokenPair { source: text(source), target: text(target) },
        Limits::Images(limits) => {
            let side = config.get("image_size").and_then(Value::as_u64).and_then(|side| usize::try_from(side).ok());
            let side = side.ok_or("expected a configuration with an `image_size`, found none")?;
            let dims = [1, limits.channels, side, side];
            Input::Images(Images { dims, pixel_values: vec![0.0; dims.iter().product()] })
        }
    })
}

/// What matrix products and convolutions take, of whatever was run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Products {
    /// Multiplications and additions, as [`Cost::matmul_flops`].
    pub flops: u64,
    /// Bytes of what is multiplied, the weights among it: what memory has to deliver, if nothing stays near the processor from one product
    /// to the next.
    pub bytes: u64,
}

/// What the matrix products of a run take, without computing them. `run` may do with the model what it likes, but read numbers.
///
/// # Errors
/// As [`costs`], and those of `run`.
pub fn products(
    architecture: &dyn Architecture,
    config: &Map<String, Value>,
    run: impl FnOnce(&dyn Model) -> Result<()>,
) -> Result<Products> {
    let device = Device::capture();
    let (operations, ran) = recorded(architecture, &device, || run(architecture.build(config, &device)?.as_ref()))?;
    ran?;
    let each = operations.iter().map(|operation| (matmul_flops(operation), operation));
    let products = each.filter(|(flops, _)| *flops > 0).map(|(flops, operation)| (flops, multiplied_bytes(operation)));
    Ok(products.fold(Products::default(), |sum, (flops, bytes)| Products {
        flops: sum.flops.saturating_add(flops),
        bytes: sum.bytes.saturating_add(bytes),
    }))
}

/// What is recorded, one after the other, with a [mark](mark) after each.
#[derive(Default)]
struct Recorded {
    /// The first pass, which draws the parameters.
    drawing: Vec<OperationIr>,
    /// The second, which finds them drawn.
    pass: Vec<OperationIr>,
    /// The last token is read when all before it are remembered.
    step: Vec<OperationIr>,
    /// What is remembered then, if the model writes.
    state_bytes: Option<u64>,
}

fn cost(
    architecture: &dyn Architecture,
    config: &Map<String, Value>,
    (tokens, input): (usize, &Input),
) -> Result<Cost> {
    let Recorded { drawing, pass, step, state_bytes } = record(architecture, config, input)?;
    let known = drawing.iter().flat_map(OperationIr::nodes).map(|tensor| tensor.id).collect();
    let step_flops = step.iter().map(matmul_flops).sum();
    Ok(Cost {
        tokens: tokens as u64,
        matmul_flops: pass.iter().map(matmul_flops).sum(),
        elementwise: pass.iter().map(elementwise).sum(),
        activation_bytes: peak(&pass, &known),
        writing: state_bytes.map(|state_bytes| Writing { state_bytes, step_flops }),
    })
}

fn record(architecture: &dyn Architecture, config: &Map<String, Value>, input: &Input) -> Result<Recorded> {
    let device = Device::capture();
    let run = || run_all(architecture.build(config, &device)?.as_ref(), input, &device);
    let (operations, state_bytes) = recorded(architecture, &device, run)?;
    let state_bytes = state_bytes?;
    let mut parts = operations.split(is_mark).map(<[OperationIr]>::to_vec);
    let mut part = || parts.next().unwrap_or_default();
    let (drawing, pass) = (part(), part());
    // Then all tokens but the last are read.
    part();
    Ok(Recorded { drawing, pass, step: part(), state_bytes })
}

/// The operations of a run on a recording device, and what it gave.
fn recorded<T>(
    architecture: &dyn Architecture,
    device: &Device,
    run: impl FnOnce() -> T,
) -> Result<(Vec<OperationIr>, T)> {
    let mut ran = None;
    let graph = device.capture_scope(|scope| {
        ran = Some(run());
        scope.complete([], [])
    });
    let lacks = |reason: String| Error::Unsupported {
        model: architecture.descriptor().id.clone(),
        lacks: format!("cannot be counted without being run: {reason}"),
    };
    let GraphIr { operations, .. } = graph.map_err(|error| lacks(error.to_string()))?.graph;
    Ok((operations, ran.ok_or_else(|| lacks("nothing was recorded".into()))?))
}

/// What is remembered at the end, in bytes.
fn run_all(model: &dyn Model, input: &Input, device: &Device) -> Result<Option<u64>> {
    for _ in 0..2 {
        model.forward(input, Record::NOTHING)?;
        mark(device);
    }
    let (source, target) = match input {
        Input::Tokens(tokens) => (None, tokens),
        Input::TokenPair { source, target } => (Some(Input::Tokens(source.clone())), target),
        _ => return Ok(None),
    };
    let Some(decoder) = model.decoder() else { return Ok(None) };
    let [_, tokens] = target.input_ids.dims();
    let mut state = decoder.start(1, source.as_ref())?;
    if tokens > 1 {
        decoder.advance(&mut state, &target.columns(0, tokens - 1), Logits::Last)?;
    }
    mark(device);
    decoder.advance(&mut state, &target.columns(tokens - 1, tokens), Logits::Last)?;
    Ok(Some(state.bytes() as u64))
}

/// No model has a tensor of so many axes.
const AXES_OF_MARK: usize = 8;

/// Leaves an operation that [`is_mark`] finds again.
fn mark(device: &Device) {
    Tensor::<AXES_OF_MARK>::zeros([1; AXES_OF_MARK], device);
}

fn is_mark(operation: &OperationIr) -> bool {
    operation.outputs().any(|tensor| tensor.shape.iter().len() == AXES_OF_MARK)
}

fn numbers(tensor: &TensorIr) -> u64 {
    tensor.shape.iter().fold(1, |product, extent| product * *extent as u64)
}

/// Multiplications and additions, if this is a matrix product or a convolution.
fn matmul_flops(operation: &OperationIr) -> u64 {
    let last = |tensor: &TensorIr| tensor.shape.iter().last().map_or(1, |extent| *extent as u64);
    // Inputs and weights of a kernel: everything but the first axis, the channels that come out.
    let kernel = |weight: &TensorIr| numbers(weight) / weight.shape.iter().next().map_or(1, |extent| *extent as u64);
    match operation {
        OperationIr::Float(_, FloatOperationIr::Matmul(product)) => 2 * numbers(&product.out) * last(&product.lhs),
        OperationIr::Module(ModuleOperationIr::Linear(map)) => 2 * numbers(&map.out) * last(&map.x),
        OperationIr::Module(ModuleOperationIr::Conv1d(conv)) => 2 * numbers(&conv.out) * kernel(&conv.weight),
        OperationIr::Module(ModuleOperationIr::Conv2d(conv)) => 2 * numbers(&conv.out) * kernel(&conv.weight),
        OperationIr::Module(ModuleOperationIr::Attention(attention)) => {
            // Scores and the mean of the values.
            let pairs = numbers(&attention.query) / last(&attention.query)
                * (numbers(&attention.key) / last(&attention.key))
                / attention.key.shape.iter().take(2).fold(1, |product, extent| product * *extent as u64);
            2 * pairs * (last(&attention.query) + last(&attention.value))
        }
        _ => 0,
    }
}

/// Bytes of all that goes into a product.
fn multiplied_bytes(operation: &OperationIr) -> u64 {
    operation.inputs().map(bytes).sum()
}

/// Numbers that other arithmetic runs over: moving and making numbers is none.
fn elementwise(operation: &OperationIr) -> u64 {
    let arithmetic = match operation {
        OperationIr::NumericFloat(_, NumericOperationIr::Full(_)) => false,
        OperationIr::Float(_, FloatOperationIr::Random(_) | FloatOperationIr::IntoInt(_)) => false,
        OperationIr::Module(ModuleOperationIr::Embedding(_)) => false,
        OperationIr::NumericFloat(..) | OperationIr::Activation(_) => true,
        OperationIr::Float(..) | OperationIr::Module(_) => matmul_flops(operation) == 0,
        _ => false,
    };
    let largest = || operation.nodes().into_iter().map(numbers).max().unwrap_or(0);
    if arithmetic { largest() } else { 0 }
}

/// Most bytes that tensors other than the `known` take at any time, each from where it is made to its last use. Arithmetic that goes
/// number by number writes over what nobody needs any more.
fn peak(operations: &[OperationIr], known: &BTreeSet<TensorId>) -> u64 {
    let mut memory = Memory { places: BTreeMap::new(), lives: BTreeMap::new() };
    for (at, operation) in operations.iter().enumerate() {
        for tensor in operation.inputs().filter(|tensor| !known.contains(&tensor.id)) {
            // What was uploaded is there from its first use.
            let place = *memory.places.entry(tensor.id).or_insert(Place::of(tensor));
            memory.lives.entry(place.root).or_insert(Life { from: at, to: at, bytes: bytes(tensor) }).to = at;
        }
        let place = memory.shared(operation, known);
        for tensor in operation.outputs() {
            memory.places.insert(tensor.id, place.unwrap_or(Place::of(tensor)));
            if place.is_none() {
                memory.lives.insert(tensor.id, Life { from: at, to: at, bytes: bytes(tensor) });
            }
        }
    }
    let mut changes = vec![0i128; operations.len() + 1];
    for (_, Life { from, to, bytes }) in memory.lives.into_iter().filter(|(root, _)| !known.contains(root)) {
        changes[from] += i128::from(bytes);
        changes[to + 1] -= i128::from(bytes);
    }
    let running = changes.iter().scan(0i128, |sum, change| {
        *sum += change;
        Some(*sum)
    });
    running.max().and_then(|most| u64::try_from(most).ok()).unwrap_or(0)
}

/// Where tensors lie.
struct Memory {
    places: BTreeMap<TensorId, Place>,
    /// By the tensor that was there first.
    lives: BTreeMap<TensorId, Life>,
}

#[derive(Clone, Copy)]
struct Place {
    /// Whose memory it is.
    root: TensorId,
    /// Whether all of it is there, one number after the other.
    in_order: bool,
    /// Whether somebody else may look at the same numbers.
    view: bool,
}

impl Place {
    fn of(tensor: &TensorIr) -> Self {
        Self { root: tensor.id, in_order: true, view: false }
    }
}

/// The operations between which memory is taken.
struct Life {
    from: usize,
    to: usize,
    bytes: u64,
}

impl Memory {
    /// The memory of an input, where the result of an operation needs no other: it looks at it another way, or is written over it.
    fn shared(&self, operation: &OperationIr, known: &BTreeSet<TensorId>) -> Option<Place> {
        let at = |tensor: &TensorIr| self.places.get(&tensor.id).copied().unwrap_or(Place::of(tensor));
        let turned = |tensor: &TensorIr| Some(Place { in_order: false, view: true, ..at(tensor) });
        match base(operation) {
            Some(BaseOperationIr::Reshape(shape)) => {
                let place = at(&shape.input);
                // Axes of extent 1 come and go without a copy.
                (place.in_order || wide(&shape.input) == wide(&shape.out)).then_some(Place { view: true, ..place })
            }
            Some(BaseOperationIr::Expand(shape)) => turned(&shape.input),
            Some(BaseOperationIr::SwapDims(swapped)) => turned(&swapped.input),
            Some(BaseOperationIr::Permute(permuted)) => turned(&permuted.input),
            Some(BaseOperationIr::Slice(slice)) => turned(&slice.tensor),
            Some(_) => None,
            None if elementwise(operation) == 0 || matches!(operation, OperationIr::Module(_)) => None,
            None => {
                let out = operation.outputs().next()?;
                let free = |tensor: &&TensorIr| {
                    let last_use = tensor.status == TensorStatus::ReadWrite && !known.contains(&tensor.id);
                    last_use && bytes(tensor) == bytes(out) && !at(tensor).view
                };
                operation.inputs().find(free).map(at)
            }
        }
    }
}

/// Extents other than 1.
fn wide(tensor: &TensorIr) -> Vec<usize> {
    tensor.shape.iter().copied().filter(|extent| *extent != 1).collect()
}

fn bytes(tensor: &TensorIr) -> u64 {
    numbers(tensor) * tensor.dtype.size() as u64
}

fn base(operation: &OperationIr) -> Option<&BaseOperationIr> {
    match operation {
        OperationIr::BaseFloat(base) | OperationIr::BaseInt(base) | OperationIr::BaseBool(base) => Some(base),
        _ => None,
    }
}
