//! What a model does with the reader's input, by what it reads and what its head says.

use serde::Deserialize;
use serde_json::{Value, json};
use zoo_registry::generate::{Prompt, Settings, Written, generate, room};
use zoo_registry::input::Side;
use zoo_registry::output::{Record, likeliest};
use zoo_registry::tokenizer::Encoded;
use zoo_registry::{HeadOutput, Input, Limits, Result, Rows, TextStream, Tokenizer, Tokens};

use crate::attention::maps;
use crate::demo::{Demo, Reads};
use crate::page::tell;

/// What the reader asks.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Request {
    /// Which response is better?
    Responses { prompt: String, responses: Vec<String> },
    /// What is behind the masks, or how does it go on?
    Text { text: String, max_new_tokens: Option<usize> },
    /// What is drawn? Red, green and blue from 0 to 255, row by row.
    Picture { width: usize, levels: Vec<[u8; 3]> },
}

/// Guesses that are told.
const TOP: usize = 5;

pub(crate) fn answer(demo: &Demo, request: &Request) -> Result<Value> {
    match (request, &demo.reads) {
        (Request::Picture { width, levels }, Reads::Pictures(preprocessor)) => {
            classify(demo, Input::Images(preprocessor.picture("the drawing".as_ref(), *width, levels.clone())?))
        }
        (Request::Responses { prompt, responses }, Reads::Text(tokenizer)) => score(demo, tokenizer, prompt, responses),
        (Request::Text { text, max_new_tokens }, Reads::Text(tokenizer)) => match demo.model.decoder() {
            Some(_) => write(demo, tokenizer, text, *max_new_tokens),
            None => fill_mask(demo, tokenizer, text),
        },
        (Request::Picture { .. }, Reads::Text(_)) => Err(demo.unfit("reads texts, found a picture")),
        (_, Reads::Pictures(_)) => Err(demo.unfit("looks at pictures, found a text")),
    }
}

/// The likeliest tokens behind each mask.
fn fill_mask(demo: &Demo, tokenizer: &Tokenizer, text: &str) -> Result<Value> {
    const MASK: &str = "[MASK]";
    let lacks = || demo.unfit("has no mask token");
    let mask = demo.special(tokenizer, "mask_token", &[MASK, "<mask>"]).ok_or_else(lacks)?;
    let encoded = tokenizer.encode(&text.replace(MASK, &mask))?;
    let mask = tokenizer.id(&mask);
    let input = Input::Tokens(tokens(demo, &encoded.ids)?);
    let HeadOutput::TokenLogits(logits) = demo.model.forward(&input, Record::NOTHING)?.head else {
        return Err(demo.unfit("gives no scores for a token in its place"));
    };
    let [_, _, vocab_size] = logits.dims();
    let scores: Vec<f32> = logits.into_data().iter::<f32>().collect();
    let token = |id: usize| tokenizer.token(id as i64).unwrap_or_else(|| format!("#{id}"));
    let guess = |(id, probability): (usize, f64)| json!({ "token": token(id), "id": id, "probability": probability });
    let masks = (0..encoded.ids.len()).filter(|&at| Some(encoded.ids[at]) == mask).map(|at| {
        let guesses = likeliest(&scores[at * vocab_size..][..vocab_size], TOP);
        json!({ "position": at, "guesses": guesses.into_iter().map(guess).collect::<Vec<_>>() })
    });
    let masks: Vec<Value> = masks.collect();
    let attention = maps(demo, &input, [&encoded.tokens, &[]])?;
    let unknown = unknown(text, &encoded);
    Ok(json!({ "text": text, "masks": masks, "unknown": unknown, "attention": attention }))
}

/// A text that goes on, or what an encoder–decoder answers it.
fn write(demo: &Demo, tokenizer: &Tokenizer, text: &str, most: Option<usize>) -> Result<Value> {
    let decoder = demo.model.decoder().ok_or_else(|| demo.unfit("writes no text"))?;
    let encoded = tokenizer.encode(text)?;
    let read = tokens(demo, &encoded.ids)?;
    let pair = matches!(demo.model.limits(), Limits::TokenPair { .. });
    let begin = demo.id("decoder_start_token_id").unwrap_or_else(|| demo.pad_id(tokenizer));
    let start = if pair { Tokens::new(Rows::full(1, 1, begin)) } else { read.clone() };
    let begins = start.input_ids.row(0).to_vec();

    let own = Settings {
        stop_ids: demo.id("eos_token_id").map(|id| vec![id]),
        pad_id: Some(demo.id("pad_token_id").unwrap_or_else(|| demo.pad_id(tokenizer))),
        ..Settings::default()
    };
    let asked = Settings { max_new_tokens: most, ..Settings::default() };
    let mut strategy = asked.or(demo.settings.clone()).or(own).strategy(begins.len());
    if let Some(room) = room(decoder, &start)?.filter(|&room| room > 0) {
        strategy.max_new_tokens = strategy.max_new_tokens.min(room);
    }

    let source = pair.then(|| Input::Tokens(read.clone()));
    let mut stream = TextStream::new(tokenizer);
    tell(&stream.push(&begins)?);
    let mut failed = None;
    let written = generate(decoder, Prompt { source: source.as_ref(), tokens: &start }, &strategy, &mut |newest| {
        failed = stream.push(newest).map(|text| tell(&text)).err();
        failed.is_none()
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let best = written.first().and_then(|texts| texts.first()).ok_or_else(|| demo.unfit("wrote nothing"))?;
    let whole = [begins.as_slice(), best.continuation()].concat();

    // What was read to write the last token: that token itself was read by nobody.
    let seen = &whole[..whole.len() - 1];
    let names = |ids: &[i64]| -> Vec<String> {
        ids.iter().map(|&id| tokenizer.token(id).unwrap_or_else(|| format!("#{id}"))).collect()
    };
    let target = tokens(demo, seen)?;
    let attention = match source {
        Some(_) => maps(demo, &Input::TokenPair { source: read, target }, [&encoded.tokens, &names(seen)])?,
        None => maps(demo, &Input::Tokens(target), [&names(seen), &[]])?,
    };
    Ok(json!({
        "prompt": text,
        "prompt_tokens": encoded.ids.len(),
        "texts": [text_json(&tokenizer.decode(&whole)?, best)],
        "unknown": unknown(text, &encoded),
        "attention": attention,
    }))
}

fn text_json(told: &str, text: &Written) -> Value {
    json!({ "text": told, "ended": text.ended.as_str(), "score": text.score, "new_ids": text.continuation() })
}

/// The likeliest labels of a picture.
fn classify(demo: &Demo, input: Input) -> Result<Value> {
    let output = demo.model.forward(&input, Record::NOTHING)?;
    let logits = output.head.label_logits().ok_or_else(|| demo.unfit("gives no scores of labels"))?;
    let scores: Vec<f32> = logits.into_data().iter::<f32>().collect();
    let guess = |(id, probability)| json!({ "label": demo.label(id), "id": id, "probability": probability });
    let guesses: Vec<Value> = likeliest(&scores, TOP).into_iter().map(guess).collect();
    Ok(json!({ "inputs": [{ "guesses": guesses }], "attention": maps(demo, &input, [&[], &[]])? }))
}

/// How much each response to a prompt is liked, in the order of the responses.
fn score(demo: &Demo, tokenizer: &Tokenizer, prompt: &str, responses: &[String]) -> Result<Value> {
    let encoded = responses.iter().map(|response| tokenizer.encode_pair(prompt, response));
    let encoded = encoded.collect::<Result<Vec<Encoded>>>()?;
    let ids: Vec<&[i64]> = encoded.iter().map(|text| text.ids.as_slice()).collect();
    let batch = Tokens::padded(&ids, demo.pad_id(tokenizer), Side::Right).ok_or_else(|| demo.unfit("found no text"))?;
    let HeadOutput::Reward(rewards) = demo.model.forward(&Input::Tokens(batch), Record::NOTHING)?.head else {
        return Err(demo.unfit("gives no reward"));
    };
    let rewards: Vec<f64> = rewards.into_data().iter::<f64>().collect();
    let scored = |(response, reward): (&String, &f64)| json!({ "response": response, "reward": reward });
    let scored: Vec<Value> = responses.iter().zip(&rewards).map(scored).collect();
    let best = (0..rewards.len()).max_by(|&a, &b| rewards[a].total_cmp(&rewards[b])).unwrap_or_default();
    let attention = maps(demo, &Input::Tokens(tokens(demo, &encoded[best].ids)?), [&encoded[best].tokens, &[]])?;
    let whole = format!("{prompt} {}", responses.join(" "));
    let unknown = unknown(&whole, &tokenizer.encode(&whole)?);
    Ok(json!({ "prompt": prompt, "responses": scored, "best": best, "unknown": unknown, "attention": attention }))
}

fn tokens(demo: &Demo, ids: &[i64]) -> Result<Tokens> {
    Rows::new(&[ids]).map(Tokens::new).ok_or_else(|| demo.unfit("found no token in the text"))
}

/// Words of `text` for which the tokenizer has no token but the one for the unknown.
fn unknown(text: &str, encoded: &Encoded) -> Vec<String> {
    let names = ["<unk>", "[UNK]"];
    let at = encoded.tokens.iter().zip(&encoded.offsets).filter(|(token, _)| names.contains(&token.as_str()));
    let words = at.filter_map(|(_, &(from, to))| text.get(from..to)).filter(|word| !names.contains(word));
    words.map(str::to_owned).collect()
}
