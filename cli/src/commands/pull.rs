//! `zoo pull`: a checkpoint from the Hugging Face hub.

use std::io::Write;

use serde::Serialize;
use zoo_registry::hub::{Pulled, PulledFile};
use zoo_registry::{Error, Registry};

use crate::failure::Failure;
use crate::format::{bytes, counted};
use crate::hub;
use crate::json;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  zoo pull all-MiniLM-L6-v2                              a model that `zoo list` shows
  zoo pull sentence-transformers/all-MiniLM-L6-v2        any repository of the hub
  zoo pull openai-community/gpt2 --revision refs/pr/1    a branch, a tag, a commit, a pull request
  zoo pull openai-community/gpt2 --json                  each file with its size and SHA-256
  zoo embed --weights \"$(zoo pull all-MiniLM-L6-v2)\" \"A text\"

What is printed is the folder, which `--weights` takes. It takes the name of a repository as well, and then downloads what is \
not there yet.

What comes: `config.json`, `model.safetensors` or the shards that its index names, and where they are there \
`tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`, `generation_config.json` and \
`preprocessor_config.json`. Pickles (`pytorch_model.bin`) are refused, for they run code when they are opened.

A pull that was interrupted goes on where it stopped. Every file is compared with the hub's checksum before it gets its name.

Files are kept where Hugging Face's own libraries keep and find them, and the same variables are followed:
  HF_HOME          folder of everything [default: ~/.cache/huggingface]
  HF_HUB_CACHE     folder of what is downloaded [default: `hub` in HF_HOME]
  HF_TOKEN         token for private and gated repositories [default: what `hf auth login` wrote]
  HF_ENDPOINT      another hub or a mirror [default: https://huggingface.co]
  HF_HUB_OFFLINE   1: no network, the cache is all there is";

/// Arguments of `zoo pull`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The repository, as `owner/name`, or a model that has one
    #[arg(value_name = "ID")]
    id: String,

    /// Branch, tag or commit [default: main]
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The document of `--json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    id: &'a str,
    revision: &'a str,
    commit: &'a str,
    folder: String,
    files: Vec<File<'a>>,
}

#[derive(Debug, Serialize)]
struct File<'a> {
    name: &'a str,
    /// Bytes.
    size: u64,
    sha256: String,
    /// Bytes that were downloaded just now.
    received: u64,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let source = registry.source(&args.id, args.revision.as_deref())?;
    let pulled = hub::pull(registry, &source, shell)?;
    if args.json {
        return json::document(shell, &document(&pulled)?);
    }
    let sum = |of: fn(&PulledFile) -> u64| pulled.files.iter().map(of).sum::<u64>();
    let (size, received) = (sum(|file| file.size), sum(|file| file.received));
    let came = if received == 0 { "nothing new".to_owned() } else { format!("{} downloaded", bytes(received)) };
    let files = counted(pulled.files.len(), "file");
    shell.note(format!("{} at {}: {files}, {}; {came}", pulled.id, &pulled.commit[..12], bytes(size)));
    Ok(writeln!(shell, "{}", pulled.folder.display())?)
}

fn document<'a>(pulled: &'a Pulled) -> Result<Document<'a>, Error> {
    let file = |file: &'a PulledFile| {
        Ok(File { name: &file.name, size: file.size, sha256: file.sha256()?, received: file.received })
    };
    let Pulled { id, revision, commit, .. } = pulled;
    let files = pulled.files.iter().map(file).collect::<Result<_, Error>>()?;
    Ok(Document { id, revision, commit, folder: pulled.folder.display().to_string(), files })
}
