//! Digits reversed, and digits put into words: one model, two tasks, told apart by what stands before the digits.
//!
//! ```text
//! reverse: 3 1 4                        ─▶ 4 1 3
//! translate Digits to English: 3 1 4    ─▶ three hundred fourteen
//! ```
//!
//! One number in five is never trained on.

use serde_json::{Map, Value};
use zoo_registry::draw::Draw;
use zoo_registry::lesson::{Grade, Plan};
use zoo_registry::loss::IGNORED;
use zoo_registry::{Input, Labels, Lesson, Model, Result};

use super::{Words, padded, sized, write};

const PAD: &str = "<pad>";
const END: &str = "</s>";
const SPECIALS: [&str; 3] = [PAD, END, "<unk>"];
const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const BELOW_TWENTY: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const HUNDRED: &str = "hundred";

/// What is to be done with the digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Reverse,
    Translate,
}

impl Task {
    const ALL: [Self; 2] = [Self::Reverse, Self::Translate];

    /// What stands before the digits.
    fn prefix(self) -> &'static [&'static str] {
        match self {
            Self::Reverse => &["reverse", ":"],
            Self::Translate => &["translate", "Digits", "to", "English", ":"],
        }
    }

    fn answer(self, number: usize) -> Vec<&'static str> {
        match self {
            Self::Reverse => digits(number).into_iter().rev().collect(),
            Self::Translate => in_words(number),
        }
    }

    /// Numbers are below this.
    fn end(self) -> usize {
        match self {
            Self::Reverse => 100_000,
            Self::Translate => 1000,
        }
    }
}

fn digits(number: usize) -> Vec<&'static str> {
    number.to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect()
}

/// Below a thousand.
fn in_words(number: usize) -> Vec<&'static str> {
    match number {
        0..20 => vec![BELOW_TWENTY[number]],
        20..100 => {
            let tens = TENS[number / 10 - 2];
            if number.is_multiple_of(10) { vec![tens] } else { vec![tens, BELOW_TWENTY[number % 10]] }
        }
        _ => {
            let hundreds = vec![BELOW_TWENTY[number / 100], HUNDRED];
            if number.is_multiple_of(100) { hundreds } else { [hundreds, in_words(number % 100)].concat() }
        }
    }
}

/// Whether a number is kept for grading.
fn is_held_out(number: usize) -> bool {
    // Scattered, so that no digit tells.
    ((number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).is_multiple_of(5)
}

/// Examples a batch.
const BATCH: usize = 32;
/// Numbers each task is graded on.
const GRADED: usize = 100;
/// No answer is longer.
const LONGEST: usize = 8;

/// Rewriting one sequence as another: what an encoder–decoder is for.
#[derive(Debug, Clone)]
pub struct Rewrite {
    words: Words,
    config: Map<String, Value>,
    plan: Plan,
}

impl Rewrite {
    /// The lesson at the sizes of `config`, which the vocabulary's is added to.
    pub fn new(config: Value, plan: Plan) -> Self {
        let prefixes = Task::ALL.iter().flat_map(|task| task.prefix());
        let words = DIGITS.iter().chain(&BELOW_TWENTY).chain(&TENS).chain([&HUNDRED]).chain(prefixes);
        let mut words: Vec<&str> = words.copied().collect();
        words.sort_unstable();
        words.dedup();
        let words = Words::new(&SPECIALS, words);
        let config = sized(config, words.len());
        Self { words, config, plan }
    }

    fn question(&self, task: Task, number: usize) -> Vec<i64> {
        let digits = digits(number);
        self.words.ids(&[task.prefix(), &digits, &[END]].concat())
    }

    fn example(&self, draw: &mut Draw) -> (Vec<i64>, Vec<i64>) {
        let task = *draw.choose(&Task::ALL);
        let number = loop {
            // As many short numbers as long ones.
            let below = 10usize.pow(1 + draw.below(5) as u32).min(task.end());
            let number = draw.below(below);
            if !is_held_out(number) {
                break number;
            }
        };
        (self.question(task, number), self.words.ids(&task.answer(number)))
    }
}

impl Lesson for Rewrite {
    fn task(&self) -> String {
        "reverse digits, and put numbers into words".into()
    }

    fn config(&self) -> Map<String, Value> {
        self.config.clone()
    }

    fn plan(&self) -> Plan {
        self.plan
    }

    fn batch(&self, draw: &mut Draw) -> (Input, Labels) {
        let (start, end) = ([self.words.id(PAD)], [self.words.id(END)]);
        let (questions, answers): (Vec<_>, Vec<_>) = (0..BATCH).map(|_| self.example(draw)).unzip();
        let late: Vec<Vec<i64>> = answers.iter().map(|answer| [&start, answer.as_slice()].concat()).collect();
        let next: Vec<Vec<i64>> = answers.iter().map(|answer| [answer.as_slice(), &end].concat()).collect();
        let input = Input::TokenPair { source: padded(&questions, start[0]), target: padded(&late, start[0]) };
        (input, Labels::Next(padded(&next, IGNORED).input_ids))
    }

    fn grades(&self, model: &dyn Model) -> Result<Vec<Grade>> {
        let mut grades = Vec::new();
        for task in Task::ALL {
            let mut draw = Draw::new("graded");
            let (mut right, mut asked) = (0, 0);
            while asked < GRADED {
                let number = draw.below(task.end());
                if !is_held_out(number) {
                    continue;
                }
                let question = padded(&[self.question(task, number)], 0).into();
                let start = [self.words.id(PAD)];
                let written = write(model, Some(&question), &start, self.words.id(END), LONGEST)?;
                right += usize::from(written == self.words.ids(&task.answer(number)));
                asked += 1;
            }
            let measure = match task {
                Task::Reverse => "numbers of up to five digits reversed without a mistake",
                Task::Translate => "numbers below a thousand put into words without a mistake",
            };
            let score = right as f64 / asked as f64;
            grades.push(Grade { measure: measure.into(), score, chance: 0.0, pass: 0.9 });
        }
        Ok(grades)
    }

    fn files(&self) -> Vec<(&'static str, Map<String, Value>)> {
        let (start, end) = (self.words.id(PAD), self.words.id(END));
        let generation = object!({ "decoder_start_token_id": start, "eos_token_id": end, "pad_token_id": start });
        vec![("tokenizer.json", self.words.tokenizer("<unk>", &["$A", END])), ("generation_config.json", generation)]
    }

    fn tries(&self) -> Vec<&'static str> {
        vec![r#"translate --from Digits --to English "3 1 4""#, r#"generate "reverse: 3 1 4 1 5""#]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_put_into_words() {
        let say = |number| in_words(number).join(" ");
        assert_eq!(
            [0, 13, 40, 42, 100, 314].map(say),
            ["zero", "thirteen", "forty", "forty two", "one hundred", "three hundred fourteen"]
        );
        assert_eq!(Task::Reverse.answer(1230).join(""), "0321");
    }

    #[test]
    fn one_number_in_five_is_held_out_whatever_its_digits() {
        let share = |numbers: Vec<usize>| {
            numbers.iter().filter(|&&number| is_held_out(number)).count() as f64 / numbers.len() as f64
        };
        assert!((share((0..1000).collect()) - 0.2).abs() < 0.03);
        for digit in 0..10 {
            let share = share((0..1000).filter(|number| number % 10 == digit).collect());
            assert!((0.1..0.3).contains(&share), "of numbers ending in {digit}: {share}");
        }
    }

    #[test]
    fn answers_come_one_step_late() {
        let lesson = Rewrite::new(json!({}), Plan { steps: 1, learning_rate: 1e-3 });
        let (input, labels) = lesson.batch(&mut Draw::new("a batch"));
        let (Input::TokenPair { source, target }, Labels::Next(next)) = (input, labels) else { panic!("another kind") };
        assert_eq!((target.input_ids.dims(), source.input_ids.dims()[0]), (next.dims(), BATCH));
        for row in 0..BATCH {
            let len = target.mask().row(row).iter().filter(|&&real| real).count();
            assert_eq!(target.input_ids.row(row)[1..len], next.row(row)[..len - 1]);
            assert_eq!(next.row(row)[len - 1], lesson.words.id(END));
            assert!(len <= LONGEST);
        }
    }
}
