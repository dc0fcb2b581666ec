//! `zoo new-family`: a crate for a family of one's own, whose suite is red until the family is right.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use zoo_registry::{Dir, Registry, include_dir};

use crate::failure::Failure;
use crate::folder;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  zoo new-family my-model                      a crate in ./zoo-my-model
  zoo new-family my-model --dir plugins/mine   elsewhere
  cd zoo-my-model && cargo test                see what is still to be done

The crate builds at once and belongs to no workspace. Its suite is red: facts are to be filled in, attention is to be written, \
the weight table is empty. Each red check says what to do. `docs/new-family.md` follows one model all the way.";

/// Arguments of `zoo new-family`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the family: lower case, words joined by `-`; permanent
    #[arg(value_name = "NAME")]
    name: String,

    /// The folder to make [default: `zoo-NAME`]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// A checkout of zoo, which the crate is to depend on [default: the one that this program was built from]
    #[arg(long, value_name = "PATH")]
    zoo: Option<PathBuf>,
}

/// A whole crate. It compiles as it stands, under the name that [`Names`] replaces.
static TEMPLATE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/family");
const TOOLCHAIN: &str = include_str!("../../../rust-toolchain.toml");

/// The template calls a checkout of zoo so.
const CHECKOUT: &str = "path = \"ZOO/";
/// Folders of a checkout that the crate depends on.
const PARTS: [&str; 4] = ["cli", "architectures", "registry", "tests"];
/// What stands in `Cargo.toml` where no checkout is known.
const UNKNOWN: &str = "git = \"https://example.org/FILL-IN/zoo\"";

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let names = Names::new(&args.name)?;
    if let Ok(taken) = registry.resolve(&names.id) {
        let id = &taken.architecture.descriptor().id;
        return Err(Failure::usage(format!("the name `{}` is taken by the family `{id}`", names.id))
            .hint(format!("`zoo show {id}` shows it; a family of its own has a name of its own")));
    }
    let folder = args.dir.clone().unwrap_or_else(|| PathBuf::from(format!("zoo-{}", names.id)));
    folder::refuse_if_taken(&folder, "--dir")?;
    let zoo = match &args.zoo {
        Some(given) => Some(checkout(given).ok_or_else(|| {
            Failure::usage(format!("`{}` is not a checkout of zoo", given.display()))
                .hint("`--zoo` takes the folder that holds `registry/Cargo.toml` and `cli/Cargo.toml`")
        })?),
        None => checkout(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")),
    };
    let files = files(&names, zoo.as_deref())?;
    folder::place(&folder, |whole| files.iter().try_for_each(|(path, text)| write(&whole.join(path), text)))?;
    match &zoo {
        Some(zoo) => shell.note(format!("it depends on the zoo in {}", zoo.display())),
        None => shell.warn("say in `Cargo.toml` where zoo is: `FILL-IN` stands there for its repository"),
    }
    shell.note(format!(
        "`cargo test` in {} says what is still to be done; README.md says in which order",
        folder.display()
    ));
    Ok(writeln!(shell, "{}", folder.display())?)
}

/// The names that a family has in each language.
#[derive(Debug, PartialEq)]
struct Names {
    /// `my-model`
    id: String,
    /// `my_model`
    module: String,
    /// `MyModel`
    kind: String,
    /// `My model`
    told: String,
}

impl Names {
    /// The names that the template has.
    const TEMPLATE: [&'static str; 4] = ["my-model", "my_model", "MyModel", "My model"];
    const LONGEST: usize = 40;

    fn new(id: &str) -> Result<Self, Failure> {
        let suggested = kebab(id);
        let refuse = |reason: &str, hint: String| {
            Err(Failure::usage(format!("`{id}` cannot be the name of a family: {reason}")).hint(hint))
        };
        if id != suggested || id.is_empty() {
            let like = if suggested.is_empty() { "my-model" } else { &suggested };
            return refuse(
                "expected lower-case words of letters and digits, joined by `-`",
                format!("`{like}` would do"),
            );
        }
        if !id.starts_with(|first: char| first.is_ascii_lowercase()) {
            return refuse("it begins with a digit, and no Rust type can", format!("`model-{id}` would do"));
        }
        if id.len() > Self::LONGEST {
            return refuse("it is long", format!("expected at most {} characters, found {}", Self::LONGEST, id.len()));
        }
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        let names = Self {
            id: id.to_owned(),
            module: id.replace('-', "_"),
            kind: id.split('-').map(capital).collect(),
            told: capital(&id.replace('-', " ")),
        };
        let taken = |name: &String| KEYWORDS.contains(&name.as_str()) || is_in_template(name);
        if [&names.module, &names.kind].into_iter().any(taken) {
            return refuse(
                "it is a word that Rust, or the code of every family, uses",
                format!("`{id}-model` would do"),
            );
        }
        Ok(names)
    }

    /// A text of the template under these names.
    fn put_into(&self, text: &str) -> String {
        let ours = [&self.id, &self.module, &self.kind, &self.told];
        let text =
            Self::TEMPLATE.iter().zip(ours).fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours));
        text.replace("my model", &self.told)
    }
}

/// Words that no module can be called by, beside those that the template holds.
const KEYWORDS: [&str; 53] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "core", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "std", "struct",
    "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];

/// The nearest text that is lower-case words joined by `-`.
fn kebab(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = text.chars().map(plain).collect();
    text.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// Whether a Rust file of the template holds this word.
fn is_in_template(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let code = template().into_iter().filter(|(path, _)| path.ends_with(".rs"));
    code.flat_map(|(_, text)| text.split(|c| !is_word(c))).any(|word| word == name && !Names::TEMPLATE.contains(&word))
}

/// Every file of the template, by its path.
fn template() -> BTreeMap<&'static str, &'static str> {
    fn collect(folder: &'static Dir<'static>, found: &mut BTreeMap<&'static str, &'static str>) {
        let named = |file: &'static include_dir::File<'static>| Some((file.path().to_str()?, file.contents_utf8()?));
        found.extend(folder.files().filter_map(named));
        folder.dirs().for_each(|folder| collect(folder, found));
    }
    let mut found = BTreeMap::new();
    collect(&TEMPLATE, &mut found);
    found
}

/// Every file of the crate, by its path.
fn files(names: &Names, zoo: Option<&Path>) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    for (path, text) in template() {
        // Under their own names these two would mean something where the template lies.
        let path = match path {
            "Cargo.template.toml" => "Cargo.toml",
            "gitignore" => ".gitignore",
            path => path,
        };
        files.insert(names.put_into(path), names.put_into(text));
    }
    files.insert("rust-toolchain.toml".into(), TOOLCHAIN.into());
    if let Some(manifest) = files.get_mut("Cargo.toml") {
        *manifest = match zoo {
            Some(zoo) => manifest.replace(CHECKOUT, &format!("path = \"{}/", escaped(zoo)?)),
            None => {
                PARTS.iter().fold(manifest.clone(), |text, part| text.replace(&format!("{CHECKOUT}{part}\""), UNKNOWN))
            }
        };
    }
    // The same versions of everything, so that what is proved of zoo holds here.
    if let Some(lock) = zoo.and_then(|zoo| std::fs::read_to_string(zoo.join("Cargo.lock")).ok()) {
        files.insert("Cargo.lock".into(), lock);
    }
    Ok(files)
}

/// The folder, if zoo lies in it.
fn checkout(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    PARTS.iter().all(|part| folder.join(part).join("Cargo.toml").is_file()).then_some(folder)
}

/// A path as TOML writes it between quotes.
fn escaped(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control));
    let text = text.ok_or_else(|| Failure::usage(format!("`{}` cannot stand in a `Cargo.toml`", path.display())));
    Ok(text?.replace('\\', "\\\\").replace('"', "\\\""))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", path.display()));
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
    std::fs::write(path, text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> String {
        let failure = Names::new(name).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        let told = failure.told().unwrap();
        format!("{} | {}", told.message, told.hint.as_ref().unwrap())
    }

    #[test]
    fn a_name_has_a_form_in_each_language() {
        let names = Names::new("rwkv-7b").unwrap();
        assert_eq!([&names.module, &names.kind, &names.told], ["rwkv_7b", "Rwkv7b", "Rwkv 7b"]);
        assert_eq!(
            names.put_into("MyModelFamily in my_model::my-model, My model"),
            "Rwkv7bFamily in rwkv_7b::rwkv-7b, Rwkv 7b"
        );
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_one_that_could() {
        for (name, hint) in [
            ("MyMamba", "`mymamba` would do"),
            ("my_model", "`my-model` would do"),
            ("my--model-", "`my-model` would do"),
            ("../etc", "`etc` would do"),
            ("", "`my-model` would do"),
            ("ünï", "`n` would do"),
            ("3d", "`model-3d` would do"),
            ("match", "`match-model` would do"),
            ("burn", "`burn-model` would do"),
            ("config", "`config-model` would do"),
            ("tensor", "`tensor-model` would do"),
            ("std", "`std-model` would do"),
        ] {
            assert!(refused(name).ends_with(hint), "{}", refused(name));
        }
        assert!(refused(&"a".repeat(41)).contains("found 41"));
    }

    #[test]
    fn every_file_is_filled_in() {
        let names = Names::new("hyena").unwrap();
        let files = files(&names, None).unwrap();
        for path in ["Cargo.toml", ".gitignore", "rust-toolchain.toml", "src/hyena/hyena.toml", "src/hyena/README.md"] {
            assert!(files.contains_key(path), "{path} of {:?}", files.keys());
        }
        for (path, text) in &files {
            for left in Names::TEMPLATE.iter().chain(&["my model", "ZOO/"]) {
                assert!(!text.contains(left) && !path.contains(left), "{path} still says `{left}`");
            }
        }
        assert_eq!(files["Cargo.toml"].matches("FILL-IN").count(), 4);
        assert!(files["Cargo.toml"].contains(&format!("zoo-registry = {{ {UNKNOWN} }}\n")), "{}", files["Cargo.toml"]);
    }

    #[test]
    fn the_crate_has_the_versions_and_profiles_of_zoo() {
        let (ours, theirs) = (include_str!("../../../Cargo.toml"), template()["Cargo.template.toml"]);
        let line = |text: &str, start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        for start in ["edition", "rust-version"] {
            assert_eq!(line(ours, start), line(theirs, start));
        }
        // The features that zoo's crates ask for are there without being named again.
        let version = |text: &str| line(text, "burn =").split(", default-features").next().unwrap().to_owned();
        assert_eq!(version(ours), version(theirs));
        let profiles = |text: &'static str| text[text.find("[profile.dev]").unwrap()..].trim();
        assert!(ours.contains(profiles(theirs)));
        let example = include_str!("../../../examples/albert/Cargo.toml");
        // What follows there is of crates that the example builds from their folders.
        assert!(profiles(example).starts_with(profiles(theirs)));
        assert_eq!(version(example), version(ours));
    }
}
