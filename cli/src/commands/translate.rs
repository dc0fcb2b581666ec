//! `zoo translate`: texts in another language.

use serde_json::Value;
use zoo_registry::Registry;
use zoo_registry::generate::Settings;

use super::generate::{ANSWERING, Options, Task, write};
use crate::failure::Failure;
use crate::shell::Shell;
use crate::text_model::TextModel;

const EXAMPLES: &str = "\
Examples:
  zoo translate --from English --to German \"The house is wonderful.\" --weights google-t5/t5-small
  zoo translate --from en --to de \"The house is wonderful.\" --weights DIR --beams 1

Languages are named as the checkpoint names them. Its `config.json` may say under `task_specific_params` what stands before a \
text that is to be translated, and how it is done best; what no option says is as it says.";

/// Arguments of `zoo translate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The texts to translate
    #[arg(value_name = "TEXT", required = true)]
    texts: Vec<String>,

    /// The language of the texts
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    from: String,

    /// The language they are put into
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    to: String,

    /// What stands before each text [default: what the checkpoint says, or `translate FROM to TO: `]
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,

    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let task = |loaded: &TextModel| -> Result<Task, Failure> { Ok(args.asked(loaded)?.task(args.prefix.as_deref())) };
    write(&args.texts, "text", &args.options, registry, &ANSWERING, &task, shell)
}

impl Args {
    /// By the languages' names as the prefix writes them, or by their codes as the task's name does.
    fn asked(&self, loaded: &TextModel) -> Result<Asked, Failure> {
        let usual = Asked::usual(&format!("translate {} to {}: ", self.from, self.to));
        let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
        let name = format!("translation_{}_to_{}", self.from, self.to);
        let stated = stated(loaded)?;
        let translations = || stated.iter().filter(|(name, _)| name.starts_with("translation_"));
        if let Some((_, asked)) =
            translations().find(|(of, asked)| same(of, &name) || same(&asked.prefix, &usual.prefix))
        {
            return Ok(asked.clone());
        }
        if self.prefix.is_some() || translations().next().is_none() {
            return Ok(usual);
        }
        let known: Vec<String> =
            translations().map(|(name, asked)| format!("`{}` ({name})", asked.prefix.trim())).collect();
        let message = format!("this checkpoint does not say that it translates `{}` to `{}`", self.from, self.to);
        Err(Failure::usage(message).hint(format!("it knows {}; `--prefix` asks for anything else", known.join(", "))))
    }
}

/// A task as a checkpoint states it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    prefix: String,
    settings: Settings,
}

impl Asked {
    /// Of a checkpoint that states nothing.
    pub(super) fn usual(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), settings: Settings::default() }
    }

    /// With another prefix, if there is one.
    pub(super) fn task(self, prefix: Option<&str>) -> Task {
        Task { prefix: prefix.map_or(self.prefix, str::to_owned), settings: self.settings }
    }
}

/// The tasks that a checkpoint's `config.json` states, by name.
pub(super) fn stated(loaded: &TextModel) -> Result<Vec<(String, Asked)>, Failure> {
    let Some(Value::Object(tasks)) = loaded.published.get("task_specific_params") else { return Ok(Vec::new()) };
    let asked = |(name, said): (&String, &Value)| -> Result<_, Failure> {
        let refuse =
            |problem: String| Failure::run(format!("`task_specific_params.{name}` of `config.json`: {problem}"));
        let mut said = said.as_object().cloned().ok_or_else(|| refuse(format!("expected an object, found {said}")))?;
        let prefix = match said.remove("prefix") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(prefix)) => prefix,
            Some(other) => return Err(refuse(format!("expected `prefix` to be a text, found {other}"))),
        };
        let told = |problems: Vec<zoo_registry::Problem>| {
            refuse(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        };
        let (settings, _) = Settings::from_published(&said).map_err(told)?;
        Ok((name.clone(), Asked { prefix, settings }))
    };
    tasks.iter().map(asked).collect()
}

fn language(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("expected a language".to_owned()),
        language => Ok(language.to_owned()),
    }
}
