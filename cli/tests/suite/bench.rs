//! How models are timed: what is told, what is refused, what is left behind. No time is looked at, for a test cannot know any.

use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{Ran, command, ran, told, zoo, zoo_reading};

/// A GPT-2 that is timed at once.
const SMALL: [&str; 8] = ["--set", "n_layers=2", "--set", "d_model=32", "--set", "n_heads=2", "--set", "vocab_size=99"];

fn bench(arguments: &[&str]) -> Ran {
    zoo(&[&["bench", "gpt2-small"], &SMALL[..], &["--seq", "8", "--steps", "3", "--runs", "2"], arguments].concat())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn each_task_is_told_with_every_run() {
    let told = bench(&["--batch", "1,3", "--json"]).code(0).json();
    let results = told["results"].as_array().unwrap();
    let of = |field: &str| results.iter().map(|result| result[field].clone()).collect::<Vec<_>>();
    let tasks = ["forward", "prefill", "decode", "ready", "load", "forward", "prefill", "decode"];
    assert_eq!(of("task"), tasks);
    assert_eq!(of("batch"), [1, 1, 1, 1, 1, 3, 3, 3]);
    for result in results {
        let seconds = numbers(&result["seconds"]);
        assert!(seconds.len() == 2 && seconds.iter().all(|second| *second > 0.0), "{result}");
        let median = result["median"].as_f64().unwrap();
        assert!((median - (seconds[0] + seconds[1]) / 2.0).abs() < 1e-12);
        assert_eq!(result["parameters"], results[0]["parameters"]);
        assert_eq!(result["name"], "gpt2-small");
        let once = ["ready", "load"].contains(&result["task"].as_str().unwrap());
        assert_eq!((result["share"].is_null(), result["rate"].is_null()), (once, once), "{result}");
        assert_eq!(numbers(&result["answer_seconds"]).len(), if once { 2 } else { 0 });
    }
    let extents = |at: usize| results[at]["output"][0].clone();
    assert_eq!((extents(0), extents(1), extents(2)), ([1, 8, 99].into(), [1, 1, 99].into(), [1, 1, 99].into()));
    assert_eq!(extents(5), Value::from([3, 8, 99]));
    let rate = &results[7]["rate"];
    let expected = 3.0 * 3.0 / results[7]["median"].as_f64().unwrap();
    assert!(rate["unit"] == "tokens/s" && (rate["value"].as_f64().unwrap() / expected - 1.0).abs() < 1e-9);
    let load = &results[4];
    assert!(load["file_bytes"].as_u64().unwrap() > 4 * load["parameters"].as_u64().unwrap());
    assert_eq!(numbers(&load["read_seconds"]).len(), 2);
    let peaks = told["machine"]["peaks"].as_array().unwrap();
    assert!(
        peaks
            .iter()
            .all(|peak| peak["gflops"].as_f64().unwrap() > 0.0 && peak["read_gb_per_s"].as_f64().unwrap() > 0.0)
    );
}

#[test]
fn operations_are_those_that_cost_counts() {
    let cost = zoo(&[&["cost", "gpt2-small"], &SMALL[..], &["--tokens", "8", "--json"]].concat()).code(0).json();
    let timed = bench(&["--task", "forward,decode", "--batch", "3", "--json"]).code(0).json();
    let counted = |field: &str| cost[0]["lengths"][0][field].as_u64().unwrap();
    let flops = |at: usize| timed["results"][at]["flops"].as_u64().unwrap();
    assert_eq!(flops(0), 3 * counted("forward_flops"));
    // Three steps after a text of 8 tokens: more than three after 7.
    let three = 3 * 3 * counted("step_flops");
    assert!(flops(1) > three && flops(1) < three * 11 / 10, "{} is not little more than {three}", flops(1));
    // Each step multiplies by all weights but those of positions: at least those are read.
    let weights = 4 * (timed["results"][0]["parameters"].as_u64().unwrap() - 1024 * 32);
    let bytes = timed["results"][1]["bytes"].as_u64().unwrap();
    assert!(bytes > 3 * weights * 9 / 10 && bytes < 3 * weights * 2, "{bytes} for three times {weights}");
}

#[test]
fn people_read_a_table() {
    bench(&[]).code(0).prints(&[
        "GFLOP/s",
        "GB/s",
        "median",
        "of the limit",
        "tokens/s",
        "to the first answer",
        "alone takes",
    ]);
    zoo(&["bench", "--machine"]).code(0).prints(&["matrix products", "reading memory"]);
    let machine = zoo(&["bench", "--machine", "--threads", "1", "--json"]).code(0).json();
    assert_eq!(machine["peaks"].as_array().unwrap().len(), 1);
}

#[test]
fn other_programs_ask_a_worker() {
    let ask = |task: &str, requests: &str| {
        let asked = ["bench", "bert-tiny", "--worker", task, "--seq", "8", "--batch", "2"];
        zoo_reading(&asked, requests.as_bytes())
    };
    let lines = ask("forward", "2\n1\n").code(0).json_lines();
    let [facts, two, one] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&facts["peer"], &facts["output"]), (&"zoo".into(), &serde_json::json!([[2, 8, 128], [2, 128]])));
    let sample = numbers(&facts["sample"]);
    assert!(sample.len() == 8 && sample.iter().all(|number| number.is_finite() && *number != 0.0), "{sample:?}");
    assert_eq!((numbers(&two["seconds"]).len(), numbers(&one["seconds"]).len()), (2, 1));
    // The same weights and the same input give the same numbers.
    assert_eq!(ask("forward", "").code(0).json_lines()[0]["sample"], facts["sample"]);
    // What is done once is told at once, and a request is for nobody.
    assert_eq!(numbers(&ask("ready", "1\n").code(0).json_lines()[0]["seconds"]).len(), 1);
    ask("forward", "many\n").code(1).says(&["expected a number of runs on standard input, found `many`"]);
}

#[test]
fn a_folder_of_weights_is_what_a_worker_computes_with() {
    let folder = tempdir().unwrap();
    let place = folder.path().join("weights");
    let place = place.to_str().unwrap();
    zoo(&["bench", "bert-tiny", "--write", place]).code(0);
    let sample = |more: &[&str]| {
        zoo(&[&["bench", "bert-tiny", "--worker", "load", "--seq", "8"], more].concat()).code(0).json_lines()[0]["sample"].clone()
    };
    assert_eq!(sample(&["--weights", place]), sample(&[]));
    let other = folder.path().join("other");
    let other = other.to_str().unwrap();
    zoo(&["new", "bert-tiny", "--seed", "7", "--save", other]).code(0);
    assert_ne!(sample(&["--weights", other]), sample(&[]));
    zoo(&["bench", "bert-mini", "--worker", "load", "--weights", place])
        .code(1)
        .says(&["these weights are not those of"]);
}

#[test]
fn what_cannot_be_timed_is_refused_before_anything_is() {
    let refused = |arguments: &[&str], code, parts: &[&str]| {
        zoo(&[&["bench"], arguments].concat()).code(code).says(parts);
    };
    refused(&["bert-tiny", "--threads", "0"], 2, &["expected `--threads` from 1 to", "found 0", "hint"]);
    refused(&["bert-tiny", "--threads", "9999"], 2, &["found 9999", "wait for each other"]);
    refused(&["bert-tiny", "--device", "flexx"], 2, &["device `flexx` is not available", "did you mean `flex`"]);
    refused(&["brt-tiny"], 2, &["no model is called `brt-tiny`"]);
    refused(&["bert-tiny", "--seq", "513"], 2, &["at most 512 tokens, found 513"]);
    refused(&["gpt2-small", "--seq", "1000", "--steps", "32"], 2, &["at most 1024 tokens in all", "1000", "32"]);
    refused(&["bert-tiny", "--task", "decode"], 2, &["does not write text with this head", "--set head="]);
    refused(&["bert-tiny", "--batch", "0"], 2, &["--batch"]);
    refused(
        &["bert-tiny", "--batch", "1000000"],
        1,
        &["for its weights and a batch of 1000000", "`--batch` and `--seq`"],
    );
    refused(&["gpt3-175b"], 1, &["needs", "`flex` has"]);
    refused(&["bert-tiny", "--machine"], 2, &["--machine"]);
    refused(&[], 2, &["NAME"]);
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_is_left_behind_not_even_when_it_is_ended() {
    let place = tempdir().unwrap();
    let in_place = |arguments: &[&str]| {
        let mut command = command(&[&["bench", "gpt2-small"], &SMALL[..], arguments].concat());
        command.env("TMPDIR", place.path());
        command
    };
    let left = || std::fs::read_dir(place.path()).unwrap().count();
    ran(in_place(&["--task", "load", "--runs", "1", "--seq", "8"])).code(0);
    assert_eq!(left(), 0);

    let mut long = in_place(&["--task", "load", "--runs", "5", "--seq", "900"]);
    let child = long.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    while left() == 0 {
        assert!(Instant::now() < until, "no weights were written");
        std::thread::sleep(Duration::from_millis(5));
    }
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(told(child.wait_with_output().unwrap()).code, Some(130));
    assert_eq!(left(), 0);
}
