//! A key told once, long ago, and asked for at the end: recall across what lies between.
//!
//! ```text
//! … grass is green and the key is 3 1 . the sky is blue … what is the key ? 3 1
//! ```

use serde_json::{Map, Value};
use zoo_registry::draw::Draw;
use zoo_registry::lesson::{Grade, Plan};
use zoo_registry::loss::IGNORED;
use zoo_registry::output::Record;
use zoo_registry::{Error, HeadOutput, Input, Labels, Lesson, Model, Result, Rows, Tokens};

use super::{Scores, Words, sized};

const SPECIALS: [&str; 2] = ["<s>", "<unk>"];
const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
/// What lies between, in any order.
const FILLER: [&str; 16] = [
    "grass", "sky", "sun", "is", "green", "blue", "yellow", "the", "and", "here", "we", "go", "there", "back", "again",
    ".",
];
const TELL: [&str; 3] = ["the", "key", "is"];
const ASK: [&str; 5] = ["what", "is", "the", "key", "?"];
/// Digits of a key.
const KEY: usize = 2;

/// Texts a batch.
const BATCH: usize = 16;
/// Texts a grade is taken on, for each length.
const GRADED: usize = 50;

/// Recalling a key from far outside the segment that is being read: what a memory is for.
#[derive(Debug, Clone)]
pub struct Recall {
    words: Words,
    config: Map<String, Value>,
    segment_len: usize,
    plan: Plan,
}

/// A text, and where its key is asked for.
struct Riddle {
    ids: Vec<i64>,
    /// Of the first digit of the answer.
    answer_at: usize,
}

impl Recall {
    /// The lesson at the sizes of `config`, which the vocabulary's is added to. Keys are told at least one whole segment before
    /// they are asked for.
    pub fn new(config: Value, segment_len: usize, plan: Plan) -> Self {
        let mut words: Vec<&str> = DIGITS.iter().chain(&FILLER).chain(&TELL).chain(&ASK).copied().collect();
        words.sort_unstable();
        words.dedup();
        let words = Words::new(&SPECIALS, words);
        let config = sized(config, words.len());
        Self { words, config, segment_len, plan }
    }

    /// Tokens of the shortest and the longest text that is trained on.
    pub fn trained(&self) -> [usize; 2] {
        let [shortest, longest] = TRAINED.map(|segments| segments * self.segment_len);
        [shortest - self.cut() + 1, longest]
    }

    /// The question stands anywhere in its segment: texts end less than so many tokens before their last segment does.
    fn cut(&self) -> usize {
        self.segment_len / 2
    }

    /// A text of `len` tokens whose key stands in its first segment.
    fn riddle(&self, draw: &mut Draw, len: usize) -> Riddle {
        let key: Vec<&str> = (0..KEY).map(|_| *draw.choose(&DIGITS)).collect();
        let told = [TELL.as_slice(), &key, &["."]].concat();
        let before = 1 + draw.below(self.segment_len - told.len() - 1);
        let answer_at = len - KEY;
        let between = answer_at - before - told.len() - ASK.len();
        let mut words = vec![SPECIALS[0]];
        words.extend((1..before).map(|_| *draw.choose(&FILLER)));
        words.extend(&told);
        words.extend((0..between).map(|_| *draw.choose(&FILLER)));
        words.extend(&ASK);
        words.extend(&key);
        Riddle { ids: self.words.ids(&words), answer_at }
    }

    /// The share of keys told rightly, `segments` segments after they were told.
    ///
    /// # Errors
    /// Of running the model.
    pub fn recalled(&self, model: &dyn Model, segments: usize) -> Result<f64> {
        let len = segments * self.segment_len;
        let mut draw = Draw::new(&format!("graded {segments}"));
        let mut right = 0;
        for _ in 0..GRADED {
            let riddle = self.riddle(&mut draw, len);
            let tokens = Tokens::new(Rows::full(1, 1, 0));
            let tokens = Tokens { input_ids: Rows::new(&[&riddle.ids]).unwrap_or(tokens.input_ids.clone()), ..tokens };
            let scores = match model.forward(&tokens.into(), Record::NOTHING)?.head {
                HeadOutput::NextTokenLogits(logits) => Scores::of(logits),
                _ => {
                    let lacks = "does not predict the next token".into();
                    return Err(Error::Unsupported { model: model.architecture().into(), lacks });
                }
            };
            let told = |digit: usize| {
                scores.likeliest(0, riddle.answer_at + digit - 1) == riddle.ids[riddle.answer_at + digit]
            };
            right += usize::from((0..KEY).all(told));
        }
        Ok(right as f64 / GRADED as f64)
    }
}

/// Three segments and more, as all texts that were trained on.
const ASKED: &str = "generate --max-new-tokens 2 \"here we go. the key is 3 1. the grass is green and the sky is blue. the sun is \
    yellow. here we go. there and back again. the grass is green and the sky is blue. the sun is yellow. here we go. there and back \
    again. the grass is green and the sky is blue. the sun is yellow. here we go. there and back again. what is the key?\"";

/// Segments of the texts that are trained on, from and to. With 6 at most, one seed in eight stayed below nine keys in ten over 32
/// segments, however long it trained: a memory learns to stay readable as far as it is filled.
const TRAINED: [usize; 2] = [3, 12];
/// Segments of the texts that are graded.
const LENGTHS: [usize; 2] = [8, 32];

impl Lesson for Recall {
    fn task(&self) -> String {
        format!("recall a key told segments ago, of {} tokens each", self.segment_len)
    }

    fn config(&self) -> Map<String, Value> {
        self.config.clone()
    }

    fn plan(&self) -> Plan {
        self.plan
    }

    fn batch(&self, draw: &mut Draw) -> (Input, Labels) {
        let segments = TRAINED[0] + draw.below(TRAINED[1] + 1 - TRAINED[0]);
        let len = segments * self.segment_len - draw.below(self.cut());
        let riddles: Vec<Riddle> = (0..BATCH).map(|_| self.riddle(draw, len)).collect();
        let labels = riddles.iter().flat_map(|riddle| {
            riddle.ids.iter().enumerate().map(|(at, &id)| if at >= riddle.answer_at { id } else { IGNORED })
        });
        let labels: Vec<i64> = labels.collect();
        let ids = riddles.iter().flat_map(|riddle| riddle.ids.iter().copied()).collect();
        let rows = |data| Rows::from_flat(BATCH, len, data).unwrap_or_else(|| Rows::full(1, 1, 0));
        (Tokens::new(rows(ids)).into(), Labels::Tokens(rows(labels)))
    }

    fn grades(&self, model: &dyn Model) -> Result<Vec<Grade>> {
        let grade = |segments: usize| {
            let tokens = segments * self.segment_len;
            Ok(Grade {
                measure: format!("keys of {KEY} digits recalled at the end of {tokens} tokens, {segments} segments"),
                score: self.recalled(model, segments)?,
                chance: 0.01,
                pass: 0.9,
            })
        };
        LENGTHS.into_iter().map(grade).collect()
    }

    fn files(&self) -> Vec<(&'static str, Map<String, Value>)> {
        vec![("tokenizer.json", self.words.tokenizer(SPECIALS[1], &[SPECIALS[0], "$A"]))]
    }

    fn tries(&self) -> Vec<&'static str> {
        vec![ASKED]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_key_is_told_in_the_first_segment_and_asked_for_at_the_end() {
        let lesson = Recall::new(json!({}), 32, Plan { steps: 1, learning_rate: 1e-3 });
        let mut draw = Draw::new("riddles");
        for _ in 0..100 {
            let riddle = lesson.riddle(&mut draw, 96);
            assert_eq!((riddle.ids.len(), riddle.answer_at), (96, 94));
            let told = lesson.words.ids(&TELL);
            let at = riddle.ids.windows(3).position(|words| words == told).unwrap();
            assert!(at + 3 + KEY < 32);
            assert_eq!(riddle.ids[at + 3..][..KEY], riddle.ids[94..]);
            assert_eq!(riddle.ids[89..94], lesson.words.ids(&ASK));
        }
    }

    #[test]
    fn only_the_answer_is_learnt() {
        let lesson = Recall::new(json!({}), 32, Plan { steps: 1, learning_rate: 1e-3 });
        let (_, Labels::Tokens(labels)) = lesson.batch(&mut Draw::new("a batch")) else { panic!("another kind") };
        assert!(labels.rows().all(|row| row.iter().filter(|&&label| label != IGNORED).count() == KEY));
    }
}
