//! What changed, in a few words, counted from the comparison itself.

use zoo_catalog::compare::Comparison;

use super::State;
use super::facts::{Class, Row};
use super::modules::differences;
use crate::format::{THIN, compact};
use crate::words::{Tongue, Words};

/// Names of fields that are listed before the rest are only counted.
const NAMED: usize = 4;

pub(super) fn told(words: &Words, found: &Comparison, classes: &[Class], rows: &[Row]) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(lines) = &found.modules {
        told.push(match differences(lines) {
            0 => words.say("diff.same_modules"),
            some => words.count("diff.modules_differ", some, &[]),
        });
    }
    let built: Vec<&str> =
        classes.iter().filter(|class| class.state == State::Odd && !class.recipe).map(|c| &*c.title).collect();
    told.push(differing(words, "diff.classes_differ", &built).unwrap_or_else(|| words.say("diff.same_classes")));
    let recipe: Vec<&str> = classes
        .iter()
        .filter(|class| class.state == State::Odd && class.recipe)
        .map(|class| &*class.title)
        .chain(rows.iter().filter(|row| row.state == State::Odd && row.recipe).map(|row| &*row.title))
        .collect();
    told.push(differing(words, "diff.recipe_differs", &recipe).unwrap_or_else(|| words.say("diff.same_recipe")));
    if let [Some(before), Some(after)] = found.parameters {
        told.push(growth(words, before, after));
    }
    told
}

/// `2 classes differ: attention, activation`.
fn differing(words: &Words, key: &str, titles: &[&str]) -> Option<String> {
    if titles.is_empty() {
        return None;
    }
    // German writes nouns with a capital wherever they stand.
    let inside =
        |title: &&str| if words.tongue() == Tongue::German { (*title).to_owned() } else { title.to_lowercase() };
    let mut names: Vec<String> = titles.iter().take(NAMED).map(inside).collect();
    if titles.len() > NAMED {
        names.push("…".into());
    }
    Some(words.count(key, titles.len(), &[("names", &names.join(&words.say("text.comma")))]))
}

/// `+14 % parameters (110 M → 125 M)`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn growth(words: &Words, before: u64, after: u64) -> String {
    let ratio = after as f64 / before.max(1) as f64;
    let change = match ratio {
        _ if before == after => return words.with("diff.as_many", &[("count", &compact(after))]),
        3.0.. => words.with("diff.times", &[("factor", &format!("{ratio:.*}{THIN}×", usize::from(ratio < 9.95)))]),
        0.0..0.33 => words.with("diff.share", &[("share", &format!("1{THIN}/{THIN}{:.0}", 1.0 / ratio))]),
        _ => {
            let percent = (ratio - 1.0) * 100.0;
            let sign = if percent < 0.0 { '−' } else { '+' };
            let digits = usize::from(percent.abs() < 1.0);
            words.with("diff.percent", &[("percent", &format!("{sign}{:.digits$}{THIN}%", percent.abs()))])
        }
    };
    format!("{change} ({} → {})", compact(before), compact(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_said_as_people_say_it() {
        let told = |before, after| growth(&Words::english(), before, after).replace(THIN, " ");
        assert_eq!(told(110_000_000, 125_000_000), "+14 % parameters (110 M → 125 M)");
        assert_eq!(told(110_000_000, 11_700_000), "1 / 9 of the parameters (110 M → 11.7 M)");
        assert_eq!(told(1_500_000_000, 175_000_000_000), "117 × the parameters (1.50 B → 175 B)");
        assert_eq!(told(1000, 999), "−0.1 % parameters (1.00 k → 999)");
        assert_eq!(told(7, 7), "as many parameters (7)");
    }

    #[test]
    fn what_differs_is_named() {
        let words = Words::english();
        assert_eq!(differing(&words, "diff.classes_differ", &[]), None);
        assert_eq!(differing(&words, "diff.classes_differ", &["Norm"]).as_deref(), Some("1 class differs: norm"));
        let many = differing(&words, "diff.recipe_differs", &["A", "B", "C", "D", "E"]);
        assert_eq!(many.as_deref(), Some("5 differences of recipe: a, b, c, d, …"));
    }
}
