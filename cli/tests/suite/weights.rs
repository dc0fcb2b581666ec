//! Checkpoint folders that are not what they should be.

use std::fs;
use std::path::Path;

use crate::support::{Ran, Words, checkpoint, golden, text, zoo};

const CASE: &str = "bert/golden/bert-model";

fn embed(folder: &Path, more: &[&str]) -> Ran {
    zoo(&[&["embed", "--weights", text(folder), "w5"], more].concat())
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    embed(Path::new("/no/such/folder"), &[]).code(1).says(&["`/no/such/folder` is not there", "hint:"]);
    let empty = tempfile::tempdir().unwrap();
    embed(empty.path(), &[]).code(1).says(&["config.json"]);
    embed(empty.path(), &["--model", "bert"]).code(1).says(&["tokenizer.json"]);
}

#[test]
fn a_file_in_the_folder_may_be_meant() {
    let folder = checkpoint(CASE, &Words::default());
    let whole = embed(folder.path(), &[]).code(0).out;
    fs::rename(folder.path().join("model.safetensors"), folder.path().join("best.safetensors")).unwrap();
    embed(folder.path(), &[]).code(1).says(&["holds neither `model.safetensors`"]);
    assert_eq!(embed(&folder.path().join("best.safetensors"), &[]).code(0).out, whole);
    embed(&folder.path().join("config.json"), &[]).code(1).says(&["config.json"]);
}

#[test]
fn a_truncated_file_is_refused() {
    let folder = checkpoint(CASE, &Words::default());
    let file = folder.path().join("model.safetensors");
    let whole = fs::read(&file).unwrap();
    for length in [whole.len() - 1, whole.len() / 2, 100, 8, 0] {
        fs::write(&file, &whole[..length]).unwrap();
        embed(folder.path(), &[]).code(1).says(&["model.safetensors", "hint: the file may be truncated"]);
    }
    fs::write(&file, &whole).unwrap();
    embed(folder.path(), &[]).code(0);
}

#[test]
fn weights_of_another_family_are_refused() {
    let folder = checkpoint(CASE, &Words::default());
    fs::copy(golden("gpt2/golden/gpt2-lm/model.safetensors"), folder.path().join("model.safetensors")).unwrap();
    let ran = embed(folder.path(), &[]).code(1);
    ran.says(&["these weights are not those of `bert`", "missing", "unexpected", "transformer.", "hint:"]);
    fs::remove_file(folder.path().join("config.json")).unwrap();
    embed(folder.path(), &["--model", "bert-tiny"]).code(1).says(&["these weights are not those of `bert`"]);
}

#[test]
fn a_name_stands_in_for_a_missing_configuration() {
    let folder = checkpoint(CASE, &Words::default());
    let with_it = embed(folder.path(), &[]).code(0).out;
    fs::remove_file(folder.path().join("config.json")).unwrap();
    embed(folder.path(), &[]).code(1).says(&["config.json"]);
    let sizes =
        ["vocab_size=99", "d_model=32", "n_layers=2", "n_heads=4", "d_ff=37", "max_positions=24", "n_token_types=2"];
    let sizes: Vec<&str> = sizes.iter().flat_map(|size| ["--set", size]).collect();
    let named = embed(folder.path(), &[&["--model", "bert"], &sizes[..]].concat()).code(0);
    assert_eq!(named.out, with_it);
}

#[test]
fn configurations_that_lie_are_refused() {
    let folder = checkpoint(CASE, &Words::default());
    let file = folder.path().join("config.json");
    let sound = fs::read_to_string(&file).unwrap();
    let lies = |from: &str, to: &str| {
        assert!(sound.contains(from));
        fs::write(&file, sound.replace(from, to)).unwrap();
        embed(folder.path(), &[])
    };
    lies("\"hidden_size\": 32", "\"hidden_size\": 36").code(1).says(&["does not fit", "expected"]);
    lies("\"hidden_size\": 32", "\"hidden_size\": \"wide\"").code(2).says(&["not a configuration of `bert`"]);
    lies("\"model_type\": \"bert\"", "\"model_type\": \"brt\"").code(2).says(&["did you mean `bert`?"]);
    lies("\"vocab_size\": 99", "\"vocab_size\": 9000000000000").code(2).says(&["`vocab_size`"]);
    lies("{", "[").code(1).says(&["config.json"]);
}

#[test]
fn a_tokenizer_that_is_none_is_refused() {
    let folder = checkpoint(CASE, &Words::default());
    let file = folder.path().join("tokenizer.json");
    fs::write(&file, "{}").unwrap();
    embed(folder.path(), &[]).code(1).says(&["tokenizer.json", "hint:"]);
    fs::remove_file(&file).unwrap();
    embed(folder.path(), &[]).code(1).says(&["tokenizer.json", "hint:"]);
}

#[test]
fn a_tokenizer_with_more_words_than_the_model_is_refused() {
    let folder = checkpoint(CASE, &Words::default());
    let file = folder.path().join("tokenizer.json");
    let larger = fs::read_to_string(&file).unwrap().replace("\"w5\":5", "\"w5\":500");
    fs::write(&file, larger).unwrap();
    let told = ["expected ids below 99, the model's `vocab_size`, found 500 for `w5`", "hint:", "`tokenizer.json`"];
    embed(folder.path(), &[]).code(1).says(&told);
    // Whatever the text.
    zoo(&["embed", "--weights", text(folder.path()), "w6"]).code(1).says(&told);
}

#[test]
fn what_nobody_reads_is_noted() {
    let folder = checkpoint(CASE, &Words::default());
    let file = folder.path().join("config.json");
    let more = fs::read_to_string(&file).unwrap().replacen('{', "{ \"novelty\": 1,", 1);
    fs::write(&file, more).unwrap();
    embed(folder.path(), &[]).code(0).says(&["note: fields of config.json that nothing here reads: `novelty`"]);
}
