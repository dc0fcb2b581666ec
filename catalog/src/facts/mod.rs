//! Facts of models without code, and the rules that all facts together keep.
//!
//! A model with code has its facts beside the code; the others stand in `facts/` of this crate, in the same schema.

pub mod doctor;
mod fields;
pub mod format;
mod whole;

use std::borrow::Cow;
use std::path::Path;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::Serialize;
use zoo_registry::descriptor::Lines;
use zoo_registry::{Descriptor, Record};

pub use doctor::{Report, doctor, stale};
pub use whole::check;

static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/facts");

/// The facts of one model, and the file they were read from.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// What the file is called in messages.
    pub file: String,
    /// The file itself, so that a message can name the line.
    pub text: Cow<'static, str>,
    /// What it says.
    pub descriptor: Descriptor,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The facts contradict themselves.
    Error,
    /// Something is missing, or nobody uses it.
    Warning,
}

/// Something that is wrong with the facts, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The file; empty if it is about no single one.
    pub file: String,
    /// The line, from one, if there is one.
    pub line: Option<usize>,
    /// Id of the record; empty if it is about no single one.
    pub record: String,
    /// Path of the field.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
            match self.line {
                Some(line) => write!(f, "{line}: ")?,
                None => write!(f, " ")?,
            }
        }
        if self.field.is_empty() {
            write!(f, "{}", self.message)
        } else {
            write!(f, "`{}`: {}", self.field, self.message)
        }
    }
}

/// Every record without code that ships with zoo, sorted by id.
pub fn facts() -> &'static [Sheet] {
    static FACTS: LazyLock<Vec<Sheet>> = LazyLock::new(|| {
        let files = FOLDER.files().filter(|file| file.path().extension().is_some_and(|kind| kind == "toml"));
        let sheets = files.map(|file| {
            let text = file.contents_utf8().unwrap_or_default();
            let label = format!("catalog/facts/{}", file.path().display());
            Sheet::record(&label, text).unwrap_or_else(|findings| panic!("{}", told(&findings)))
        });
        let mut sheets: Vec<_> = sheets.collect();
        sheets.sort_by(|a, b| a.descriptor.id.cmp(&b.descriptor.id));
        sheets
    });
    &FACTS
}

/// Every record: those with code, and those without that no code stands in for. A record without code gives way to a family of its id;
/// that is told, for one of the two files is one too many.
pub fn all(coded: Vec<Sheet>) -> (Vec<Sheet>, Vec<Finding>) {
    let has_code = |sheet: &Sheet| coded.iter().any(|other| other.descriptor.id == sheet.descriptor.id);
    let (superseded, rest): (Vec<_>, Vec<_>) = facts().iter().partition(|sheet| has_code(sheet));
    let told = "has code by now, and the facts beside the code are the ones that count";
    let findings = superseded.into_iter().map(|sheet| sheet.finding(Level::Warning, "id", told)).collect();
    let mut sheets: Vec<_> = coded.into_iter().chain(rest.into_iter().cloned()).collect();
    sheets.sort_by(|a, b| a.descriptor.id.cmp(&b.descriptor.id));
    (sheets, findings)
}

/// Every record as a build takes it: those with code, and the facts that no code stands in for.
pub fn records(coded: Vec<Record>) -> Vec<Record> {
    let has_code = |sheet: &&Sheet| coded.iter().any(|record| record.descriptor.id == sheet.descriptor.id);
    let rest: Vec<_> = facts().iter().filter(|sheet| !has_code(sheet)).collect();
    let rest = rest.into_iter().map(|sheet| Record::without_code(sheet.descriptor.clone()));
    coded.into_iter().chain(rest).collect()
}

fn told(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n  {finding}")).collect()
}

impl Sheet {
    /// Reads a record without code. Its file is named for its id.
    ///
    /// # Errors
    /// Every problem, with its line.
    pub fn record(file: &str, text: impl Into<Cow<'static, str>>) -> Result<Self, Vec<Finding>> {
        let text = text.into();
        let refuse = |problems: Vec<zoo_registry::Problem>| -> Vec<Finding> {
            let finding = |problem: zoo_registry::Problem| Finding {
                level: Level::Error,
                file: file.into(),
                line: problem.line,
                record: String::new(),
                field: problem.field,
                message: problem.message,
            };
            problems.into_iter().map(finding).collect()
        };
        let descriptor = Descriptor::record(file, &text).map_err(|error| match error {
            zoo_registry::Error::Descriptor { problems, .. } => refuse(problems),
            other => refuse(vec![zoo_registry::Problem::new("toml", other.to_string())]),
        })?;
        let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if stem != descriptor.id {
            let line = Some(Lines::of(&text).line("id"));
            let told = format!("the file of `{}` is `{}.toml`, found `{stem}.toml`", descriptor.id, descriptor.id);
            return Err(refuse(vec![zoo_registry::Problem { line, ..zoo_registry::Problem::new("id", told) }]));
        }
        Ok(Self { file: file.into(), text, descriptor })
    }

    /// Where a field stands.
    pub(crate) fn finding(&self, level: Level, field: impl Into<String>, message: impl Into<String>) -> Finding {
        let field = field.into();
        let line = Some(Lines::of(&self.text).line(&field));
        Finding {
            level,
            file: self.file.clone(),
            line,
            record: self.descriptor.id.clone(),
            field,
            message: message.into(),
        }
    }
}
