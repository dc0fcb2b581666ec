//! Goldens of the healthy toy, recorded as a reference implementation's would be.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use burn::tensor::TensorData;
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Map, Value, json};
use zoo_conformance::{Subject, Variant, values::Noise};
use zoo_registry::draw::Draw;
use zoo_registry::generate::{Strategy, generate};
use zoo_registry::weights::publish;
use zoo_registry::{Architecture, Input, Labels, Rows, Side, Tokens, config, output::Record};

use super::{Bug, family};

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The files of every golden, with a tensor nobody reads for [`Bug::TensorUnread`].
pub(super) fn files(bug: Bug) -> Vec<(String, Vec<u8>)> {
    static HEALTHY: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    static UNREAD: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    let files = if bug == Bug::TensorUnread { &UNREAD } else { &HEALTHY };
    files.get_or_init(|| record(bug == Bug::TensorUnread)).clone()
}

fn record(unread: bool) -> Vec<(String, Vec<u8>)> {
    let healthy: &'static dyn Architecture = Box::leak(Box::new(family(Bug::Nothing, Vec::new(), "", ("", ""))));
    let peers = [healthy];
    let subject = Subject::new(healthy, &peers, "flex").unwrap();
    let variants = subject.variants().unwrap();
    variants
        .iter()
        .filter(|variant| variant.head != "none" && !variant.head.contains('/'))
        .flat_map(|variant| golden(&subject, variant, unread))
        .collect()
}

fn golden(subject: &Subject<'_>, variant: &Variant, unread: bool) -> Vec<(String, Vec<u8>)> {
    let model = subject.hot(variant).unwrap();
    let texts = [9usize, 11, 5].map(|len| Draw::new(&format!("golden {len}")).ids(len, 29));
    let tokens = Tokens::padded(&texts, 0, Side::Right).unwrap();
    let input = Input::from(tokens.clone());
    let noise = subject.noise(variant, std::slice::from_ref(&input)).unwrap();
    let (mut inputs, mut outputs) = (Tensors::new(), Tensors::new());
    let mask = Rows::from_flat(3, 11, tokens.mask().as_slice().iter().map(|&real| i64::from(real)).collect()).unwrap();
    inputs.insert("fwd.input_ids".into(), ints(&tokens.input_ids));
    inputs.insert("fwd.attention_mask".into(), ints(&mask));
    let forward = |name: &str| (name.to_owned(), json!(format!("fwd.{name}")));
    let fed: Map<_, _> = ["input_ids", "attention_mask"].map(forward).into_iter().collect();

    let mut recorded = Map::new();
    for (name, data) in model.forward(&input, Record::ALL).unwrap().named() {
        recorded.insert(name.clone(), fact(&format!("fwd.{name}"), unit(&noise, &name)));
        outputs.insert(format!("fwd.{name}"), floats(&data));
    }
    let mut cases = vec![json!({ "name": "fwd", "kind": "forward", "inputs": fed, "outputs": recorded })];
    cases.push(loss(subject, variant, &input, &mask, &mut inputs, &mut outputs));
    if model.decoder().is_some() {
        cases.push(generation(model.as_ref(), &texts, &mut inputs, &mut outputs));
    }

    let mut weights: Tensors = model.weights().iter().map(|(name, data)| (name.clone(), floats(data))).collect();
    if unread {
        weights.insert("toy.rotary".into(), floats(&TensorData::new(vec![1.0f32], [1])));
    }
    let mut config = config::to_published(subject.descriptor(), &variant.config);
    config.insert("pad_token_id".into(), 0.into());
    let text = |value: Value| value.to_string().into_bytes();
    let file = |name: &str, bytes| (format!("golden/toy-{}/{name}", variant.head), bytes);
    vec![
        file("config.json", text(Value::Object(config))),
        file("meta.json", text(json!({ "cases": cases }))),
        file("model.safetensors", bytes(&weights)),
        file("inputs.safetensors", bytes(&inputs)),
        file("outputs.safetensors", bytes(&outputs)),
    ]
}

fn loss(
    subject: &Subject<'_>,
    variant: &Variant,
    input: &Input,
    mask: &Rows<i64>,
    inputs: &mut Tensors,
    outputs: &mut Tensors,
) -> Value {
    let model = subject.hot(variant).unwrap();
    let labels = if model.decoder().is_some() {
        let drawn = Draw::new("golden labels").ids(33, 29);
        let labels = drawn.iter().zip(mask.as_slice()).map(|(&id, &real)| if real == 1 { id } else { -100 }).collect();
        let labels = Rows::from_flat(3, 11, labels).unwrap();
        inputs.insert("loss.labels".into(), ints(&labels));
        Labels::Tokens(labels)
    } else {
        inputs.insert(
            "loss.labels".into(),
            (Dtype::I64, vec![3], [4i64, 0, 2].iter().flat_map(|x| x.to_le_bytes()).collect()),
        );
        Labels::Classes(vec![4, 0, 2])
    };
    let names = model.weight_names().clone();
    let gradients = model.trainer().gradients(input, &labels).unwrap();
    outputs.insert("loss.loss".into(), floats(&TensorData::new(vec![gradients.loss as f32], [1])));
    let of = |data: &TensorData| {
        let (squares, sum) = data.iter::<f64>().fold((0.0, 0.0), |(squares, sum), x| (squares + x * x, sum + x));
        json!([f64::sqrt(squares), sum])
    };
    let by_parameter: Map<_, _> =
        publish(&names, gradients.by_parameter).iter().map(|(name, data)| (name.clone(), of(data))).collect();
    json!({
        "name": "loss", "kind": "loss",
        "inputs": { "input_ids": "fwd.input_ids", "attention_mask": "fwd.attention_mask", "labels": "loss.labels" },
        "outputs": { "loss": fact("loss.loss", 3e-7) },
        // What references of this size record.
        "grad": { "noise_max_abs_elementwise": 3e-7, "by_parameter": by_parameter },
    })
}

fn generation(
    model: &dyn zoo_registry::Model,
    texts: &[Vec<i64>],
    inputs: &mut Tensors,
    outputs: &mut Tensors,
) -> Value {
    let texts: Vec<&[i64]> = texts.iter().map(|text| &text[..text.len().min(6)]).collect();
    let prompt = Tokens::padded(&texts, 0, Side::Left).unwrap();
    let mask: Vec<i64> = prompt.mask().as_slice().iter().map(|&real| i64::from(real)).collect();
    inputs.insert("gen.input_ids".into(), ints(&prompt.input_ids));
    inputs.insert("gen.attention_mask".into(), ints(&Rows::from_flat(3, 6, mask).unwrap()));
    let beams = Strategy { max_new_tokens: 7, n_beams: 3, stop_ids: vec![3], ..Strategy::default() };
    let greedy = Strategy { n_beams: 1, stop_ids: vec![], ..beams.clone() };
    for (name, strategy) in [("greedy", &greedy), ("beam3", &beams)] {
        let written = generate(model.decoder().unwrap(), &prompt, strategy, &mut |_| true).unwrap();
        let best: Vec<&[i64]> = written.iter().map(|hypotheses| hypotheses[0].ids.as_slice()).collect();
        outputs.insert(format!("gen.{name}"), ints(&Rows::new(&best).unwrap()));
    }
    json!({
        "name": "gen", "kind": "generate",
        "inputs": { "input_ids": "gen.input_ids", "attention_mask": "gen.attention_mask" },
        "outputs": { "greedy": { "key": "gen.greedy" }, "beam3": { "key": "gen.beam3" } },
        "generation": {
            "greedy": { "max_new_tokens": 7, "pad_token_id": 0, "eos_token_id": null },
            "beam3": { "max_new_tokens": 7, "pad_token_id": 0, "eos_token_id": 3, "num_beams": 3 },
        },
    })
}

fn fact(key: &str, noise: f64) -> Value {
    json!({ "key": key, "noise_f32_vs_f64": noise })
}

/// The noise of an output: of which an error of 1 is how many times it, inverted.
fn unit(noise: &Noise, name: &str) -> f64 {
    1.0 / noise.multiple(name, 1.0)
}

fn ints(rows: &Rows<i64>) -> (Dtype, Vec<usize>, Vec<u8>) {
    (Dtype::I64, rows.dims().to_vec(), rows.as_slice().iter().flat_map(|id| id.to_le_bytes()).collect())
}

fn floats(data: &TensorData) -> (Dtype, Vec<usize>, Vec<u8>) {
    (Dtype::F32, data.shape().to_vec(), data.iter::<f32>().flat_map(|x| x.to_le_bytes()).collect())
}

fn bytes(tensors: &Tensors) -> Vec<u8> {
    let views = tensors
        .iter()
        .map(|(name, (dtype, shape, data))| (name, TensorView::new(*dtype, shape.clone(), data).unwrap()));
    safetensors::serialize(views, None).unwrap()
}
