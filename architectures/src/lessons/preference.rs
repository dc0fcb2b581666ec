//! Sentences of the toy English, of which people like the kind ones: a taste that a reward model learns from pairs alone, and by
//! which the best of several sampled sentences is picked.

use serde_json::{Map, Value};
use zoo_registry::draw::Draw;
use zoo_registry::generate::{Sampling, Strategy, generate};
use zoo_registry::lesson::{Grade, Plan};
use zoo_registry::output::Record;
use zoo_registry::preference::Pair;
use zoo_registry::rerank::rerank;
use zoo_registry::{Error, HeadOutput, Input, Labels, Lesson, Model, Result, Rows, Tokens, demo};

use super::grammar::{BORDER, LONGEST, Pairs, sentence, writing_words};
use super::{Words, padded, sized};
use crate::gpt2::Gpt2Family;

const KIND: [&str; 8] = ["happy", "quiet", "sings", "sing", "laughs", "laugh", "likes", "like"];
const UNKIND: [&str; 4] = ["chases", "chase", "waits", "wait"];

/// How much a sentence is liked: what nobody tells the model.
fn kindness(words: &[&str]) -> i32 {
    let count = |among: &[&str]| words.iter().filter(|word| among.contains(word)).count() as i32;
    count(&KIND) - count(&UNKIND)
}

/// Pairs a batch.
const BATCH: usize = 16;
/// Pairs a grade is taken on.
const GRADED: usize = 200;
/// Sentences that are sampled at a time, of which one is picked.
const N: usize = 8;
/// How often.
const GROUPS: usize = 40;

/// Telling which of two sentences is liked better: what a reward model is for.
#[derive(Debug, Clone)]
pub struct Prefer {
    words: Words,
    config: Map<String, Value>,
}

impl Prefer {
    /// The lesson at the sizes of `config`, which the vocabulary's is added to.
    pub fn new(config: Value) -> Self {
        let words = writing_words();
        let config = sized(config, words.len());
        Self { words, config }
    }

    fn encode(&self, sentence: &[&str]) -> Vec<i64> {
        [&[self.words.id(BORDER)], self.words.ids(sentence).as_slice()].concat()
    }

    /// Two sentences, the kinder first.
    fn pair(draw: &mut Draw, pairs: Pairs) -> [Vec<&'static str>; 2] {
        loop {
            let pair = [sentence(draw, pairs), sentence(draw, pairs)];
            match kindness(&pair[0]) - kindness(&pair[1]) {
                1.. => return pair,
                ..0 => {
                    let [a, b] = pair;
                    return [b, a];
                }
                0 => {}
            }
        }
    }

    fn rewards(&self, model: &dyn Model, texts: &[Vec<i64>]) -> Result<Vec<f64>> {
        let lacks = || Error::Unsupported { model: model.architecture().into(), lacks: "gives no rewards".into() };
        match model.forward(&padded(texts, self.words.id(BORDER)).into(), Record::NOTHING)?.head {
            HeadOutput::Reward(rewards) => Ok(rewards.into_data().iter::<f64>().collect()),
            _ => Err(lacks()),
        }
    }

    fn pairs_told_apart(&self, model: &dyn Model) -> Result<Grade> {
        let mut draw = Draw::new("graded");
        let mut right = 0;
        for _ in 0..GRADED {
            let pair = Self::pair(&mut draw, Pairs::HeldOut).map(|sentence| self.encode(&sentence));
            let rewards = self.rewards(model, &pair)?;
            right += usize::from(rewards[0] > rewards[1]);
        }
        Ok(Grade {
            measure: "pairs of sentences never seen in which the kinder one is told".into(),
            score: right as f64 / GRADED as f64,
            chance: 0.5,
            pass: 0.95,
        })
    }

    /// Of sentences that the trained GPT-2 samples, the best by reward against any of them.
    fn best_of_n(&self, model: &dyn Model) -> Result<Grade> {
        let lacks = || Error::Unsupported { model: "gpt2".into(), lacks: "ships no demo to sample from".into() };
        let writer = demo::load(&Gpt2Family, "flex")?.ok_or_else(lacks)?;
        let border = self.words.id(BORDER);
        let strategy = Strategy {
            max_new_tokens: LONGEST,
            stop_ids: vec![border],
            pad_id: border,
            sampling: Some(Sampling::default()),
            ..Strategy::default()
        };
        let decoder = writer.decoder().ok_or_else(lacks)?;
        let beginnings = Tokens::new(Rows::full(N * GROUPS, 1, border));
        let written = generate(decoder, &beginnings, &strategy, &mut |_| true)?;
        let texts: Vec<Vec<i64>> = written
            .iter()
            .flatten()
            .map(|text| {
                let new = text.continuation().iter().copied().filter(|id| *id != border);
                std::iter::once(border).chain(new).collect()
            })
            .collect();
        let kindness =
            |text: &Vec<i64>| kindness(&text.iter().filter_map(|&id| self.words.word(id)).collect::<Vec<_>>());
        let (mut picked, mut by_chance) = (0.0, 0.0);
        for group in texts.chunks(N) {
            let most = group.iter().map(kindness).max().unwrap_or_default();
            let best = rerank(group.to_vec(), |texts| self.rewards(model, texts))?;
            picked += f64::from(u8::from(best.first().is_some_and(|best| kindness(&best.candidate) == most)));
            by_chance += group.iter().filter(|text| kindness(text) == most).count() as f64 / group.len() as f64;
        }
        Ok(Grade {
            measure: format!("best of {N}: of sentences that GPT-2's demo samples, one of the kindest is picked"),
            score: picked / GROUPS as f64,
            chance: by_chance / GROUPS as f64,
            pass: 0.9,
        })
    }
}

impl Lesson for Prefer {
    fn task(&self) -> String {
        "tell which of two sentences is liked better, and pick the best of several".into()
    }

    fn config(&self) -> Map<String, Value> {
        self.config.clone()
    }

    fn plan(&self) -> Plan {
        Plan { steps: 600, learning_rate: 3e-3 }
    }

    fn batch(&self, draw: &mut Draw) -> (Input, Labels) {
        let texts: Vec<Vec<i64>> =
            (0..BATCH).flat_map(|_| Self::pair(draw, Pairs::Trained).map(|sentence| self.encode(&sentence))).collect();
        let pairs = (0..BATCH).map(|pair| Pair::new(2 * pair, 2 * pair + 1)).collect();
        (padded(&texts, self.words.id(BORDER)).into(), Labels::Pairs(pairs))
    }

    fn grades(&self, model: &dyn Model) -> Result<Vec<Grade>> {
        Ok(vec![self.pairs_told_apart(model)?, self.best_of_n(model)?])
    }

    fn files(&self) -> Vec<(&'static str, Map<String, Value>)> {
        vec![("tokenizer.json", self.words.tokenizer("<unk>", &[BORDER, "$A"]))]
    }

    fn tries(&self) -> Vec<&'static str> {
        vec![r#"score --prompt "the" --response "happy children sing." --response "big dogs chase a cat.""#]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_kinder_sentence_comes_first_and_is_the_better_of_its_pair() {
        let lesson = Prefer::new(json!({}));
        let (Input::Tokens(tokens), Labels::Pairs(pairs)) = lesson.batch(&mut Draw::new("a batch")) else {
            panic!("another kind")
        };
        assert_eq!((tokens.input_ids.dims()[0], pairs.len()), (2 * BATCH, BATCH));
        let kindness = |row: usize| {
            let real = tokens.input_ids.row(row).iter().zip(tokens.mask().row(row).to_vec());
            kindness(&real.filter(|(_, real)| *real).filter_map(|(&id, _)| lesson.words.word(id)).collect::<Vec<_>>())
        };
        assert!(pairs.iter().all(|pair| kindness(pair.better) > kindness(pair.worse)));
    }
}
