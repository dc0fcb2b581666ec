//! `generate`: the texts that Hugging Face's `generate` wrote with the same weights.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Ran, Words, checkpoint, golden, ids, tensor, text, words, zoo};

const CASE: &str = "gpt2/golden/gpt2-lm";
/// Tokens of prompt and continuation together.
const LENGTH: usize = 18;
/// The id that ended texts when the reference was recorded.
const STOP: i64 = 87;

fn folder() -> tempfile::TempDir {
    let folder = checkpoint(CASE, &Words::default());
    fs::write(folder.path().join("generation_config.json"), format!(r#"{{ "eos_token_id": {STOP} }}"#)).unwrap();
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
        assert_eq!(found["new_ids"], json!(expected[6..]));
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
        assert_eq!(told["texts"][beam]["new_ids"], json!(expected[..=stop]), "beam {beam}");
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
    run(folder.path(), &["w5", "w6", " "]).code(2).says(&["prompt 3 is empty"]);
    run(folder.path(), &["w5", "--length-penalty", "NaN"]).code(2).says(&["expected a number"]);
    for flags in
        [["--temperature", "0"], ["--temperature", "NaN"], ["--temperature", "-1"], ["--repetition-penalty", "0"]]
    {
        run(folder.path(), &[&["w5"], &flags[..]].concat()).code(2).says(&[flags[0]]);
    }
    for flags in [["--top-p", "0"], ["--top-p", "1.1"], ["--top-k", "0"], ["--seed", "-1"], ["--no-repeat", "0"]] {
        run(folder.path(), &[&["w5"], &flags[..]].concat()).code(2).says(&[flags[0]]);
    }
    run(folder.path(), &["w5", "--min-new-tokens", "13"]).code(2).says(&["`min_new_tokens`", "12", "found 13"]);
    run(folder.path(), &["w5", "--stop", ""]).code(2).says(&["`--stop` is empty"]);
    run(folder.path(), &["w5", "--beams", "3", "--top-k", "5"]).code(2).says(&["sampling with 3 beams", "--greedy"]);
    run(folder.path(), &["w5", "--greedy", "--temperature", "0.5"]).code(2).says(&["--greedy", "--temperature"]);
    run(folder.path(), &["w5", "--set", "head=none"]).code(2).says(&["does not write text"]);
    zoo(&["generate", "w5", "--model", "gpt2-xl"]).code(2).says(&["`--weights` is missing"]);
}

/// Settings and the texts that Hugging Face's `generate` wrote under them, with the same weights.
fn reference() -> Vec<Value> {
    let path = golden("../tests/data/generation.json");
    let recorded: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    recorded["cases"].as_array().unwrap().clone()
}

fn new_ids(told: &Value) -> Vec<Value> {
    told["texts"].as_array().unwrap().iter().map(|text| text["new_ids"].clone()).collect()
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
}

#[test]
fn the_folders_settings_are_followed() {
    let folder = folder();
    let cases = reference();
    for case in cases.iter().step_by(3) {
        fs::write(folder.path().join("generation_config.json"), case["settings"].to_string()).unwrap();
        let prompt = words(&numbers(&case["prompt"]));
        let told = zoo(&["generate", "--weights", text(folder.path()), "--json", &prompt]).code(0);
        assert_eq!(told.err, "");
        assert_eq!(Value::from(new_ids(&told.json())), case["texts"], "{}", case["settings"]);
    }
}

#[test]
fn options_say_what_the_folder_would() {
    let folder = checkpoint(CASE, &Words::default());
    const OPTIONS: [(&str, &str); 5] = [
        ("repetition_penalty", "--repetition-penalty"),
        ("no_repeat_ngram_size", "--no-repeat"),
        ("min_new_tokens", "--min-new-tokens"),
        ("num_beams", "--beams"),
        ("length_penalty", "--length-penalty"),
    ];
    for case in reference().iter().step_by(3) {
        // Stop tokens have no option.
        let stops = json!({ "eos_token_id": case["settings"]["eos_token_id"], "pad_token_id": 0 });
        fs::write(folder.path().join("generation_config.json"), stops.to_string()).unwrap();
        let given =
            OPTIONS.iter().filter_map(|(field, option)| Some((*option, case["settings"].get(field)?.to_string())));
        let given: Vec<String> = given.flat_map(|(option, value)| [option.to_owned(), value]).collect();
        let prompt = words(&numbers(&case["prompt"]));
        let arguments: Vec<&str> = given.iter().map(String::as_str).chain(["--json", &prompt]).collect();
        let told = run(folder.path(), &arguments).code(0).json();
        assert_eq!(Value::from(new_ids(&told)), case["texts"], "{given:?}");
    }
}

/// As the options of [`run`] do, with the folder's settings.
fn configured(folder: &Path, settings: &Value, more: &[&str]) -> Ran {
    fs::write(folder.join("generation_config.json"), settings.to_string()).unwrap();
    zoo(&[&["generate", "--weights", text(folder), "w5 w6"], more].concat())
}

#[test]
fn options_override_the_folders_settings() {
    let folder = checkpoint(CASE, &Words::default());
    let write = |settings: Value, more: &[&str]| configured(folder.path(), &settings, more);
    let greedy = write(json!({}), &[]).code(0).out;
    let drawn = write(json!({ "do_sample": true, "temperature": 1.7, "top_k": 30 }), &[]).code(0).out;
    assert_ne!(greedy, drawn);
    let settings = json!({ "do_sample": true, "temperature": 0.2, "top_k": 30 });
    assert_eq!(write(settings.clone(), &["--temperature", "1.7"]).code(0).out, drawn);
    assert_eq!(write(settings.clone(), &["--greedy"]).code(0).out, greedy);
    assert_eq!(write(settings.clone(), &["--top-k", "1"]).code(0).out, greedy);
    assert_ne!(write(settings.clone(), &["--seed", "1", "--temperature", "1.7"]).code(0).out, drawn);
    // Beams search, whatever the folder does, and sampling keeps one.
    let beams = write(json!({}), &["--beams", "3"]).code(0).out;
    assert_eq!(write(settings, &["--beams", "3"]).code(0).out, beams);
    assert_eq!(write(json!({ "num_beams": 3 }), &[]).code(0).out, beams);
    assert_eq!(write(json!({ "num_beams": 3 }), &["--temperature", "1.7", "--top-k", "30"]).code(0).out, drawn);
    assert_eq!(write(json!({ "num_beams": 3 }), &["--greedy"]).code(0).out, greedy);
    write(json!({ "num_beams": 3, "do_sample": true }), &[]).code(2).says(&["sampling with 3 beams", "--greedy"]);
    // Lengths: new tokens, or all of them; what does not fit the positions is cut where nobody asked for it.
    let count = |settings: Value, more: &[&str]| write(settings, more).code(0).out.split_whitespace().count();
    assert_eq!(count(json!({ "max_new_tokens": 7 }), &[]), 2 + 7);
    assert_eq!(count(json!({ "max_length": 7 }), &[]), 7);
    assert_eq!(count(json!({ "max_length": 7 }), &["--max-new-tokens", "9"]), 2 + 9);
    assert_eq!(count(json!({ "max_new_tokens": 4096 }), &[]), 33);
}

#[test]
fn settings_that_are_not_known_are_told_and_broken_ones_refused() {
    let folder = checkpoint(CASE, &Words::default());
    let write = |settings: Value| configured(folder.path(), &settings, &[]);
    let known =
        json!({ "_from_model_config": true, "transformers_version": "4.57.6", "bos_token_id": 1, "typical_p": 1.0 });
    assert_eq!(write(known).code(0).err, "");
    write(json!({ "min_p": 0.1, "novelty": 3 })).code(0).says(&["warning:", "`min_p`", "`novelty`"]);
    let told = ["generation_config.json", "`temperature`: expected a number", "`top_k`: expected a whole number"];
    write(json!({ "temperature": "hot", "top_k": -4 })).code(1).says(&told);
    write(json!({ "do_sample": true, "temperature": 0, "top_p": 7 })).code(2).says(&["`temperature`", "`top_p`"]);
    write(json!([])).code(1).says(&["generation_config.json", "expected a JSON object"]);
    fs::write(folder.path().join("generation_config.json"), "{").unwrap();
    zoo(&["generate", "--weights", text(folder.path()), "w5"]).code(1).says(&["generation_config.json"]);
    let file = fs::File::create(folder.path().join("generation_config.json")).unwrap();
    file.set_len(1 << 34).unwrap();
    zoo(&["generate", "--weights", text(folder.path()), "w5"]).code(1).says(&["17179869184 bytes, expected at most"]);
}

#[test]
fn several_prompts_are_written_as_each_alone() {
    let folder = folder();
    let prompts = ["w83 w39 w73 w38 w17 w68", "w44", "w7 w57 w89"];
    for more in [&["--json"][..], &["--json", "--beams", "2"], &["--json", "--repetition-penalty", "1.5"]] {
        let together = run(folder.path(), &[&prompts[..], more].concat()).code(0).json_lines();
        assert_eq!(together.len(), 3);
        for (prompt, told) in prompts.iter().zip(&together) {
            let alone = run(folder.path(), &[&[*prompt], more].concat()).code(0).json();
            assert_eq!((&told["prompt"], new_ids(told)), (&json!(prompt), new_ids(&alone)), "{more:?}");
        }
    }
    let plain = run(folder.path(), &prompts).code(0).out;
    let alone = prompts.map(|prompt| run(folder.path(), &[prompt]).code(0).out);
    assert_eq!(plain, alone.join("\n"));
}

/// An encoder–decoder reads the prompts, of three lengths, and writes from its start token.
#[test]
fn an_encoder_decoder_answers() {
    const CASE: &str = "t5/golden/t5-lm";
    let folder = checkpoint(CASE, &Words::default());
    let settings = json!({ "decoder_start_token_id": 0, "eos_token_id": 44, "pad_token_id": 0 });
    fs::write(folder.path().join("generation_config.json"), settings.to_string()).unwrap();
    let inputs = golden(CASE).join("inputs.safetensors");
    let (read, mask) = (ids(&inputs, "fwd.input_ids"), ids(&inputs, "fwd.attention_mask"));
    let real = |(ids, mask): (&[i64], &[i64])| {
        words(&ids.iter().zip(mask).filter(|(_, real)| **real == 1).map(|(&id, _)| id).collect::<Vec<_>>())
    };
    let prompts: Vec<String> = read.chunks(read.len() / 3).zip(mask.chunks(mask.len() / 3)).map(real).collect();
    let prompts: Vec<&str> = prompts.iter().map(String::as_str).collect();
    for (output, more) in [("gen.greedy_eos", &[][..]), ("gen.beam3", &["--beams", "3"])] {
        let recorded = ids(&golden(CASE).join("outputs.safetensors"), output);
        let told = run(folder.path(), &[&prompts, more, &["--json"]].concat()).code(0).json_lines();
        for (recorded, told) in recorded.chunks(13).zip(&told) {
            // Without the start token, up to the stop token.
            let end = recorded.iter().position(|&id| id == 44).map_or(13, |at| at + 1);
            assert_eq!(new_ids(told)[0], json!(recorded[1..end]), "{output}");
            assert_eq!(told["texts"][0]["text"], words(&recorded[1..end]));
        }
    }
}

#[test]
fn one_seed_draws_one_text() {
    let folder = folder();
    let draw = |more: &[&str]| run(folder.path(), &[&["w5 w6", "--temperature", "1.5"], more].concat()).code(0).out;
    assert_eq!(draw(&[]), draw(&["--seed", "0"]));
    assert_eq!(draw(&["--seed", "9", "w7"]).lines().next(), draw(&["--seed", "9"]).lines().next());
    assert_ne!(draw(&["--seed", "9"]), draw(&[]));
    let hardly = run(folder.path(), &["w5 w6", "--temperature", "1e-9"]).code(0).out;
    assert_eq!(hardly, run(folder.path(), &["w5 w6"]).code(0).out, "next to no temperature is none");
}

#[test]
fn a_text_ends_with_its_stop_text() {
    let folder = checkpoint(CASE, &Words::default());
    let prompt = "w83 w39 w73 w38 w17 w68";
    let whole = run(folder.path(), &[prompt]).code(0).out;
    assert_eq!(whole.trim_end(), format!("{prompt} w65 w59 w23 w34 w65 w28 w65 w28 w65 w28 w65 w71"));
    let stopped = |stops: &[&str]| {
        let stops: Vec<&str> = stops.iter().flat_map(|stop| ["--stop", *stop]).collect();
        let told = run(folder.path(), &[&[prompt, "--json"], &stops[..]].concat()).code(0).json();
        let text = told["texts"][0]["text"].as_str().unwrap().strip_prefix(prompt).unwrap().to_owned();
        (text, told["texts"][0]["ended"].clone(), new_ids(&told)[0].as_array().unwrap().len())
    };
    assert_eq!(stopped(&["w23"]), (" w65 w59 w23".into(), json!("stop-text"), 3));
    // In the middle of a token, over two of them, and the first of several.
    assert_eq!(stopped(&["w3"]), (" w65 w59 w23 w3".into(), json!("stop-text"), 4));
    assert_eq!(stopped(&["9 w"]), (" w65 w59 w".into(), json!("stop-text"), 3));
    assert_eq!(stopped(&["w71", "w34", "w28"]), (" w65 w59 w23 w34".into(), json!("stop-text"), 4));
    // The prompt does not count, and what never comes changes nothing.
    assert_eq!(
        stopped(&["w73", "w39 w73"]),
        (whole.trim_end().strip_prefix(prompt).unwrap().into(), json!("length"), 12)
    );
    let beams = run(folder.path(), &[prompt, "--beams", "3", "--stop", "w28", "--json"]).code(0).json();
    assert!(beams["texts"].as_array().unwrap().iter().any(|text| text["ended"] == "stop-text"), "{beams}");
}

/// A terminal sees the text grow, and ends with the same text as a pipe.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_the_same_text() {
    let folder = folder();
    let expected = recorded("gen.greedy_eos", 0);
    let prompt = words(&expected[..6]);
    let Some(output) = on_a_terminal(folder.path(), &prompt, "--max-new-tokens 12", None) else { return };
    assert!(output.out.contains(&format!("{}\r\n", words(&expected))), "{output:?}");
    // Cut in the middle of a word, and nothing of it taken back.
    let stopped = on_a_terminal(folder.path(), &prompt, "--max-new-tokens 12 --stop w3", None).unwrap();
    assert!(stopped.out.contains("w65 w59 w23 w3\r\n"), "{stopped:?}");
}

/// Ctrl-C ends a text where it is.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_text_is_told_as_far_as_it_came() {
    const TOKENS: usize = 50_000;
    let folder = checkpoint(CASE, &Words::default());
    fs::remove_file(folder.path().join("config.json")).unwrap();
    let sizes = ["vocab_size=99", "d_model=8", "n_layers=1", "n_heads=2", "max_positions=60000"];
    let sizes: Vec<&str> = sizes.iter().flat_map(|size| ["--set", size]).collect();
    let saved = folder.path().join("saved");
    zoo(&[&["new", "gpt2", "--save", text(&saved)], &sizes[..]].concat()).code(0);
    fs::copy(folder.path().join("tokenizer.json"), saved.join("tokenizer.json")).unwrap();
    for more in ["", "--json"] {
        let options = format!("--max-new-tokens {TOKENS} --sample {more}");
        // Text shows that writing has begun, or the word that says so.
        let begun: fn(&str) -> bool = match more {
            "" => |screen| screen.split_whitespace().count() > 40,
            _ => |screen| screen.contains("writing"),
        };
        let Some(output) = on_a_terminal(&saved, "w5 w6", &options, Some(begun)) else { return };
        assert_eq!(output.code, Some(130), "{output:?}");
        assert!(output.out.ends_with("\r\n"), "{output:?}");
        let told = output.out.replace("^C", "");
        let words = told.split_whitespace().filter(|word| word.contains('w')).count();
        assert!((2..TOKENS).contains(&words), "{output:?}");
        if more == "--json" {
            let line = told.lines().last().unwrap();
            let document: Value = serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap();
            assert_eq!(document["texts"][0]["ended"], "interrupted");
        }
    }
}

/// Runs `zoo generate` on a terminal of its own, with Ctrl-C once the screen is as asked. `None` where there is no `script`.
#[cfg(target_os = "linux")]
fn on_a_terminal(folder: &Path, prompt: &str, options: &str, interrupt: Option<fn(&str) -> bool>) -> Option<Ran> {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    let zoo = env!("CARGO_BIN_EXE_zoo");
    let zoo = format!("{zoo} generate --weights {} {options} '{prompt}'", folder.display());
    let mut script = Command::new("script");
    script.args(["-qec", &zoo, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = script.spawn().ok()?;
    let mut keyboard = running.stdin.take().unwrap();
    let mut screen = running.stdout.take().unwrap();
    let (mut seen, mut some, mut pressed) = (Vec::new(), [0; 4096], false);
    loop {
        if !pressed && interrupt.is_some_and(|now| now(&String::from_utf8_lossy(&seen))) {
            keyboard.write_all(b"\x03").unwrap();
            pressed = true;
        }
        match screen.read(&mut some) {
            Ok(0) | Err(_) => break,
            Ok(n) => seen.extend(&some[..n]),
        }
    }
    let code = running.wait().unwrap().code();
    Some(Ran { code, out: String::from_utf8_lossy(&seen).into_owned(), err: String::new() })
}
