//! `generate`, `translate` and `summarize` with an encoder–decoder: the texts that Hugging Face's `generate` wrote with the same
//! weights.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Ran, Words, checkpoint, golden, ids, tensor, text, words, zoo};

const CASE: &str = "t5/golden/t5-lm";
/// The start token and what was written.
const LENGTH: usize = 13;
const SOURCE_LENGTH: usize = 14;
/// The id that ended texts when the reference was recorded.
const STOP: i64 = 44;

/// The golden's model with these fields in its `config.json`.
fn folder(more: &Value) -> TempDir {
    let folder = checkpoint(CASE, &Words::default());
    let path = folder.path().join("config.json");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    std::fs::write(&path, config.to_string()).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let (command, more) = arguments.split_first().unwrap();
    zoo(&[&[*command, "--weights", text(folder)], more].concat())
}

/// What was read, without padding.
fn source(row: usize) -> Vec<i64> {
    let inputs = golden(CASE).join("inputs.safetensors");
    let row = row * SOURCE_LENGTH..(row + 1) * SOURCE_LENGTH;
    let real = ids(&inputs, "fwd.attention_mask");
    ids(&inputs, "fwd.input_ids")[row.clone()]
        .iter()
        .zip(&real[row])
        .filter(|(_, real)| **real == 1)
        .map(|(id, _)| *id)
        .collect()
}

/// What was written, up to its end.
fn answer(output: &str, row: usize) -> Vec<i64> {
    let written = &ids(&golden(CASE).join("outputs.safetensors"), output)[row * LENGTH + 1..][..LENGTH - 1];
    let end = written.iter().position(|&id| id == STOP).map_or(written.len(), |at| at + 1);
    written[..end].to_vec()
}

#[test]
fn an_encoder_decoder_answers_as_recorded() {
    let folder = folder(&json!({ "eos_token_id": STOP }));
    let texts: Vec<String> = (0..3).map(|row| words(&source(row))).collect();
    let arguments = ["generate", &texts[0], &texts[1], &texts[2], "--max-new-tokens", "12", "--json"];
    let told = run(folder.path(), &arguments).code(0).json_lines();
    for (row, told) in told.iter().enumerate() {
        let expected = answer("gen.greedy_eos", row);
        assert_eq!(told["texts"][0]["new_ids"], json!(expected), "row {row}");
        assert_eq!(told["texts"][0]["text"], words(&expected), "row {row}");
        assert_eq!(told["prompt_tokens"], source(row).len());
    }
    let told = run(folder.path(), &["generate", &texts[1], "--max-new-tokens", "12", "--beams", "3", "--json"]);
    let told = told.code(0).json();
    let scores = tensor(&golden(CASE).join("outputs.safetensors"), "gen.beam3_all_scores");
    for beam in 0..3 {
        let found = &told["texts"][beam];
        assert_eq!(found["new_ids"], json!(answer("gen.beam3_all", 3 + beam)), "beam {beam}");
        assert!((found["score"].as_f64().unwrap() - scores[3 + beam]).abs() < 1e-5, "{found}");
    }
}

#[test]
fn the_checkpoint_says_how_it_translates() {
    let text = words(&source(0));
    let (prefix, rest) = text.split_at(text.match_indices(' ').nth(1).unwrap().0 + 1);
    let task = |name: &str, prefix: &str, beams: u32| json!({ name: { "prefix": prefix, "num_beams": beams, "max_length": LENGTH } });
    let mut tasks = task("translation_en_to_de", prefix, 3);
    tasks.as_object_mut().unwrap().extend(task("translation_xx_to_yy", "w9 ", 1).as_object().unwrap().clone());
    tasks.as_object_mut().unwrap().extend(task("summarization", prefix, 1).as_object().unwrap().clone());
    let folder = folder(&json!({ "eos_token_id": STOP, "task_specific_params": tasks }));
    let run = |arguments: &[&str]| run(folder.path(), arguments);

    let beams = words(&answer("gen.beam3", 0));
    assert_ne!(answer("gen.beam3", 0), answer("gen.greedy_eos", 0), "or the number of beams would not show");
    let told = run(&["translate", "--from", "EN", "--to", "de", rest]).code(0);
    assert_eq!(told.out.trim_end(), beams);
    let told = run(&["summarize", rest]).code(0);
    assert_eq!(told.out.trim_end(), words(&answer("gen.greedy_eos", 0)));
    // What is asked for comes before what the checkpoint says.
    let told = run(&["translate", "--from", "en", "--to", "de", rest, "--beams", "1"]).code(0);
    assert_eq!(told.out.trim_end(), words(&answer("gen.greedy_eos", 0)));
    let told = run(&["translate", "--from", "xx", "--to", "yy", rest, "--prefix", prefix, "--beams", "3"]).code(0);
    assert_eq!(told.out.trim_end(), beams);
    let told = run(&["translate", "--from", "xx", "--to", "yy", rest, "--json"]).code(0).json();
    assert_eq!(told["prompt"], format!("w9 {rest}"));

    run(&["translate", "--from", "de", "--to", "en", rest]).code(2).says(&[
        "does not say that it translates `de` to `en`",
        "`w9` (translation_xx_to_yy)",
        "--prefix",
    ]);
}

#[test]
fn tasks_are_put_into_words_where_the_checkpoint_says_nothing() {
    let folder = folder(&json!({}));
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/unigram/tokenizer.json");
    std::fs::copy(tokenizer, folder.path().join("tokenizer.json")).unwrap();
    let told = |arguments: &[&str]| run(folder.path(), &[arguments, &["--json"]].concat()).code(0).json();
    for (task, plain) in [
        (&["translate", "--from", "English", "--to", "German", "a house"][..], "translate English to German: a house"),
        (&["summarize", "a house"][..], "summarize: a house"),
    ] {
        let (task, plain) = (told(task), told(&["generate", plain]));
        assert_eq!(task, plain);
        assert!(task["prompt_tokens"].as_u64().unwrap() > 10, "{task}");
    }
    let named = told(&["translate", "--from", "English", "--to", "German", "a house"]);
    let other = told(&["translate", "--from", "English", "--to", "French", "a house"]);
    assert_ne!(named["texts"], other["texts"], "the languages must reach the model");
}

#[test]
fn what_cannot_be_translated_is_refused() {
    let folder = folder(&json!({ "task_specific_params": { "summarization": { "num_beams": "many", "prefix": 3 } } }));
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    run(&["summarize", "w5"])
        .code(1)
        .says(&["task_specific_params.summarization", "expected `prefix` to be a text, found 3"]);
    run(&["translate", "w5", "--from", "en"]).code(2).says(&["--to"]);
    run(&["translate", "w5", "--from", " ", "--to", "de"]).code(2).says(&["expected a language"]);
    run(&["summarize", " "]).code(2).says(&["the text is empty"]);
    run(&["generate", "w5", "--set", "head=encoder"]).code(2).says(&["does not write text"]);
    let decoder = checkpoint("gpt2/golden/gpt2-lm", &Words::default());
    zoo(&["summarize", "w5", "--weights", text(decoder.path())])
        .code(2)
        .says(&["has no head `conditional-generation`"]);
}
