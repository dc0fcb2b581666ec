//! The family's golden: what the equations give in f64, in the format of all goldens.
//!
//! `cargo test --workspace --test transformer -- --ignored record` writes it anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize_to_file};
use serde_json::{Map, Value, json};
use zoo_architectures::transformer::TransformerFamily;
use zoo_conformance::hot;
use zoo_conformance::values::UNIT_ROUNDOFF;
use zoo_registry::Architecture;
use zoo_registry::draw::Draw;
use zoo_registry::weights::publish;

use crate::equations::{Computed, Equations, Matrix, Weights};

/// Small, and no two sizes equal.
fn config() -> Map<String, Value> {
    let family: &dyn Architecture = &TransformerFamily;
    let sizes = json!({
        "head": "conditional-generation", "vocab_size": 29, "d_model": 12, "n_encoder_layers": 2, "n_decoder_layers": 3,
        "n_heads": 3, "d_ff": 20, "norm_eps": 0.03,
    });
    family.complete(sizes.as_object().unwrap()).unwrap()
}

/// Hot weights by our parameter paths.
fn weights() -> BTreeMap<String, TensorData> {
    hot::weights(&Architecture::modules(&TransformerFamily, &config()).unwrap())
}

fn in_f64(weights: &BTreeMap<String, TensorData>) -> Weights {
    let exact = |(path, data): (&String, &TensorData)| (path.clone(), (data.shape().to_vec(), data.iter().collect()));
    weights.iter().map(exact).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/transformer/golden/equations")
}

/// Texts in one rectangle, each where its mask has a 1.
struct Texts {
    places: Vec<Vec<usize>>,
    ids: Vec<Vec<i64>>,
    len: usize,
}

impl Texts {
    fn of(name: &str, masks: &[&str]) -> Self {
        let places =
            |mask: &&str| mask.bytes().enumerate().filter(|(_, byte)| *byte == b'1').map(|(at, _)| at).collect();
        let places: Vec<Vec<usize>> = masks.iter().map(places).collect();
        let vocab = config()["vocab_size"].as_u64().unwrap() as usize;
        let text = |(row, places): (usize, &Vec<usize>)| Draw::new(&format!("{name} {row}")).ids(places.len(), vocab);
        Self { ids: places.iter().enumerate().map(text).collect(), places, len: masks[0].len() }
    }

    /// One number a place; 1 where nothing stands.
    fn rows(&self, of: impl Fn(usize, usize) -> i64, blank: i64) -> (Vec<usize>, Vec<i64>) {
        let mut rows = vec![blank; self.places.len() * self.len];
        for (row, places) in self.places.iter().enumerate() {
            for (index, &place) in places.iter().enumerate() {
                rows[row * self.len + place] = of(row, index);
            }
        }
        (vec![self.places.len(), self.len], rows)
    }
}

/// A tensor of the golden, and how far f32 may be from it.
#[derive(Debug, Default)]
struct Recorded {
    shape: Vec<usize>,
    data: Vec<f64>,
    noise: f64,
}

/// Everything that is computed of one pair of texts, by the names that references use.
fn named(computed: &Computed) -> Vec<(String, Vec<&Matrix>, [bool; 2])> {
    let Computed { encoder_hidden, decoder_hidden, encoder_attention, decoder_attention, cross_attention, logits } =
        computed;
    let mut named = vec![("logits".to_owned(), vec![logits], [false, false])];
    for (name, states, of_source) in
        [("encoder_hidden_states", encoder_hidden, true), ("decoder_hidden_states", decoder_hidden, false)]
    {
        let state = |(layer, state)| (format!("{name}.{layer}"), vec![state], [of_source, false]);
        named.extend(states.iter().enumerate().map(state));
    }
    named.push(("encoder_last_hidden_state".to_owned(), encoder_hidden.last().into_iter().collect(), [true, false]));
    for (name, maps, queries, keys) in [
        ("encoder_attentions", encoder_attention, true, true),
        ("decoder_attentions", decoder_attention, false, false),
        ("cross_attentions", cross_attention, false, true),
    ] {
        for (layer, heads) in maps.iter().enumerate() {
            named.push((format!("{name}.{layer}"), heads.iter().collect(), [queries, keys]));
        }
    }
    named
}

/// Every output of every pair, each computed alone.
fn outputs(source: &Texts, target: &Texts, weights: &Weights) -> BTreeMap<String, Recorded> {
    let config = config();
    let equations = Equations { config: &config, weights };
    let mut outputs: BTreeMap<String, Recorded> = BTreeMap::new();
    let batch = source.ids.len();
    for row in 0..batch {
        for (name, heads, of_source) in named(&equations.compute(&source.ids[row], &target.ids[row])) {
            let texts = of_source.map(|of_source| if of_source { source } else { target });
            let maps = name.contains("attentions");
            let width = if maps { texts[1].len } else { heads[0][0].len() };
            let queries = texts[0].len;
            let recorded = outputs.entry(name).or_default();
            recorded.shape = if maps { vec![batch, heads.len(), queries, width] } else { vec![batch, queries, width] };
            recorded.data.resize(recorded.shape.iter().product(), 0.0);
            for (head, rows) in heads.iter().enumerate() {
                for (index, numbers) in rows.iter().enumerate() {
                    let query = (row * heads.len() + head) * queries + texts[0].places[row][index];
                    for (at, &number) in numbers.iter().enumerate() {
                        let at = if maps { texts[1].places[row][at] } else { at };
                        recorded.data[query * width + at] = number;
                    }
                }
            }
        }
    }
    outputs
}

fn gap(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().map(|x| x.abs()).fold(0.0, f64::max)
}

/// The golden in the making.
#[derive(Default)]
struct Making {
    inputs: BTreeMap<String, (Vec<usize>, Vec<i64>)>,
    outputs: BTreeMap<String, Recorded>,
    cases: Vec<Value>,
}

impl Making {
    fn of() -> Self {
        let mut making = Self::default();
        making.forward("plain", ["111111111", "111111111"], ["1111111", "1111111"]);
        // A source padded before and one after, beside targets padded the other way round.
        making.forward("padded", ["000111111", "111111100"], ["1111100", "0011111"]);
        making
    }

    /// What the equations say, and as its noise how far they move when every weight moves by one unit in the last place of f32;
    /// at least the rounding of its largest number.
    fn forward(&mut self, name: &str, sources: [&str; 2], targets: [&str; 2]) {
        let (source, target) =
            (Texts::of(&format!("source of {name}"), &sources), Texts::of(&format!("target of {name}"), &targets));
        let mut roles = Map::new();
        for (text, prefix) in [(&source, ""), (&target, "decoder_")] {
            for (role, rows) in [
                ("input_ids", text.rows(|row, index| text.ids[row][index], 1)),
                ("attention_mask", text.rows(|_, _| 1, 0)),
                // Counted from a text's first real token.
                ("position_ids", text.rows(|_, index| index as i64, 0)),
            ] {
                let (role, key) = (format!("{prefix}{role}"), format!("{name}.{prefix}{role}"));
                roles.insert(role, key.clone().into());
                self.inputs.insert(key, rows);
            }
        }
        let still = weights();
        let nudged: Vec<_> =
            (0..3).map(|seed| outputs(&source, &target, &in_f64(&hot::nudged(&still, seed)))).collect();
        let mut facts = Map::new();
        for (output, mut recorded) in outputs(&source, &target, &in_f64(&still)) {
            let moved = nudged.iter().map(|nudged| gap(&recorded.data, &nudged[&output].data));
            recorded.noise = moved.fold(largest(&recorded.data) * UNIT_ROUNDOFF, f64::max);
            let key = format!("{name}.{output}");
            let fact = json!({ "key": key, "shape": recorded.shape, "noise_f32_vs_f64": recorded.noise });
            facts.insert(output, fact);
            self.outputs.insert(key, recorded);
        }
        self.cases.push(json!({ "name": name, "kind": "forward", "inputs": roles, "outputs": facts }));
    }
}

#[test]
#[ignore = "writes the golden anew"]
fn record() {
    let (folder, making) = (folder(), Making::of());
    std::fs::create_dir_all(&folder).unwrap();
    let mut published = config();
    published.insert("model_type".into(), "transformer".into());
    let from = "architectures/tests/transformer/equations.rs, f64";
    let meta = json!({ "name": "equations", "recorded_from": from, "cases": making.cases });
    for (file, value) in [("config.json", Value::Object(published)), ("meta.json", meta)] {
        std::fs::write(folder.join(file), serde_json::to_string_pretty(&value).unwrap() + "\n").unwrap();
    }
    let f32s = |data: &[f64]| data.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect::<Vec<u8>>();
    let names = Architecture::weight_names(&TransformerFamily, &config()).unwrap();
    let model = publish(&names, weights())
        .into_iter()
        .map(|(name, data)| (name, Dtype::F32, data.shape().to_vec(), f32s(&data.iter::<f64>().collect::<Vec<f64>>())));
    let inputs = making.inputs.iter().map(|(key, (shape, ids))| {
        (key.clone(), Dtype::I64, shape.clone(), ids.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())
    });
    let outputs = making.outputs.iter().map(|(key, r)| (key.clone(), Dtype::F32, r.shape.clone(), f32s(&r.data)));
    for (file, tensors) in [("model", model.collect()), ("inputs", inputs.collect()), ("outputs", outputs.collect())]
        as [(&str, Vec<_>); 3]
    {
        let views = tensors.iter().map(|(name, dtype, shape, bytes): &(String, Dtype, Vec<usize>, Vec<u8>)| {
            (name.clone(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
        });
        serialize_to_file(views, None, &folder.join(format!("{file}.safetensors"))).unwrap();
    }
}

#[test]
fn the_golden_holds_what_the_equations_give() {
    let making = Making::of();
    let bytes = std::fs::read(folder().join("outputs.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.names().len(), making.outputs.len());
    for (key, expected) in &making.outputs {
        let tensor = file.tensor(key).unwrap();
        let found: Vec<f64> = tensor.data().as_chunks::<4>().0.iter().map(|x| f32::from_le_bytes(*x).into()).collect();
        // The last bit of a sine may be another machine's.
        let rounding = 2.0 * UNIT_ROUNDOFF * largest(&expected.data);
        assert!(gap(&found, &expected.data) <= rounding, "{key}");
    }
}
