//! How a parameter is drawn before training, as a family's TOML declares it: `[init]` holds globs over parameter paths, each
//! with one of
//!
//! | declared | drawn |
//! |---|---|
//! | `zeros`, `ones` | that number |
//! | `normal(s)` | a normal distribution around 0 with standard deviation `s` |
//! | `uniform(b)` | every number from `-b` to `b` alike |
//!
//! where `s` and `b` are made of numbers, fields of the configuration, `+ - * /`, brackets and `sqrt(…)`:
//! `normal(0.02 / sqrt(2 * n_layers))`.

use globset::GlobMatcher;
use serde_json::{Map, Value};

use crate::descriptor::Descriptor;
use crate::names;

/// A distribution of initial values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initial {
    /// One number throughout.
    Constant(f64),
    /// Around 0.
    Normal {
        /// Standard deviation.
        deviation: f64,
    },
    /// Around 0.
    Uniform {
        /// Largest number; the smallest is its negative.
        bound: f64,
    },
}

impl Initial {
    /// Reads a declaration; names in it are numbers of `config`.
    ///
    /// ```
    /// use zoo_registry::initial::Initial;
    /// let config = serde_json::json!({ "n_layers": 8 }).as_object().cloned().unwrap_or_default();
    /// let drawn = Initial::parse("normal(0.02 / sqrt(2 * n_layers))", &config);
    /// assert_eq!(drawn, Ok(Initial::Normal { deviation: 0.005 }));
    /// ```
    ///
    /// # Errors
    /// A clause saying what was expected and what was found.
    pub fn parse(declared: &str, config: &Map<String, Value>) -> Result<Self, String> {
        let text = declared.trim();
        match text {
            "zeros" => return Ok(Self::Constant(0.0)),
            "ones" => return Ok(Self::Constant(1.0)),
            _ => {}
        }
        let inner = |name: &str| text.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')');
        let scale = |inner: &str| match number(inner, config)? {
            scale if scale.is_finite() && scale > 0.0 => Ok(scale),
            scale => Err(format!("expected a scale above 0, found {scale} in `{text}`")),
        };
        match (inner("normal"), inner("uniform")) {
            (Some(inner), _) => Ok(Self::Normal { deviation: scale(inner)? }),
            (None, Some(inner)) => Ok(Self::Uniform { bound: scale(inner)? }),
            (None, None) => Err(format!("expected `zeros`, `ones`, `normal(…)` or `uniform(…)`, found `{text}`")),
        }
    }

    /// Standard deviation.
    pub fn deviation(self) -> f64 {
        match self {
            Self::Constant(_) => 0.0,
            Self::Normal { deviation } => deviation,
            Self::Uniform { bound } => bound / 3f64.sqrt(),
        }
    }
}

/// The lines of a family's `[init]`.
pub struct Declarations<'a> {
    lines: Vec<(GlobMatcher, &'a str, &'a str)>,
}

impl<'a> Declarations<'a> {
    /// Those of a family. A glob that does not parse fits nothing.
    pub fn of(descriptor: &'a Descriptor) -> Self {
        let lines =
            descriptor.init.iter().filter_map(|(glob, declared)| Some((names::glob(glob)?, &**glob, &**declared)));
        Self { lines: lines.collect() }
    }

    /// The globs that fit a parameter's path, each with what it declares: one, if the declarations are sound.
    pub fn fitting(&self, path: &str) -> Vec<(&'a str, &'a str)> {
        let fitting = self.lines.iter().filter(|(matcher, ..)| matcher.is_match(path));
        fitting.map(|&(_, glob, declared)| (glob, declared)).collect()
    }
}

/// The value of an expression.
fn number(text: &str, config: &Map<String, Value>) -> Result<f64, String> {
    let mut reading = Reading { rest: text.trim_start(), config };
    let value = reading.sum()?;
    if reading.rest.is_empty() { Ok(value) } else { Err(format!("expected nothing more, found `{}`", reading.rest)) }
}

/// What is left of an expression.
struct Reading<'a> {
    rest: &'a str,
    config: &'a Map<String, Value>,
}

impl<'a> Reading<'a> {
    fn sum(&mut self) -> Result<f64, String> {
        let mut value = self.product()?;
        loop {
            if self.takes('+') {
                value += self.product()?;
            } else if self.takes('-') {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut value = self.atom()?;
        loop {
            if self.takes('*') {
                value *= self.atom()?;
            } else if self.takes('/') {
                value /= self.atom()?;
            } else {
                return Ok(value);
            }
        }
    }

    /// A number, a field, something in brackets, or the root of that.
    fn atom(&mut self) -> Result<f64, String> {
        if self.takes('(') {
            return self.bracket();
        }
        let word = self.word();
        match word {
            "" => Err(format!("expected a number or a field, found `{}`", self.rest)),
            "sqrt" if self.takes('(') => Ok(self.bracket()?.sqrt()),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => {
                word.parse().map_err(|_| format!("expected a number, found `{word}`"))
            }
            field => {
                let value = self.config.get(field).and_then(Value::as_f64);
                value.ok_or_else(|| format!("expected a number in the configuration's field `{field}`, found none"))
            }
        }
    }

    /// The rest of a bracket that is open.
    fn bracket(&mut self) -> Result<f64, String> {
        let value = self.sum()?;
        if self.takes(')') { Ok(value) } else { Err(format!("expected `)`, found `{}`", self.rest)) }
    }

    fn word(&mut self) -> &'a str {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.');
        let (word, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        word
    }

    fn takes(&mut self, sign: char) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::tests::TOY;
    use serde_json::json;

    fn parsed(declared: &str) -> Result<Initial, String> {
        Initial::parse(declared, json!({ "n": 6, "d_ff": 2 }).as_object().unwrap())
    }

    #[test]
    fn declarations_are_read() {
        assert_eq!(parsed("zeros"), Ok(Initial::Constant(0.0)));
        assert_eq!(parsed("ones"), Ok(Initial::Constant(1.0)));
        assert_eq!(parsed(" normal( 0.5 ) "), Ok(Initial::Normal { deviation: 0.5 }));
        assert_eq!(parsed("normal(sqrt(n + 3 * (d_ff - 1)))"), Ok(Initial::Normal { deviation: 3.0 }));
        assert_eq!(parsed("uniform(12 / n / d_ff)"), Ok(Initial::Uniform { bound: 1.0 }));
        assert!((parsed("uniform(3)").unwrap().deviation() - 3f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn nonsense_is_told() {
        for (declared, told) in [
            ("normal", "expected `zeros`"),
            ("normal(m)", "field `m`"),
            ("normal(1 +)", "expected a number or a field"),
            ("normal((1)", "expected `)`"),
            ("normal(1 1)", "nothing more"),
            ("normal(0)", "above 0"),
            ("normal(1 / (n - 6))", "above 0"),
            ("normal(1.2.3)", "expected a number"),
        ] {
            let found = parsed(declared).unwrap_err();
            assert!(found.contains(told), "{declared}: {found}");
        }
    }

    #[test]
    fn every_line_that_fits_is_found() {
        let text = TOY.to_owned() + "\n[init]\n\"*.gamma\" = \"ones\"\n\"layers.*.up.{weight,gamma}\" = \"zeros\"\n";
        let toy = Descriptor::parse(&text).unwrap();
        let lines = Declarations::of(&toy);
        assert_eq!(lines.fitting("norm.gamma"), [("*.gamma", "ones")]);
        assert_eq!(lines.fitting("layers.0.up.gamma").len(), 2);
        assert!(lines.fitting("layers.0.up.bias").is_empty());
    }
}
