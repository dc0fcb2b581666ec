//! What running a model takes: counted where there is code, estimated from published sizes where there is none.

use crate::support::zoo;

#[test]
fn costs_grow_with_the_batch_and_shrink_with_the_type() {
    let of = |more: &[&str]| zoo(&[&["cost", "bert-tiny", "--tokens", "64", "--json"], more].concat()).code(0).json();
    let (one, eight) = (of(&[]), of(&["--batch", "8", "--dtype", "bf16"]));
    assert_eq!((&one[0]["estimated"], &one[0]["lengths"][0]["tokens"]), (&false.into(), &64.into()));
    for (field, factor) in [("forward_flops", 8), ("activation_bytes", 4), ("flops_per_token", 1)] {
        let [a, b] = [&one, &eight].map(|told| told[0]["lengths"][0][field].as_u64().unwrap());
        assert_eq!(a * factor, b, "{field}");
    }
    assert_eq!(one[0]["weight_bytes"].as_u64().unwrap(), 2 * eight[0]["weight_bytes"].as_u64().unwrap());
    assert!(one[0]["lengths"][0]["state_bytes"].is_null(), "it writes nothing");
    zoo(&["cost", "bert-tiny"]).code(0).prints(&["weights", "activations", "next token"]);
}

#[test]
fn sizes_without_code_are_estimated_and_say_so() {
    let told = zoo(&["cost", "llama-65b", "--tokens", "2048,4096", "--json"]).code(0).json();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["estimated"]), (1, &true.into()));
    let kept = |at: usize| told[0]["lengths"][at]["state_bytes"].as_u64().unwrap();
    assert_eq!(2 * kept(0), kept(1));
    zoo(&["cost", "llama-65b"]).code(0).says(&["there is no code for it"]).prints(&["a token: 2 FLOPs a parameter"]);
}

#[test]
fn what_has_no_cost_is_told() {
    zoo(&["cost", "gtp2"]).code(2).says(&["did you mean"]);
    zoo(&["cost", "llama-65b", "--set", "n_layers=3"]).code(2).says(&["nothing to set"]);
    zoo(&["cost", "gpt2", "--tokens", "1025"]).code(2).says(&["1025", "1024"]);
    zoo(&["cost", "gpt2", "--tokens", "0"]).code(2);
    zoo(&["cost", "gpt2", "--dtype", "f64"]).code(2).says(&["possible values"]);
}
