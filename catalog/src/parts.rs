//! What building blocks are, in words: one sheet a term or part in `parts/`, and the words of the glossary.
//!
//! A building block is a term of an axis that asks how a model is made, or a part that no axis asks for. Which they are, `parts/kinds.toml`
//! says.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use zoo_registry::descriptor::Answer;

static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/parts");

/// A kind of building block.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Id of an axis, or of a kind of component that no axis asks for.
    pub id: String,
    /// Title for people; an axis has its own.
    pub title: Option<String>,
    /// What it answers; an axis has its own.
    pub question: Option<String>,
}

/// What is known of one building block besides who uses it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Its kind: the folder it stands in.
    #[serde(skip)]
    pub kind: String,
    /// Its id: of a term, where the kind is an axis. The name of its file.
    #[serde(skip)]
    pub id: String,
    /// Two or three sentences, Markdown with equations.
    #[serde(skip)]
    pub text: String,
    /// Name for people; a term has its own.
    pub label: Option<String>,
    /// One line; a term has its own.
    pub definition: Option<String>,
    /// Name by language, of what is no term.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// What it computes, LaTeX.
    #[serde(default)]
    pub equations: Vec<String>,
    /// What it costs to compute, Markdown.
    pub time: Option<String>,
    /// What it holds at once, Markdown.
    pub memory: Option<String>,
    /// What is kept of each token while a text is written, Markdown.
    pub kept: Option<String>,
    /// Where this was read.
    pub sources: Vec<String>,
    /// Shared code that computes it: a file of `architectures/src/blocks` and an item in it.
    #[serde(default)]
    pub code: Vec<String>,
    /// What it is to be compared with: `attention/causal`.
    #[serde(default)]
    pub see: Vec<String>,
    /// Types of modules that are this.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Fields of a size's configuration that only models with this have.
    #[serde(default)]
    pub config: Vec<String>,
    /// Terms that are kinds of this.
    #[serde(default)]
    pub answers: Vec<String>,
    /// Answers of heads that are this.
    #[serde(default)]
    pub outputs: Vec<Answer>,
}

/// A word of the glossary that is no term.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// As it is written here.
    pub word: String,
    /// What others call it.
    #[serde(default)]
    pub also: Vec<String>,
    /// One or two sentences.
    pub definition: String,
    /// Name by language.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// The building block to read on at.
    pub part: Option<String>,
}

#[derive(Deserialize)]
struct Kinds {
    kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Words {
    words: Vec<Word>,
}

/// Kinds of building blocks, in the order they are shown.
pub fn kinds() -> &'static [Kind] {
    static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| toml::<Kinds>("kinds.toml").kinds);
    &KINDS
}

/// Every sheet, by kind and id.
pub fn sheets() -> &'static [Sheet] {
    static SHEETS: LazyLock<Vec<Sheet>> = LazyLock::new(|| {
        let files = FOLDER.dirs().flat_map(Dir::files);
        let sheets = files.map(|file| {
            let place = file.path().to_string_lossy();
            let text = file.contents_utf8().unwrap_or_default();
            sheet(&place, text).unwrap_or_else(|problem| panic!("catalog/parts/{place}: {problem}"))
        });
        let mut sheets: Vec<_> = sheets.collect();
        sheets.sort_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
        sheets
    });
    &SHEETS
}

/// Words of the glossary that are no terms, by word.
pub fn words() -> &'static [Word] {
    static WORDS: LazyLock<Vec<Word>> = LazyLock::new(|| toml::<Words>("glossary.toml").words);
    &WORDS
}

fn toml<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let text = FOLDER.get_file(name).and_then(include_dir::File::contents_utf8).unwrap_or_default();
    toml::from_str(text).unwrap_or_else(|error| panic!("catalog/parts/{name}: {error}"))
}

/// Reads a sheet: TOML between two lines of `+++`, then Markdown. `place` is `<kind>/<id>.md`.
///
/// # Errors
/// What is wrong with it.
pub fn sheet(place: &str, text: &str) -> Result<Sheet, String> {
    let (kind, file) = place.split_once('/').ok_or("a sheet stands in the folder of its kind")?;
    let id = file.strip_suffix(".md").ok_or_else(|| format!("expected `{kind}/<id>.md`"))?;
    let rest = text.strip_prefix("+++\n").ok_or("expected `+++` on the first line")?;
    let (facts, text) = rest.split_once("\n+++\n").ok_or("expected a second line of `+++`")?;
    let sheet: Sheet = toml::from_str(facts).map_err(|error| error.to_string())?;
    Ok(Sheet { kind: kind.into(), id: id.into(), text: text.trim().into(), ..sheet })
}
