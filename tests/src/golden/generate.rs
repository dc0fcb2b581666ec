//! Text that the reference wrote, id by id, and its scores.

use burn::tensor::Tensor;
use zoo_registry::generate::{Prompt, Strategy, Written, generate};
use zoo_registry::{Decode, DecodeState, Input, Limits, Logits, Model, Rows, TokenLimits, Tokens};

use super::Row;
use super::folder::{Golden, Numbers};
use super::meta::{Case, Generation};
use crate::check::{Stop, require};
use crate::values::gap;

pub(super) fn rows(golden: &Golden, case: &Case, model: &dyn Model) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    let decoder = model.decoder().ok_or_else(|| Stop::fails("the reference writes text, ours does not decode"))?;
    let from_left_edge = FromLeftEdge(decoder);
    let decoder: &dyn Decode = if case.positions_from_left_edge { &from_left_edge } else { decoder };
    for (name, settings) in &case.generation {
        if case.ids_equal_in_f64.get(name) == Some(&false) {
            continue;
        }
        let start = Start::of(golden, case, model, settings)?;
        let written = write(decoder, &start, settings)?;
        let theirs = golden.output(&case.outputs.get(name).ok_or_else(|| lacks(name))?.key)?;
        let (wrong, at) = wrong_ids(&written, theirs, start.tokens.input_ids.dims()[1], settings.eos_token_id)?;
        rows.push(golden.row(case, name, wrong as f64, 0.0, at));
        let scores = format!("{name}_scores");
        if let Some(recorded) = case.outputs.get(&scores) {
            let theirs = golden.output(&recorded.key)?;
            let ours: Vec<f32> = written.iter().map(|text| text.score.unwrap_or(f64::NAN) as f32).collect();
            let noise = theirs.noise(case.score_noise.get(&scores).copied());
            rows.push(golden.row(case, &scores, gap(&ours, &theirs.floats), noise, "log-probabilities".into()));
        }
    }
    const FIRST: &str = "greedy_scores_first_step";
    if let (Some(recorded), Some(settings)) = (case.outputs.get(FIRST), case.generation.get("greedy")) {
        let theirs = golden.output(&recorded.key)?;
        let ours = first_scores(decoder, &Start::of(golden, case, model, settings)?)?;
        let noise = theirs.noise(case.score_noise.get(FIRST).copied());
        rows.push(golden.row(case, FIRST, gap(&ours, &theirs.floats), noise, "scores after the prompt".into()));
    }
    // The scores of the first step explain wrong ids, so they come first.
    rows.sort_by_key(|row| row.output != FIRST);
    Ok(rows)
}

/// What the reference began with.
struct Start {
    source: Option<Input>,
    tokens: Tokens,
}

impl Start {
    /// A decoder continues the case's text; an encoder–decoder reads it and begins with its start token.
    fn of(golden: &Golden, case: &Case, model: &dyn Model, settings: &Generation) -> Result<Self, Stop> {
        let text = golden.tokens(case, "")?;
        match (model.limits(), settings.decoder_start_token_id) {
            (Limits::TokenPair { .. }, Some(start_id)) => {
                let [batch, _] = text.input_ids.dims();
                Ok(Self { tokens: Tokens::new(Rows::full(batch, 1, start_id)), source: Some(text.into()) })
            }
            (Limits::TokenPair { .. }, None) => Err(Stop::fails(
                "`meta.json` generates without `decoder_start_token_id`, which an encoder–decoder needs",
            )),
            _ => Ok(Self { source: None, tokens: text }),
        }
    }

    fn prompt(&self) -> Prompt<'_> {
        Prompt { source: self.source.as_ref(), tokens: &self.tokens }
    }
}

/// A decoder that is told positions counted from the left edge, padding or not.
struct FromLeftEdge<'a>(&'a dyn Decode);

impl Decode for FromLeftEdge<'_> {
    fn start(&self, batch: usize, source: Option<&Input>) -> zoo_registry::Result<DecodeState> {
        self.0.start(batch, source)
    }

    fn advance(&self, state: &mut DecodeState, tokens: &Tokens, logits: Logits) -> zoo_registry::Result<Tensor<3>> {
        let [batch, len] = tokens.input_ids.dims();
        let positions: Vec<i64> = (state.len()..state.len() + len).map(|at| at as i64).collect();
        let position_ids = Rows::new(&vec![positions; batch]);
        self.0.advance(state, &Tokens { position_ids, ..tokens.clone() }, logits)
    }

    fn token_limits(&self) -> zoo_registry::Result<TokenLimits> {
        self.0.token_limits()
    }
}

fn write(decoder: &dyn Decode, start: &Start, settings: &Generation) -> Result<Vec<Written>, Stop> {
    require(!settings.do_sample, || "was sampled, which cannot be repeated".to_owned())?;
    let strategy = Strategy {
        max_new_tokens: settings.max_new_tokens,
        n_beams: settings.num_beams,
        length_penalty: settings.length_penalty,
        no_repeat_ngram: settings.no_repeat_ngram_size,
        stop_ids: settings.eos_token_id.into_iter().collect(),
        pad_id: settings.pad_token_id,
        ..Strategy::default()
    };
    let texts = generate(decoder, start.prompt(), &strategy, &mut |_| true)?;
    Ok(texts.into_iter().flat_map(|hypotheses| hypotheses.into_iter().take(settings.num_return_sequences)).collect())
}

/// How many ids differ, and where the first one does. What fills a text after its end says nothing: the reference uses the
/// padding id after greedy search and, where that id is 0, the stop id after beam search.
fn wrong_ids(
    written: &[Written],
    theirs: &Numbers,
    prompt_len: usize,
    stop_id: Option<i64>,
) -> Result<(usize, String), Stop> {
    let theirs = theirs.rows()?;
    let [texts, _] = theirs.dims();
    require(written.len() == texts, || format!("wrote {} texts, the reference {texts}", written.len()))?;
    let mut wrong = (0, "nowhere".to_owned());
    for (row, (ours, theirs)) in written.iter().zip(theirs.rows()).enumerate() {
        let (ours, theirs) = (until_stop(&ours.ids, prompt_len, stop_id), until_stop(theirs, prompt_len, stop_id));
        let say = |id: Option<&i64>| id.map_or("ended".to_owned(), ToString::to_string);
        for at in 0..ours.len().max(theirs.len()) {
            if ours.get(at) != theirs.get(at) {
                if wrong.0 == 0 {
                    let (ours, theirs) = (say(ours.get(at)), say(theirs.get(at)));
                    wrong.1 = format!("text {row}, position {at}: {ours}, the reference {theirs}");
                }
                wrong.0 += 1;
            }
        }
    }
    Ok(wrong)
}

/// A text without what fills it up after its end.
fn until_stop(ids: &[i64], prompt_len: usize, stop_id: Option<i64>) -> &[i64] {
    let end = (prompt_len..ids.len()).find(|&at| Some(ids[at]) == stop_id);
    end.map_or(ids, |end| &ids[..=end])
}

fn first_scores(decoder: &dyn Decode, start: &Start) -> Result<Vec<f32>, Stop> {
    let mut state = decoder.start(start.tokens.input_ids.dims()[0], start.source.as_ref())?;
    let scores = decoder.advance(&mut state, &start.tokens, Logits::Last)?;
    Ok(scores.into_data().iter::<f32>().collect())
}

fn lacks(name: &str) -> Stop {
    Stop::fails(format!("`meta.json` generates `{name}` and lists no such output"))
}

#[cfg(test)]
mod tests {
    use zoo_registry::generate::Ended;

    use super::*;

    #[test]
    fn what_fills_a_text_after_its_end_does_not_count() {
        let ids = vec![9, 3, 7, 3, 0, 0];
        let written = [Written { ids, new: 2..4, ended: Ended::StopId, score: None }];
        let theirs = |ids: [i64; 6]| Numbers { shape: vec![1, 6], floats: vec![], ints: ids.to_vec() };
        assert_eq!(wrong_ids(&written, &theirs([9, 3, 7, 3, 3, 3]), 2, Some(3)).unwrap().0, 0);
        assert_eq!(wrong_ids(&written, &theirs([9, 3, 7, 3, 3, 3]), 2, None).unwrap().0, 2);
        let (wrong, at) = wrong_ids(&written, &theirs([9, 3, 8, 5, 3, 3]), 2, Some(3)).unwrap();
        assert_eq!((wrong, at.as_str()), (3, "text 0, position 2: 7, the reference 8"));
        assert!(wrong_ids(&[], &theirs([0; 6]), 2, None).is_err());
    }
}
