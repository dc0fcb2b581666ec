//! `check`: outcomes by line, by JSON and by exit code.

use crate::support::zoo;

#[test]
fn outcomes_are_told_with_their_magnitudes() {
    let ran = zoo(&["check", "bert", "--check", "batch-invariance", "--device", "flex,ndarray"]).code(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("pass    bert  flex     batch-invariance") && lines[0].contains(" of "), "{ran:#?}");
    assert!(lines[1].starts_with("pass    bert  ndarray  batch-invariance"), "{ran:#?}");
    assert!(lines[3].starts_with("2 checks: 2 passed, 0 failed, 0 waived, 0 not applicable, in "), "{ran:#?}");
}

#[test]
fn a_size_stands_for_its_family_and_patterns_choose() {
    let chosen = |pattern: &str| {
        let lines = zoo(&["check", pattern, "--check", "names-*", "--json"]).code(0).json_lines();
        lines.iter().map(|line| line["architecture"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(chosen("bert-*"), ["bert"]);
    assert_eq!(chosen("{bert,gpt2}"), ["bert", "gpt2"]);
    zoo(&["check", "brt"]).code(2).says(&["did you mean `bert`?"]);
    zoo(&["check", "bert", "--check", "device-agree"])
        .code(2)
        .says(&["did you mean `devices-agree`?", "hint: there are"]);
    zoo(&["check", "bert", "--device", "flex,tpu"]).code(2).says(&["device `tpu` is not available"]);
}

#[test]
fn json_is_one_outcome_a_line() {
    let ran = zoo(&["check", "gpt2", "--check", "descriptor-*", "--json"]).code(0);
    let outcome = &ran.json_lines()[0];
    assert_eq!(outcome["check"], "descriptor-is-sound");
    assert_eq!(outcome["status"], "pass");
    assert_eq!(ran.out.lines().count(), 1);
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
    zoo(&["check", "gpt2", "--golden", "--check", "x"]).code(2).says(&["--golden"]);
}
