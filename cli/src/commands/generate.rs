//! `zoo generate`: a text continued, token by token.

use std::io::Write;

use serde_json::json;
use zoo_registry::generate::{Prompt, Strategy, Written, generate};
use zoo_registry::{Decode, Input, Limits, Rows, Tokenizer, Tokens};

use crate::failure::Failure;
use crate::json;
use crate::shell::{Shell, harmless};
use crate::text_model::{TextModel, Weights};

const EXAMPLES: &str = "\
Examples:
  zoo generate \"Once upon a time\" --weights DIR
  zoo generate \"Once upon a time\" --weights DIR --max-new-tokens 100 --no-repeat-ngram 3
  zoo generate \"Once upon a time\" --weights DIR --beams 4 --length-penalty 0.8 --json

With one beam the likeliest token is taken at each step, and shown as it comes when a person is watching. With more, \
that many texts grow side by side and the likeliest is told; `--json` tells them all.";

/// Arguments of `zoo generate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The text to continue
    #[arg(value_name = "PROMPT")]
    prompt: String,

    #[command(flatten)]
    weights: Weights,

    /// Most tokens to write [default: 20, or what the model's positions leave]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_new_tokens: Option<u32>,

    /// Texts that grow side by side
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    beams: u32,

    /// Above 0, longer texts are favoured; with several beams only
    #[arg(long, value_name = "P", default_value_t = 1.0, allow_negative_numbers = true, value_parser = finite)]
    length_penalty: f64,

    /// No run of N tokens may occur twice
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    no_repeat_ngram: Option<u32>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Tokens to write when nobody says how many.
const USUAL: usize = 20;

pub(crate) fn run(args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    TextModel::check_text(&args.prompt, "the prompt")?;
    let registry = zoo_architectures::registry();
    let loaded = args.weights.load(&registry, &["causal-lm", "seq2seq-lm"], shell)?;
    let unfit = || Failure::usage(format!("`{}` does not write text with this head", loaded.model.architecture()));
    let decoder = loaded.model.decoder().ok_or_else(unfit)?;
    let (source, tokens) = prompt(args, &loaded)?;
    let written = tokens.input_ids.dims()[1];
    let strategy = strategy(args, &loaded, written)?;
    let prompt = Prompt { source: source.as_ref(), tokens: &tokens };

    if args.beams == 1 && !args.json && shell.is_read_by_a_person() {
        return stream(decoder, &loaded.tokenizer, prompt, &strategy, shell);
    }
    let busy = shell.busy("writing");
    let texts = generate(decoder, prompt, &strategy, &mut |_| true)?.into_iter().next().unwrap_or_default();
    drop(busy);
    let whole: Vec<&[i64]> = texts.iter().map(|text| ended(&text.ids, written, &strategy)).collect();
    let told: Result<Vec<String>, Failure> = whole.iter().map(|ids| Ok(loaded.tokenizer.decode(ids)?)).collect();
    let told = told?;
    if !args.json {
        let best = told.first().map_or("", String::as_str);
        return Ok(writeln!(shell, "{best}")?);
    }
    let text = |((text, ids), Written { score, .. }): ((&String, &&[i64]), &Written)| json!({ "text": text, "score": score, "new_ids": ids.get(written..).unwrap_or_default() });
    let texts: Vec<_> = told.iter().zip(&whole).zip(&texts).map(text).collect();
    json::document(shell, &json!({ "prompt": args.prompt, "prompt_tokens": written, "texts": texts }))
}

/// What is read beforehand, and what is continued: a decoder continues the prompt, an encoder–decoder answers it.
fn prompt(args: &Args, loaded: &TextModel) -> Result<(Option<Input>, Tokens), Failure> {
    let tokens = |ids: &[i64]| Rows::new(&[ids]).map(Tokens::new);
    let none = || Failure::usage("the tokenizer makes no token of the prompt");
    let read = tokens(&loaded.tokenizer.encode(&args.prompt)?.ids).ok_or_else(none)?;
    let Limits::TokenPair { source, .. } = loaded.model.limits() else { return Ok((None, read)) };
    let (length, most) = (read.input_ids.dims()[1], source.max_positions.unwrap_or(usize::MAX));
    if length > most {
        let message = format!("the prompt has {length} tokens, `{}` reads {most}", loaded.model.architecture());
        return Err(Failure::usage(message).hint("shorten the prompt"));
    }
    // Published decoders start with a token of their own, or with padding.
    let start = loaded.ids("decoder_start_token_id").first().copied().unwrap_or_else(|| loaded.pad_id());
    Ok((Some(Input::Tokens(read)), tokens(&[start]).ok_or_else(none)?))
}

fn strategy(args: &Args, loaded: &TextModel, prompt: usize) -> Result<Strategy, Failure> {
    let model = loaded.model.architecture();
    // The last token is written and never read, so it needs no position.
    let room = loaded.max_positions().map(|max| (max, (max + 1).saturating_sub(prompt)));
    let asked = args.max_new_tokens.map(|most| most as usize);
    let max_new_tokens = match (room, asked) {
        (Some((max, 0)), _) => {
            let message = format!("the prompt has {prompt} tokens, `{model}` has {max} positions");
            return Err(Failure::usage(message).hint("shorten the prompt"));
        }
        (Some((max, room)), Some(asked)) if asked > room => {
            let message =
                format!("{prompt} tokens of prompt and {asked} new ones do not fit: `{model}` has {max} positions");
            return Err(Failure::usage(message).hint(format!("`--max-new-tokens {room}` fits")));
        }
        (_, Some(asked)) => asked,
        (Some((_, room)), None) => USUAL.min(room),
        (None, None) => USUAL,
    };
    Ok(Strategy {
        max_new_tokens,
        n_beams: args.beams as usize,
        length_penalty: args.length_penalty,
        no_repeat_ngram: args.no_repeat_ngram.map(|n| n as usize),
        stop_ids: loaded.ids("eos_token_id"),
        pad_id: loaded.ids("pad_token_id").first().copied().unwrap_or_else(|| loaded.pad_id()),
    })
}

/// The ids up to the first that ends a text: what follows is padding.
fn ended<'a>(ids: &'a [i64], prompt: usize, strategy: &Strategy) -> &'a [i64] {
    let stop = ids.iter().skip(prompt).position(|id| strategy.stop_ids.contains(id));
    stop.map_or(ids, |at| &ids[..prompt + at + 1])
}

/// Shows the text as it grows. Bytes of a character that is not whole yet wait for the rest.
fn stream(
    decoder: &dyn Decode,
    tokenizer: &Tokenizer,
    prompt: Prompt<'_>,
    strategy: &Strategy,
    shell: &mut Shell,
) -> Result<(), Failure> {
    let mut ids = prompt.tokens.input_ids.row(0).to_vec();
    let mut shown = 0;
    let mut show = |ids: &[i64], whole: bool, shell: &mut Shell| -> Result<(), Failure> {
        let text = tokenizer.decode(ids)?;
        let ready = if whole { text.as_str() } else { text.trim_end_matches('\u{fffd}') };
        let new = ready.get(shown..).unwrap_or_default();
        write!(shell, "{}", harmless(new))?;
        shown = shown.max(ready.len());
        Ok(shell.flush()?)
    };
    show(&ids, false, shell)?;
    let mut failed = None;
    generate(decoder, prompt, strategy, &mut |newest| {
        ids.extend(newest);
        failed = show(&ids, false, shell).err();
        failed.is_none()
    })?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    show(&ids, true, shell)?;
    Ok(writeln!(shell)?)
}

fn finite(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("expected a number".to_owned()),
    }
}
