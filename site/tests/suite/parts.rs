//! Building blocks, their code, and the glossary.

use std::collections::BTreeMap;

use zoo_catalog::view::Parts;

use crate::scan::tags;
use crate::{fixture, rendered};

fn files() -> BTreeMap<String, String> {
    rendered(&fixture::content()).into_iter().collect()
}

#[test]
fn a_building_block_shows_what_it_is() {
    let files = files();
    let page = &files["parts/attention/causal/index.html"];
    for told in [
        "class=\"figure picture\"",
        "Row by row one key more",
        "<math",
        "lang=\"zh-Hans\"",
        "因果注意力",
        "kausale Aufmerksamkeit",
        "A token sees itself and what came before.",
        "Kept while writing",
        "https://arxiv.org/abs/1706.03762",
        "First in the catalog: <a href=\"../../../models/gpt2/\">GPT-2</a>",
        "../../../parts/code/mask/#L3\"><code>mask.rs</code>, lines 3 to 6",
        "<i class=f>causal_bias</i>",
        "../../../parts/attention/local-window/",
        "../../../models/gpt2/",
    ] {
        assert!(page.contains(told), "no `{told}` in {page}");
    }
    // A picture of its own carries its own colours.
    let file = &files["parts/attention/causal.svg"];
    assert!(file.starts_with("<svg xmlns=") && file.contains(".figure .seen{"), "{file}");
    // What nobody wrote of and nobody has, has no page.
    assert!(!files.contains_key("parts/normalisation-type/none/index.html"));
    assert!(
        files.contains_key("parts/positional-encoding/relative-shaw/index.html"),
        "described, though nobody has it"
    );
}

#[test]
fn used_by_is_who_says_so() {
    let content = fixture::content();
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    let mut links = 0;
    for kind in &content.parts.kinds {
        for part in &kind.parts {
            let Some(page) = files.get(&format!("parts/{}/{}/index.html", kind.id, part.id)) else {
                assert!(
                    part.users.is_empty() && part.text.is_empty() && part.picture.is_none(),
                    "{} has no page",
                    part.id
                );
                continue;
            };
            let members = &page[page.find("id=\"members\"").unwrap()..];
            for model in &content.models {
                let link =
                    format!("<th scope=\"row\" class=\"name\"><a href=\"../../../models/{}/\"", model.summary.id);
                let is_user = part.users.contains(&model.summary.id);
                assert_eq!(members.contains(&link), is_user, "{}/{} and {}", kind.id, part.id, model.summary.id);
                links += usize::from(is_user);
            }
        }
    }
    assert!(links > 20, "only {links}");
}

#[test]
fn lines_of_code_are_the_lines_of_the_file() {
    let content = fixture::content();
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    let page = &files["parts/code/mask/index.html"];
    let lines = content.parts.blocks[0].source.text.lines().count();
    let ids: Vec<_> = tags(page).iter().filter_map(|tag| tag.get("id").map(str::to_owned)).collect();
    assert!(ids.contains(&format!("L{lines}")) && !ids.contains(&format!("L{}", lines + 1)), "{ids:?}");
    assert!(page.contains("../../../models/gpt2/") && page.contains("../../../parts/attention/causal/"), "{page}");
    assert!(files["models/bert/source/index.html"].contains("id=\"L1\""));
}

#[test]
fn often_together_counts_models() {
    let files = files();
    let page = &files["taxonomy/pretraining-task/masked-lm/index.html"];
    assert!(page.contains("Used by 2 models") && page.contains("2 of 2;"), "{page}");
    assert!(page.contains("掩码语言建模") && page.contains("maskierte Sprachmodellierung"));
    assert!(!page.contains("taxonomy/pretraining-task/masked-lm/\">Masked"), "a term is no company of itself");
}

#[test]
fn the_glossary_has_every_word_in_three_languages() {
    let content = fixture::content();
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    let page = &files["glossary/index.html"];
    let rows = tags(page).iter().filter(|tag| tag.name == "tr").count() - 1;
    let records = ["lineage-relation", "source", "confidence"];
    let axes = content.axes.iter().filter(|axis| !records.contains(&axis.id.as_str()));
    let terms: usize = axes.map(|axis| axis.terms.len()).sum();
    let parts: usize = content.parts.kinds.iter().filter(|kind| !kind.is_axis).map(|kind| kind.parts.len()).sum();
    assert_eq!(rows, terms + parts + content.parts.words.len());
    for told in [
        "id=\"word-d_model\"",
        "hidden_size",
        "隐藏层维度",
        "Modellbreite",
        "id=\"attention-causal\"",
        "<code>[batch, seq_len]</code>",
    ] {
        assert!(page.contains(told), "no `{told}`");
    }
}

#[test]
fn without_building_blocks_terms_stay_where_they_were() {
    let content = zoo_site::Content { parts: Parts::default(), ..fixture::content() };
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    assert!(!files.keys().any(|path| path.starts_with("parts/") || path.starts_with("glossary/")));
    assert!(files["taxonomy/attention/causal/index.html"].contains("models/gpt2/"));
    assert!(!files["index.html"].contains("parts/") && !files["index.html"].contains("glossary/"));
    // A box without a building block leads nowhere.
    let page = &files["models/bert/index.html"];
    let picture = &page[page.find("class=\"figure architecture\"").unwrap()..];
    assert!(!picture[..picture.find("</svg>").unwrap()].contains("<a "));
}
