//! Running the binary, and folders for it to run on.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The run ended with this exit code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Standard error holds each of these.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "standard error lacks `{part}`: {self:#?}");
        }
        self
    }

    /// Standard output holds each of these.
    #[track_caller]
    pub(crate) fn prints(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.out.contains(part), "standard output lacks `{part}`: {self:#?}");
        }
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Standard output as one JSON object a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(parse).collect()
    }
}

/// `zoo` with these arguments, without colours or habits of the machine.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zoo"));
    command.args(arguments).env_remove("NO_COLOR").env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    for name in ["HF_ENDPOINT", "HF_HUB_CACHE", "HF_TOKEN", "HF_TOKEN_PATH"] {
        command.env_remove(name);
    }
    // No test asks the real hub or looks into the real cache.
    command.env("HF_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-home")).env("HF_HUB_OFFLINE", "1");
    // Nor does it read the records of whoever runs it.
    command.env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command.env("XDG_DATA_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-data"));
    command
}

/// Runs `zoo`.
pub(crate) fn zoo(arguments: &[&str]) -> Ran {
    ran(command(arguments))
}

/// Runs `zoo` in a folder.
pub(crate) fn zoo_in(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(arguments);
    command.current_dir(folder);
    ran(command)
}

/// Runs `zoo` with this on its standard input.
pub(crate) fn zoo_reading(arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = command(arguments);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // A run that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    told(child.wait_with_output().unwrap())
}

/// Runs a command to its end.
pub(crate) fn ran(mut command: Command) -> Ran {
    told(command.output().unwrap())
}

/// What a run left behind, once it has ended.
pub(crate) fn told(output: std::process::Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A golden of a family: a small model with its configuration, and what a reference made of it.
pub(crate) fn golden(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../architectures/src").join(case)
}

/// A copy of a golden's model that can be changed, with a tokenizer of words `w0`, `w1`, … beside it.
pub(crate) fn checkpoint(case: &str, words: &Words) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(golden(case).join(file), folder.path().join(file)).unwrap();
    }
    std::fs::write(folder.path().join("tokenizer.json"), words.tokenizer().to_string()).unwrap();
    folder
}

/// A vocabulary of 99 words.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words {
    /// Whether each text is put between `[CLS]`, 1, and `[SEP]`, 2.
    pub(crate) around: bool,
    /// The id of `[MASK]`.
    pub(crate) mask: Option<i64>,
}

impl Words {
    fn tokenizer(&self) -> Value {
        let special = |id: i64, token: &str| {
            json!({ "id": id, "content": token, "single_word": false, "lstrip": false,
                                                     "rstrip": false, "normalized": false, "special": true })
        };
        let mut vocabulary: BTreeMap<String, i64> = (0..99).map(|id| (format!("w{id}"), id)).collect();
        let mut specials = vec![(0, "[PAD]")];
        specials.extend(self.around.then_some([(1, "[CLS]"), (2, "[SEP]")]).into_iter().flatten());
        specials.extend(self.mask.map(|id| (id, "[MASK]")));
        specials.sort_unstable();
        for (id, token) in &specials {
            vocabulary.remove(&format!("w{id}"));
            vocabulary.insert((*token).to_owned(), *id);
        }
        let piece = |id: i64, token: &str| json!({ token: { "id": token, "ids": [id], "tokens": [token] } });
        let mut pieces = piece(1, "[CLS]");
        pieces["[SEP]"] = piece(2, "[SEP]")["[SEP]"].clone();
        let token = |token: &str| json!({ "SpecialToken": { "id": token, "type_id": 0 } });
        let text = json!({ "Sequence": { "id": "A", "type_id": 0 } });
        let template = json!({ "type": "TemplateProcessing", "single": [token("[CLS]"), text, token("[SEP]")],
                               "pair": [text, text], "special_tokens": pieces });
        json!({
            "version": "1.0",
            // A fixed length that nothing here may follow.
            "truncation": { "max_length": 5, "stride": 0, "strategy": "LongestFirst", "direction": "Right" },
            "padding": { "strategy": { "Fixed": 16 }, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                         "pad_type_id": 0, "pad_token": "[PAD]" },
            "added_tokens": specials.iter().map(|(id, token)| special(*id, token)).collect::<Vec<_>>(),
            "normalizer": null,
            "pre_tokenizer": { "type": "WhitespaceSplit" },
            "post_processor": if self.around { template } else { Value::Null },
            "decoder": null,
            "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "w3" },
        })
    }
}

/// Ids as words: `w5 w6`.
pub(crate) fn words(ids: &[i64]) -> String {
    ids.iter().map(|id| format!("w{id}")).collect::<Vec<_>>().join(" ")
}

/// The numbers of a tensor in a safetensors file, as f64.
pub(crate) fn tensor(path: &Path, name: &str) -> Vec<f64> {
    let file = std::fs::read(path).unwrap();
    let header = 8 + usize::try_from(u64::from_le_bytes(file[..8].try_into().unwrap())).unwrap();
    let facts: Value = serde_json::from_slice(&file[8..header]).unwrap();
    let facts = &facts[name];
    let at = |end: usize| header + usize::try_from(facts["data_offsets"][end].as_u64().unwrap()).unwrap();
    let bytes = &file[at(0)..at(1)];
    match facts["dtype"].as_str().unwrap() {
        "F32" => bytes.chunks_exact(4).map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap()))).collect(),
        "I64" => bytes.chunks_exact(8).map(|eight| i64::from_le_bytes(eight.try_into().unwrap()) as f64).collect(),
        other => panic!("`{name}` is of type {other}"),
    }
}

/// As [`tensor`], for ids.
pub(crate) fn ids(path: &Path, name: &str) -> Vec<i64> {
    tensor(path, name).into_iter().map(|id| id as i64).collect()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
