//! `zoo score`: how much a reward model likes each response to a prompt.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zoo_registry::output::Record;
use zoo_registry::rerank::rerank;
use zoo_registry::tokenizer::Encoded;
use zoo_registry::{HeadOutput, Input, Registry};

use crate::failure::Failure;
use crate::format::beginning;
use crate::json;
use crate::shell::{Paint, Shell};
use crate::table::Table;
use crate::text_model::{TextModel, Weights};

const EXAMPLES: &str = "\
Examples:
  zoo score --weights DIR --prompt \"How are you?\" --response \"Fine, thanks.\" --response \"No.\"
  zoo score --weights DIR --between '<|endoftext|>' --prompt \"Hi!\" --response \"Hello!\"
  zoo score --weights DIR --file answers.jsonl --json    one prompt a line

Rewards say which response to one prompt is better. Those of different prompts cannot be compared.

A file holds one JSON object a line: {\"prompt\": \"…\", \"response\": \"…\"}, or {\"prompt\": \"…\", \"responses\": [\"…\", \"…\"]}.";

/// Arguments of `zoo score`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    weights: Weights,

    /// What is responded to; one for all responses, or one for each, in their order
    #[arg(long, value_name = "TEXT", required_unless_present = "file")]
    prompt: Vec<String>,

    /// A response; may be repeated
    #[arg(long, value_name = "TEXT", required_unless_present = "file")]
    response: Vec<String>,

    /// Prompts and responses, one JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "response"])]
    file: Option<PathBuf>,

    /// Put this between prompt and response, as the model was trained; they are joined as the tokenizer joins pairs otherwise
    #[arg(long, value_name = "TEXT", default_value = "")]
    between: String,

    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Texts that are run together.
const BATCH: usize = 16;

/// A prompt and what responds to it.
#[derive(Debug, Clone, PartialEq)]
struct Question {
    prompt: String,
    responses: Vec<String>,
}

/// One line of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    prompt: String,
    response: Option<String>,
    responses: Option<Vec<String>>,
}

/// One line of JSON.
#[derive(Debug, Serialize)]
struct Scored<'a> {
    prompt: &'a str,
    response: &'a str,
    reward: f64,
    /// Among the responses to this prompt, the best being 1.
    rank: usize,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let questions = match &args.file {
        Some(path) => of_file(path)?,
        None => paired(&args.prompt, &args.response)?,
    };
    for (index, question) in questions.iter().enumerate() {
        TextModel::check_text(&question.prompt, &format!("prompt {}", index + 1))?;
        for response in &question.responses {
            TextModel::check_text(response, &format!("a response to prompt {}", index + 1))?;
        }
    }
    let loaded = args.weights.find(registry, &["reward"], shell)?.load(registry, &["reward"], shell)?;
    let rewards = rewards(&loaded, &questions, &args.between)?;
    let mut rewards = rewards.into_iter();
    for (index, question) in questions.iter().enumerate() {
        let own: Vec<f64> = rewards.by_ref().take(question.responses.len()).collect();
        let ranked = rerank(question.responses.iter().collect(), |_| Ok(own))?;
        if args.json {
            for (rank, judged) in ranked.iter().enumerate() {
                let Question { prompt, .. } = question;
                let scored = Scored { prompt, response: judged.candidate, reward: judged.score, rank: rank + 1 };
                json::line(shell, &scored)?;
            }
            continue;
        }
        if questions.len() > 1 {
            let gap = if index > 0 { "\n" } else { "" };
            let title = shell.paint(Paint::Strong, beginning(&question.prompt, 70));
            writeln!(shell, "{gap}{title}")?;
        }
        let mut table = Table::new(&[">reward", "response"]);
        for judged in &ranked {
            table.row([&format!("{:.4}", judged.score), &beginning(judged.candidate, 70)]);
        }
        table.print(shell)?;
    }
    Ok(())
}

/// One prompt with every response, or as many prompts as responses.
fn paired(prompts: &[String], responses: &[String]) -> Result<Vec<Question>, Failure> {
    match prompts {
        [prompt] => Ok(vec![Question { prompt: prompt.clone(), responses: responses.to_vec() }]),
        _ if prompts.len() == responses.len() => {
            let pairs = prompts.iter().zip(responses);
            Ok(pairs
                .map(|(prompt, response)| Question { prompt: prompt.clone(), responses: vec![response.clone()] })
                .collect())
        }
        _ => {
            let (prompts, responses) = (prompts.len(), responses.len());
            Err(Failure::usage(format!("{prompts} prompts and {responses} responses do not pair"))
                .hint("give one prompt for all responses, or one for each"))
        }
    }
}

fn of_file(path: &std::path::Path) -> Result<Vec<Question>, Failure> {
    let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { format!("`{}`", path.display()) };
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(|error| Failure::run(format!("{name}: {error}")))?))
    };
    let mut questions = Vec::new();
    for (index, line) in reader.lines().enumerate() {
        let at = format!("line {} of {name}", index + 1);
        let line = line.map_err(|error| Failure::run(format!("{at}: {error}")))?;
        if !line.trim().is_empty() {
            questions.push(question(&line).map_err(|reason| Failure::run(format!("{at}: {reason}")))?);
        }
    }
    if questions.is_empty() {
        return Err(Failure::usage(format!("{name} is empty")).hint("give one JSON object a line"));
    }
    Ok(questions)
}

fn question(line: &str) -> Result<Question, String> {
    let Line { prompt, response, responses } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let responses = match (response, responses) {
        (Some(response), None) => vec![response],
        (None, Some(responses)) if !responses.is_empty() => responses,
        (None, _) => return Err("the prompt has no response: expected `response` or `responses`".into()),
        (Some(_), Some(_)) => return Err("expected `response` or `responses`, found both".into()),
    };
    Ok(Question { prompt, responses })
}

/// One reward a response, in order.
fn rewards(loaded: &TextModel, questions: &[Question], between: &str) -> Result<Vec<f64>, Failure> {
    let longest = loaded.max_positions().unwrap_or(usize::MAX);
    let mut encoded = Vec::new();
    for Question { prompt, responses } in questions {
        for response in responses {
            let text = loaded.tokenizer.encode_pair(&format!("{prompt}{between}"), response)?;
            if text.ids.len() > longest {
                let (found, response) = (text.ids.len(), beginning(response, 40));
                let message = format!(
                    "expected at most {longest} tokens, the model's positions, found {found} with `{response}`"
                );
                return Err(Failure::usage(message)
                    .hint("shorten the prompt: nothing is cut, for half a text has another reward"));
            }
            encoded.push(text);
        }
    }
    let mut rewards = Vec::with_capacity(encoded.len());
    for batch in encoded.chunks(BATCH) {
        rewards.extend(batch_rewards(loaded, batch)?);
    }
    Ok(rewards)
}

fn batch_rewards(loaded: &TextModel, texts: &[Encoded]) -> Result<Vec<f64>, Failure> {
    let unfit = || Failure::run(format!("`{}` gives no reward", loaded.model.architecture()));
    let tokens = loaded.batch(&texts.iter().collect::<Vec<_>>()).ok_or_else(unfit)?;
    let output = loaded.model.forward(&Input::Tokens(tokens), Record::NOTHING)?;
    let HeadOutput::Reward(rewards) = output.head else { return Err(unfit()) };
    Ok(rewards.into_data().iter::<f64>().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_and_responses_pair_or_are_refused() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(paired(&texts(&["a"]), &texts(&["b", "c"])).unwrap()[0].responses, ["b", "c"]);
        let two = paired(&texts(&["a", "b"]), &texts(&["c", "d"])).unwrap();
        assert_eq!((two[1].prompt.as_str(), two[1].responses.as_slice()), ("b", &["d".to_owned()][..]));
        assert!(paired(&texts(&["a", "b"]), &texts(&["c"])).is_err());
    }

    #[test]
    fn lines_say_what_is_wrong() {
        assert_eq!(question(r#"{"prompt": "a", "response": "b"}"#).unwrap().responses, ["b"]);
        assert_eq!(question(r#"{"prompt": "a", "responses": ["b", "c"]}"#).unwrap().responses, ["b", "c"]);
        assert!(question(r#"{"prompt": "a"}"#).unwrap_err().contains("no response"));
        assert!(question(r#"{"prompt": "a", "responses": []}"#).unwrap_err().contains("no response"));
        assert!(
            question(r#"{"prompt": "a", "response": "b", "responses": ["c"]}"#).unwrap_err().contains("found both")
        );
        assert!(question(r#"{"prompt": "a", "answer": "b"}"#).unwrap_err().contains("unknown field `answer`"));
    }
}
