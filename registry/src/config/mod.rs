//! Configurations: read in our names or the published ones, checked against the fields they have, before any tensor exists.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::descriptor::Descriptor;
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::names::nearest;

mod published;
mod rules;

#[cfg(feature = "tensor")]
pub(crate) use published::head_of;
pub use published::{Resolved, from_published, to_published};
pub use rules::Rules;

/// A family's sizes and choices as a type. Missing fields take its `serde` defaults. It writes every field it has, also those
/// left open, for what it does not write is refused as unknown.
pub trait Config: Serialize + DeserializeOwned + Send + Sync {
    /// Every rule the values break: sizes of zero, heads that do not divide, … Usually collected by [`Rules`].
    fn problems(&self) -> Vec<Problem>;

    /// The same with every field that was left open and follows from others: `d_ff` from `d_model`. Nothing is open after it; what
    /// may be absent is a choice with a name. Called on values without problems.
    #[must_use]
    fn settled(self) -> Self {
        self
    }
}

/// Parses `config`, in our names, strictly.
///
/// # Errors
/// [`Error::Config`] naming every unknown field with the nearest known one, the first value of a wrong type, or every
/// rule the values break.
pub fn parse<C: Config>(descriptor: &Descriptor, config: &Map<String, Value>) -> Result<C> {
    let refuse = |problems| Error::Config { architecture: descriptor.id.clone(), problems };
    let parsed: C = serde_json::from_value(Value::Object(config.clone()))
        .map_err(|error| refuse(vec![Problem::new(culprit::<C>(config, &error.to_string()), error.to_string())]))?;
    // Every field is written again, so what is not is none. Nothing else tells for configurations of several forms.
    let known = canonical(&parsed);
    let unknown = config.keys().filter(|field| !known.contains_key(*field)).map(|field| {
        let near = nearest(field, known.keys().map(String::as_str));
        Problem::new(field, format!("no such field{}", did_you_mean(&near)))
    });
    let unknown: Vec<Problem> = unknown.collect();
    if !unknown.is_empty() {
        return Err(refuse(unknown));
    }
    let problems = parsed.problems();
    if problems.is_empty() { Ok(parsed.settled()) } else { Err(refuse(problems)) }
}

/// The field that makes a configuration fail with `told`: one without which it does not fail, or fails otherwise than by lacking
/// that very field.
fn culprit<C: Config>(config: &Map<String, Value>, told: &str) -> String {
    let without = |field: &String| {
        let rest = config.iter().filter(|(name, _)| *name != field);
        let rest = Value::Object(rest.map(|(name, value)| (name.clone(), value.clone())).collect());
        serde_json::from_value::<C>(rest).err().map(|error| error.to_string())
    };
    let lacked = |field: &String| format!("missing field `{field}`");
    let cured = || config.keys().find(|field| without(field).is_none());
    let other =
        |field: &&String| without(field).is_some_and(|error| error != told && !error.starts_with(&lacked(field)));
    let needed = |field: &&String| without(field).is_some_and(|error| error != told);
    let field = cured().or_else(|| config.keys().find(other)).or_else(|| config.keys().find(needed));
    field.map_or_else(|| "config".to_owned(), Clone::clone)
}

/// A configuration with every field, in declaration order.
pub fn canonical<C: Config>(config: &C) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("a configuration is a struct of plain fields, got {other:?}"),
    }
}

/// Applies overrides such as `n_layers=4` or `head=masked-lm`. Values are JSON, or text where they are not.
///
/// # Errors
/// [`Error::Config`] for an override without `=`. Fields are checked when the result is parsed.
pub fn set(descriptor: &Descriptor, config: &mut Map<String, Value>, overrides: &[String]) -> Result<()> {
    let mut problems = Vec::new();
    for text in overrides {
        match text.split_once('=') {
            Some((field, value)) if !field.trim().is_empty() => {
                let value = value.trim();
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
                config.insert(field.trim().to_owned(), value);
            }
            _ => problems.push(Problem::new(text, "expected `field=value`, as in `n_layers=4`")),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Config { architecture: descriptor.id.clone(), problems }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::tests::TOY;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Serialize, Deserialize)]
    struct Toy {
        d_model: usize,
        #[serde(default = "two")]
        n_heads: usize,
    }

    fn two() -> usize {
        2
    }

    impl Config for Toy {
        fn problems(&self) -> Vec<Problem> {
            Rules::new()
                .size("d_model", self.d_model)
                .size("n_heads", self.n_heads)
                .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
                .broken()
        }
    }

    fn toy(config: Value) -> Result<Toy> {
        parse(&Descriptor::parse(TOY).unwrap(), config.as_object().unwrap())
    }

    #[test]
    fn unknown_fields_name_the_nearest() {
        let told = toy(json!({ "d_model": 8, "n_head": 2, "zzz": 1 })).unwrap_err().to_string();
        assert!(told.contains("`n_head`: no such field; did you mean `n_heads`?"), "{told}");
        assert!(told.contains("`zzz`"), "{told}");
    }

    #[test]
    fn fields_of_another_form_are_unknown() {
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(tag = "form", rename_all = "kebab-case")]
        enum Forms {
            Round(Toy),
            Long { length: usize },
        }
        impl Config for Forms {
            fn problems(&self) -> Vec<Problem> {
                Vec::new()
            }
        }
        let forms = |config: Value| parse::<Forms>(&Descriptor::parse(TOY).unwrap(), config.as_object().unwrap());
        assert!(forms(json!({ "form": "round", "d_model": 8 })).is_ok());
        assert!(forms(json!({ "form": "long", "length": 8 })).is_ok());
        let told = forms(json!({ "form": "long", "length": 8, "d_model": 8 })).unwrap_err().to_string();
        assert!(told.contains("`d_model`: no such field"), "{told}");
        let told = forms(json!({ "form": "square", "d_model": 8 })).unwrap_err().to_string();
        assert!(told.contains("`form`: unknown variant"), "{told}");
        let told = forms(json!({ "form": "round", "d_model": 8, "n_heads": "two" })).unwrap_err().to_string();
        assert!(told.contains("`n_heads`: invalid type"), "{told}");
    }

    #[test]
    fn rules_are_told_together() {
        let told = toy(json!({ "d_model": 0, "n_heads": 0 })).unwrap_err().to_string();
        assert!(told.contains("`d_model`") && told.contains("`n_heads`"), "{told}");
        let told = toy(json!({ "d_model": 8, "n_heads": 3 })).unwrap_err().to_string();
        assert!(told.contains("must divide `d_model`: 8 / 3 leaves 2"), "{told}");
        assert!(toy(json!({ "d_model": u64::MAX })).is_err());
        assert!(toy(json!({ "d_model": -1 })).is_err());
        let told = toy(json!({ "d_model": 8, "n_heads": "2" })).unwrap_err().to_string();
        assert!(told.contains("`n_heads`: invalid type"), "{told}");
    }

    #[test]
    fn overrides_are_json_or_text() {
        let descriptor = Descriptor::parse(TOY).unwrap();
        let mut config = Map::new();
        let overrides = ["d_model=12", "head=masked-lm", "tie = true"].map(String::from);
        set(&descriptor, &mut config, &overrides).unwrap();
        assert_eq!(Value::Object(config.clone()), json!({ "d_model": 12, "head": "masked-lm", "tie": true }));
        assert!(set(&descriptor, &mut config, &["d_model".into()]).is_err());
    }
}
