//! `generate`: the texts that Hugging Face's `generate` wrote with the same weights.

use std::path::Path;

use crate::support::{Ran, Words, checkpoint, golden, ids, tensor, text, words, zoo};

const CASE: &str = "gpt2/golden/gpt2-lm";
/// Tokens of prompt and continuation together.
const LENGTH: usize = 18;
/// The id that ended texts when the reference was recorded.
const STOP: i64 = 87;

fn folder() -> tempfile::TempDir {
    let folder = checkpoint(CASE, &Words::default());
    std::fs::write(folder.path().join("generation_config.json"), format!(r#"{{ "eos_token_id": {STOP} }}"#)).unwrap();
    folder
}

fn run(folder: &Path, more: &[&str]) -> Ran {
    zoo(&[&["generate", "--weights", text(folder), "--max-new-tokens", "12"], more].concat())
}

fn recorded(output: &str, row: usize) -> Vec<i64> {
    ids(&golden(CASE).join("outputs.safetensors"), output)[row * LENGTH..][..LENGTH].to_vec()
}

#[test]
fn greedy_text_is_the_recorded_text() {
    let folder = folder();
    // Prompt rows of six, padded on the left: 0, 1 and 2 ids of padding.
    for row in 0..3 {
        let expected: Vec<i64> = recorded("gen.greedy_eos", row).split_off(row);
        let stop = expected.iter().position(|&id| id == STOP).map_or(expected.len(), |at| at + 1);
        let told = run(folder.path(), &[&words(&expected[..6 - row])]).code(0);
        assert_eq!(told.out.trim_end(), words(&expected[..stop]), "row {row}");
    }
}

#[test]
fn repeats_are_avoided_when_asked() {
    let folder = checkpoint(CASE, &Words::default());
    let expected = recorded("gen.greedy_no_repeat_2gram", 0);
    let told = run(folder.path(), &[&words(&expected[..6]), "--no-repeat-ngram", "2"]).code(0);
    assert_eq!(told.out.trim_end(), words(&expected));
    assert_ne!(expected, recorded("gen.greedy", 0), "the recorded text must differ for this to mean anything");
}

#[test]
fn beams_and_their_scores_are_the_recorded_ones() {
    let folder = folder();
    let prompt = words(&recorded("gen.beam3_all", 0)[..6]);
    let told = run(folder.path(), &[&prompt, "--beams", "3", "--json"]).code(0).json();
    assert_eq!(told["prompt_tokens"], 6);
    let scores = tensor(&golden(CASE).join("outputs.safetensors"), "gen.beam3_all_scores");
    for beam in 0..3 {
        let found = &told["texts"][beam];
        let expected = recorded("gen.beam3_all", beam);
        assert_eq!(found["text"], words(&expected));
        assert_eq!(found["new_ids"], serde_json::json!(expected[6..]));
        assert!((found["score"].as_f64().unwrap() - scores[beam]).abs() < 1e-5, "{found} against {}", scores[beam]);
    }
    let best = run(folder.path(), &[&prompt, "--beams", "3"]).code(0);
    assert_eq!(best.out.trim_end(), words(&recorded("gen.beam3_all", 0)));
}

#[test]
fn texts_that_ended_are_told_without_their_padding() {
    let folder = folder();
    // The second recorded prompt, after its one id of padding.
    let told =
        run(folder.path(), &[&words(&recorded("gen.beam3_all", 3)[1..6]), "--beams", "3", "--json"]).code(0).json();
    let mut lengths = Vec::new();
    for beam in 0..3 {
        let expected = recorded("gen.beam3_all", 3 + beam).split_off(6);
        let stop = expected.iter().position(|&id| id == STOP).unwrap();
        assert_eq!(told["texts"][beam]["new_ids"], serde_json::json!(expected[..=stop]), "beam {beam}");
        lengths.push(stop);
    }
    assert!(lengths.iter().any(|length| *length != lengths[0]), "some must be padded for this to mean anything");
}

#[test]
fn texts_beyond_the_positions_are_refused_with_both_numbers() {
    let folder = folder();
    run(folder.path(), &[&words(&[9; 33])]).code(2).says(&["33 tokens", "32 positions", "hint:"]);
    let fits = |prompt: usize| run(folder.path(), &[&words(&vec![9; prompt])]);
    // The last token written is never read, so it needs no position.
    fits(22).code(2).says(&["22 tokens of prompt and 12 new ones", "32 positions", "`--max-new-tokens 11` fits"]);
    fits(21).code(0);
    let usual = zoo(&["generate", "--weights", text(folder.path()), "--json", &words(&[9; 30])]).code(0).json();
    assert!(usual["texts"][0]["new_ids"].as_array().unwrap().len() <= 3, "{usual}");
}

#[test]
fn what_cannot_write_is_refused() {
    let folder = folder();
    run(folder.path(), &[""]).code(2).says(&["the prompt is empty"]);
    run(folder.path(), &["w5", "--beams", "0"]).code(2).says(&["--beams"]);
    run(folder.path(), &["w5", "--length-penalty", "NaN"]).code(2).says(&["expected a number"]);
    run(folder.path(), &["w5", "--set", "head=none"]).code(2).says(&["does not write text"]);
    zoo(&["generate", "w5"]).code(2).says(&["--weights"]);
}

/// A terminal sees the text grow, and ends with the same text as a pipe.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_the_same_text() {
    let folder = folder();
    let expected = recorded("gen.greedy_eos", 0);
    let zoo = format!(
        "{} generate --weights {} --max-new-tokens 12 '{}'",
        env!("CARGO_BIN_EXE_zoo"),
        folder.path().display(),
        words(&expected[..6])
    );
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &zoo, "/dev/null"]).stdin(std::process::Stdio::null());
    let Ok(output) = script.output() else { return };
    let seen = String::from_utf8(output.stdout).unwrap();
    assert!(seen.contains(&format!("{}\r\n", words(&expected))), "{seen:?}");
}
