//! The family's goldens: there is no published code to record, so they hold what the equations give in f64, in the format of
//! all goldens.
//!
//! `cargo test --workspace --test infini_attention -- --ignored record` writes them anew, in minutes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize_to_file};
use serde_json::{Map, Value, json};
use zoo_conformance::hot;
use zoo_conformance::values::UNIT_ROUNDOFF;
use zoo_registry::loss::IGNORED;

use crate::equations::{Equations, Weights};
use crate::parity::{gap, in_f64, largest, named};
use crate::subject::{config, text, weights};

/// Small, for gradients are taken one parameter at a time; no two sizes equal; a segment is finished three times.
fn goldens() -> [(&'static str, Map<String, Value>); 2] {
    let sizes = |update: &str, tied: bool| {
        config(json!({
            "vocab_size": 29, "d_model": 10, "n_layers": 2, "n_heads": 3, "head_dim": 4, "d_ff": 14, "segment_len": 3,
            "activation": "gelu-tanh", "update": update, "tied": tied,
        }))
    };
    [("linear", sizes("linear", true)), ("delta", sizes("delta", false))]
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/infini_attention/golden").join(name)
}

/// A tensor of a golden, and how far f32 is from it.
struct Recorded {
    shape: Vec<usize>,
    data: Vec<f64>,
    noise: f64,
}

/// A batch of texts in one rectangle, with zeros where nothing stands.
struct Batch {
    /// Where each text's tokens stand.
    places: Vec<Vec<usize>>,
    texts: Vec<Vec<i64>>,
    len: usize,
}

impl Batch {
    /// Random texts, each where `masks` has a 1.
    fn of(config: &Map<String, Value>, name: &str, masks: &[&str]) -> Self {
        let places =
            |mask: &&str| mask.bytes().enumerate().filter(|(_, byte)| *byte == b'1').map(|(at, _)| at).collect();
        let places: Vec<Vec<usize>> = masks.iter().map(places).collect();
        let texts = places.iter().enumerate().map(|(row, places)| text(config, &format!("{name} {row}"), places.len()));
        Self { texts: texts.collect(), places, len: masks[0].len() }
    }

    fn rows(&self, fill: i64, of: impl Fn(usize, usize) -> i64) -> Vec<i64> {
        let mut rows = vec![fill; self.places.len() * self.len];
        for (row, places) in self.places.iter().enumerate() {
            for (index, &place) in places.iter().enumerate() {
                rows[row * self.len + place] = of(row, index);
            }
        }
        rows
    }

    fn ids(&self) -> Vec<i64> {
        self.rows(1, |row, index| self.texts[row][index])
    }

    fn mask(&self) -> Vec<i64> {
        self.rows(0, |_, _| 1)
    }

    fn shape(&self) -> Vec<usize> {
        vec![self.places.len(), self.len]
    }

    /// Every output of every text, each text computed alone.
    fn outputs(&self, equations: &Equations<'_>) -> BTreeMap<String, Recorded> {
        let mut outputs: BTreeMap<String, Recorded> = BTreeMap::new();
        for (row, (text, places)) in self.texts.iter().zip(&self.places).enumerate() {
            let rounded = named(&equations.compute::<f32>(text));
            for (name, exact) in named(&equations.compute::<f64>(text)) {
                let (n, pairs) = (places.len(), name.starts_with("attentions."));
                let width = exact.len() / if pairs { n * n } else { n };
                let shape = match pairs {
                    true => vec![self.places.len(), width, self.len, self.len],
                    false => vec![self.places.len(), self.len, width],
                };
                let blank = || Recorded { data: vec![0.0; shape.iter().product()], shape: shape.clone(), noise: 0.0 };
                let recorded = outputs.entry(name.clone()).or_insert_with(blank);
                recorded.noise = recorded.noise.max(gap(&exact, &rounded[&name]));
                for (at, number) in exact.into_iter().enumerate() {
                    let place = match pairs {
                        true => (at / (n * n) * self.len + places[at / n % n]) * self.len + places[at % n],
                        false => places[at / width] * width + at % width,
                    };
                    let size: usize = shape[1..].iter().product();
                    recorded.data[row * size + place] = number;
                }
            }
        }
        outputs
    }
}

/// A golden in the making: `inputs.safetensors`, `outputs.safetensors` and the cases of `meta.json`.
#[derive(Default)]
struct Making {
    inputs: BTreeMap<String, (Vec<usize>, Vec<i64>)>,
    floats: BTreeMap<String, Recorded>,
    ids: BTreeMap<String, (Vec<usize>, Vec<i64>)>,
    cases: Vec<Value>,
}

impl Making {
    fn input(&mut self, key: &str, batch: &Batch, rows: Vec<i64>) {
        self.inputs.insert(key.to_owned(), (batch.shape(), rows));
    }

    fn texts(&mut self, name: &str, batch: &Batch) -> Value {
        let keys = ["input_ids", "attention_mask"].map(|role| format!("{name}.{role}"));
        self.input(&keys[0], batch, batch.ids());
        self.input(&keys[1], batch, batch.mask());
        json!({ "input_ids": keys[0], "attention_mask": keys[1] })
    }

    fn forward(&mut self, name: &str, batch: &Batch, equations: &Equations<'_>) {
        let inputs = self.texts(name, batch);
        let mut outputs = Map::new();
        for (output, recorded) in batch.outputs(equations) {
            let key = format!("{name}.{output}");
            let facts = json!({ "key": key, "shape": recorded.shape, "noise_f32_vs_f64": recorded.noise });
            outputs.insert(output, facts);
            self.floats.insert(key, recorded);
        }
        self.cases.push(json!({ "name": name, "kind": "forward", "inputs": inputs, "outputs": outputs }));
    }

    fn loss(&mut self, batch: &Batch, equations: &Equations<'_>, gradients: Option<Value>) {
        let mut inputs = self.texts("loss", batch);
        inputs["labels"] = "loss.labels".into();
        self.input("loss.labels", batch, batch.rows(IGNORED, |row, index| batch.texts[row][index]));
        let exact = equations.loss::<f64>(&batch.texts);
        let noise = (f64::from(equations.loss::<f32>(&batch.texts)) - exact).abs();
        self.floats.insert("loss.loss".into(), Recorded { shape: vec![1], data: vec![exact], noise });
        let outputs = json!({ "loss": { "key": "loss.loss", "shape": [1], "noise_f32_vs_f64": noise } });
        let mut case = json!({ "name": "loss", "kind": "loss", "inputs": inputs, "outputs": outputs });
        if let Some(gradients) = gradients {
            case["grad"] = gradients;
        }
        self.cases.push(case);
    }

    /// The likeliest continuation, id by id.
    fn generate(&mut self, batch: &Batch, equations: &Equations<'_>, new_tokens: usize) {
        let inputs = self.texts("gen", batch);
        let next =
            |scores: &[f64]| (0..scores.len()).fold(0, |best, id| if scores[id] > scores[best] { id } else { best });
        let mut margin = f64::INFINITY;
        let mut same = true;
        let mut written = Vec::new();
        for (row, text) in batch.texts.iter().enumerate() {
            let mut text = text.clone();
            for _ in 0..new_tokens {
                let scores = equations.compute::<f64>(&text).logits.pop().unwrap();
                let best = next(&scores);
                let second = scores.iter().enumerate().filter(|(id, _)| *id != best).map(|(_, x)| *x);
                margin = margin.min(scores[best] - second.fold(f64::NEG_INFINITY, f64::max));
                let rounded: Vec<f64> =
                    equations.compute::<f32>(&text).logits.pop().unwrap().into_iter().map(f64::from).collect();
                same &= next(&rounded) == best;
                text.push(best as i64);
            }
            written.extend(&batch.ids()[row * batch.len..][..batch.len]);
            written.extend(&text[batch.texts[row].len()..]);
        }
        let shape = vec![batch.texts.len(), batch.len + new_tokens];
        self.ids.insert("gen.greedy".into(), (shape.clone(), written));
        self.cases.push(json!({
            "name": "gen", "kind": "generate", "inputs": inputs,
            "outputs": { "greedy": { "key": "gen.greedy", "shape": shape } },
            "generation": { "greedy": { "max_new_tokens": new_tokens, "pad_token_id": 1, "eos_token_id": null } },
            "ids_equal_in_f64": { "greedy": same }, "smallest_margin": margin,
        }));
    }

    /// Everything but the gradients, which take minutes.
    fn of(config: &Map<String, Value>, weights: &Weights, gradients: Option<Value>) -> Self {
        let equations = Equations { config, weights };
        let mut making = Self::default();
        making.forward("plain", &Batch::of(config, "plain", &["11111111111"; 2]), &equations);
        // One text whole, one padded after, one before, one before and within.
        let padded = ["11111111111", "11111110000", "00000111111", "00110100111"];
        making.forward("padded", &Batch::of(config, "padded", &padded), &equations);
        making.loss(&lossy(config), &equations, gradients);
        making.generate(&Batch::of(config, "gen", &["111111", "001111", "000001"]), &equations, 8);
        making
    }
}

/// The texts of the loss.
fn lossy(config: &Map<String, Value>) -> Batch {
    Batch::of(config, "loss", &["11111111111", "11111111000"])
}

/// Every parameter's gradient by central differences of the loss in f64: its length and its sum.
fn gradients(config: &Map<String, Value>) -> Value {
    let texts = lossy(config).texts;
    let slopes = |weights: &BTreeMap<String, TensorData>| {
        let exact = in_f64(weights);
        let mut slopes: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (path, numbers) in &exact {
            let at = |index: usize, moved: f64| {
                let mut weights = exact.clone();
                weights.get_mut(path).unwrap()[index] += moved;
                Equations { config, weights: &weights }.loss::<f64>(&texts)
            };
            // The error of the difference is of the order of the square; that of f64 divided by it, far below f32's noise.
            const STEP: f64 = 1e-5;
            let slope = |index| (at(index, STEP) - at(index, -STEP)) / (2.0 * STEP);
            slopes.insert(path.clone(), (0..numbers.len()).map(slope).collect());
        }
        slopes
    };
    let still = weights(config);
    let (exact, nudged) = (slopes(&still), slopes(&hot::nudged(&still, 0)));
    let noise = exact.iter().map(|(path, slopes)| gap(slopes, &nudged[path])).fold(0.0, f64::max);
    let facts = |slopes: &Vec<f64>| {
        let square: f64 = slopes.iter().map(|slope| slope * slope).sum();
        json!([square.sqrt(), slopes.iter().sum::<f64>()])
    };
    let by_parameter: Map<String, Value> =
        exact.iter().map(|(path, slopes)| (published(path), facts(slopes))).collect();
    json!({
        "note": "[L2 norm, sum] of d(mean loss)/d(parameter), by central differences in f64; the noise is what moving every \
                 weight by one unit of f32 in the last place changes",
        "noise_max_abs_elementwise": noise,
        "by_parameter": by_parameter,
    })
}

fn published(path: &str) -> String {
    path.replace(".gamma", ".weight").replace(".beta", ".bias")
}

#[test]
#[ignore = "writes the goldens anew, in minutes"]
fn record() {
    for (name, config) in goldens() {
        let folder = folder(name);
        std::fs::create_dir_all(&folder).unwrap();
        let weights = weights(&config);
        let making = Making::of(&config, &in_f64(&weights), Some(gradients(&config)));
        let mut published_config = config.clone();
        published_config.insert("model_type".into(), "infini-attention".into());
        let meta = json!({ "name": name, "recorded_from": "architectures/tests/infini_attention/equations.rs, f64", "cases": making.cases });
        for (file, value) in [("config.json", Value::Object(published_config)), ("meta.json", meta)] {
            std::fs::write(folder.join(file), serde_json::to_string_pretty(&value).unwrap() + "\n").unwrap();
        }
        let f32s = |data: &[f64]| data.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect::<Vec<u8>>();
        let i64s = |data: &[i64]| data.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let ids = |found: &BTreeMap<String, (Vec<usize>, Vec<i64>)>| -> Vec<(String, Dtype, Vec<usize>, Vec<u8>)> {
            found.iter().map(|(key, (shape, data))| (key.clone(), Dtype::I64, shape.clone(), i64s(data))).collect()
        };
        let model = weights.iter().map(|(path, data)| {
            (published(path), Dtype::F32, data.shape().to_vec(), f32s(&data.iter::<f64>().collect::<Vec<f64>>()))
        });
        let floats = making.floats.iter().map(|(key, r)| (key.clone(), Dtype::F32, r.shape.clone(), f32s(&r.data)));
        let outputs = floats.chain(ids(&making.ids)).collect();
        for (file, tensors) in
            [("model", model.collect()), ("inputs", ids(&making.inputs)), ("outputs", outputs)] as [(&str, Vec<_>); 3]
        {
            let views = tensors.iter().map(|(name, dtype, shape, bytes): &(String, Dtype, Vec<usize>, Vec<u8>)| {
                (name.clone(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
            });
            serialize_to_file(views, None, &folder.join(format!("{file}.safetensors"))).unwrap();
        }
    }
}

#[test]
fn goldens_hold_what_the_equations_give() {
    for (name, config) in goldens() {
        let read = |file: &str| std::fs::read(folder(name).join(file)).unwrap();
        let meta: Value = serde_json::from_slice(&read("meta.json")).unwrap();
        let recorded: Vec<&Value> = meta["cases"].as_array().unwrap().iter().collect();
        let gradients = recorded.iter().find_map(|case| case.get("grad")).cloned();
        let making = Making::of(&config, &in_f64(&weights(&config)), gradients);
        assert_eq!(making.cases.len(), recorded.len());
        let bytes = read("outputs.safetensors");
        let file = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(file.names().len(), making.floats.len() + making.ids.len());
        for (key, expected) in &making.floats {
            let tensor = file.tensor(key).unwrap();
            let found: Vec<f64> =
                tensor.data().as_chunks::<4>().0.iter().map(|x| f32::from_le_bytes(*x).into()).collect();
            // The last bit of a sine may be another machine's.
            let rounding = 2.0 * UNIT_ROUNDOFF * largest(&expected.data);
            assert!(gap(&found, &expected.data) <= rounding, "{name}, {key}");
        }
        for (key, (_, expected)) in &making.ids {
            let tensor = file.tensor(key).unwrap();
            let found: Vec<i64> = tensor.data().as_chunks::<8>().0.iter().map(|x| i64::from_le_bytes(*x)).collect();
            assert_eq!(&found, expected, "{name}, {key}");
        }
    }
}
