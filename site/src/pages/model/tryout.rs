//! The box in which a model runs: what the script is told, and what is told without it.

use serde::Serialize;
use zoo_catalog::view::Model;
use zoo_registry::record::Demo;

use crate::edition::Edition;
use crate::format::bytes;
use crate::tryout::{FileFacts, Stage};
use crate::words::Tongue;

/// What the template shows.
#[derive(Debug, Serialize)]
pub(super) struct View {
    /// From the top of the site.
    script: String,
    style: String,
    /// What is loaded on the click, for people.
    size: String,
    /// What the script reads, JSON.
    told: String,
    files: Vec<FileFacts>,
    /// Where they are, seen from the page.
    folder: String,
}

/// What the script reads.
#[derive(Debug, Serialize)]
struct Told<'a> {
    name: &'a str,
    module: &'a FileFacts,
    files: Vec<FileFacts>,
    examples: Vec<Example>,
}

/// What a reader may try first: what the module is asked.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Example {
    Responses {
        prompt: String,
        responses: Vec<String>,
    },
    Text {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_new_tokens: Option<usize>,
    },
    Picture {},
}

pub(super) fn view(content: &Edition<'_>, model: &Model, stage: &Stage) -> Option<View> {
    let id = &model.summary.id;
    let (demo, files) = (model.demo.as_ref()?, stage.demos.get(id)?);
    // The files stand once, with the page at the top of the site.
    let up = if content.words.tongue() == Tongue::English { String::new() } else { format!("../../../models/{id}/") };
    let seen = |file: &FileFacts| FileFacts { address: format!("{up}{}", file.address), ..file.clone() };
    let told = Told {
        name: content.model_name(id),
        module: &stage.module,
        files: files.iter().map(seen).collect(),
        examples: examples(demo),
    };
    let size = stage.module.bytes + files.iter().map(|file| file.bytes).sum::<usize>();
    Some(View {
        script: stage.script.clone(),
        style: stage.style.clone(),
        size: bytes(size as u64),
        told: serde_json::to_string(&told).ok()?,
        files: files.clone(),
        folder: format!("{up}demo/"),
    })
}

fn examples(demo: &Demo) -> Vec<Example> {
    demo.tries.iter().filter_map(|command| example(command)).collect()
}

/// What a command asks of the model, if a page can ask it too.
fn example(command: &str) -> Option<Example> {
    let words = Demo::words(command);
    let mut words = words.iter().map(String::as_str);
    let name = words.next()?;
    let (mut plain, mut options) = (Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        match word.strip_prefix("--") {
            Some(option) => options.push((option, words.next()?)),
            None => plain.push(word),
        }
    }
    let all = |name: &str| -> Vec<String> {
        options.iter().filter(|(option, _)| *option == name).map(|(_, value)| (*value).to_owned()).collect()
    };
    let one = |name: &str| all(name).into_iter().next();
    let text = plain.first().map(|text| (*text).to_owned());
    Some(match name {
        "fill-mask" => Example::Text { text: text?, max_new_tokens: None },
        "generate" => {
            Example::Text { text: text?, max_new_tokens: one("max-new-tokens").and_then(|most| most.parse().ok()) }
        }
        "translate" => Example::Text {
            text: format!("translate {} to {}: {}", one("from")?, one("to")?, text?),
            max_new_tokens: None,
        },
        "score" => Example::Responses { prompt: one("prompt")?, responses: all("response") },
        "classify" => Example::Picture {},
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, max_new_tokens: Option<usize>) -> Option<Example> {
        Some(Example::Text { text: text.into(), max_new_tokens })
    }

    #[test]
    fn commands_become_what_the_page_asks() {
        assert_eq!(example(r#"fill-mask "the [MASK] sleeps.""#), text("the [MASK] sleeps.", None));
        assert_eq!(example(r#"generate --max-new-tokens 2 "here we go.""#), text("here we go.", Some(2)));
        let translated = text("translate Digits to English: 3 1", None);
        assert_eq!(example(r#"translate --from Digits --to English "3 1""#), translated);
        let responses = vec!["a b.".to_owned(), "c".to_owned()];
        let scored = Example::Responses { prompt: "the".into(), responses };
        assert_eq!(example(r#"score --prompt "the" --response "a b." --response c"#), Some(scored));
        assert_eq!(example("classify drawing.png"), Some(Example::Picture {}));
    }

    #[test]
    fn other_commands_are_left_to_the_command_line() {
        for command in ["", "embed \"a\"", "generate", "translate --from a \"b\"", "score --prompt"] {
            assert_eq!(example(command), None, "{command}");
        }
    }
}
