//! `check --shard` and `check merge`: what several machines found is what one would have found, or it is refused.

use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir};

use crate::publish::names;
use crate::support::{Ran, command, ran};

/// Quick outcomes of two families on two devices: twenty.
const RUN: [&str; 6] = ["check", "{bert,gpt2}", "--device", "flex,ndarray", "--only", QUICK];
const QUICK: &str = "{names-resolve,descriptor-is-sound,batch-invariance,is-deterministic,plan-equals-model}";

const SHARDS: [&str; 3] = ["3.ndjson", "1.ndjson", "2.ndjson"];

/// `zoo` in a folder, on one day whatever the clock says.
fn zoo_in(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(arguments);
    command.current_dir(folder).env("SOURCE_DATE_EPOCH", "951782400");
    ran(command)
}

/// Runs a shard of [`RUN`] with more arguments, and leaves its report in a file of the shard's number.
fn shard(folder: &Path, number: usize, of: usize, more: &[&str]) -> Ran {
    let (shard, report) = (format!("{number}/{of}"), format!("{number}.ndjson"));
    zoo_in(folder, &[&RUN[..], &["--shard", &shard, "--report", &report], more].concat())
}

/// A folder with the reports of three shards.
fn three() -> TempDir {
    let folder = tempdir().unwrap();
    for number in 1..=3 {
        shard(folder.path(), number, 3, &[]).code(0);
    }
    folder
}

fn merge(folder: &Path, more: &[&str]) -> Ran {
    zoo_in(folder, &[&["check", "merge"], more].concat())
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

/// A report or what was made of it without how long anything took.
fn timeless(folder: &Path, file: &str) -> String {
    let mut text = text(folder, file);
    for before in ["\"wall_ms\":", "time=\""] {
        let mut parts = text.split(before).map(str::to_owned).collect::<Vec<_>>();
        for part in &mut parts[1..] {
            *part = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').to_owned();
        }
        text = parts.join(before);
    }
    text
}

#[test]
fn shards_join_to_what_one_machine_finds() {
    let folder = three();
    let folder = folder.path();
    let outputs = ["--junit", "run.xml", "--markdown", "run.md", "--badge", "badges"];
    zoo_in(folder, &[&RUN[..], &["--report", "run.ndjson"], &outputs].concat()).code(0);
    let files = ["run.ndjson", "run.xml", "run.md", "badges/bert.json", "badges/gpt2.json"];
    let run = files.map(|file| timeless(folder, file));
    assert_eq!(run[0].lines().count(), 22, "{}", run[0]);
    files.iter().for_each(|file| fs::remove_file(folder.join(file)).unwrap());

    let merged = merge(folder, &[&SHARDS[..], &["--report", "run.ndjson"], &outputs].concat()).code(0);
    merged.prints(&["family", "20 checks: 20 passed, 0 failed"]);
    for (file, run) in files.iter().zip(&run) {
        assert_eq!(&timeless(folder, file), run, "{file}");
    }
    assert_eq!(merge(folder, &[&SHARDS[..], &["--json"]].concat()).code(0).out, text(folder, "run.ndjson"));

    // Each outcome took as long as the shard says that it took.
    let of_shards = SHARDS.map(|file| text(folder, file)).concat();
    let run = text(folder, "run.ndjson");
    let mut outcomes = run.lines().filter(|line| line.starts_with("{\"t\":\"check\""));
    assert!(outcomes.all(|line| of_shards.contains(&format!("\n{line}\n"))));

    // Everything that reads reports reads this one, and of a shard it is told that it is one.
    zoo_in(folder, &["check", "report", "run.ndjson"]).code(0).prints(&["bert    ndarray"]);
    zoo_in(folder, &["check", "report", "2.ndjson"]).code(0).says(&["shard 2/3 has 7 of the run's 20 outcomes"]);
    let build = |outcomes: &str| zoo_in(folder, &["catalog", "build", "--outcomes", outcomes]);
    build("2.ndjson").code(1).says(&["2.ndjson: is shard 2/3 of a run", "hint: `zoo check merge`"]);
    build("run.ndjson").code(0).says(&["20 outcomes"]);
}

#[test]
fn a_shard_says_how_much_it_is_and_may_have_nothing_to_do() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let told = shard(folder, 3, 3, &[]).code(0).says(&["note: shard 3/3 has 7 of the run's 20 outcomes"]);
    assert!(told.out.contains("\n7 checks: 7 passed"), "{told:#?}");
    let header: serde_json::Value = serde_json::from_str(text(folder, "3.ndjson").lines().next().unwrap()).unwrap();
    assert_eq!((&header["shard"], &header["total"]), (&"3/3".into(), &7.into()));
    assert_eq!(header["plan"]["architectures"], serde_json::json!(["bert", "gpt2"]));
    assert_eq!(header["plan"]["devices"], serde_json::json!(["flex", "ndarray"]));

    let few = ["check", "gpt2", "--only", "names-resolve"];
    let none = zoo_in(folder, &[&few[..], &["--shard", "2/2", "--report", "2.ndjson"]].concat()).code(0);
    assert_eq!(none.out, "");
    none.says(&["note: shard 2/2 has nothing to do: the run has 1 outcome"]);
    zoo_in(folder, &[&few[..], &["--shard", "1/2", "--report", "1.ndjson"]].concat()).code(0);
    merge(folder, &["1.ndjson", "2.ndjson"]).code(0).prints(&["1 check: 1 passed"]);
    // All of a run is its only shard.
    zoo_in(folder, &[&few[..], &["--shard", "1/1", "--report", "1.ndjson"]].concat()).code(0);
    merge(folder, &["1.ndjson"]).code(0).prints(&["1 check: 1 passed"]);
}

#[test]
fn what_is_no_shard_is_refused_before_anything_runs() {
    let wrong = |shard: &str| zoo_in(Path::new("."), &["check", "gpt2", "--shard", shard]).code(2);
    for shard in ["0/4", "5/4", "4", "a/b", "1/0", "", "99999999999999999999/1"] {
        wrong(shard).says(&["--shard <K/N>"]);
    }
    wrong("5/4").says(&["there are the shards `1/4` to `4/4`"]);
    wrong("4").says(&["expected `K/N`", "such as `3/16`"]);
    zoo_in(Path::new("."), &["check", "gpt2", "--golden", "--shard", "1/2"]).code(2).says(&["--golden"]);
    zoo_in(Path::new("."), &["check", "--self-test", "--shard", "1/2"]).code(2).says(&["--self-test"]);
    merge(Path::new("."), &[]).code(2).says(&["NDJSON"]);
}

#[test]
fn a_failure_in_a_shard_is_a_failure_of_the_run() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    // It holds, so expecting it to fail is a failure itself.
    let expected = "[[gpt2.expected_failures]]\ncheck = \"names-resolve\"\nissue = \"https://example.org/7\"\n\
                    owner = \"A. Child\"\nexpires = \"2030-01-31\"\nreason = \"On purpose.\"\ndevice = \"flex\"\n";
    fs::write(folder.join("expected.toml"), expected).unwrap();
    let codes = [1, 2, 3].map(|number| shard(folder, number, 3, &["--expectations", "expected.toml"]).code);
    assert_eq!(codes.iter().filter(|code| **code == Some(1)).count(), 1, "{codes:?}");
    let merged = merge(folder, &[&SHARDS[..], &["--report", "run.ndjson"]].concat()).code(1);
    merged
        .prints(&["19 passed, 1 failed"])
        .says(&["1 of 20 checks failed", "names-resolve --device flex` looks again"]);
    assert!(text(folder, "run.ndjson").ends_with("\"holds\":false}\n"), "what failed is written, too");

    // The same run with other expectations is another run.
    shard(folder, 2, 3, &[]).code(0);
    merge(folder, &SHARDS).code(1).says(&["2.ndjson is of another run than 3.ndjson: other `expectations`"]);
}

#[test]
fn what_is_no_run_is_refused_and_nothing_is_written() {
    let folder = three();
    let folder = folder.path();
    fs::write(folder.join("run.ndjson"), "before").unwrap();
    let refused = |files: &[&str], says: &[&str]| {
        let there = names(folder);
        let outputs = ["--report", "run.ndjson", "--junit", "run.xml", "--badge", "badges"];
        let ran = merge(folder, &[files, &outputs].concat()).code(1).says(says);
        assert_eq!(ran.out, "");
        assert_eq!((names(folder), text(folder, "run.ndjson").as_str()), (there, "before"), "{files:?}");
    };
    let put = |name: &str, from: &str, change: &dyn Fn(String) -> String| {
        fs::write(folder.join(name), change(text(folder, from))).unwrap();
    };
    refused(&["1.ndjson", "3.ndjson"], &["shard 2/3 is missing", "hint: `zoo check --shard K/N"]);
    refused(&["1.ndjson", "2.ndjson", "1.ndjson"], &["shard 1/3 is given more than once", "shard 3/3 is missing"]);
    put("cut.ndjson", "2.ndjson", &|text| text[..text.len() - 30].to_owned());
    refused(
        &["1.ndjson", "cut.ndjson", "3.ndjson"],
        &["cut.ndjson, which is shard 2/3, is incomplete: 7 of 7 outcomes"],
    );
    put("run.xml", "2.ndjson", &|_| "<testsuites>\n".to_owned());
    refused(&["1.ndjson", "run.xml", "absent", "3.ndjson"], &["run.xml, line 1: ", "absent: "]);
    put("seed.ndjson", "2.ndjson", &|text| text.replacen("\"seed\":0", "\"seed\":5", 1));
    refused(
        &["1.ndjson", "seed.ndjson", "3.ndjson"],
        &["seed.ndjson is of another run than 1.ndjson: `seed` is 5, there 0"],
    );
    put("old.ndjson", "2.ndjson", &|text| text.replacen("\"version\":\"", "\"version\":\"0.", 1));
    refused(&["1.ndjson", "old.ndjson", "3.ndjson"], &["old.ndjson is of another run", "`version` is "]);
    put("next.ndjson", "2.ndjson", &|text| text.replacen("2000-02-29", "2000-03-01", 1));
    refused(&["1.ndjson", "next.ndjson", "3.ndjson"], &["`day` is \"2000-03-01\"", "SOURCE_DATE_EPOCH"]);
    put("lost.ndjson", "2.ndjson", &|text| {
        let lines: Vec<&str> = text.lines().collect();
        let first = lines[0].replace("\"total\":7", "\"total\":6");
        [&[first.as_str()], &lines[2..]].concat().join("\n")
    });
    refused(&["1.ndjson", "lost.ndjson", "3.ndjson"], &["lost.ndjson lacks `", ", which is of shard 2/3"]);
    put("stolen.ndjson", "2.ndjson", &|mine| {
        let theirs = text(folder, "3.ndjson");
        let (first, other) = (mine.lines().nth(1).unwrap().to_owned(), theirs.lines().nth(1).unwrap());
        mine.replacen(&first, other, 1)
    });
    refused(&["1.ndjson", "stolen.ndjson", "3.ndjson"], &["stolen.ndjson lacks `", "and shard 2/3 has not"]);

    let other = tempdir().unwrap();
    let run = |more: &[&str], report: &str| {
        let report = other.path().join(report);
        let report = ["--report", report.to_str().unwrap()];
        zoo_in(folder, &[&["check", "gpt2", "--only", "names-resolve"], more, &report].concat()).code(0);
    };
    run(&["--shard", "2/4"], "four.ndjson");
    run(&["--shard", "2/3"], "gpt2.ndjson");
    run(&[], "whole.ndjson");
    let at = |name: &str| other.path().join(name).to_str().unwrap().to_owned();
    refused(&["1.ndjson", &at("four.ndjson"), "3.ndjson"], &["the run is cut into 4 shards, there into 3"]);
    refused(
        &["1.ndjson", &at("gpt2.ndjson"), "3.ndjson"],
        &["`architectures` lacks `bert`", "`devices` lacks `ndarray`"],
    );
    refused(&["1.ndjson", &at("whole.ndjson"), "3.ndjson"], &["is the report of a whole run", "shard 2/3 is missing"]);
}
