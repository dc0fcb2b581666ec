//! `list`, `show`, `devices`, `completions`, help.

use crate::support::zoo;

#[test]
fn list_tells_every_size_of_every_model() {
    let ran = zoo(&["list"]).code(0).prints(&[
        "bert-base-uncased",
        "109.5 M  yes   google-bert/bert-base-uncased",
        "chatgpt",
    ]);
    assert!(ran.out.lines().count() > 420, "{}", ran.out);
    assert!(ran.out.starts_with("name"), "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn list_takes_globs_names_and_repositories() {
    let globbed = zoo(&["list", "BERT-base-*"]).code(0).out;
    assert_eq!(globbed.lines().count(), 1 + 2, "{globbed}");
    let family = zoo(&["list", "gpt2"]).code(0).prints(&["gpt2-small", "distilgpt2"]).out;
    assert!(!family.contains("bert-base"), "{family}");
    let repository = zoo(&["list", "openai-community/gpt2-xl"]).code(0).out;
    assert_eq!(repository.lines().count(), 1 + 1, "{repository}");
}

#[test]
fn list_prints_json() {
    let rows = zoo(&["list", "bert-tiny", "--json"]).code(0).json();
    assert_eq!(rows[0]["name"], "bert-tiny");
    assert_eq!(rows[0]["parameters"], 4_385_920);
    assert_eq!(
        (&rows[0]["model"], &rows[0]["family"], &rows[0]["code"]),
        (&"bert".into(), &"bert".into(), &true.into())
    );
    assert_eq!(rows.as_array().unwrap().len(), 1);
}

#[test]
fn unknown_names_suggest_the_nearest() {
    zoo(&["list", "brt"])
        .code(2)
        .says(&["error: no model is called `brt`; did you mean `bart` or `bert`?", "hint: `zoo list`"]);
    zoo(&["show", "bert-base-uncasd"]).code(2).says(&["did you mean `bert-base-uncased`"]);
    zoo(&["new", "gtp2"]).code(2).says(&["did you mean `gpt2"]);
    zoo(&["list", "nothing-like-*"]).code(2).says(&["no model is called `nothing-like-*`"]);
    zoo(&["list", "["]).code(2).says(&["no model is called `[`"]);
}

#[test]
fn show_folds_equal_layers() {
    let ran = zoo(&["show", "bert-base-uncased"]).code(0);
    let ran =
        ran.prints(&["109,482,240 (418 MiB in f32)", "├─ layers ×12", "weight [768, 3072], bias [3072]", "arxiv.org"]);
    assert_eq!(ran.out.matches("attention_norm").count(), 1, "{}", ran.out);
}

#[test]
fn show_tells_how_a_size_embeds() {
    zoo(&["show", "all-MiniLM-L6-v2"])
        .code(0)
        .prints(&["mean over the tokens, scaled to length one", "at most 256 tokens"]);
}

#[test]
fn show_follows_overrides() {
    let plain = zoo(&["show", "bert-tiny", "--json"]).code(0).json();
    let changed =
        zoo(&["show", "bert-tiny", "--json", "--set", "n_layers=3", "--set", "head=masked-lm"]).code(0).json();
    assert_eq!(changed["config"]["n_layers"], 3);
    assert_eq!(changed["config"]["head"], "masked-lm");
    let parameters = |document: &serde_json::Value| document["parameters"].as_u64().unwrap();
    assert_eq!(parameters(&plain), 4_385_920);
    // One layer more, the pooler less, the head's transform, norm and bias more.
    let (layer, pooler, head) = (198_272, 16_512, 128 * 128 + 128 + 256 + 30_522);
    assert_eq!(parameters(&changed), parameters(&plain) + layer - pooler + head);
}

#[test]
fn show_counts_what_no_machine_holds() {
    let gpt3 = ["show", "gpt2", "--json", "--set", "n_layers=96", "--set", "d_model=12288", "--set", "n_heads=96"];
    assert_eq!(zoo(&gpt3).code(0).json()["parameters"], 174_591_676_416_u64);
    zoo(&["show", "gpt2", "--set", "d_model=536870912", "--set", "n_heads=16"]).code(0).prints(&["EiB"]);
}

#[test]
fn bad_values_are_told_with_their_field() {
    let refused = |value: &str| zoo(&["show", "bert", "--set", value]).code(2);
    refused("d_model=many").says(&["error: not a configuration of `bert`", "hint: `zoo show bert --json`"]);
    refused("d_model=0").says(&["`d_model`", "found 0"]);
    refused("d_model=-1").says(&["not a configuration of `bert`"]);
    refused("d_model=770").says(&["must divide `d_model`"]);
    refused("d_model").says(&["expected `field=value`"]);
    refused("d_modl=64").says(&["did you mean `d_model`?"]);
    refused("head=tail").says(&["tail", "masked-lm"]);
    refused("n_layers=1e9").says(&["not a configuration of `bert`"]);
}

#[test]
fn devices_are_listed() {
    zoo(&["devices"]).code(0).prints(&["flex", "ndarray", "cuda:0"]);
    let devices = zoo(&["devices", "--json"]).code(0).json();
    assert_eq!(devices[0]["name"], "flex");
    assert_eq!(devices[0]["usable"], true);
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        zoo(&["completions", shell]).code(0).prints(&["zoo", "fill-mask"]);
    }
    zoo(&["completions", "cmd"]).code(2).says(&["bash"]);
}

#[test]
fn help_teaches_with_examples() {
    zoo(&["--help"]).code(0).prints(&["Examples:", "Exit codes:", "zoo publish"]);
    let commands = [
        "list",
        "show",
        "compare",
        "lineage",
        "new",
        "embed",
        "fill-mask",
        "generate",
        "check",
        "devices",
        "catalog",
        "site",
        "publish",
    ];
    for command in commands {
        zoo(&[command, "--help"]).code(0).prints(&["Examples:", &format!("zoo {command}")]);
    }
    zoo(&[]).code(2).says(&["Usage: zoo"]);
    zoo(&["lst"]).code(2).says(&["list"]);
    zoo(&["--version"]).code(0).prints(&["zoo 0."]);
}
