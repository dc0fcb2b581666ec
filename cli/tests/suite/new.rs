//! `new`: random weights, refused sizes, saved folders.

use std::fs;

use crate::support::{text, zoo, zoo_in};

const SMALL: [&str; 9] =
    ["bert-tiny", "--set", "d_model=8", "--set", "vocab_size=50", "--set", "d_ff=12", "--set", "max_positions=6"];

fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["new"].into_iter().chain(SMALL).chain(more.iter().copied()).collect()
}

#[test]
fn a_model_is_built_and_run() {
    zoo(&small(&[])).code(0).prints(&["parameters", "output      last_hidden_state [1, 6, 8]", "pooler_output [1, 8]"]);
    let built = zoo(&small(&["--json", "--device", "ndarray", "--set", "head=masked-lm"])).code(0).json();
    assert_eq!(built["outputs"]["logits"], serde_json::json!([1, 6, 50]));
    assert_eq!(built["device"], "ndarray");
    assert_eq!(built["bytes_f32"].as_u64().unwrap(), 4 * built["parameters"].as_u64().unwrap());
}

#[test]
fn terabytes_are_counted_by_show_and_refused_by_new() {
    let size = ["gpt2", "--set", "n_layers=96", "--set", "d_model=98304", "--set", "n_heads=96"];
    let with = |command| [&[command][..], &size].concat();
    zoo(&with("show")).code(0).prints(&["TiB in f32"]);
    zoo(&with("new")).code(1).says(&["error: `gpt2` needs", "TiB for its weights", "hint: `zoo show`"]);
}

#[test]
fn missing_devices_are_refused() {
    zoo(&["new", "bert-tiny", "--device", "flx"]).code(2).says(&["did you mean `flex`?", "hint: `zoo devices`"]);
    zoo(&["new", "bert-tiny", "--device", "cuda:99"]).code(2).says(&["device `cuda:99` is not available"]);
    zoo(&["new", "bert-tiny", "--device", ""]).code(2).says(&["is not available"]);
}

#[test]
fn one_seed_gives_one_model() {
    let folder = tempfile::tempdir().unwrap();
    for (name, seed) in [("a", "7"), ("b", "7"), ("c", "8")] {
        zoo_in(folder.path(), &small(&["--seed", seed, "--save", name])).code(0).prints(&["saved to"]);
    }
    let weights = |name: &str| fs::read(folder.path().join(name).join("model.safetensors")).unwrap();
    assert!(weights("a") == weights("b") && weights("a") != weights("c"));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "nothing but the models may be left: {left:?}");
}

#[test]
fn a_saved_folder_is_one_that_others_read() {
    let folder = tempfile::tempdir().unwrap();
    zoo_in(folder.path(), &small(&["--save", "model"])).code(0);
    let config = fs::read_to_string(folder.path().join("model/config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["model_type"], "bert");
    assert_eq!(config["hidden_size"], 8);
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("diary.txt"), "dear").unwrap();
    let ran = zoo(&small(&["--save", text(folder.path())]));
    ran.code(2).says(&["not an empty folder", "hint:"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
