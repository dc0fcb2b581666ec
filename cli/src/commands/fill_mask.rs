//! `zoo fill-mask`: the likeliest tokens behind each `[MASK]`.

use std::io::Write;

use serde_json::json;
use zoo_registry::output::{Record, likeliest};
use zoo_registry::{HeadOutput, Input, Registry, Rows, Tokens};

use crate::failure::Failure;
use crate::json;
use crate::shell::{Paint, Shell};
use crate::table::Table;
use crate::text_model::{TextModel, Weights};

const EXAMPLES: &str = "\
Examples:
  zoo fill-mask \"Paris is the capital of [MASK].\" --weights google-bert/bert-base-uncased
  zoo fill-mask \"The [MASK] sat on the [MASK].\" --weights DIR --top 3 --json

`[MASK]` stands for the model's own mask token, whatever it is called.";

/// Arguments of `zoo fill-mask`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A text with at least one `[MASK]`
    #[arg(value_name = "TEXT")]
    text: String,

    #[command(flatten)]
    weights: Weights,

    /// How many tokens to tell for each mask
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

const HEADS: [&str; 1] = ["masked-lm"];
/// How people write a mask.
const MASK: &str = "[MASK]";

/// A token and the probability that it stands there.
struct Guess {
    id: usize,
    token: String,
    probability: f64,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    TextModel::check_text(&args.text, "the text")?;
    let loaded = args.weights.find(registry, &HEADS, shell)?.load(registry, &HEADS, shell)?;
    let mask = loaded.special("mask_token", &[MASK, "<mask>"]).ok_or_else(|| {
        Failure::run(format!("the tokenizer of this `{}` has no mask token", loaded.model.architecture()))
    })?;
    let text = args.text.replace(MASK, &mask);
    let encoded = loaded.tokenizer.encode(&text)?;
    let mask_id = loaded.tokenizer.id(&mask);
    let at: Vec<usize> = (0..encoded.ids.len()).filter(|&at| Some(encoded.ids[at]) == mask_id).collect();
    if at.is_empty() {
        return Err(Failure::usage("the text has no `[MASK]`").hint("write `[MASK]` where a token is to be guessed"));
    }
    let all = guesses(&loaded, &encoded.ids, &at, args.top as usize)?;
    if args.json {
        let masks = at.iter().zip(&all).map(|(position, guesses)| {
            let guess =
                |guess: &Guess| json!({ "token": guess.token, "id": guess.id, "probability": guess.probability });
            json!({ "position": position, "guesses": guesses.iter().map(guess).collect::<Vec<_>>() })
        });
        return json::document(shell, &json!({ "text": args.text, "masks": masks.collect::<Vec<_>>() }));
    }
    for (index, guesses) in all.iter().enumerate() {
        if all.len() > 1 {
            let gap = if index > 0 { "\n" } else { "" };
            let title = shell.paint(Paint::Strong, format!("mask {}", index + 1));
            writeln!(shell, "{gap}{title}")?;
        }
        let mut table = Table::new(&[">probability", "token"]);
        for guess in guesses {
            table.row([&format!("{:.4}", guess.probability), &guess.token]);
        }
        table.print(shell)?;
    }
    Ok(())
}

/// The best guesses at each position, likeliest first.
fn guesses(loaded: &TextModel, ids: &[i64], at: &[usize], top: usize) -> Result<Vec<Vec<Guess>>, Failure> {
    let unfit = || Failure::run(format!("`{}` gives no scores for a token in its place", loaded.model.architecture()));
    let tokens = Tokens::new(Rows::new(&[ids]).ok_or_else(unfit)?);
    let output = loaded.model.forward(&Input::Tokens(tokens), Record::NOTHING)?;
    let HeadOutput::TokenLogits(logits) = output.head else { return Err(unfit()) };
    let [_, _, vocab_size] = logits.dims();
    let scores: Vec<f32> = logits.into_data().iter::<f32>().collect();
    let token = |id: usize| loaded.tokenizer.token(id as i64).unwrap_or_else(|| format!("#{id}"));
    let at_position = |&position: &usize| {
        let likeliest = likeliest(&scores[position * vocab_size..][..vocab_size], top).into_iter();
        likeliest.map(|(id, probability)| Guess { id, token: token(id), probability }).collect()
    };
    Ok(at.iter().map(at_position).collect())
}
