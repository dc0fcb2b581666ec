//! What changed, in a few words, counted from the comparison itself.

use zoo_catalog::compare::Comparison;

use super::State;
use super::facts::{Class, Row};
use super::modules::differences;
use crate::format::{THIN, compact};

/// Names of fields that are listed before the rest are only counted.
const NAMED: usize = 4;

pub(super) fn told(found: &Comparison, classes: &[Class], rows: &[Row]) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(lines) = &found.modules {
        told.push(match differences(lines) {
            0 => "the same modules".to_owned(),
            1 => "1 module differs".to_owned(),
            some => format!("{some} modules differ"),
        });
    }
    let built: Vec<&str> =
        classes.iter().filter(|class| class.state == State::Odd && !class.recipe).map(|c| &*c.title).collect();
    told.push(differing("class", "classes", &built).unwrap_or_else(|| "the same classification".to_owned()));
    let recipe: Vec<&str> = classes
        .iter()
        .filter(|class| class.state == State::Odd && class.recipe)
        .map(|class| &*class.title)
        .chain(rows.iter().filter(|row| row.state == State::Odd && row.recipe).map(|row| &*row.title))
        .collect();
    told.push(
        differing("difference of recipe", "differences of recipe", &recipe).unwrap_or_else(|| "the same recipe".into()),
    );
    if let [Some(before), Some(after)] = found.parameters {
        told.push(growth(before, after));
    }
    told
}

/// `2 classes differ: attention, activation`.
fn differing(one: &str, many: &str, titles: &[&str]) -> Option<String> {
    let mut names: Vec<String> = titles.iter().take(NAMED).map(|title| title.to_lowercase()).collect();
    if titles.len() > NAMED {
        names.push("…".into());
    }
    let verb = |verb: &str| if one.contains(' ') { String::new() } else { format!(" {verb}") };
    let count = match titles.len() {
        0 => return None,
        1 => format!("1 {one}{}", verb("differs")),
        some => format!("{some} {many}{}", verb("differ")),
    };
    Some(format!("{count}: {}", names.join(", ")))
}

/// `+14 % parameters (110 M → 125 M)`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn growth(before: u64, after: u64) -> String {
    let ratio = after as f64 / before.max(1) as f64;
    let change = match ratio {
        _ if before == after => return format!("as many parameters ({})", compact(after)),
        3.0.. => format!("{ratio:.*}{THIN}× the parameters", usize::from(ratio < 9.95)),
        0.0..0.33 => format!("1{THIN}/{THIN}{:.0} of the parameters", 1.0 / ratio),
        _ => {
            let percent = (ratio - 1.0) * 100.0;
            let sign = if percent < 0.0 { '−' } else { '+' };
            let digits = usize::from(percent.abs() < 1.0);
            format!("{sign}{:.digits$}{THIN}% parameters", percent.abs())
        }
    };
    format!("{change} ({} → {})", compact(before), compact(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_said_as_people_say_it() {
        let told = |before, after| growth(before, after).replace(THIN, " ");
        assert_eq!(told(110_000_000, 125_000_000), "+14 % parameters (110 M → 125 M)");
        assert_eq!(told(110_000_000, 11_700_000), "1 / 9 of the parameters (110 M → 11.7 M)");
        assert_eq!(told(1_500_000_000, 175_000_000_000), "117 × the parameters (1.50 B → 175 B)");
        assert_eq!(told(1000, 999), "−0.1 % parameters (1.00 k → 999)");
        assert_eq!(told(7, 7), "as many parameters (7)");
    }

    #[test]
    fn what_differs_is_named() {
        assert_eq!(differing("class", "classes", &[]), None);
        assert_eq!(differing("class", "classes", &["Norm"]).as_deref(), Some("1 class differs: norm"));
        let many = differing("difference of recipe", "differences of recipe", &["A", "B", "C", "D", "E"]);
        assert_eq!(many.as_deref(), Some("5 differences of recipe: a, b, c, d, …"));
    }
}
