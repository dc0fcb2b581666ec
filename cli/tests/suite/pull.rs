//! `pull`, and `--weights` with the name of a repository: downloads from a hub on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{COMMIT, Fault, Repository, Server, tag};
use crate::support::{Ran, Words, checkpoint, command, ran, text, told, zoo};

const ID: &str = "toys/bear";
const MINILM: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// A hub, and a home that nothing was downloaded to.
struct Here {
    server: Server,
    home: TempDir,
}

impl Here {
    /// With a golden's model as the repository [`ID`].
    fn with(case: &str, words: &Words) -> Self {
        let here = Self { server: Server::start(), home: tempfile::tempdir().unwrap() };
        here.server.put(ID, repository(checkpoint(case, words).path()));
        here
    }

    fn bear() -> Self {
        Self::with("bert/golden/bert-model", &Words::default())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(arguments);
        command.env("HF_HOME", self.home.path()).env("HF_ENDPOINT", &self.server.endpoint).env_remove("HF_HUB_OFFLINE");
        command
    }

    fn zoo(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments))
    }

    fn offline(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.env("HF_HUB_OFFLINE", "yes");
        ran(command)
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("hub/models--toys--bear")
    }

    fn snapshot(&self) -> PathBuf {
        self.folder().join("snapshots").join(COMMIT)
    }
}

fn repository(folder: &Path) -> Repository {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let names = ["config.json", "model.safetensors", "tokenizer.json"];
    let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (*name, read(name))).collect();
    Repository::of(&files.iter().map(|(name, content)| (*name, content.as_slice())).collect::<Vec<_>>())
}

#[test]
fn a_pull_prints_the_folder_that_weights_takes() {
    let here = Here::bear();
    let pulled = here.zoo(&["pull", ID]).code(0).says(&["note: toys/bear at 111111111111: 3 files", "downloaded"]);
    assert_eq!(pulled.out, format!("{}\n", here.snapshot().display()));
    here.server.asked();
    let local = checkpoint("bert/golden/bert-model", &Words::default());
    let expected = zoo(&["embed", "--weights", text(local.path()), "w5 w6"]).code(0).out;
    for weights in [ID, text(&here.snapshot())] {
        assert_eq!(here.zoo(&["embed", "--weights", weights, "w5 w6"]).code(0).out, expected);
        assert_eq!(here.offline(&["embed", "--weights", weights, "w5 w6"]).code(0).out, expected);
    }
    assert_eq!(here.server.asked(), [], "the cache is enough");
    here.zoo(&["pull", ID, "--quiet"]).code(0);
    here.zoo(&["pull", ID]).code(0).says(&["nothing new"]);
}

#[test]
fn weights_takes_a_repository_in_one_step() {
    let here = Here::bear();
    here.zoo(&["embed", "--weights", ID, "w5"]).code(0);
    assert!(here.snapshot().join("model.safetensors").exists());
    let here = Here::with("bert/golden/bert-mlm", &Words { around: true, mask: Some(4) });
    here.zoo(&["fill-mask", "--weights", ID, "w5 [MASK] w7"]).code(0).prints(&["probability"]);
    let here = Here::with("gpt2/golden/gpt2-lm", &Words::default());
    here.zoo(&["generate", "--weights", ID, "w5 w6", "--max-new-tokens", "3"]).code(0).prints(&["w5 w6"]);
}

#[test]
fn json_tells_each_file() {
    let here = Here::bear();
    let document = here.zoo(&["pull", ID, "--json"]).code(0).json();
    assert_eq!(
        (&document["id"], &document["commit"], &document["revision"]),
        (&json!(ID), &json!(COMMIT), &json!("main"))
    );
    assert_eq!(document["folder"], text(&here.snapshot()));
    let files = document["files"].as_array().unwrap();
    let names: Vec<&Value> = files.iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["config.json", "model.safetensors", "tokenizer.json"]);
    for file in files {
        let content = fs::read(here.snapshot().join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["sha256"], tag("any.safetensors", &content));
        assert_eq!((&file["size"], &file["received"]), (&json!(content.len()), &json!(content.len())));
    }
    let again = here.zoo(&["pull", ID, "--json"]).code(0).json();
    assert_eq!(again["files"][1]["received"], 0);
    assert_eq!(again["files"][1]["sha256"], files[1]["sha256"]);
}

#[test]
fn a_model_that_is_known_stands_for_its_repository() {
    let here = Here::bear();
    let folder = checkpoint("bert/golden/bert-model", &Words::default());
    here.server.put(MINILM, repository(folder.path()));
    here.zoo(&["pull", "all-MiniLM-L6-v2"]).code(0).prints(&["models--sentence-transformers--all-MiniLM-L6-v2"]);
    here.server.asked();
    here.zoo(&["embed", "--weights", "all-MiniLM-L6-v2", "w5"]).code(0);
    here.zoo(&["embed", "--weights", MINILM, "w5"]).code(0);
    assert_eq!(here.server.asked(), []);
}

#[test]
fn without_weights_the_hint_names_the_repository() {
    let pull = format!("hint: `zoo pull {MINILM}`");
    zoo(&["embed", "all-MiniLM-L6-v2", "w5"]).code(2).says(&["`--weights` is missing", &pull]);
    zoo(&["fill-mask", "--model", "bert-base-uncased", "a [MASK]"])
        .code(2)
        .says(&["zoo pull google-bert/bert-base-uncased"]);
    zoo(&["embed", "w5"]).code(2).says(&["`--weights` is missing", "hint: give a checkpoint folder"]);
}

#[test]
fn a_path_that_exists_wins() {
    let here = Here::bear();
    let work = tempfile::tempdir().unwrap();
    let folder = checkpoint("bert/golden/bert-model", &Words { around: true, mask: None });
    fs::create_dir(work.path().join("toys")).unwrap();
    fs::rename(folder.keep(), work.path().join(ID)).unwrap();
    let mut command = here.command(&["embed", "--weights", ID, "--json", "w5"]);
    command.current_dir(work.path());
    assert_eq!(
        ran(command).code(0).json_lines()[0]["tokens"],
        3,
        "of the folder, whose texts stand between two tokens"
    );
    assert_eq!(here.server.asked(), []);
}

#[test]
fn paths_that_are_not_there_are_no_repositories() {
    let here = Here::bear();
    for path in ["/no/such", "./toys/bear", "../bear", "a/b/c", "toys/", "~/bear", "nothing", "a\\b"] {
        here.zoo(&["embed", "--weights", path, "w5"]).code(1).says(&[&format!("`{path}` is not there"), "hint:"]);
    }
    assert_eq!(here.server.asked(), []);
    let hint = "hint: no folder here is called `toys/bare` either";
    here.zoo(&["embed", "--weights", "toys/bare", "w5"]).code(1).says(&["`toys/bare` is not on the hub", hint]);
}

#[test]
fn offline_says_what_is_missing() {
    let here = Here::bear();
    let missing =
        ["`toys/bear` is not whole in the cache", "`config.json`, `model.safetensors` missing in", "HF_HUB_OFFLINE"];
    here.offline(&["pull", ID]).code(1).says(&missing);
    here.offline(&["embed", "--weights", ID, "w5"]).code(1).says(&missing);
    assert_eq!(here.server.asked(), []);
    here.zoo(&["pull", ID]).code(0);
    here.offline(&["pull", ID]).code(0).prints(&[COMMIT]);
}

#[test]
fn names_that_are_none_are_refused_before_any_request() {
    let here = Here::bear();
    for id in ["a/b/c", "../x", "a/..", "https://huggingface.co/a/b", "", "a b"] {
        here.zoo(&["pull", id])
            .code(2)
            .says(&["is not a repository of the hub", "hint: a repository is called `owner/name`"]);
    }
    here.zoo(&["pull", ID, "--revision", "../main"]).code(2).says(&["is not a revision"]);
    assert_eq!(here.server.asked(), []);
}

#[test]
fn what_the_hub_says_is_told_with_a_hint() {
    let here = Here::bear();
    let near = format!("did you mean `{MINILM}`?");
    here.zoo(&["pull", "sentence-transformer/all-MiniLM-L6-v2"]).code(1).says(&[
        "is not on the hub, or it is private",
        &near,
        "HF_TOKEN",
    ]);
    here.zoo(&["pull", ID, "--revision", "v9"]).code(1).says(&["has no revision `v9`", "hint:"]);
    here.server.put("toys/pickle", Repository::of(&[("config.json", b"{}"), ("pytorch_model.bin", b"")]));
    here.zoo(&["pull", "toys/pickle"]).code(1).says(&["pickles (`pytorch_model.bin`), which run code", "hint:"]);
    here.server.fault("model.safetensors", Fault::Flip, 1);
    here.zoo(&["pull", ID]).code(1).says(&[
        "gave `model.safetensors` with the SHA-256",
        "it was thrown away",
        "hint: pull again",
    ]);
    let mut nobody = here.command(&["pull", ID]);
    nobody.env("HF_ENDPOINT", "huggingface.co");
    ran(nobody).code(1).says(&["`HF_ENDPOINT` cannot be followed: expected the address of a hub"]);
}

#[test]
fn gated_repositories_open_with_a_token_of_the_environment_or_the_file() {
    let here = Here::bear();
    let folder = checkpoint("bert/golden/bert-model", &Words::default());
    here.server.put(ID, Repository { closed: Some("GatedRepo"), ..repository(folder.path()) });
    here.server.accept("hf_secret");
    here.zoo(&["pull", ID]).code(1).says(&["is gated", "set `HF_TOKEN`"]);
    let mut wrong = here.command(&["pull", ID]);
    wrong.env("HF_TOKEN", "hf_wrong");
    let ran_wrong = ran(wrong).code(1).says(&["status 401", "may be mistyped"]);
    assert!(!ran_wrong.err.contains("hf_wrong"), "a token is not told");
    let mut right = here.command(&["pull", ID]);
    right.env("HF_TOKEN", "hf_secret");
    ran(right).code(0);
    fs::remove_dir_all(here.folder()).unwrap();
    fs::write(here.home.path().join("token"), "hf_secret\n").unwrap();
    here.zoo(&["pull", ID]).code(0);
    assert!(here.server.asked().iter().all(|asked| asked.token.is_none() || !asked.of_cdn));
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_a_part_that_the_next_pull_goes_on_from() {
    let here = Here::bear();
    here.server.fault("model.safetensors", Fault::Stall(40_000), 9);
    let mut command = here.command(&["pull", ID]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let part = || {
        let blobs = fs::read_dir(here.folder().join("blobs")).into_iter().flatten().flatten();
        blobs.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|ending| ending == "incomplete"))
    };
    let came = || part().and_then(|part| fs::metadata(part).ok()).is_some_and(|there| there.len() >= 40_000);
    while !came() {
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    told(child.wait_with_output().unwrap()).code(130);
    assert!(came() && !here.snapshot().join("model.safetensors").exists());
    here.offline(&["pull", ID]).code(1).says(&["model.safetensors"]);

    here.server.mend();
    here.server.asked();
    here.zoo(&["pull", ID]).code(0);
    let ranges: Vec<_> =
        here.server.asked().into_iter().filter_map(|asked| asked.range.filter(|_| asked.of_cdn)).collect();
    assert_eq!(ranges.len(), 1, "{ranges:?}");
    assert!(part().is_none());
    here.offline(&["embed", "--weights", ID, "w5"]).code(0);
}

#[test]
fn processes_that_pull_at_once_fetch_a_file_once() {
    let here = Here::bear();
    let start = || {
        let mut command = here.command(&["pull", ID]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..3).map(|_| start()).collect();
    for child in children {
        told(child.wait_with_output().unwrap()).code(0).prints(&[COMMIT]);
    }
    let weights = here.server.asked().into_iter().filter(|asked| asked.of_cdn && asked.method == "GET").count();
    assert_eq!(weights, 1);
    here.offline(&["embed", "--weights", ID, "w5"]).code(0);
}
