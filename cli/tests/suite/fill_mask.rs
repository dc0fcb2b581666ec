//! `fill-mask`: probabilities that follow from the model's own scores.

use zoo_registry::output::Record;
use zoo_registry::{Checkpoint, HeadOutput, Input, Rows, Tokens};

use crate::support::{Ran, Words, checkpoint, text, words, zoo};

const CASE: &str = "bert/golden/bert-mlm";
const MASK: i64 = 4;

fn run(folder: &std::path::Path, more: &[&str]) -> Ran {
    zoo(&[&["fill-mask", "--weights", text(folder)], more].concat())
}

/// What the model says of every token at a position, through the library.
fn probabilities(folder: &std::path::Path, ids: &[i64], position: usize) -> Vec<f64> {
    let mut checkpoint = Checkpoint::open(&zoo_architectures::registry(), folder).unwrap();
    checkpoint.set(&["head=masked-lm".to_owned()]).unwrap();
    let tokens = Tokens::new(Rows::new(&[ids]).unwrap());
    let output = checkpoint.load("flex").unwrap().model.forward(&Input::Tokens(tokens), Record::NOTHING).unwrap();
    let HeadOutput::TokenLogits(logits) = output.head else { panic!("no scores of tokens") };
    let scores: Vec<f64> = logits.into_data().iter::<f64>().collect();
    let exponentials: Vec<f64> = scores[position * 99..][..99].iter().map(|score| score.exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|exponential| exponential / sum).collect()
}

#[test]
fn guesses_are_the_models_own() {
    let folder = checkpoint(CASE, &Words { around: true, mask: Some(MASK) });
    let text = format!("{} [MASK] w40 [MASK]", words(&[32, 90]));
    let told = run(folder.path(), &[&text, "--top", "99", "--json"]).code(0).json();
    let ids = [1, 32, 90, MASK, 40, MASK, 2];
    for (mask, position) in [(0, 3), (1, 5)] {
        let mask = &told["masks"][mask];
        assert_eq!(mask["position"], position);
        let expected = probabilities(folder.path(), &ids, position);
        let guesses = mask["guesses"].as_array().unwrap();
        assert_eq!(guesses.len(), 99);
        let of = |guess: &serde_json::Value| guess["probability"].as_f64().unwrap();
        assert!(guesses.windows(2).all(|pair| of(&pair[0]) >= of(&pair[1])), "likeliest first");
        for guess in guesses {
            let id = usize::try_from(guess["id"].as_u64().unwrap()).unwrap();
            assert!((of(guess) - expected[id]).abs() < 1e-6, "{guess} against {}", expected[id]);
            let special = [0, 1, 2, MASK as usize].contains(&id);
            assert!(special || guess["token"] == format!("w{id}"), "{guess}");
        }
    }
}

#[test]
fn a_table_tells_the_best() {
    let folder = checkpoint(CASE, &Words { around: false, mask: Some(MASK) });
    let one = run(folder.path(), &["w5 [MASK] w7", "--top", "3"]).code(0).prints(&["probability  token"]);
    assert_eq!(one.out.lines().count(), 1 + 3, "{}", one.out);
    run(folder.path(), &["[MASK] [MASK]"]).code(0).prints(&["mask 1", "mask 2"]);
}

#[test]
fn a_mask_by_another_name_is_found() {
    let folder = checkpoint(CASE, &Words { around: false, mask: None });
    run(folder.path(), &["w5 [MASK]"]).code(1).says(&["has no mask token"]);
    std::fs::write(folder.path().join("special_tokens_map.json"), r#"{ "mask_token": { "content": "w9" } }"#).unwrap();
    let told = run(folder.path(), &["w5 [MASK]", "--json"]).code(0).json();
    assert_eq!(told["masks"][0]["position"], 1);
}

#[test]
fn texts_that_cannot_be_filled_are_refused() {
    let folder = checkpoint(CASE, &Words { around: true, mask: Some(MASK) });
    run(folder.path(), &["w5 w6"]).code(2).says(&["has no `[MASK]`", "hint:"]);
    run(folder.path(), &[""]).code(2).says(&["is empty"]);
    let long = words(&[9; 30]) + " [MASK]";
    run(folder.path(), &[&long]).code(2).says(&["at most 24 tokens", "found 33"]);
    run(folder.path(), &["[MASK]", "--top", "0"]).code(2).says(&["--top"]);
}

#[test]
fn the_head_must_be_there() {
    let decoder = checkpoint("gpt2/golden/gpt2-lm", &Words { around: false, mask: Some(MASK) });
    run(decoder.path(), &["[MASK]"]).code(2).says(&["`gpt2` has no head `masked-lm`", "`causal-lm`"]);
    let body = checkpoint("bert/golden/bert-model", &Words { around: false, mask: Some(MASK) });
    run(body.path(), &["[MASK]"]).code(1).says(&["missing", "cls.predictions", "hint:", "`masked-lm`"]);
}
