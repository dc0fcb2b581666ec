//! JSON on standard output: one document, or one object a line.

use std::io::Write;

use serde::Serialize;

use crate::failure::Failure;
use crate::shell::Shell;

/// One document, indented.
pub(crate) fn document(shell: &mut Shell, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(unwritable)?;
    Ok(writeln!(shell, "{text}")?)
}

/// One object on a line of its own, at once.
pub(crate) fn line(shell: &mut Shell, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(unwritable)?;
    writeln!(shell, "{text}")?;
    Ok(shell.flush()?)
}

fn unwritable(error: serde_json::Error) -> Failure {
    Failure::run(format!("the result cannot be written as JSON: {error}"))
}
