//! `check`: outcomes by line, by JSON, by file and by exit code.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{command, ran, text, zoo};

/// The outcomes of a stream.
fn outcomes(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["t"] == "check").collect()
}

#[test]
fn outcomes_are_told_with_their_magnitudes_under_their_family() {
    let ran = zoo(&["check", "bert", "--only", "batch-invariance", "--backend", "flex,ndarray"]).code(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!((lines[0], lines[3]), ("bert on flex", "bert on ndarray"), "{ran:#?}");
    for line in [lines[1], lines[4]] {
        assert!(line.starts_with("  pass      batch-invariance  ") && line.contains(" of 8 "), "{ran:#?}");
    }
    assert!(lines[6].starts_with("family  device ") && lines[8].starts_with("bert    ndarray "), "{ran:#?}");
    assert!(lines[10].starts_with("2 checks: 2 passed, 0 failed, 0 waived, 0 not applicable, in "), "{ran:#?}");
    assert!(!ran.out.contains('\u{1b}'), "no terminal, no colours: {ran:#?}");
}

#[test]
fn a_size_stands_for_its_family_and_patterns_choose() {
    let chosen = |pattern: &str| {
        let lines = zoo(&["check", pattern, "--check", "names-r*", "--json"]).code(0).json_lines();
        outcomes(&lines).iter().map(|line| line["architecture"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(chosen("bert-*"), ["bert"]);
    assert_eq!(chosen("{bert,gpt2}"), ["bert", "gpt2"]);
    zoo(&["check", "brt"]).code(2).says(&["did you mean `bert`?"]);
    zoo(&["check", "bert", "--only", "device-agree"])
        .code(2)
        .says(&["did you mean `devices-agree`?", "hint: there are"]);
    zoo(&["check", "bert", "--device", "flex,tpu"]).code(2).says(&["device `tpu` is not available"]);
    zoo(&["check", "bert", "--timeout", "0"]).code(2).says(&["--timeout"]);
}

#[test]
fn levels_choose_and_are_reached() {
    let lines = zoo(&["check", "bert", "--level", "registered", "--json"]).code(0).json_lines();
    assert!(outcomes(&lines).iter().all(|line| line["level"] == "L0") && lines.len() > 5, "{lines:#?}");
    let end = lines.last().unwrap();
    assert_eq!(end["reached"][0]["level"], "L0");
    assert_eq!(end["holds"], true);
    zoo(&["check", "bert", "--level", "L0"]).code(0).prints(&["  level ", "  L0 registered  "]);
    zoo(&["check", "bert", "--level", "cor"]).code(2).says(&["did you mean `core`?", "L0 registered"]);
    zoo(&["check", "bert", "--level", "L0", "--only", "batch-*"]).code(2).says(&["no level up to L0 demands"]);
}

#[test]
fn json_is_a_stream_with_a_beginning_and_an_end() {
    let lines = zoo(&["check", "gpt2", "--only", "descriptor-*", "--json"]).code(0).json_lines();
    let [run, check, end] = &lines[..] else { panic!("{lines:#?}") };
    assert_eq!((&run["t"], &run["total"], &run["seed"]), (&"run".into(), &1.into(), &0.into()));
    assert_eq!((&check["check"], &check["status"]), (&"descriptor-is-sound".into(), &"pass".into()));
    assert!(check["wall_ms"].is_u64() && check["repro"].is_null());
    assert_eq!((&end["t"], &end["counts"]["pass"]), (&"end".into(), &1.into()));
}

#[test]
fn a_report_becomes_other_files_and_a_cut_one_is_incomplete() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (stream, xml, page) = (at("run.ndjson"), at("run.xml"), at("run.md"));
    zoo(&["check", "gpt2", "--only", "names-r*", "--report", text(&stream), "--junit", text(&xml)]).code(0);
    let junit = fs::read_to_string(&xml).unwrap();
    assert!(junit.contains("<testcase classname=\"gpt2.flex\" name=\"names-resolve\""), "{junit}");
    let badges = at("badges");
    let convert = ["check", "report", text(&stream), "--junit", text(&xml), "--markdown", text(&page), "--badge"];
    zoo(&[&convert[..], &[text(&badges)]].concat()).code(0).prints(&["family", "gpt2"]);
    assert_eq!(fs::read_to_string(&xml).unwrap(), junit, "a stream converts to what the run wrote");
    assert!(fs::read_to_string(&page).unwrap().contains("| `names-resolve` | ✓ |"));
    assert!(fs::read_to_string(badges.join("gpt2.json")).unwrap().contains("\"message\":\"1 of 1\""));

    let whole = fs::read_to_string(&stream).unwrap();
    fs::write(&stream, &whole[..whole.len() - 20]).unwrap();
    zoo(&convert[..5]).code(1).says(&["is incomplete: 1 of 1 outcomes"]);
    assert!(fs::read_to_string(&xml).unwrap().contains("comes-to-its-end"));
    let db = at("zoo.sqlite");
    let build = |outcomes: &Path| zoo(&["catalog", "build", "--db", text(&db), "--outcomes", text(outcomes)]);
    build(&stream).code(1).says(&["cut off"]);
    fs::write(&stream, whole).unwrap();
    build(&stream).code(0).says(&["1 outcome"]);
    zoo(&["check", "report", text(&page)]).code(1).says(&["line 1: "]);
    zoo(&["check", "bert", "--only", "names-r*", "--junit", text(&at("nowhere/run.xml"))]).code(1).says(&["nowhere"]);
}

#[test]
fn a_failure_says_what_it_usually_is_and_how_to_look_again() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("expected.toml");
    // It holds, so expecting it to fail is a failure itself.
    let expected = "[[gpt2.expected_failures]]\ncheck = \"names-resolve\"\nissue = \"https://example.org/7\"\n\
                    owner = \"A. Child\"\nexpires = \"2030-01-31\"\nreason = \"On purpose.\"\n";
    fs::write(&file, expected).unwrap();
    let check = ["check", "gpt2", "--only", "names-r*", "--seed", "3", "--expectations", text(&file)];
    zoo(&check)
        .code(1)
        .prints(&[
            "XPASS     names-resolve",
            "expected to fail until 2030-01-31 (https://example.org/7, A. Child), but holds",
            "usually: an alias two families claim",
            "again: zoo check gpt2 --only names-resolve --device flex --seed 3",
        ])
        .says(&[
            "1 of 1 check failed",
            "hint: `zoo check gpt2 --only names-resolve --device flex --seed 3` looks again",
        ]);
    fs::write(&file, expected.replace("gpt2.", "gpt9.")).unwrap();
    zoo(&check).code(1).says(&["no architecture has the id `gpt9`"]);
    fs::write(&file, expected.replace("names-resolve", "names-dissolve")).unwrap();
    zoo(&check).code(1).says(&["there is no check `names-dissolve`"]);
}

#[test]
fn the_day_is_what_the_environment_says() {
    let day = |epoch: &str| {
        let mut command = command(&["check", "gpt2", "--only", "names-r*", "--json"]);
        command.env("SOURCE_DATE_EPOCH", epoch);
        ran(command)
    };
    assert_eq!(day("951782400").code(0).json_lines()[0]["day"], "2000-02-29");
    day("tomorrow").code(2).says(&["SOURCE_DATE_EPOCH", "found `tomorrow`"]);
}

#[test]
fn one_process_finds_what_several_find() {
    let found = |more: &[&str]| {
        let lines = zoo(&[&["check", "bert", "--only", "{batch,order-m,pool}*", "--json"], more].concat()).json_lines();
        let plain = |line: &&Value| {
            let mut line = (*line).clone();
            line["wall_ms"] = Value::Null;
            line
        };
        outcomes(&lines).iter().map(plain).collect::<Vec<_>>()
    };
    let alone = found(&["--in-process"]);
    assert_eq!(alone.len(), 3);
    assert_eq!(found(&["--jobs", "3"]), alone);
    assert_ne!(found(&["--seed", "1"]), alone, "another seed draws other numbers");
}

#[test]
fn goldens_are_told_number_by_number() {
    let ran = zoo(&["check", "gpt2", "--golden"]);
    let ran = ran.prints(&[
        "error/noise",
        "gpt2-lm",
        "hidden_states.1",
        "outputs compared; an error may be 4 times the noise",
    ]);
    assert!(ran.out.lines().count() > 20, "{}", ran.out);
    let rows = zoo(&["check", "gpt2", "--golden", "--json"]).json_lines();
    let logits = rows.iter().find(|row| row["output"] == "logits").expect("logits are compared");
    let number = |field: &str| logits[field].as_f64().unwrap();
    assert!((number("error") / number("noise") - number("multiple")).abs() < 1e-9, "{logits}");
    assert_eq!((&logits["architecture"], &logits["device"]), (&"gpt2".into(), &"flex".into()));
    let both = ["check", "gpt2", "--golden", "--device", "flex,ndarray"];
    zoo(&both).prints(&["gpt2-lm on flex", "gpt2-lm on ndarray"]);
    zoo(&["check", "gpt2", "--golden", "--only", "x"]).code(2).says(&["--golden"]);
}
