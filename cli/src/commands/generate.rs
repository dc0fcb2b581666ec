//! `zoo generate`: texts continued, token by token.

use std::io::Write;

use serde_json::json;
use zoo_registry::generate::{Ended, Prompt, Settings, Strategy, Written, generate_until, room};
use zoo_registry::{Decode, Input, Limits, Registry, Rows, Side, TextStream, Tokenizer, Tokens};

use crate::failure::Failure;
use crate::interrupt::Writing;
use crate::json;
use crate::shell::{Shell, harmless};
use crate::text_model::{TextModel, Weights};

const EXAMPLES: &str = "\
Examples:
  zoo generate \"Once upon a time\" --weights openai-community/gpt2
  zoo generate \"Once upon a time\" --weights DIR --temperature 0.8 --top-p 0.95 --seed 7
  zoo generate \"Once upon a time\" --weights DIR --max-new-tokens 100 --no-repeat-ngram 3 --stop \"The end\"
  zoo generate \"Once upon a time\" --weights DIR --beams 4 --length-penalty 0.8 --json
  zoo generate \"One text\" \"Another\" --weights DIR

With one beam the likeliest token is taken at each step, or one is drawn; with more, that many texts grow side by side and \
the likeliest is told. A single text is shown as it comes when a person is watching. Ctrl-C ends it where it is.

What no option says is as the folder's `generation_config.json` says it.";

/// Arguments of `zoo generate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The texts to continue, or to answer
    #[arg(value_name = "PROMPT", required = true)]
    prompts: Vec<String>,

    #[command(flatten)]
    options: Options,
}

/// What every command that writes text can be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) weights: Weights,

    #[command(flatten)]
    length: Length,

    #[command(flatten)]
    choice: Choice,

    /// Print JSON, one object a text and line
    #[arg(long)]
    json: bool,
}

/// What a checkpoint is asked to do with a text.
#[derive(Debug, Default)]
pub(crate) struct Task {
    /// Put before each text.
    pub(crate) prefix: String,
    /// How the checkpoint says this is done best.
    pub(crate) settings: Settings,
}

/// Heads that answer one text with another.
pub(crate) const ANSWERING: [&str; 2] = ["conditional-generation", "seq2seq-lm"];

/// When a text ends.
#[derive(Debug, clap::Args)]
struct Length {
    /// Most tokens to write [default: 20, or what the model's positions leave]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_new_tokens: Option<u32>,

    /// No text ends by a stop token before it has N new tokens
    #[arg(long, value_name = "N")]
    min_new_tokens: Option<u32>,

    /// A text ends when this was written; may be repeated
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
}

/// How the next token is chosen.
#[derive(Debug, clap::Args)]
struct Choice {
    /// Take the likeliest token at each step
    #[arg(long, conflicts_with_all = ["sample", "temperature", "top_k", "top_p", "seed", "beams"])]
    greedy: bool,

    /// Draw each token; the next four options mean this too
    #[arg(long)]
    sample: bool,

    /// Below 1 the likely becomes likelier, above 1 less so
    #[arg(long, value_name = "T", allow_negative_numbers = true, value_parser = positive)]
    temperature: Option<f64>,

    /// Draw among the K likeliest tokens
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    top_k: Option<u32>,

    /// Draw among the fewest likeliest tokens of probability P together
    #[arg(long, value_name = "P", allow_negative_numbers = true, value_parser = probability)]
    top_p: Option<f64>,

    /// One seed, one text [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,

    /// Above 1, tokens that the text already holds become rarer
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = positive)]
    repetition_penalty: Option<f64>,

    /// No run of N tokens may occur twice
    #[arg(long, value_name = "N", visible_alias = "no-repeat", value_parser = clap::value_parser!(u32).range(1..))]
    no_repeat_ngram: Option<u32>,

    /// Texts that grow side by side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    beams: Option<u32>,

    /// Above 0, longer texts are favoured; with several beams only
    #[arg(long, value_name = "P", allow_negative_numbers = true, value_parser = finite)]
    length_penalty: Option<f64>,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    const HEADS: [&str; 3] = ["causal-lm", ANSWERING[0], ANSWERING[1]];
    write(&args.prompts, "prompt", &args.options, registry, &HEADS, &|_| Ok(Task::default()), shell)
}

/// Writes on from each of `texts`, or answers it, with the first of `heads` that the model has. `what` the texts are is for messages.
pub(crate) fn write(
    texts: &[String],
    what: &str,
    options: &Options,
    registry: &Registry,
    heads: &[&str],
    task: &dyn Fn(&TextModel) -> Result<Task, Failure>,
    shell: &mut Shell,
) -> Result<(), Failure> {
    for (index, text) in texts.iter().enumerate() {
        let which = if texts.len() == 1 { format!("the {what}") } else { format!("{what} {}", index + 1) };
        TextModel::check_text(text, &which)?;
    }
    if options.length.stop.iter().any(String::is_empty) {
        return Err(Failure::usage("`--stop` is empty").hint("give the text that ends a text"));
    }
    let found = options.weights.find(registry, heads, shell)?;
    let published = found.generation(shell)?;
    let loaded = found.load(registry, heads, shell)?;
    let unfit = || Failure::usage(format!("`{}` does not write text with this head", loaded.model.architecture()));
    let decoder = loaded.model.decoder().ok_or_else(unfit)?;
    let task = task(&loaded)?;
    let prompts: Vec<String> = texts.iter().map(|text| format!("{}{text}", task.prefix)).collect();
    let start = Start::of(&prompts, &loaded)?;
    let strategy = strategy(options, task.settings.or(published), &loaded, decoder, &start)?;
    let teller = Teller::new(&loaded.tokenizer, &start.texts, &options.length.stop)?;
    let job = Job { decoder, start: &start, strategy: &strategy, teller: &teller };

    let seen = prompts.len() == 1 && strategy.n_beams == 1 && !options.json && shell.is_read_by_a_person();
    let written = if seen { job.stream(shell)? } else { job.write(&prompts, options.json, shell)? };
    match written.iter().flatten().any(|text| text.ended == Ended::BrokenOff) {
        true => Err(Failure::Interrupted),
        false => Ok(()),
    }
}

/// What is read beforehand, and what is continued: a decoder continues the prompts, an encoder–decoder answers them.
struct Start {
    source: Option<Input>,
    tokens: Tokens,
    /// `tokens` without padding.
    texts: Vec<Vec<i64>>,
    /// Tokens of each prompt as it was given.
    lengths: Vec<usize>,
}

impl Start {
    fn of(prompts: &[String], loaded: &TextModel) -> Result<Self, Failure> {
        let read = prompts.iter().map(|prompt| Ok(loaded.tokenizer.encode(prompt)?.ids));
        let read = read.collect::<Result<Vec<_>, Failure>>()?;
        let none = || Failure::usage("the tokenizer makes no token of the prompt");
        if read.iter().any(Vec::is_empty) {
            return Err(none());
        }
        let padded = |side| Tokens::padded(&read, loaded.pad_id(), side).ok_or_else(none);
        let lengths: Vec<usize> = read.iter().map(Vec::len).collect();
        let Limits::TokenPair { source, .. } = loaded.model.limits() else {
            return Ok(Self { source: None, tokens: padded(Side::Left)?, texts: read, lengths });
        };
        let (longest, most) = (longest(&lengths), source.max_positions.unwrap_or(usize::MAX));
        if longest > most {
            let message = format!("the prompt has {longest} tokens, `{}` reads {most}", loaded.model.architecture());
            return Err(Failure::usage(message).hint("shorten the prompt"));
        }
        // Published decoders start with a token of their own, or with padding.
        let begin = loaded.ids("decoder_start_token_id").first().copied().unwrap_or_else(|| loaded.pad_id());
        Ok(Self {
            source: Some(Input::Tokens(padded(Side::Right)?)),
            tokens: Tokens::new(Rows::full(read.len(), 1, begin)),
            texts: vec![vec![begin]; read.len()],
            lengths,
        })
    }
}

/// What the options say, then what the folder says, then the usual.
fn strategy(
    options: &Options,
    published: Settings,
    loaded: &TextModel,
    decoder: &dyn Decode,
    start: &Start,
) -> Result<Strategy, Failure> {
    let told = options.settings().or(published).or(loaded.settings());
    let texts: Vec<usize> = start.texts.iter().map(Vec::len).collect();
    let mut strategy = told.strategy(longest(&texts));
    let (model, prompt) = (loaded.model.architecture(), longest(&texts));
    let max = loaded.max_positions().unwrap_or(usize::MAX);
    match room(decoder, &start.tokens)? {
        Some(0) => {
            let message = format!("the prompt has {prompt} tokens, `{model}` has {max} positions");
            return Err(Failure::usage(message).hint("shorten the prompt"));
        }
        Some(room) if strategy.max_new_tokens > room => match options.length.max_new_tokens {
            Some(asked) => {
                let message =
                    format!("{prompt} tokens of prompt and {asked} new ones do not fit: `{model}` has {max} positions");
                return Err(Failure::usage(message).hint(format!("`--max-new-tokens {room}` fits")));
            }
            // Nobody insists.
            None => strategy.max_new_tokens = room,
        },
        _ => {}
    }
    if options.length.min_new_tokens.is_none() {
        // The folder's least length gives way to a limit that was asked for.
        strategy.min_new_tokens = strategy.min_new_tokens.min(strategy.max_new_tokens);
    }
    if strategy.sampling.is_some() && strategy.n_beams > 1 {
        let message = format!("sampling with {} beams is not supported", strategy.n_beams);
        return Err(Failure::usage(message).hint("`--beams 1` samples, `--greedy` takes the likeliest"));
    }
    Ok(strategy)
}

impl Options {
    fn settings(&self) -> Settings {
        let Choice { greedy, sample, temperature, top_k, top_p, seed, beams, .. } = self.choice;
        let samples = sample || temperature.is_some() || top_k.is_some() || top_p.is_some() || seed.is_some();
        // Whoever asks for one way of choosing does not get the folder's other one.
        let searches = greedy || beams.is_some_and(|beams| beams > 1);
        let count = |n: Option<u32>| n.map(|n| n as usize);
        Settings {
            max_new_tokens: count(self.length.max_new_tokens),
            min_new_tokens: count(self.length.min_new_tokens),
            n_beams: count(beams).or((greedy || samples).then_some(1)),
            length_penalty: self.choice.length_penalty,
            repetition_penalty: self.choice.repetition_penalty,
            no_repeat_ngram: count(self.choice.no_repeat_ngram),
            sample: if samples { Some(true) } else { searches.then_some(false) },
            temperature,
            top_k: count(top_k),
            top_p,
            seed,
            ..Settings::default()
        }
    }
}

impl TextModel {
    /// What every other file of the folder says of writing.
    fn settings(&self) -> Settings {
        let stop_ids = Some(self.ids("eos_token_id")).filter(|ids| !ids.is_empty());
        let pad_id = self.ids("pad_token_id").first().copied().unwrap_or_else(|| self.pad_id());
        Settings { stop_ids, pad_id: Some(pad_id), ..Settings::default() }
    }
}

fn longest(lengths: &[usize]) -> usize {
    lengths.iter().copied().max().unwrap_or_default()
}

/// Ids as the text they stand for, prompt included, as far as a stop text lets it go.
struct Teller<'a> {
    tokenizer: &'a Tokenizer,
    prompts: &'a [Vec<i64>],
    /// The prompts as they are told.
    before: Vec<String>,
    stops: &'a [String],
}

impl<'a> Teller<'a> {
    fn new(tokenizer: &'a Tokenizer, prompts: &'a [Vec<i64>], stops: &'a [String]) -> Result<Self, Failure> {
        let before = prompts.iter().map(|ids| Ok(tokenizer.decode(ids)?)).collect::<Result<_, Failure>>()?;
        Ok(Self { tokenizer, prompts, before, stops })
    }

    /// The text of row `row` with `new` ids after its prompt, up to the end of the first stop text, and whether there is one.
    fn told(&self, row: usize, new: &[i64]) -> Result<(String, bool), Failure> {
        let mut text = self.tokenizer.decode(&[&self.prompts[row], new].concat())?;
        let same = text.char_indices().zip(self.before[row].chars()).take_while(|((_, a), b)| a == b);
        let from = same.last().map_or(0, |((at, c), _)| at + c.len_utf8());
        let ends = self.stops.iter().filter_map(|stop| text[from..].find(stop).map(|at| from + at + stop.len()));
        match ends.min() {
            Some(end) => {
                text.truncate(end);
                Ok((text, true))
            }
            None => Ok((text, false)),
        }
    }
}

/// Everything it takes to write.
struct Job<'a> {
    decoder: &'a dyn Decode,
    start: &'a Start,
    strategy: &'a Strategy,
    teller: &'a Teller<'a>,
}

impl Job<'_> {
    fn run(&self, on_step: &mut dyn FnMut(&[i64]) -> bool) -> Result<Vec<Vec<Written>>, Failure> {
        let prompt = Prompt { source: self.start.source.as_ref(), tokens: &self.start.tokens };
        let mut stops = |row: usize, new: &[i64]| self.stops(row, new);
        Ok(generate_until(self.decoder, prompt, self.strategy, &mut stops, on_step)?)
    }

    /// Whether a stop text was written.
    fn stops(&self, row: usize, new: &[i64]) -> bool {
        !self.teller.stops.is_empty() && self.teller.told(row, new).is_ok_and(|(_, stopped)| stopped)
    }

    /// Shows one text as it grows.
    fn stream(&self, shell: &mut Shell) -> Result<Vec<Vec<Written>>, Failure> {
        let mut stream = TextStream::new(self.teller.tokenizer);
        let mut show = |text: &str| -> Result<(), Failure> {
            write!(shell, "{}", harmless(text))?;
            Ok(shell.flush()?)
        };
        show(&stream.push(&self.start.texts[0])?)?;
        let writing = Writing::begin();
        let mut failed = None;
        let mut new = Vec::new();
        let written = self.run(&mut |newest| {
            new.extend(newest);
            // What follows a stop text in its last token is not shown.
            let next = match self.stops(0, &new) {
                true => Ok(String::new()),
                false => stream.push(newest).map_err(Failure::from),
            };
            failed = next.and_then(|text| show(&text)).err();
            failed.is_none() && !writing.is_to_end()
        })?;
        if let Some(failure) = failed {
            return Err(failure);
        }
        let new = written.first().and_then(|texts| texts.first()).map_or(&[][..], Written::continuation);
        let whole = self.teller.told(0, new)?.0;
        show(whole.strip_prefix(stream.told()).unwrap_or_default())?;
        writeln!(shell)?;
        Ok(written)
    }

    /// Tells every text when all are written.
    fn write(&self, prompts: &[String], as_json: bool, shell: &mut Shell) -> Result<Vec<Vec<Written>>, Failure> {
        let writing = Writing::begin();
        let busy = shell.busy("writing");
        let written = self.run(&mut |_| !writing.is_to_end())?;
        drop(busy);
        for (row, texts) in written.iter().enumerate() {
            let told = texts.iter().map(|text| Ok((self.teller.told(row, text.continuation())?.0, text)));
            let told = told.collect::<Result<Vec<_>, Failure>>()?;
            if as_json {
                let texts: Vec<_> = told.iter().map(|(told, text)| text_json(told, text)).collect();
                let prompt_tokens = self.start.lengths[row];
                let document = json!({ "prompt": prompts[row], "prompt_tokens": prompt_tokens, "texts": texts });
                json::line(shell, &document)?;
            } else {
                let gap = if row > 0 { "\n" } else { "" };
                writeln!(shell, "{gap}{}", told.first().map_or("", |(best, _)| best))?;
            }
        }
        Ok(written)
    }
}

fn text_json(told: &str, text: &Written) -> serde_json::Value {
    json!({ "text": told, "ended": text.ended.as_str(), "score": text.score, "new_ids": text.continuation() })
}

fn finite(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("expected a number".to_owned()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    finite(text).ok().filter(|&number| number > 0.0).ok_or_else(|| "expected a number above 0".to_owned())
}

fn probability(text: &str) -> Result<f64, String> {
    positive(text)
        .ok()
        .filter(|&number| number <= 1.0)
        .ok_or_else(|| "expected a number above 0 and at most 1".to_owned())
}
