//! `embed`: vectors that equal the reference's, and texts that are refused.

use std::path::Path;

use serde_json::Value;

use crate::support::{Ran, Words, checkpoint, golden, ids, tensor, text, words, zoo, zoo_reading};

const CASE: &str = "bert/golden/bert-model";
const D_MODEL: usize = 32;
/// Largest difference in f32 on numbers of about one; the reference's own noise is 9e-7.
const TOLERANCE: f64 = 1e-5;

/// The recorded hidden states of the case `plain`, a row a token, and its text in words.
fn plain() -> (Vec<Vec<f64>>, String) {
    let hidden = tensor(&golden(CASE).join("outputs.safetensors"), "plain.last_hidden_state");
    let text = words(&ids(&golden(CASE).join("inputs.safetensors"), "plain.input_ids"));
    (hidden.chunks_exact(D_MODEL).map(<[f64]>::to_vec).collect(), text)
}

fn embedding(line: &Value) -> Vec<f64> {
    line["embedding"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn same(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(error <= tolerance, "off by {error:e}, expected at most {tolerance:e}");
}

fn run(folder: &Path, more: &[&str]) -> Ran {
    zoo(&[&["embed", "--json", "--weights", text(folder)], more].concat())
}

#[test]
fn each_way_of_pooling_gives_the_recorded_states() {
    let (hidden, words) = plain();
    let folder = checkpoint(CASE, &Words::default());
    let plain = |pool: &str| {
        let lines = run(folder.path(), &["--no-normalise", "--pool", pool, &words]).code(0).json_lines();
        assert_eq!(lines[0]["tokens"], 7);
        embedding(&lines[0])
    };
    let mean: Vec<f64> = (0..D_MODEL).map(|at| hidden.iter().map(|row| row[at]).sum::<f64>() / 7.0).collect();
    same(&plain("mean"), &mean, TOLERANCE);
    same(&plain("first"), &hidden[0], TOLERANCE);
    same(&plain("last"), &hidden[6], TOLERANCE);

    let length = mean.iter().map(|number| number * number).sum::<f64>().sqrt();
    let normalised: Vec<f64> = mean.iter().map(|number| number / length).collect();
    let usual = run(folder.path(), &[&words]).code(0).json_lines();
    same(&embedding(&usual[0]), &normalised, TOLERANCE);
}

#[test]
fn a_text_is_the_same_beside_longer_ones() {
    let folder = checkpoint(CASE, &Words { around: true, mask: None });
    let (short, long) = ("w5 w6", "w7 w8 w9 w10 w11 w12 w13");
    let alone = run(folder.path(), &[short]).code(0).json_lines();
    let beside = run(folder.path(), &[long, short]).code(0).json_lines();
    assert_eq!((&beside[0]["tokens"], &beside[1]["tokens"]), (&9.into(), &4.into()), "with two around each");
    same(&embedding(&beside[1]), &embedding(&alone[0]), TOLERANCE);
}

#[test]
fn lines_are_read_when_no_text_is_given() {
    let folder = checkpoint(CASE, &Words::default());
    let lines: Vec<String> = (0..40).map(|line| words(&[line + 4, line + 5])).collect();
    let arguments = ["embed", "--weights", text(folder.path())];
    let ran = zoo_reading(&arguments, lines.join("\n").as_bytes()).code(0);
    assert_eq!(ran.out.lines().count(), 40);
    let numbers: Vec<f64> = ran.out.lines().nth(33).unwrap().split(' ').map(|number| number.parse().unwrap()).collect();
    let alone = run(folder.path(), &[&lines[33]]).code(0).json_lines();
    same(&numbers, &embedding(&alone[0]), TOLERANCE);
}

#[test]
fn texts_without_content_are_refused() {
    let folder = checkpoint(CASE, &Words::default());
    run(folder.path(), &[""]).code(2).says(&["error: text 1 is empty"]);
    run(folder.path(), &["w5", " \t "]).code(2).says(&["error: text 2 is empty"]);
    let arguments = ["embed", "--weights", text(folder.path())];
    zoo_reading(&arguments, b"w5\n\nw6\n").code(2).says(&["line 2 of standard input is empty"]);
    zoo_reading(&arguments, b"").code(2).says(&["standard input is empty"]);
    zoo_reading(&arguments, b"w5\n\xff\xfe\n").code(1).says(&["line 2 of standard input"]);
}

#[test]
fn longer_texts_are_cut_with_a_warning() {
    let folder = checkpoint(CASE, &Words { around: true, mask: None });
    let long = words(&(10..60).collect::<Vec<_>>());
    let ran = run(folder.path(), &[&long]).code(0).says(&["warning: cut to 24 tokens: `w10 w11"]);
    let line = &ran.json_lines()[0];
    assert_eq!((&line["tokens"], &line["cut"]), (&24.into(), &true.into()));
    let cut = run(folder.path(), &["--max-tokens", "6", &long]).code(0).json_lines();
    let whole = run(folder.path(), &["w10 w11 w12 w13"]).code(0).json_lines();
    same(&embedding(&cut[0]), &embedding(&whole[0]), TOLERANCE);
    run(folder.path(), &["--max-tokens", "25", "w5"]).code(2).says(&["at most 24", "found 25"]);
    run(folder.path(), &["--max-tokens", "2", "w5"]).code(2).says(&["above 2", "found 2"]);
}

#[test]
fn the_first_argument_may_name_the_model() {
    let folder = checkpoint(CASE, &Words::default());
    assert_eq!(run(folder.path(), &["bert", "w5"]).code(0).json_lines().len(), 1);
    assert_eq!(run(folder.path(), &["--model", "bert", "bert", "w5"]).code(0).json_lines().len(), 2);
    run(folder.path(), &["brt", "w5"]).code(0).says(&["note: no model is called `brt`", "`bert"]);
    run(folder.path(), &["gpt2", "w5"]).code(2).says(&["expected weights of `gpt2`", "holds those of `bert`"]);
}

/// The published all-MiniLM-L6-v2 gives the vectors that Hugging Face gives.
#[test]
#[ignore = "needs the 91 MB that `data/all-MiniLM-L6-v2/meta.json` says how to get; ZOO_MINILM names their folder"]
fn all_minilm_gives_the_reference_vectors() {
    /// Two f32 runs of about one noise each, doubled because the noise was measured on one run.
    const NOISES: f64 = 4.0;
    let folder = std::env::var("ZOO_MINILM").expect("ZOO_MINILM names the folder with model.safetensors");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/all-MiniLM-L6-v2");
    let meta: Value = serde_json::from_str(&std::fs::read_to_string(data.join("meta.json")).unwrap()).unwrap();
    let sentences: Vec<&str> = meta["sentences"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    let lines = run(Path::new(&folder), &[&["all-MiniLM-L6-v2"], &sentences[..]].concat()).code(0).json_lines();
    let tokens: Vec<_> = lines.iter().map(|line| line["tokens"].clone()).collect();
    assert_eq!(Value::from(tokens), meta["tokens"]);
    let found: Vec<f64> = lines.iter().flat_map(embedding).collect();
    let expected = tensor(&data.join("embeddings.safetensors"), "embeddings");
    same(&found, &expected, NOISES * meta["noise"].as_f64().unwrap());
}
