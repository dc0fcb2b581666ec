//! The pictures of building blocks show what the blocks compute, and what the families that name them declare.

use burn::tensor::{DType, Device, Tensor};
use zoo_registry::batch::Limits;
use zoo_registry::capture::passing;
use zoo_registry::flow::{Extent, Length, Passing, Place};
use zoo_registry::input::{Images, Input, Tokens};
use zoo_registry::output::Record;
use zoo_registry::picture::{self, Shown, TOKENS};
use zoo_registry::registry::build;
use zoo_registry::rows::Rows;
use zoo_registry::{Flow, Pattern};

use crate::ARCHITECTURES;
use crate::blocks::{Activation, Buckets, Rotary, banded_causal_bias, causal_bias, sinusoidal};

/// Rows of the first panel of a mask.
fn mask(term: &str) -> Vec<String> {
    match picture::picture("attention", term).map(|picture| picture.shown) {
        Some(Shown::Cells(panels)) => panels[0].rows.clone(),
        other => panic!("`{term}` is no mask: {other:?}"),
    }
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

#[test]
fn masks_are_those_that_are_added() {
    let device = Device::flex();
    let Some(Pattern::Banded { window }) = picture::pattern("local-window") else { panic!("a window") };
    for (term, bias) in [
        ("causal", causal_bias(TOKENS, TOKENS, &device)),
        ("local-window", banded_causal_bias(window, TOKENS, TOKENS, &device)),
    ] {
        let rows: Vec<String> = values(bias)
            .chunks(TOKENS)
            .map(|row| row.iter().map(|&at| if at == 0.0 { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(rows, mask(term), "{term}");
    }
}

/// What a layer declares, and checks measure, is the picture of a term that the family names; and every such term is at least what
/// some layer sees.
#[test]
fn patterns_are_those_of_the_terms_that_families_name() {
    let same = |a: Pattern, b: Pattern| std::mem::discriminant(&a) == std::mem::discriminant(&b);
    for architecture in ARCHITECTURES {
        let facts = architecture.descriptor();
        let model = build(*architecture, &facts.tiny, "flex").unwrap();
        let patterns = model.patterns();
        let layers: Vec<Pattern> = patterns.layers.iter().chain(&patterns.source).copied().collect();
        let terms = facts.taxonomy["attention"].iter().filter_map(|term| Some((term, picture::pattern(term)?)));
        let terms: Vec<_> = terms.collect();
        for layer in &layers {
            assert!(terms.iter().any(|(_, term)| same(*term, *layer)), "{}: {layer:?} is none of {terms:?}", facts.id);
        }
        for (term, drawn) in terms {
            let within = |layer: &&Pattern| {
                let mut pairs = (0..TOKENS).flat_map(|query| (0..TOKENS).map(move |key| (query, key)));
                same(**layer, drawn) || pairs.all(|(query, key)| !layer.sees(query, key) || drawn.sees(query, key))
            };
            assert!(layers.iter().any(|layer| within(&layer)), "{}: no layer is `{term}`: {layers:?}", facts.id);
        }
    }
}

/// What is read off a pass that computes nothing is what a pass meets that does, whatever the batch and the lengths.
#[test]
fn shapes_on_lines_are_those_of_a_pass() {
    let (batch, source_len, target_len) = (2, 4, 5);
    let text = |tokens| Tokens::new(Rows::full(batch, tokens, 1));
    for architecture in ARCHITECTURES {
        let facts = architecture.descriptor();
        let model = build(*architecture, &facts.tiny, "flex").unwrap();
        let input: Input = match model.limits() {
            Limits::Tokens(_) => text(target_len).into(),
            Limits::TokenPair { .. } => Input::TokenPair { source: text(source_len), target: text(target_len) },
            Limits::Images(limits) => {
                let side = model.config()["image_size"].as_u64().unwrap() as usize;
                let dims = [batch, limits.channels, side, side];
                Input::Images(Images { dims, pixel_values: vec![0.5; dims.iter().product()] })
            }
            other => panic!("{}: {other:?}", facts.id),
        };
        let output = model.forward(&input, Record::ALL).unwrap();
        let named = output.named();
        let dims = |name: &str| named.iter().find(|(known, _)| known == name).map(|(_, data)| data.shape().to_vec());
        let tensors = passing(*architecture, model.config()).unwrap();
        assert!(tensors.is_sorted_by_key(|passing| passing.place), "{}: {tensors:?}", facts.id);
        for Passing { place, extents } in tensors {
            let met = match place {
                Place::SourceTokens | Place::Tokens | Place::Image => continue,
                Place::SourceEmbedded => dims("encoder_hidden_states.0"),
                Place::SourceLast => dims("encoder_last_hidden_state"),
                Place::Embedded => dims("hidden_states.0").or(dims("decoder_hidden_states.0")),
                Place::Last => Some(output.hidden_states.last().unwrap().dims().to_vec()),
                Place::Pooled => dims("pooler_output"),
                Place::Answer(answer) => {
                    assert_eq!(answer, output.head.kind(), "{}", facts.id);
                    Some(named[0].1.shape().to_vec())
                }
            };
            let length = |extent: &Extent| match extent {
                Extent::Fixed(extent) => *extent as usize,
                Extent::Length(Length::Text) => target_len,
                Extent::Length(Length::Source) => source_len,
            };
            let told: Vec<usize> = std::iter::once(batch).chain(extents.iter().map(length)).collect();
            assert_eq!(Some(told), met, "{}: {place:?}", facts.id);
        }
        for stack in Flow::stated(facts, model.config()).stacks {
            let tree = model.modules();
            let layer = stack.layers.replace('*', "0") + ".0";
            let paths = stack.parts.iter().flat_map(|part| [&part.module, &part.norm]);
            for path in paths.map(|path| format!("{layer}.{path}")).chain(stack.last_norm.clone()) {
                assert!(tree.at(&path).is_some(), "{}: nothing stands at `{path}`", facts.id);
            }
        }
    }
}

#[test]
fn curves_are_those_of_the_activations() {
    let device = Device::flex();
    for (term, activation) in [
        ("relu", Activation::Relu),
        ("gelu", Activation::Gelu),
        ("gelu-tanh", Activation::GeluTanh),
        ("silu", Activation::Silu),
        ("tanh", Activation::Tanh),
    ] {
        let drawn = picture::activation(term).unwrap();
        let inputs: Vec<f32> = (-16..=16_i16).map(|step| f32::from(step) / 4.0).collect();
        let computed = activation.forward(Tensor::<1>::from_floats(inputs.as_slice(), &device));
        for (x, y) in inputs.iter().zip(computed.into_data().iter::<f64>()) {
            assert!((drawn(f64::from(*x)) - y).abs() < 1e-5, "{term} at {x}: {y}");
        }
    }
}

#[test]
fn waves_are_those_of_the_positions() {
    let Some(Shown::Heat(panels)) = picture::picture("positional-encoding", "sinusoidal").map(|p| p.shown) else {
        panic!("a heat map")
    };
    let rows = &panels[0].rows;
    let positions: Vec<i64> = (0..rows.len() as i64).collect();
    let positions = Tensor::<1, burn::tensor::Int>::from_ints(positions.as_slice(), &Device::flex());
    let computed = sinusoidal(positions.unsqueeze(), rows[0].len());
    for (drawn, y) in rows.concat().iter().zip(computed.into_data().iter::<f64>()) {
        assert!((f64::from(*drawn) / 100.0 - y).abs() < 0.006, "{drawn} is not {y}");
    }
}

#[test]
fn buckets_are_those_of_the_bias() {
    for (ahead, buckets) in [(true, Buckets::both_ways(32, 128)), (false, Buckets::backwards(32, 128))] {
        for offset in -300..=300_i32 {
            let drawn = picture::t5_bucket(offset, ahead);
            assert_eq!(drawn as usize, buckets.of(i64::from(offset)), "ahead: {ahead}, {offset}");
        }
    }
}

#[test]
fn the_rotary_curve_is_the_product_of_what_is_turned() {
    let Some(Shown::Curves(curves)) = picture::picture("positional-encoding", "rotary").map(|p| p.shown) else {
        panic!("a curve")
    };
    let device = Device::flex();
    let (places, width) = (curves.series[0].points.len(), 64);
    let turns = Rotary::from_zero(places, width, 10_000.0, (&device, DType::F32));
    let turned = turns.turn(Tensor::<4>::ones([1, 1, places, width], &device));
    // The product of each with the first, over the width.
    let first = turned.clone().slice([0..1, 0..1, 0..1, 0..width]);
    let products = turned.matmul(first.swap_dims(2, 3)) / width as f64;
    for ([distance, drawn], product) in curves.series[0].points.iter().zip(values(products)) {
        assert!((drawn - f64::from(product)).abs() < 1e-3, "at {distance}: {drawn} is not {product}");
    }
}
