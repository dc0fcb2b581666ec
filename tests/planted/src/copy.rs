//! The planted copy of the workspace: made, and built.
//!
//! The copy stands in `target/planted`, has the same lock file, profile and features, and is built into the same target folder, so
//! cargo finds burn as it is. Features are those of the whole workspace: crates that the suite does not need are there as empty ones, for
//! what they ask of others. All have another version, so that they do not take the place of the real ones.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::catalogue::{FOLDER, Patch, Place};
use crate::error::{Error, Result};
use crate::weave::{Edit, place, weave};

/// The crates that the suite needs.
const MEMBERS: [&str; 3] = ["registry", "architectures", "tests"];
/// What else they read.
const FILES: [&str; 3] = ["README.md", "Cargo.lock", "rust-toolchain.toml"];
/// Ends the version of each crate of the copy.
const MARK: &str = "+planted";
/// What chooses among the alternatives, in every crate.
const SWITCH: &str = include_str!("switch.rs.txt");

/// Edits by the file they are in, from the workspace's root.
pub type Edits = BTreeMap<String, Vec<Edit>>;

/// Each patch as an edit, numbered from 1 in their order.
///
/// # Errors
/// [`Error::Catalogue`] with every patch that has no place in the sources, or not a single one.
pub fn edits<'a>(root: &Path, patches: impl IntoIterator<Item = &'a Patch>) -> Result<Edits> {
    let mut edits = Edits::new();
    let mut problems = Vec::new();
    for (n, patch) in patches.into_iter().enumerate() {
        for place in patch.places() {
            match edit(root, &place, n as u32 + 1) {
                Ok((file, edit)) => edits.entry(file).or_default().push(edit),
                Err(problem) => problems.push(format!("`{}`: {problem}", patch.id)),
            }
        }
    }
    for (file, edits) in &edits {
        let woven =
            std::fs::read_to_string(root.join(file)).map_err(|e| e.to_string()).and_then(|text| weave(&text, edits));
        problems.extend(woven.err().map(|problem| format!("{file}: {problem}")));
    }
    if problems.is_empty() { Ok(edits) } else { Err(Error::Catalogue(problems)) }
}

fn edit(root: &Path, patch: &Place<'_>, number: u32) -> Result<(String, Edit), String> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let path = root.join(patch.file);
    let at = place(patch, &read(&path)?)?;
    if patch.file.ends_with(".rs") {
        return Ok((patch.file.to_owned(), Edit { number, at, new: patch.new.to_owned() }));
    }
    // Facts are embedded in the program where this is said.
    let embeds = format!("include_str!({:?})", path.file_name().unwrap_or_default().to_string_lossy());
    let beside = Path::new(patch.file).with_file_name("mod.rs");
    let text = read(&root.join(&beside))?;
    let Some(start) = text.find(&embeds) else { return Err(format!("no `{embeds}` in {}", beside.display())) };
    let new =
        format!("crate::planted::changed({embeds}, {:?}, {:?}, {})", patch.old, patch.new, patch.nth.unwrap_or(1));
    let file = beside.to_string_lossy().into_owned();
    Ok((file, Edit { number, at: start..start + embeds.len(), new }))
}

/// Writes the copy called `name` with `edits` woven in. What has not changed since the last time is left alone, so cargo builds
/// only what has.
///
/// # Errors
/// [`Error::File`], [`Error::Catalogue`] for edits that cannot be woven.
pub fn make(root: &Path, name: &str, edits: &Edits) -> Result<PathBuf> {
    let copy = root.join("target/planted").join(name);
    let mut files = BTreeSet::new();
    for member in MEMBERS {
        list(&root.join(member), &mut files)?;
    }
    let ours = root.join(FOLDER);
    files.retain(|path| !path.starts_with(&ours));
    list(&ours.join("runner"), &mut files)?;
    files.extend(FILES.map(|file| root.join(file)));

    let mut kept = BTreeSet::new();
    for path in files {
        let Ok(relative) = path.strip_prefix(root) else { continue };
        let name = relative.to_string_lossy().replace('\\', "/");
        let mut bytes = std::fs::read(&path).map_err(Error::file(&path))?;
        if let Some(edits) = edits.get(&name) {
            let text = String::from_utf8_lossy(&bytes);
            bytes = weave(&text, edits).map_err(|problem| Error::catalogue(format!("{name}: {problem}")))?.into_bytes();
        }
        if MEMBERS.iter().any(|member| name == format!("{member}/src/lib.rs")) {
            bytes.extend(b"\n#[allow(dead_code, missing_docs)]\nmod planted;\n");
            let switch = copy.join(relative).with_file_name("planted.rs");
            renew(&switch, SWITCH.as_bytes())?;
            kept.insert(switch);
        }
        let target = copy.join(relative);
        renew(&target, &bytes)?;
        kept.insert(target);
    }
    for (path, text) in manifests(root)? {
        let path = copy.join(path);
        renew(&path, text.as_bytes())?;
        kept.insert(path);
    }
    kept.insert(copy.join("Cargo.lock"));
    let mut all = BTreeSet::new();
    list(&copy, &mut all)?;
    for gone in all.difference(&kept) {
        std::fs::remove_file(gone).map_err(Error::file(gone))?;
    }
    Ok(copy)
}

/// Every file below a folder.
fn list(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::file(folder))? {
        let entry = entry.map_err(Error::file(folder))?;
        let kind = entry.file_type().map_err(Error::file(folder))?;
        if kind.is_dir() {
            list(&entry.path(), found)?;
        } else {
            found.insert(entry.path());
        }
    }
    Ok(())
}

/// Writes a file unless it is there as it should be. A file that is there is whole.
fn renew(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    }
    write_whole(path, bytes)
}

/// Writes a file beside its place and puts it there when it is whole.
///
/// # Errors
/// [`Error::File`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let unfinished = path.with_file_name(name);
    std::fs::write(&unfinished, bytes).map_err(Error::file(&unfinished))?;
    std::fs::rename(&unfinished, path).map_err(Error::file(path))
}

/// The workspace's manifest with the copy's version, its runner and no lints, and the crates that stand empty.
fn manifests(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let (path, mut manifest) = manifest(root.join("Cargo.toml"))?;
    let unreadable = |what: &str| Error::Run(format!("{}: expected {what}", path.display()));
    let workspace = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut);
    let workspace = workspace.ok_or_else(|| unreadable("a workspace"))?;
    let members =
        workspace.get_mut("members").and_then(toml::Value::as_array_mut).ok_or_else(|| unreadable("members"))?;
    let empty: Vec<String> = members
        .iter()
        .filter_map(toml::Value::as_str)
        .filter(|name| !MEMBERS.contains(name))
        .map(str::to_owned)
        .collect();
    members.push(format!("{FOLDER}/runner").into());
    workspace.remove("exclude");
    let silent = toml::Table::from_iter([("warnings".to_owned(), toml::Value::from("allow"))]);
    workspace.insert("lints".into(), toml::Table::from_iter([("rust".to_owned(), silent.into())]).into());
    if let Some(toml::Value::String(version)) = workspace.get_mut("package").and_then(|p| p.get_mut("version")) {
        version.push_str(MARK);
    }
    quick_to_build(&mut manifest);
    let mut files = vec![(PathBuf::from("Cargo.toml"), manifest.to_string())];
    for member in empty {
        let (_, mut manifest) = self::manifest(root.join(&member).join("Cargo.toml"))?;
        for targets in ["lib", "bin", "test", "bench", "example"] {
            manifest.remove(targets);
        }
        let member = PathBuf::from(member);
        files.push((member.join("Cargo.toml"), manifest.to_string()));
        files.push((member.join("src/lib.rs"), String::new()));
    }
    Ok(files)
}

/// Tensors are as quick as ever: they are burn's, which is built already. Our own crates wait for it most of the time.
fn quick_to_build(manifest: &mut toml::Table) {
    let table = |of: &mut toml::Table, name: &str| {
        let entry = of.entry(name).or_insert_with(|| toml::Table::new().into());
        entry.as_table_mut().map(std::mem::take).unwrap_or_default()
    };
    let mut profiles = table(manifest, "profile");
    let mut release = table(&mut profiles, "release");
    let mut packages = table(&mut release, "package");
    for package in ["zoo-registry", "zoo-architectures", "zoo-conformance", "zoo-planted-runner"] {
        packages
            .insert(package.into(), toml::Table::from_iter([("opt-level".to_owned(), toml::Value::from(1))]).into());
    }
    release.insert("package".into(), packages.into());
    profiles.insert("release".into(), release.into());
    manifest.insert("profile".into(), profiles.into());
}

fn manifest(path: PathBuf) -> Result<(PathBuf, toml::Table)> {
    let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
    let manifest = text.parse().map_err(|error| Error::Run(format!("{}: {error}", path.display())))?;
    Ok((path, manifest))
}

/// An error of the compiler in the copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// From the copy's root.
    pub file: String,
    /// Bytes of the woven file that it is about: first, end.
    pub places: Vec<(usize, usize)>,
    /// As the compiler says it.
    pub told: String,
}

/// Builds the copy's runner into the workspace's own target folder. `Ok(Err(…))` if it does not compile.
///
/// # Errors
/// [`Error::Run`] if cargo cannot be run, [`Error::Build`] for what is not the compiler's.
pub fn build(root: &Path, copy: &Path) -> Result<Result<PathBuf, Vec<Complaint>>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.current_dir(copy).args([
        "build",
        "--release",
        "--offline",
        "--workspace",
        "--lib",
        "--bin",
        "zoo-planted-runner",
    ]);
    command.arg("--message-format=json").arg("--target-dir").arg(root.join("target"));
    let failed = |error: std::io::Error| Error::Run(format!("{}: {error}", cargo.display()));
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let words = child
        .stderr
        .take()
        .map(|stderr| std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default()));
    let (mut complaints, mut runner) = (Vec::new(), None);
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let Ok(message) = serde_json::from_str::<Value>(&line.map_err(failed)?) else { continue };
        match message["reason"].as_str() {
            Some("compiler-message") if message["message"]["level"] == "error" => {
                complaints.push(complaint(&message["message"]))
            }
            Some("compiler-artifact") => runner = message["executable"].as_str().map(PathBuf::from).or(runner),
            _ => {}
        }
    }
    let status = child.wait().map_err(failed)?;
    let words = words.and_then(|words| words.join().ok()).unwrap_or_default();
    match runner {
        Some(built) if status.success() => {
            // The next build may replace cargo's own file while this one runs.
            let runner = copy.with_extension("runner");
            let bytes = std::fs::read(&built).map_err(Error::file(&built))?;
            write_whole(&runner, &bytes)?;
            let permissions = std::fs::metadata(&built).map_err(Error::file(&built))?.permissions();
            std::fs::set_permissions(&runner, permissions).map_err(Error::file(&runner))?;
            Ok(Ok(runner))
        }
        _ if complaints.is_empty() => Err(Error::Build(words)),
        _ => Ok(Err(complaints)),
    }
}

fn complaint(message: &Value) -> Complaint {
    let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let number = |value: &Value| value.as_u64().unwrap_or_default() as usize;
    Complaint {
        file: spans.first().and_then(|span| span["file_name"].as_str()).unwrap_or_default().to_owned(),
        places: spans.iter().map(|span| (number(&span["byte_start"]), number(&span["byte_end"]))).collect(),
        told: message["rendered"].as_str().unwrap_or_default().to_owned(),
    }
}
