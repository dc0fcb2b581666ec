//! A toy English: sentences in which the verb agrees with its subject, a word or two apart.
//!
//! ```text
//! sentence ─▶ group verb [adverb] .            group ─▶ determiner [adjective] noun
//!           | group transitive group .
//! ```
//!
//! Some pairs of subject and verb are never trained on, so that knowing the grammar differs from knowing the sentences.

use serde_json::{Map, Value};
use zoo_registry::draw::Draw;
use zoo_registry::lesson::{Grade, Plan};
use zoo_registry::loss::IGNORED;
use zoo_registry::{Input, Labels, Lesson, Model, Result};

use super::{Scores, Words, padded, sized, write};

/// One or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    One,
    Many,
}

/// Singular and plural.
const NOUNS: [[&str; 2]; 8] = [
    ["cat", "cats"],
    ["dog", "dogs"],
    ["bird", "birds"],
    ["child", "children"],
    ["fox", "foxes"],
    ["mouse", "mice"],
    ["teacher", "teachers"],
    ["horse", "horses"],
];
const DETERMINERS: [[&str; 2]; 3] = [["a", "some"], ["the", "the"], ["this", "these"]];
const ADJECTIVES: [&str; 5] = ["small", "big", "red", "happy", "quiet"];
/// What one does, what many do.
const VERBS: [[&str; 2]; 5] =
    [["sleeps", "sleep"], ["runs", "run"], ["sings", "sing"], ["waits", "wait"], ["laughs", "laugh"]];
const TRANSITIVE: [[&str; 2]; 5] =
    [["sees", "see"], ["chases", "chase"], ["likes", "like"], ["follows", "follow"], ["hears", "hear"]];
const ADVERBS: [&str; 3] = ["often", "quickly", "today"];
const STOP: &str = ".";

/// Every word once.
fn vocabulary() -> Vec<&'static str> {
    let pairs = DETERMINERS.iter().chain(&NOUNS).chain(&VERBS).chain(&TRANSITIVE).flatten();
    let mut words: Vec<&str> = pairs.chain(&ADJECTIVES).chain(&ADVERBS).chain([&STOP]).copied().collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Which subject–verb pairs a sentence may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairs {
    Trained,
    HeldOut,
}

impl Pairs {
    /// One pair in five is held out.
    fn hold(self, noun: usize, verb: usize) -> bool {
        (noun + 2 * verb).is_multiple_of(5) == (self == Self::HeldOut)
    }
}

/// A sentence of the grammar.
pub(super) fn sentence(draw: &mut Draw, pairs: Pairs) -> Vec<&'static str> {
    let number = *draw.choose(&[Number::One, Number::Many]);
    let (noun, verb) = loop {
        let pair = (draw.below(NOUNS.len()), draw.below(VERBS.len() + TRANSITIVE.len()));
        if pairs.hold(pair.0, pair.1) {
            break pair;
        }
    };
    let mut words = group(draw, number, noun);
    match verb.checked_sub(VERBS.len()) {
        None => {
            words.push(VERBS[verb][number as usize]);
            if draw.below(2) == 1 {
                words.push(*draw.choose(&ADVERBS));
            }
        }
        Some(transitive) => {
            words.push(TRANSITIVE[transitive][number as usize]);
            let (number, noun) = (*draw.choose(&[Number::One, Number::Many]), draw.below(NOUNS.len()));
            words.extend(group(draw, number, noun));
        }
    }
    words.push(STOP);
    words
}

fn group(draw: &mut Draw, number: Number, noun: usize) -> Vec<&'static str> {
    let mut words = vec![draw.choose(&DETERMINERS)[number as usize]];
    if draw.below(2) == 1 {
        words.push(*draw.choose(&ADJECTIVES));
    }
    words.push(NOUNS[noun][number as usize]);
    words
}

/// Whether words are a sentence of the grammar.
pub fn is_sentence(words: &[&str]) -> bool {
    let Some((number, rest)) = read_group(words) else { return false };
    let Some((verb, rest)) = rest.split_first() else { return false };
    let of = |verbs: &[[&str; 2]]| verbs.iter().any(|forms| forms[number as usize] == *verb);
    let after = if of(&VERBS) {
        rest.split_first().filter(|(adverb, _)| ADVERBS.contains(adverb)).map_or(rest, |(_, rest)| rest)
    } else if of(&TRANSITIVE) {
        match read_group(rest) {
            Some((_, rest)) => rest,
            None => return false,
        }
    } else {
        return false;
    };
    after == [STOP]
}

fn read_group<'w, 'a>(words: &'w [&'a str]) -> Option<(Number, &'w [&'a str])> {
    let (determiner, rest) = words.split_first()?;
    let rest =
        rest.split_first().filter(|(adjective, _)| ADJECTIVES.contains(adjective)).map_or(rest, |(_, rest)| rest);
    let (noun, rest) = rest.split_first()?;
    [Number::One, Number::Many].into_iter().find_map(|number| {
        let fits = |forms: &[[&str; 2]], word: &str| forms.iter().any(|forms| forms[number as usize] == word);
        (fits(&DETERMINERS, determiner) && fits(&NOUNS, noun)).then_some((number, rest))
    })
}

/// Sentences a batch.
const BATCH: usize = 32;
/// Sentences a grade is taken on.
const GRADED: usize = 200;

/// Guessing hidden words: what BERT is for.
#[derive(Debug, Clone)]
pub struct FillTheGap {
    words: Words,
    config: Map<String, Value>,
}

/// Special tokens, as BERT calls them.
const BERT_TOKENS: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
/// The share of words hidden in training.
const HIDDEN: f64 = 0.25;

impl FillTheGap {
    /// The lesson at the sizes of `config`, which the vocabulary's is added to.
    pub fn new(config: Value) -> Self {
        let words = Words::new(&BERT_TOKENS, vocabulary());
        let config = sized(config, words.len());
        Self { words, config }
    }

    fn encode(&self, sentence: &[&str]) -> Vec<i64> {
        let sentence = self.words.ids(sentence);
        [&[self.words.id("[CLS]")], sentence.as_slice(), &[self.words.id("[SEP]")]].concat()
    }
}

impl Lesson for FillTheGap {
    fn task(&self) -> String {
        "guess the words hidden in sentences of a toy English".into()
    }

    fn config(&self) -> Map<String, Value> {
        self.config.clone()
    }

    fn plan(&self) -> Plan {
        Plan { steps: 1500, learning_rate: 3e-3 }
    }

    fn batch(&self, draw: &mut Draw) -> (Input, Labels) {
        let mask = self.words.id("[MASK]");
        let (mut shown, mut asked) = (Vec::new(), Vec::new());
        for _ in 0..BATCH {
            let ids = self.encode(&sentence(draw, Pairs::Trained));
            let always = 1 + draw.below(ids.len() - 2);
            let hides: Vec<bool> = (0..ids.len())
                .map(|at| at == always || (at > 0 && at < ids.len() - 1 && draw.unit() < HIDDEN))
                .collect();
            shown.push(ids.iter().zip(&hides).map(|(&id, &hide)| if hide { mask } else { id }).collect::<Vec<_>>());
            asked.push(ids.iter().zip(&hides).map(|(&id, &hide)| if hide { id } else { IGNORED }).collect::<Vec<_>>());
        }
        (padded(&shown, 0).into(), Labels::Tokens(padded(&asked, IGNORED).input_ids))
    }

    fn grades(&self, model: &dyn Model) -> Result<Vec<Grade>> {
        let mut draw = Draw::new("graded");
        let (mut right, mut by_chance, mut gaps) = (0, 0.0, 0);
        for _ in 0..GRADED {
            let sentence = sentence(&mut draw, Pairs::HeldOut);
            let ids = self.encode(&sentence);
            let mask = self.words.id("[MASK]");
            let hidden = (0..sentence.len()).map(|gap| {
                let mut ids = ids.clone();
                ids[gap + 1] = mask;
                ids
            });
            let scores = Scores::of_tokens(model, &padded(&hidden.collect::<Vec<_>>(), 0))?;
            for gap in 0..sentence.len() {
                let fits = |id: i64| {
                    let mut filled = sentence.clone();
                    filled[gap] = self.words.word(id).unwrap_or_default();
                    is_sentence(&filled)
                };
                right += usize::from(fits(scores.likeliest(gap, gap + 1)));
                by_chance +=
                    (0..self.words.len() as i64).filter(|&id| fits(id)).count() as f64 / self.words.len() as f64;
                gaps += 1;
            }
        }
        Ok(vec![Grade {
            measure: "hidden words filled so that the sentence is grammatical, of sentences never seen".into(),
            score: right as f64 / gaps as f64,
            chance: by_chance / gaps as f64,
            pass: 0.95,
        }])
    }

    fn files(&self) -> Vec<(&'static str, Map<String, Value>)> {
        vec![
            ("tokenizer.json", self.words.tokenizer("[UNK]", &["[CLS]", "$A", "[SEP]"])),
            ("special_tokens_map.json", object!({ "mask_token": "[MASK]", "pad_token": "[PAD]" })),
        ]
    }

    fn tries(&self) -> Vec<&'static str> {
        vec![r#"fill-mask "the big cats [MASK] today.""#, r#"fill-mask "this [MASK] chases the mice.""#]
    }
}

/// Finishing sentences: what GPT is for.
#[derive(Debug, Clone)]
pub struct Continue {
    words: Words,
    config: Map<String, Value>,
}

/// Stands before and after every sentence.
pub(super) const BORDER: &str = "<s>";
/// No sentence is longer.
pub(super) const LONGEST: usize = 10;

/// The words of whoever writes sentences, and of whoever judges what they wrote.
pub(super) fn writing_words() -> Words {
    Words::new(&[BORDER, "<unk>"], vocabulary())
}

impl Continue {
    /// The lesson at the sizes of `config`, which the vocabulary's is added to.
    pub fn new(config: Value) -> Self {
        let words = writing_words();
        let config = sized(config, words.len());
        Self { words, config }
    }

    /// The likeliest continuation of `beginning`, up to the next border.
    fn finish(&self, model: &dyn Model, beginning: &[&'static str]) -> Result<Vec<&'static str>> {
        let border = self.words.id(BORDER);
        let prompt = [&[border], self.words.ids(beginning).as_slice()].concat();
        let written = write(model, None, &prompt, border, LONGEST)?;
        let words = written.iter().filter_map(|&id| self.words.word(id));
        Ok(beginning.iter().copied().chain(words).collect())
    }
}

impl Lesson for Continue {
    fn task(&self) -> String {
        "finish sentences of a toy English".into()
    }

    fn config(&self) -> Map<String, Value> {
        self.config.clone()
    }

    fn plan(&self) -> Plan {
        Plan { steps: 1200, learning_rate: 3e-3 }
    }

    fn batch(&self, draw: &mut Draw) -> (Input, Labels) {
        let border = [self.words.id(BORDER)];
        let texts: Vec<Vec<i64>> = (0..BATCH)
            .map(|_| [&border, self.words.ids(&sentence(draw, Pairs::Trained)).as_slice(), &border].concat())
            .collect();
        (padded(&texts, border[0]).into(), Labels::Tokens(padded(&texts, IGNORED).input_ids))
    }

    fn grades(&self, model: &dyn Model) -> Result<Vec<Grade>> {
        let (mut right, mut begun) = (0, 0);
        for determiner in DETERMINERS {
            for adjective in ADJECTIVES.into_iter().map(Some).chain([None]) {
                for noun in NOUNS {
                    for number in [Number::One, Number::Many] {
                        let words = [Some(determiner[number as usize]), adjective, Some(noun[number as usize])];
                        let beginning: Vec<&str> = words.into_iter().flatten().collect();
                        right += usize::from(is_sentence(&self.finish(model, &beginning)?));
                        begun += 1;
                    }
                }
            }
        }
        Ok(vec![Grade {
            measure: "beginnings of sentences finished grammatically".into(),
            score: right as f64 / begun as f64,
            chance: 0.0,
            pass: 0.95,
        }])
    }

    fn files(&self) -> Vec<(&'static str, Map<String, Value>)> {
        let border = self.words.id(BORDER);
        vec![
            ("tokenizer.json", self.words.tokenizer("<unk>", &[BORDER, "$A"])),
            (
                "generation_config.json",
                object!({ "eos_token_id": border, "pad_token_id": border, "bos_token_id": border }),
            ),
        ]
    }

    fn tries(&self) -> Vec<&'static str> {
        vec![r#"generate "these happy children""#]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_a_sentence() {
        let mut draw = Draw::new("sentences");
        for _ in 0..500 {
            let words = sentence(&mut draw, Pairs::Trained);
            assert!(is_sentence(&words) && words.len() <= LONGEST, "{words:?}");
        }
    }

    #[test]
    fn what_does_not_agree_is_none() {
        let is = |text: &str| is_sentence(&text.split(' ').collect::<Vec<_>>());
        assert!(is("the cat sleeps .") && is("the cats sleep today .") && is("these big mice chase a red bird ."));
        for wrong in [
            "the cat sleep .",
            "a cats sleep .",
            "the cat sleeps",
            "cat sleeps .",
            "the cat sees .",
            "the cat sleeps the dog .",
            "the big big cat sleeps .",
            ". the cat sleeps",
            "",
            "the cat sleeps . .",
        ] {
            assert!(!is(wrong), "{wrong}");
        }
    }

    #[test]
    fn held_out_pairs_are_never_trained_on() {
        let subject = |words: &[&str]| {
            let noun = words.iter().find_map(|w| NOUNS.iter().position(|forms| forms.contains(w)));
            let verbs = || VERBS.iter().chain(&TRANSITIVE);
            let verb = words.iter().find_map(|w| verbs().position(|forms| forms.contains(w)));
            (noun, verb)
        };
        let mut draw = Draw::new("pairs");
        let mut seen =
            |pairs| (0..2000).map(|_| subject(&sentence(&mut draw, pairs))).collect::<std::collections::HashSet<_>>();
        let (trained, held_out) = (seen(Pairs::Trained), seen(Pairs::HeldOut));
        assert!(trained.is_disjoint(&held_out));
        assert_eq!((trained.len(), held_out.len()), (64, 16));
    }
}
