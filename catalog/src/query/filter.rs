//! Which models and sizes are asked for.

use std::fmt;
use std::str::FromStr;

use sqlx::{QueryBuilder, Sqlite};
use zoo_registry::names::nearest;

/// Which models and sizes are asked for; everything that is said has to hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// A name, or a pattern over names: `bert`, `gpt*`.
    pub name: Option<String>,
    /// Axis id → term id, as often as is asked for.
    pub terms: Vec<(String, String)>,
    /// Id of a family.
    pub family: Option<String>,
    /// Id of a lab.
    pub lab: Option<String>,
    /// Id of a licence, of the code or of the weights.
    pub licence: Option<String>,
    /// Years of first publication.
    pub years: Option<Range>,
    /// Numbers of parameters.
    pub parameters: Option<Range>,
    /// Only what zoo can build.
    pub code: bool,
}

/// From one number to another, both included; either end may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub from: Option<u64>,
    /// The most.
    pub to: Option<u64>,
}

/// A range that is none, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotARange(String);

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Key {
    /// Id of the model, then of the size.
    #[default]
    Name,
    /// Number of parameters; those that nobody knows come last.
    Parameters,
    /// First publication.
    Date,
}

/// How a list is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: Key,
    /// The largest or latest first.
    pub descending: bool,
}

impl Filter {
    /// Whether everything is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Pushes what has to hold of the model `a` and its size `p`. `named` are ids of models and sizes that the name stands for.
    pub(super) fn push(&self, query: &mut QueryBuilder<Sqlite>, named: Option<&str>) {
        query.push(" WHERE 1");
        if let Some(named) = named {
            query.push(" AND a.id IN (SELECT value ->> 0 FROM json_each(").push_bind(named.to_owned()).push("))");
            query.push(" AND (p.id IS NULL OR EXISTS (SELECT 1 FROM json_each(").push_bind(named.to_owned());
            query.push(") AS n WHERE n.value ->> 0 = a.id AND (n.value ->> 1 IS NULL OR n.value ->> 1 = p.id)))");
        }
        for (axis, term) in &self.terms {
            query
                .push(" AND a.id IN (SELECT architecture FROM architecture_term WHERE axis = ")
                .push_bind(axis.clone());
            query.push(" AND term = ").push_bind(term.clone()).push(")");
        }
        let lists = [
            ("architecture_family WHERE family", &self.family),
            ("architecture_lab WHERE lab", &self.lab),
            ("architecture_licence WHERE licence", &self.licence),
        ];
        for (table, wanted) in lists {
            if let Some(wanted) = wanted {
                query
                    .push(format!(" AND a.id IN (SELECT architecture FROM {table} = "))
                    .push_bind(wanted.clone())
                    .push(")");
            }
        }
        if let Some(years) = self.years {
            // Dates begin with the year, and sort as texts.
            if let Some(from) = years.from {
                query.push(" AND a.date >= ").push_bind(format!("{from:04}"));
            }
            if let Some(to) = years.to {
                query.push(" AND a.date < ").push_bind(format!("{:04}", to.saturating_add(1)));
            }
        }
        if let Some(parameters) = self.parameters {
            let end = |end: Option<u64>, open: i64| end.map_or(open, |end| i64::try_from(end).unwrap_or(i64::MAX));
            query.push(" AND p.size BETWEEN ").push_bind(end(parameters.from, 0));
            query.push(" AND ").push_bind(end(parameters.to, i64::MAX));
        }
        if self.code {
            query.push(
                " AND a.id IN (SELECT id FROM architecture WHERE code UNION SELECT model FROM preset WHERE parameters IS NOT NULL)
                  AND (p.id IS NULL OR p.parameters IS NOT NULL)",
            );
        }
    }
}

impl Range {
    /// Reads `2020..2023`, `2020..`, `..1.5B`, `7B`.
    ///
    /// # Errors
    /// A range that is none, with what was found.
    pub fn parse(text: &str) -> Result<Self, NotARange> {
        let fault = |what: String| {
            NotARange(format!("{what} in the range `{text}`; expected `FROM..TO`, either of which may be left out"))
        };
        let number = |end: &str| match end {
            "" => Ok(None),
            end => number(end).map(Some).ok_or_else(|| fault(format!("`{end}` is no number"))),
        };
        let range = match text.trim().split_once("..") {
            None => number(text.trim()).map(|only| Self { from: only, to: only })?,
            Some((from, to)) => Self { from: number(from.trim())?, to: number(to.trim())? },
        };
        match range {
            Self { from: None, to: None } => Err(fault("neither end is given".into())),
            Self { from: Some(from), to: Some(to) } if from > to => {
                Err(fault("the end comes before the beginning".into()))
            }
            range => Ok(range),
        }
    }
}

impl FromStr for Range {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        Self::parse(text)
    }
}

/// `7`, `350M`, `1.5B`, in plain numbers; `None` for what is no whole number.
fn number(text: &str) -> Option<u64> {
    const UNITS: [(char, u64); 4] = [('K', 1_000), ('M', 1_000_000), ('B', 1_000_000_000), ('T', 1_000_000_000_000)];
    let last = text.chars().last()?.to_ascii_uppercase();
    let unit = UNITS.iter().find(|(name, _)| *name == last);
    let (digits, unit) = unit.map_or((text, 1), |(name, unit)| (&text[..text.len() - name.len_utf8()], *unit));
    let (whole, decimals) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let plain = |digits: &str| -> Option<u64> {
        let only_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if only_digits { digits.parse().ok() } else { None }
    };
    let whole = plain(whole)?.checked_mul(unit)?;
    let Some(decimals) = decimals else { return Some(whole) };
    let scale = 10_u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let exact = unit % scale == 0;
    whole.checked_add(plain(decimals).filter(|_| exact)? * (unit / scale))
}

impl FromStr for Sort {
    type Err = String;

    /// Reads `params`, `-params`, `date`, `name`.
    fn from_str(text: &str) -> Result<Self, String> {
        let keys = [("name", Key::Name), ("params", Key::Parameters), ("date", Key::Date)];
        let name = text.trim_start_matches('-');
        let key = keys.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let near = nearest(name, keys.iter().map(|(known, _)| *known));
            let hint = near.first().map_or_else(String::new, |best| format!("; did you mean `{best}`?"));
            format!(
                "expected `name`, `params` or `date`, with `-` before it for the largest first, found `{text}`{hint}"
            )
        })?;
        Ok(Self { key: key.1, descending: text.starts_with('-') })
    }
}

impl Sort {
    /// The words after `ORDER BY`.
    pub(super) fn sql(self) -> &'static str {
        match (self.key, self.descending) {
            (Key::Name, false) => "a.id, p.id",
            (Key::Name, true) => "a.id DESC, p.id DESC",
            (Key::Parameters, false) => "p.size IS NULL, p.size, a.id, p.id",
            (Key::Parameters, true) => "p.size IS NULL, p.size DESC, a.id, p.id",
            (Key::Date, false) => "a.date, a.id, p.id",
            (Key::Date, true) => "a.date DESC, a.id, p.id",
        }
    }
}

impl fmt::Display for NotARange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotARange {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_two_ends_or_one() {
        let range = |text| Range::parse(text).map(|range| (range.from, range.to)).map_err(|error| error.to_string());
        assert_eq!(range("2020..2023"), Ok((Some(2020), Some(2023))));
        assert_eq!(range("..1.5B"), Ok((None, Some(1_500_000_000))));
        assert_eq!(range("350m..7B"), Ok((Some(350_000_000), Some(7_000_000_000))));
        assert_eq!(range("2017"), Ok((Some(2017), Some(2017))));
        assert_eq!(range(" 1T.. "), Ok((Some(1_000_000_000_000), None)));
        for (text, told) in [
            ("..", "neither end is given in the range `..`"),
            ("", "neither end is given in the range ``"),
            ("9..3", "the end comes before the beginning in the range `9..3`"),
            ("2020-2023", "`2020-2023` is no number in the range `2020-2023`"),
            ("1..x", "`x` is no number in the range `1..x`"),
            ("1.5..2", "`1.5` is no number"),
            ("1...2", "`.2` is no number"),
            ("-1..2", "`-1` is no number"),
            ("99999999999999999999..", "`99999999999999999999` is no number"),
            ("9999999999T", "`9999999999T` is no number"),
            ("1.12345678901234567B", "is no number"),
            ("é..1", "`é` is no number"),
        ] {
            let found = range(text).unwrap_err();
            assert!(found.contains(told), "{text}: {found}");
        }
    }

    #[test]
    fn a_sort_is_a_key_and_a_direction() {
        assert_eq!("-params".parse(), Ok(Sort { key: Key::Parameters, descending: true }));
        assert!("parms".parse::<Sort>().unwrap_err().contains("did you mean `params`?"));
    }
}
