use tempfile::tempdir;

use crate::support::{zoo, zoo_in};

#[test]
fn a_task_is_learnt_graded_and_kept() {
    let folder = tempdir().unwrap();
    let told = zoo_in(folder.path(), &["train", "bert", "--steps", "40", "--out", "mine", "--json"]);
    // Forty batches are not enough to learn it, and the exit code says so.
    let told = told.code(1).says(&["not learnt", "expected 95 %"]);
    let json = told.json();
    let losses: Vec<f64> = json["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();
    assert_eq!(losses.len(), 40);
    assert!(losses[39] < losses[0] - 0.5, "{losses:?}");
    let score = json["grades"][0]["score"].as_f64().unwrap();
    assert!((0.0..0.95).contains(&score) && json["grades"][0]["learnt"] == false);

    let guessed =
        zoo_in(folder.path(), &["fill-mask", "the [MASK] sleeps.", "--weights", "mine", "--json"]).code(0).json();
    assert_eq!(guessed["masks"].as_array().unwrap().len(), 1);
    zoo_in(folder.path(), &["train", "bert", "--out", "mine"]).code(2).says(&["not an empty folder", "--out"]);
}

#[test]
fn one_seed_trains_one_model() {
    let losses = |seed| {
        let told = zoo(&["train", "gpt2", "--steps", "5", "--seed", seed, "--json"]).code(1);
        told.json()["losses"].clone()
    };
    assert_eq!(losses("3"), losses("3"));
    assert_ne!(losses("3"), losses("4"));
}

#[test]
fn people_see_the_curve_and_what_to_try() {
    let folder = tempdir().unwrap();
    zoo_in(folder.path(), &["train", "gpt2", "--steps", "20", "--out", "mine"]).code(1).prints(&[
        "GPT-2: finish sentences",
        "loss └",
        "by chance",
        "zoo generate",
        "--weights mine",
    ]);
}

#[test]
fn what_cannot_be_trained_is_refused() {
    zoo(&["train", "bret"]).code(2).says(&["no model is called `bret`", "`bert`"]);
    zoo(&["train", "bert", "--steps", "0"]).code(2);
    zoo(&["train", "bert", "--set", "n_layer=1"]).code(2).says(&["did you mean `n_layers`"]);
    zoo(&["train", "bert", "--set", "vocab_size=3", "--steps", "1"]).code(2).says(&["expected `input_ids`"]);
    zoo(&["train", "bert", "--device", "abacus"]).code(2).says(&["abacus"]);
}
