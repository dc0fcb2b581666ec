//! `score`: rewards that equal the reference's, ranked, and pairs that are refused.

use std::path::Path;

use serde_json::Value;

use crate::support::{Ran, Words, checkpoint, golden, ids, tensor, text, words, zoo, zoo_reading};

const GPT2: &str = "reward_model/golden/rm-gpt2";
const BERT: &str = "reward_model/golden/rm-bert";
/// Largest difference in f32 on numbers of about two; the reference's own noise is 4e-7.
const TOLERANCE: f64 = 1e-5;

/// The recorded texts in words, without padding, and their rewards. Those padded on the left are left out: the reference counts
/// their positions from the edge.
fn recorded() -> (Vec<Vec<String>>, Vec<f64>) {
    let folder = golden(GPT2);
    let input = |name: &str| ids(&folder.join("inputs.safetensors"), name);
    let (ids, mask) = (input("fwd.input_ids"), input("fwd.attention_mask"));
    let rewards = tensor(&folder.join("outputs.safetensors"), "fwd.rewards");
    let texts = ids.chunks(10).zip(mask.chunks(10)).zip(rewards).filter(|((_, mask), _)| mask[0] != 0);
    texts
        .map(|((ids, mask), reward)| {
            let real: Vec<i64> = ids.iter().zip(mask).filter(|(_, real)| **real != 0).map(|(id, _)| *id).collect();
            (words(&real).split(' ').map(str::to_owned).collect(), reward)
        })
        .unzip()
}

fn score(folder: &Path, more: &[&str]) -> Ran {
    zoo(&[&["score", "--weights", text(folder)], more].concat())
}

fn reward(line: &Value) -> f64 {
    line["reward"].as_f64().unwrap()
}

#[test]
fn rewards_are_the_recorded_ones_and_stand_in_order() {
    let folder = checkpoint(GPT2, &Words::default());
    let (texts, rewards) = recorded();
    let mut lines = String::new();
    for words in &texts {
        // Wherever a text is cut into prompt and response, it is one text to the model.
        let (prompt, response) = words.split_at(words.len() / 2);
        lines += &serde_json::json!({ "prompt": prompt.join(" "), "response": response.join(" ") }).to_string();
        lines.push('\n');
    }
    let file = folder.path().join("pairs.jsonl");
    std::fs::write(&file, &lines).unwrap();
    let by_file = score(folder.path(), &["--json", "--file", text(&file)]).code(0).json_lines();
    let by_input = ["score", "--weights", text(folder.path()), "--json", "--file", "-"];
    assert_eq!(zoo_reading(&by_input, lines.as_bytes()).code(0).json_lines(), by_file);
    assert!(rewards.len() > 2 && by_file.len() == rewards.len());
    for (line, expected) in by_file.iter().zip(&rewards) {
        assert!((reward(line) - expected).abs() < TOLERANCE, "{line} is not {expected}");
        assert_eq!(line["rank"], 1);
    }

    let ranked = score(
        folder.path(),
        &["--json", "--prompt", "w5 w6", "--response", "w7", "--response", "w8 w9", "--response", "w10"],
    );
    let ranked = ranked.code(0).json_lines();
    assert_eq!(ranked.iter().map(|line| line["rank"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(ranked.windows(2).all(|two| reward(&two[0]) > reward(&two[1])), "{ranked:?}");
    let plain =
        score(folder.path(), &["--prompt", "w5 w6", "--response", "w7", "--response", "w8 w9", "--response", "w10"])
            .code(0);
    let order: Vec<&str> =
        plain.out.lines().skip(1).map(|line| line.trim_start().split_once(' ').unwrap().1.trim()).collect();
    assert_eq!(order, ranked.iter().map(|line| line["response"].as_str().unwrap()).collect::<Vec<_>>());
}

#[test]
fn what_stands_between_is_read() {
    let folder = checkpoint(GPT2, &Words::default());
    let one = |more: &[&str]| reward(&score(folder.path(), &[&["--json"], more].concat()).code(0).json_lines()[0]);
    let between = one(&["--prompt", "w5", "--response", "w7", "--between", " w9"]);
    assert!((between - one(&["--prompt", "w5 w9", "--response", "w7"])).abs() < TOLERANCE);
    assert!((between - one(&["--prompt", "w5", "--response", "w7"])).abs() > 1e-3);
}

#[test]
fn a_classifier_of_one_label_is_opened_as_a_reward_model() {
    let folder = checkpoint(BERT, &Words { around: true, mask: None });
    let pair = ["--json", "--prompt", "w5 w6", "--response", "w7", "--response", "w8"];
    let found = score(folder.path(), &pair).code(0).json_lines();
    assert_eq!(found.len(), 2);
    let named = score(folder.path(), &[&pair[..], &["--model", "reward-model"]].concat()).code(0).json_lines();
    assert_eq!(found, named);
    score(folder.path(), &[&pair[..], &["--model", "bert"]].concat()).code(2).says(&["`bert` has no head `reward`"]);
    // A reward model's body still makes vectors, and its own family is found for that.
    zoo(&["embed", "--weights", text(checkpoint(GPT2, &Words::default()).path()), "w5"]).code(0);
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let folder = checkpoint(GPT2, &Words::default());
    let refused = |more: &[&str], told: &[&str]| {
        score(folder.path(), more).code(2).says(told);
    };
    refused(
        &["--prompt", "w5", "--prompt", "w6", "--response", "w7"],
        &["2 prompts and 1 responses do not pair", "hint:"],
    );
    refused(&["--prompt", "w5"], &["--response"]);
    refused(&["--prompt", " ", "--response", "w7"], &["prompt 1 is empty"]);
    refused(&["--prompt", "w5", "--response", ""], &["a response to prompt 1 is empty"]);
    let long = vec!["w5"; 32].join(" ");
    refused(&["--prompt", &long, "--response", "w7"], &["at most 32 tokens", "found 33", "hint:"]);
    let file = folder.path().join("pairs.jsonl");
    std::fs::write(&file, "{\"prompt\": \"w5\", \"response\": \"w6\"}\n{\"prompt\": \"w7\"}\n").unwrap();
    score(folder.path(), &["--file", text(&file)]).code(1).says(&["line 2 of", "no response"]);
    std::fs::write(&file, "\n").unwrap();
    refused(&["--file", text(&file)], &["is empty"]);
    std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    score(folder.path(), &["--prompt", "w5", "--response", "w7"]).code(1).says(&["tokenizer.json", "hint:"]);
    let writer = checkpoint("gpt2/golden/gpt2-lm", &Words::default());
    score(writer.path(), &["--prompt", "w5", "--response", "w7"])
        .code(1)
        .says(&["score.weight", "trained with the head `reward`"]);
    let t5 = checkpoint("t5/golden/t5-lm", &Words::default());
    score(t5.path(), &["--prompt", "w5", "--response", "w7"]).code(2).says(&["has no head `reward`"]);
}
