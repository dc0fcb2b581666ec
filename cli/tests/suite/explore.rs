//! Every model, with code or without: lists that are asked for, records, comparisons, family trees, exports.

use serde_json::Value;

use crate::support::{Ran, zoo};

fn names(ran: &Ran) -> Vec<String> {
    ran.json().as_array().unwrap().iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn lists_hold_what_is_asked_for_in_the_order_that_is() {
    let asked =
        ["list", "--attention", "sliding-window", "--year", "2020..2023", "--params", "..10B", "--sort", "-params"];
    let listed = zoo(&[&asked[..], &["--json"]].concat()).code(0);
    let lines = listed.json();
    let lines = lines.as_array().unwrap();
    assert!(lines.len() > 10 && lines.iter().all(|line| line["parameters"].as_u64().unwrap() <= 10_000_000_000));
    assert!(lines.is_sorted_by_key(|line| std::cmp::Reverse(line["parameters"].as_u64())));
    assert!(lines.iter().all(|line| ("2020".."2024").contains(&line["date"].as_str().unwrap())));
    assert!(names(&listed).contains(&"mistral-7b-v0.1".to_owned()), "a label will do: the term is `local-window`");
    assert_eq!(zoo(&asked).code(0).out.lines().count(), lines.len() + 1);

    let code = zoo(&["list", "--code", "--json"]).code(0);
    assert!(code.json().as_array().unwrap().iter().all(|line| line["code"] == true));
    assert!(names(&code).contains(&"bert-tiny".to_owned()) && !names(&code).contains(&"bloom-3b".to_owned()));
    let google = zoo(&["list", "--lab", "Google", "--family", "t5", "--licence", "apache-2.0", "--json"]).code(0);
    assert!(names(&google).contains(&"t5-small".to_owned()));
    let none = zoo(&["list", "bert*", "--year", "1999"]).code(0);
    assert_eq!(none.out.lines().count(), 1, "{none:?}");
    none.says(&["no model is like that"]);
}

#[test]
fn what_cannot_be_asked_is_told() {
    zoo(&["list", "--attention", "causl"])
        .code(2)
        .says(&["no answer to `attention` is called `causl`; did you mean `causal`?"]);
    zoo(&["list", "--lab", "zzz"]).code(2).says(&["no answer to `lab` is called `zzz`", "hint: `zoo list --facets`"]);
    for (flag, range, told) in [
        ("--year", "2020-2022", "`2020-2022` is no number in the range `2020-2022`; expected `FROM..TO`"),
        ("--year", "2022..2020", "the end comes before the beginning in the range `2022..2020`"),
        ("--params", "..", "neither end is given in the range `..`"),
        ("--params", "1Q..", "`1Q` is no number in the range `1Q..`"),
    ] {
        zoo(&["list", flag, range]).code(2).says(&[told]);
    }
    zoo(&["list", "--sort", "size"]).code(2).says(&["expected `name`, `params` or `date`"]);
}

#[test]
fn facets_count_the_models_that_are_asked_for() {
    let facets = zoo(&["list", "--facets", "--json"]).code(0).json();
    let count = |facets: &Value, facet: &str, term: &str| {
        let facet = facets.as_array().unwrap().iter().find(|known| known["id"] == facet).unwrap().clone();
        let term = facet["terms"]
            .as_array()
            .unwrap()
            .iter()
            .find(|known| known["id"] == term)
            .map(|term| term["models"].as_u64());
        term.flatten()
    };
    let all = count(&facets, "attention", "causal").unwrap();
    let some = zoo(&["list", "--facets", "--year", "2023", "--json"]).code(0).json();
    assert!((1..all).contains(&count(&some, "attention", "causal").unwrap()));
    assert_eq!(count(&some, "year", "2022"), None);
    zoo(&["list", "--facets", "--family", "bert"]).code(0).prints(&["masked-lm", "Masked language modelling"]);
}

#[test]
fn a_model_without_code_is_shown_by_its_facts() {
    let mixtral = zoo(&["show", "Mixtral"]).code(0).says(&["there is no code for it"]);
    mixtral.prints(&[
        "mixture of experts",
        "46,702,792,704",
        "mistralai/Mixtral-8x7B-v0.1",
        "arxiv.org/abs/2401.04088",
    ]);
    assert_eq!(zoo(&["show", "bigscience/bloom-3b", "--json"]).code(0).json()["summary"]["id"], "bloom");
    zoo(&["show", "bloom", "--set", "n_layers=3"])
        .code(2)
        .says(&["there is no code for `bloom`", "hint: `zoo list --code`"]);
    // Its sizes are built by another family's code.
    zoo(&["show", "flan-t5"]).code(0).prints(&["flan-t5-small", "yes"]);
}

#[test]
fn a_record_tells_its_sources_and_what_is_not_yet_sourced() {
    let ernie = zoo(&["catalog", "show", "ernie"]).code(0);
    ernie.prints(&[
        "orkg: jd-coderepos/awesome-llms@1d2817c: README.md#ERNIE, confidence high",
        "not yet sourced",
        "114M stated",
    ]);
    let bloom = zoo(&["catalog", "show", "bloom"]).code(0);
    bloom.prints(&["date  2022-07 is what stands here", "weights came before the paper"]);
    zoo(&["catalog", "show", "blom"]).code(2).says(&["did you mean `bloom`"]);
}

#[test]
fn models_are_found_by_words_in_any_language() {
    let first =
        |words: &[&str]| zoo(&[&["catalog", "search"], words, &["--json"]].concat()).code(0).json()[0]["id"].clone();
    assert_eq!(first(&["悟道"]), "wu-dao-2");
    assert_eq!(first(&["attention", "all", "you", "need"]), "transformer");
    zoo(&["catalog", "search", "智源"]).code(0).prints(&["wu-dao-2", "glm"]);
    let nothing = zoo(&["catalog", "search", "mixtrall"]).code(0);
    assert_eq!(nothing.out, "");
    nothing.says(&["nothing has all of these words; did you mean `mixtral`"]);
    assert_eq!(
        zoo(&["catalog", "search", "bert", "--limit", "3", "--json"]).code(0).json().as_array().unwrap().len(),
        3
    );
    zoo(&["catalog", "search"]).code(2).says(&["<WORD>"]);
}

#[test]
fn two_models_stand_side_by_side() {
    let sizes = zoo(&["compare", "bert-base-uncased", "bert-large-uncased"]).code(0);
    sizes.prints(&[
        "- layers.*.attention_norm  LayerNorm gamma [768], beta [768] ×12",
        "+ layers.*.attention_norm  LayerNorm gamma [1024], beta [1024] ×24",
    ]);
    let document = zoo(&["compare", "bert", "roberta", "--json"]).code(0).json();
    assert_eq!(document["modules"], Value::Null);
    let fact =
        |name: &str| document["facts"].as_array().unwrap().iter().find(|line| line["field"] == name).unwrap().clone();
    assert_eq!((&fact("activation")["same"], &fact("by")["same"]), (&true.into(), &false.into()));
    zoo(&["compare", "bert", "roberta"]).code(0).says(&["there is not code for both"]);
    zoo(&["compare", "gpt2", "gpt2"]).code(0).prints(&["modules\n  the same"]);
    zoo(&["compare", "bert", "robrta"]).code(2).says(&["did you mean `roberta`"]);
}

#[test]
fn lineage_is_drawn_as_trees() {
    let gpt2 = zoo(&["lineage", "gpt-2"]).code(0);
    gpt2.prints(&[
        "comes from\nGPT-2 (gpt2, 2019-02-14)\n└─ GPT (gpt, 2018-06)",
        "led to",
        "├─ DialoGPT (dialogpt, 2019-11)  fine-tune-of: tuned on conversations from Reddit\n│  └─ GODEL",
    ]);
    let near = zoo(&["lineage", "gpt2", "--depth", "1"]).code(0).out;
    assert!(near.contains("DialoGPT") && !near.contains("GODEL"), "{near}");
    let document = zoo(&["lineage", "transformer", "--json"]).code(0).json();
    assert!(document["descendants"].as_array().unwrap().len() > 100);
    assert!(
        document["ancestors"].as_array().unwrap().iter().any(|edge| edge["parent"] == "seq2seq-lstm"),
        "{document}"
    );
}

#[test]
fn everything_can_be_taken_away() {
    let records = zoo(&["catalog", "export", "json"]).code(0).json();
    assert_eq!(records.as_array().unwrap().len(), 163);
    assert!(
        records
            .as_array()
            .unwrap()
            .iter()
            .any(|record| record["id"] == "bloom" && record["external"]["orkg"]["optimiser"] == "Adam")
    );
    let csv = zoo(&["catalog", "export", "csv"]).code(0);
    assert!(csv.out.starts_with("id,name,kind,code,family,date,year,labs"), "{}", csv.out);
    let terms = zoo(&["catalog", "export", "json", "--table", "term_usage"]).code(0).json();
    assert!(
        terms.as_array().unwrap().iter().any(|term| term["term"] == "causal" && term["models"].as_u64() > Some(50))
    );
    zoo(&["catalog", "export", "csv", "--table", "lineag"])
        .code(2)
        .says(&["there is no table or view `lineag`; did you mean `lineage`?"]);
    let sql = zoo(&["catalog", "export", "sql"]).code(0);
    assert!(sql.out.starts_with("PRAGMA foreign_keys = OFF;\nBEGIN;") && sql.out.ends_with("COMMIT;\n"));
    zoo(&["catalog", "stats"]).code(0).prints(&["163", "of them not looked up yet"]);
    assert_eq!(zoo(&["catalog", "stats", "--json"]).code(0).json()["models"], 163);
}
