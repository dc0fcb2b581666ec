//! What a field of a configuration may be, as the refusal of another value lists it.

use serde_json::{Map, Value};

use crate::subject::Subject;

/// The words that `field` of this configuration may be; none where it takes any.
pub(crate) fn choices(subject: &Subject<'_>, config: &Map<String, Value>, field: &str) -> Vec<String> {
    let with = |word: &str| {
        let mut config = config.clone();
        config.insert(field.to_owned(), word.into());
        subject.architecture.complete(&config)
    };
    let Err(error) = with("no-such-choice") else { return Vec::new() };
    quoted(&error.to_string()).into_iter().filter(|word| with(word).is_ok()).collect()
}

/// What a message quotes in backticks.
fn quoted(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
