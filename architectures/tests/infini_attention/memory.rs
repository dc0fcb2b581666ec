//! What must hold of the memory, whatever the weights.

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde_json::json;
use zoo_architectures::blocks::{CompressiveMemory, MemoryUpdate};
use zoo_conformance::values::{UNIT_ROUNDOFF, VISIBLE, WHOLE_MODEL};
use zoo_registry::draw::Draw;
use zoo_registry::loss::IGNORED;
use zoo_registry::output::Record;
use zoo_registry::{Architecture, Input, Labels, Model, Rows, Tokens};

use crate::equations::Memory;
use crate::subject::{config, gap, gated, model, noise, scores, text, tokens, weights};

/// sigmoid(β) is 0, as far as f32 can tell: what is seen alone.
const SIGHT: f32 = -100.0;
/// sigmoid(β) is 1: what is remembered alone.
const MEMORY: f32 = 100.0;

fn bits(row: &[f32]) -> Vec<u32> {
    row.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn memory_is_read_before_it_is_written() {
    for update in ["linear", "delta"] {
        // One layer and nothing but memory: a token sees itself, through the residual path, and finished segments.
        let config = config(json!({ "n_layers": 1, "update": update }));
        let (model, len) = (gated(&config, MEMORY), 11);
        let segment = |position: usize| position / 4;
        let mut seen = vec![vec![false; len]; len];
        for name in ["a", "b", "c"] {
            let text = text(&config, name, len);
            let before = scores(model.as_ref(), &text);
            for from in 0..len {
                let mut other = text.clone();
                other[from] = (other[from] + 29) % 61;
                for (to, after) in scores(model.as_ref(), &other).iter().enumerate() {
                    seen[to][from] |= bits(&before[to]) != bits(after);
                }
            }
        }
        for (to, row) in seen.iter().enumerate() {
            for (from, &seen) in row.iter().enumerate() {
                let expected = from == to || segment(from) < segment(to);
                assert_eq!(seen, expected, "{update}: whether position {to} sees position {from}");
            }
        }
    }
}

#[test]
fn without_memory_segments_are_texts_of_their_own() {
    let config = config(json!({}));
    let text = text(&config, "apart", 11);
    let noise = noise(&config, std::slice::from_ref(&text));
    let apart = |model: &dyn Model| {
        let whole = scores(model, &text);
        let alone: Vec<Vec<f32>> = text.chunks(4).flat_map(|segment| scores(model, segment)).collect();
        gap(&whole, &alone) / noise
    };
    let (sight, hot) = (apart(gated(&config, SIGHT).as_ref()), apart(model(&config, &weights(&config)).as_ref()));
    assert!(sight <= WHOLE_MODEL, "{sight:.1} × noise");
    assert!(hot > VISIBLE, "with memory they are not, so something was seen: {hot:.1} × noise");
}

#[test]
fn a_text_within_one_segment_has_no_memory() {
    let text = text(&config(json!({})), "short", 9);
    let of_segment = |segment_len: usize, beta: f32| {
        let config = config(json!({ "segment_len": segment_len }));
        scores(gated(&config, beta).as_ref(), &text)
    };
    let once = of_segment(9, 0.0);
    for longer in [10, 13, 1000] {
        assert_eq!(once, of_segment(longer, 0.0), "a segment longer than the text is as long as the text");
    }
    assert_ne!(once, of_segment(8, 0.0));

    // Attention alone, times 1 − sigmoid(β): here 1/2, which no rounding blurs.
    let config = config(json!({ "segment_len": 9 }));
    let mut halved = weights(&config);
    for (path, data) in &mut halved {
        let half = |data: &TensorData| data.iter::<f32>().map(|x| x / 2.0).collect::<Vec<f32>>();
        if path.ends_with(".gate") {
            *data = TensorData::new(vec![SIGHT; 3], [3]);
        } else if path.ends_with("heads.output.weight") {
            *data = TensorData::new(half(data), data.shape().to_vec());
        }
    }
    assert_eq!(once, scores(model(&config, &halved).as_ref(), &text));
}

#[test]
fn memory_knows_no_positions() {
    let at = |theta: f64, beta: f32| {
        let config = config(json!({ "rope_theta": theta, "update": "delta" }));
        scores(gated(&config, beta).as_ref(), &text(&config, "turned", 11))
    };
    assert_eq!(at(37.0, MEMORY), at(1000.0, MEMORY), "what is remembered was never turned");
    assert_ne!(at(37.0, SIGHT), at(1000.0, SIGHT), "what is seen was");
}

#[test]
fn a_fresh_model_learns_its_gates() {
    let config = config(json!({}));
    for len in [3, 11] {
        let mut model =
            Architecture::build(&zoo_architectures::infini_attention::InfiniFamily, &config, &Device::flex()).unwrap();
        model.init(1);
        let texts = tokens(&[text(&config, "learning", len)]);
        let labels = Labels::Tokens(texts.input_ids.clone());
        let gradients = model.trainer().gradients(&texts.into(), &labels).unwrap();
        for layer in 0..3 {
            let gate: Vec<f32> = gradients.by_parameter[&format!("layers.{layer}.attention.gate")].iter().collect();
            assert_eq!(gate.len(), 3);
            // The smallest number bf16 tells from 0 is far below.
            assert!(gate.iter().all(|slope| slope.is_finite() && slope.abs() > 1e-9), "layer {layer}: {gate:?}");
        }
    }
}

#[test]
fn learning_reaches_through_the_memory() {
    // Token 7 stands at the very beginning alone; what is asked is told two segments later, by memory alone.
    let config = config(json!({ "tied": false }));
    let mut ids = vec![1; 11];
    ids[0] = 7;
    let labels = (0..11).map(|at| if at == 10 { 3 } else { IGNORED }).collect();
    let labels = Labels::Tokens(Rows::from_flat(1, 11, labels).unwrap());
    let longest = |beta| {
        let gradients = gated(&config, beta).trainer().gradients(&tokens(&[ids.clone()]).into(), &labels).unwrap();
        let table: Vec<f32> = gradients.by_parameter["token.weight"].iter().collect();
        table[7 * 20..8 * 20].iter().fold(0.0, |most: f32, slope| most.max(slope.abs()))
    };
    assert!(longest(MEMORY) > 1e-4, "{}", longest(MEMORY));
    assert_eq!(longest(SIGHT), 0.0);
}

#[test]
fn padding_is_nothing_wherever_it_stands() {
    let config = config(json!({ "update": "delta" }));
    let (model, text) = (model(&config, &weights(&config)), text(&config, "padded", 11));
    let alone = scores(model.as_ref(), &text);
    let noise = noise(&config, std::slice::from_ref(&text));
    // 1 where a token of the text stands; the last text is nothing but padding.
    let masks = ["111111111110000", "000011111111111", "101101110110111", "011111011111100", "000000000000000"];
    let mask: Vec<Vec<bool>> = masks.iter().map(|mask| mask.chars().map(|c| c == '1').collect()).collect();
    let mut draw = Draw::new("under the mask");
    let rows = mask.iter().map(|mask| {
        let mut real = text.iter();
        mask.iter().map(|&is_real| if is_real { *real.next().unwrap() } else { draw.below(61) as i64 }).collect()
    });
    let rows: Vec<Vec<i64>> = rows.collect();
    let padded = Tokens { attention_mask: Rows::new(&mask), ..tokens(&rows) };
    let output = zoo_conformance::values::values(&model.forward(&padded.clone().into(), Record::ALL).unwrap());
    for value in &output {
        assert!(value.data.iter().all(|x| x.is_finite()), "{}", value.name);
        // Padding looks at something too, so that every row of a map is a distribution.
        if value.name.starts_with("attentions.") {
            assert!(value.data.chunks(15).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5), "{}", value.name);
        }
    }
    let logits = output.iter().find(|value| value.name == "logits").unwrap();
    for (row, mask) in mask.iter().enumerate().take(4) {
        let real: Vec<usize> = (0..15).filter(|&at| mask[at]).collect();
        let found: Vec<Vec<f32>> = logits.part(row, |_| &real).chunks(61).map(<[f32]>::to_vec).collect();
        let apart = gap(&found, &alone) / noise;
        assert!(apart <= WHOLE_MODEL, "{}: {apart:.1} × noise", masks[row]);
    }
    let labels = Labels::Tokens(Rows::full(5, 15, 3));
    let gradients = model.trainer().gradients(&Input::from(padded), &labels).unwrap();
    assert!(gradients.by_parameter.values().all(|slopes| slopes.iter::<f32>().all(|slope| slope.is_finite())));
}

/// Segments of a very long text: as many as a million tokens make at ten tokens each.
const SEGMENTS: usize = 100_000;

#[test]
fn a_hundred_thousand_segments_neither_overflow_nor_drift() {
    const WIDTH: usize = 4;
    const LEN: usize = 2;
    for (update, delta) in [(MemoryUpdate::Linear, false), (MemoryUpdate::Delta, true)] {
        let at = (&Device::flex(), DType::F32);
        let mut ours = CompressiveMemory::empty([1, 1, WIDTH, WIDTH], at);
        let mut exact = Memory { m: vec![vec![0f64; WIDTH]; WIDTH], z: vec![0.0; WIDTH] };
        let mut draw = Draw::new("a very long text");
        let mut rows = |n: usize| -> Vec<Vec<f64>> {
            (0..n).map(|_| (0..WIDTH).map(|_| f64::from(draw.normal() as f32)).collect()).collect()
        };
        let tensor = |rows: &[Vec<f64>]| {
            let data = TensorData::new(rows.concat(), [1, 1, rows.len(), WIDTH]);
            Tensor::<4>::from_data(data, at)
        };
        for _ in 0..SEGMENTS {
            // Values that their keys tell, so that something is recalled however much was written.
            let keys = rows(LEN);
            let values: Vec<Vec<f64>> =
                keys.iter().map(|key| key.iter().map(|x| f64::from(*x as f32 + 1.0)).collect()).collect();
            ours.update(tensor(&keys), tensor(&values), None, update);
            exact.write(&keys, &values, delta);
        }
        let query = rows(1);
        let found: Vec<f64> = ours.retrieve(tensor(&query)).into_data().iter().collect();
        let exact_answer = exact.retrieve(&query[0]);
        assert!(exact_answer.iter().all(|x| x.abs() > 0.2), "something is recalled: {exact_answer:?}");
        // Every write rounds M and z once, up or down, by at most one rounding of what they hold: n of them go √n far.
        let reach = (SEGMENTS as f64).sqrt() * UNIT_ROUNDOFF;
        let drifts = found.iter().zip(&exact_answer).map(|(found, exact)| (found / exact - 1.0).abs());
        let drift = drifts.fold(0.0, |most: f64, drift| if drift.is_nan() { f64::INFINITY } else { most.max(drift) });
        println!("{update:?}: drift {drift:.2e}, {:.3} of √n roundings", drift / reach);
        assert!(drift <= reach, "{update:?}: {drift:.2e}");
        let counted: Vec<f64> = ours.normaliser.into_data().iter().collect();
        for (counted, exact) in counted.iter().zip(&exact.z) {
            assert!((counted / exact - 1.0).abs() < 1e-3, "{counted} keys' worth, {exact} were written");
        }
    }
}
