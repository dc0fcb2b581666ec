//! `zoo embed`: one vector a text, from trained weights.

use std::io::{self, BufRead, IsTerminal, Write};

use serde::Serialize;
use zoo_registry::descriptor::{Embedding, Pooling};
use zoo_registry::output::Record;
use zoo_registry::registry::Registry;
use zoo_registry::tokenizer::Encoded;
use zoo_registry::{HeadOutput, Input, names};

use crate::failure::Failure;
use crate::format::beginning;
use crate::json;
use crate::shell::Shell;
use crate::text_model::{TextModel, Weights};

const EXAMPLES: &str = "\
Examples:
  zoo embed --weights sentence-transformers/all-MiniLM-L6-v2 \"A man is playing a guitar.\"
  zoo embed all-MiniLM-L6-v2 \"A man is playing a guitar.\" --weights DIR
  zoo embed --weights DIR \"one text\" \"another\" --json
  zoo embed --weights DIR < lines.txt > vectors.txt    one text a line
  zoo embed --weights DIR --pool first \"A text\"        the first token's vector

A first argument that names a model is that model; `--model` says it apart, and then every argument is a text.

Each line of output is one vector. With a model that was trained for embeddings, pooling, length and longest text \
follow its facts; otherwise the mean over all tokens is scaled to length one.";

/// Arguments of `zoo embed`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, override_usage = "zoo embed [OPTIONS] --weights <DIR|ID> [MODEL] [TEXT]...")]
pub(crate) struct Args {
    /// The model, if the first argument names one, and texts; without texts, the lines of standard input
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,

    #[command(flatten)]
    weights: Weights,

    /// Which tokens make the vector
    #[arg(long, value_enum, value_name = "HOW")]
    pool: Option<Pool>,

    /// Keep the vector's length instead of scaling it to one
    #[arg(long)]
    no_normalise: bool,

    /// Longest text in tokens; more is cut
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_tokens: Option<u32>,

    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Pool {
    /// The mean over the text's tokens
    Mean,
    /// The first token
    First,
    /// The last token
    Last,
}

/// Texts that are run together.
const BATCH: usize = 16;

/// One line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a> {
    text: &'a str,
    tokens: usize,
    cut: bool,
    embedding: &'a [f32],
}

const HEADS: [&str; 1] = ["none"];

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let (model, texts) = model_and_texts(args, registry, shell)?;
    for (index, text) in texts.iter().enumerate() {
        TextModel::check_text(text, &format!("text {}", index + 1))?;
    }
    let read_input = texts.is_empty();
    if read_input && io::stdin().is_terminal() {
        return Err(Failure::usage("there is no text").hint("give texts as arguments, or pipe in one a line"));
    }
    let mut weights = args.weights.clone();
    weights.model = model;
    let found = weights.find(registry, &HEADS, shell)?;
    let how = recipe(args, found.preset(registry)?.and_then(|preset| preset.embedding.as_ref()));
    let loaded = found.load(registry, &HEADS, shell)?;
    let longest = longest(&loaded, args.max_tokens.is_some(), how.max_tokens)?;
    let embedder = Embedder { loaded, how, longest, json: args.json };
    if read_input {
        embedder.lines(shell)
    } else {
        texts.chunks(BATCH).try_for_each(|texts| embedder.batch(texts, shell))
    }
}

/// A first argument that names a model is that model, unless `--model` did.
fn model_and_texts<'a>(
    args: &'a Args,
    registry: &Registry,
    shell: &mut Shell,
) -> Result<(Option<String>, &'a [String]), Failure> {
    match (&args.weights.model, args.texts.split_first()) {
        (None, Some((first, rest))) if registry.resolve(first).is_ok() => Ok((Some(first.clone()), rest)),
        (None, Some((first, rest))) if !first.contains(char::is_whitespace) && !rest.is_empty() => {
            let known: Vec<_> = registry.matching("*")?.iter().map(|named| named.id().to_owned()).collect();
            if let Some(near) = names::nearest(first, known.iter().map(String::as_str)).first() {
                shell.note(format!("no model is called `{first}`, so it is read as a text; the nearest is `{near}`"));
            }
            Ok((None, &args.texts))
        }
        (model, _) => Ok((model.clone(), &args.texts)),
    }
}

/// What the command line says, then what the model's facts say, then the mean, scaled to length one.
fn recipe(args: &Args, facts: Option<&Embedding>) -> Embedding {
    let plain = Embedding { pooling: Pooling::Mean, normalise: true, max_tokens: usize::MAX };
    let facts = facts.unwrap_or(&plain);
    let pooling = match args.pool {
        Some(Pool::Mean) => Pooling::Mean,
        Some(Pool::First) => Pooling::First,
        Some(Pool::Last) => Pooling::Last,
        None => facts.pooling,
    };
    let max_tokens = args.max_tokens.map_or(facts.max_tokens, |most| most as usize);
    Embedding { pooling, normalise: facts.normalise && !args.no_normalise, max_tokens }
}

/// Longest text in tokens: what was asked for, and what the model has positions for.
fn longest(loaded: &TextModel, typed: bool, asked: usize) -> Result<usize, Failure> {
    let positions = loaded.max_positions().unwrap_or(usize::MAX);
    let around = loaded.tokenizer.encode("")?.ids.len();
    let refuse = |rule: String| Failure::usage(format!("expected `--max-tokens` {rule}, found {asked}"));
    if typed && asked > positions {
        return Err(refuse(format!("of at most {positions}, the model's positions")));
    }
    if asked.min(positions) <= around {
        return Err(refuse(format!("above {around}, the tokens around every text")));
    }
    Ok(asked.min(positions))
}

struct Embedder {
    loaded: TextModel,
    how: Embedding,
    longest: usize,
    json: bool,
}

impl Embedder {
    /// The lines of standard input, a batch at a time.
    fn lines(&self, shell: &mut Shell) -> Result<(), Failure> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut seen = 0;
        for line in io::stdin().lock().lines() {
            let line = line.map_err(|error| Failure::run(format!("line {} of standard input: {error}", seen + 1)))?;
            seen += 1;
            TextModel::check_text(&line, &format!("line {seen} of standard input"))?;
            batch.push(line);
            if batch.len() == BATCH {
                self.batch(&batch, shell)?;
                batch.clear();
            }
        }
        match (batch.is_empty(), seen) {
            (true, 0) => Err(Failure::usage("standard input is empty").hint("give one text a line")),
            (true, _) => Ok(()),
            (false, _) => self.batch(&batch, shell),
        }
    }

    fn batch(&self, texts: &[String], shell: &mut Shell) -> Result<(), Failure> {
        let mut encoded = Vec::with_capacity(texts.len());
        for text in texts {
            let (text_ids, cut) = self.loaded.tokenizer.encode_within(text, self.longest)?;
            if text_ids.ids.is_empty() {
                return Err(Failure::usage(format!("the tokenizer makes no token of `{text}`")));
            }
            if cut {
                shell.warn(format!("cut to {} tokens: `{}`", self.longest, beginning(text, 40)));
            }
            encoded.push((text_ids, cut));
        }
        let vectors = self.vectors(&encoded)?;
        for ((text, (tokens, cut)), vector) in texts.iter().zip(&encoded).zip(&vectors) {
            if self.json {
                json::line(shell, &Line { text, tokens: tokens.ids.len(), cut: *cut, embedding: vector })?;
            } else {
                let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
                writeln!(shell, "{}", numbers.join(" "))?;
            }
        }
        Ok(shell.flush()?)
    }

    fn vectors(&self, encoded: &[(Encoded, bool)]) -> Result<Vec<Vec<f32>>, Failure> {
        let texts: Vec<&Encoded> = encoded.iter().map(|(text, _)| text).collect();
        let model = &self.loaded.model;
        let unfit = || Failure::run(format!("`{}` gives no vector a token", model.architecture()));
        let tokens = self.loaded.batch(&texts).ok_or_else(unfit)?;
        let output = model.forward(&Input::Tokens(tokens), Record::NOTHING)?;
        let HeadOutput::Hidden(hidden) = output.head else { return Err(unfit()) };
        let [_, seq_len, d_model] = hidden.dims();
        let numbers: Vec<f32> = hidden.into_data().iter::<f32>().collect();
        let rows = numbers.chunks_exact(seq_len * d_model).zip(&texts);
        Ok(rows.map(|(row, text)| pooled(&row[..text.ids.len() * d_model], d_model, &self.how)).collect())
    }
}

/// `[seq_len, d_model]`, real tokens only → `[d_model]`. Sums in f64.
fn pooled(hidden: &[f32], d_model: usize, how: &Embedding) -> Vec<f32> {
    let positions = || hidden.chunks_exact(d_model);
    let mut vector: Vec<f64> = match how.pooling {
        Pooling::Mean => {
            let n = positions().len().max(1) as f64;
            let sum = |at| positions().map(|position| f64::from(position[at])).sum::<f64>();
            (0..d_model).map(|at| sum(at) / n).collect()
        }
        Pooling::First => positions().next().into_iter().flatten().map(|&number| f64::from(number)).collect(),
        Pooling::Last => positions().next_back().into_iter().flatten().map(|&number| f64::from(number)).collect(),
    };
    if how.normalise {
        let length = vector.iter().map(|number| number * number).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        vector.iter_mut().for_each(|number| *number /= length);
    }
    vector.into_iter().map(|number| number as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(pooling: Pooling, normalise: bool) -> Vec<f32> {
        pooled(&[1.0, 2.0, 5.0, 6.0, 0.0, 4.0], 2, &Embedding { pooling, normalise, max_tokens: 9 })
    }

    #[test]
    fn vectors_are_pooled_over_the_positions() {
        assert_eq!(pool(Pooling::Mean, false), [2.0, 4.0]);
        assert_eq!(pool(Pooling::First, false), [1.0, 2.0]);
        assert_eq!(pool(Pooling::Last, false), [0.0, 4.0]);
        assert_eq!(pool(Pooling::Last, true), [0.0, 1.0]);
    }
}
