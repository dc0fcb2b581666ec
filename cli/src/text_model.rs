//! A trained model with its tokenizer, from a checkpoint folder, the Hugging Face hub or a family's demo: what `embed`, `fill-mask`,
//! `generate`, `classify` and `score` run.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use zoo_registry::checkpoint::{Loaded, read_object};
use zoo_registry::descriptor::Preset;
use zoo_registry::generate::Settings;
use zoo_registry::input::Side;
use zoo_registry::registry::{self, Named, Registry};
use zoo_registry::tokenizer::Encoded;
use zoo_registry::weights::SafetensorsWeights;
use zoo_registry::{Architecture, Checkpoint, Error, Limits, Model, Rows, Tokenizer, Tokens, demo, device};

use crate::failure::Failure;
use crate::hub;
use crate::interrupt::Scratch;
use crate::shell::Shell;

/// Arguments of every command that runs trained weights.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Weights {
    /// Folder with `config.json`, `model.safetensors` or its index, and `tokenizer.json`; or the file in it that is meant; or a
    /// repository of the Hugging Face hub, as `owner/name`, which is downloaded unless it is in the cache: `zoo pull --help`.
    /// Left out, a small demo is run that comes with the program
    #[arg(long, value_name = "DIR|ID")]
    weights: Option<PathBuf>,

    /// What the weights are of, by name; needed where the folder has no `config.json`
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,

    /// Change a field of the configuration; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    overrides: Vec<String>,

    /// Where the model runs; `zoo devices` lists them
    #[arg(long, value_name = "DEVICE", default_value = device::DEFAULT)]
    device: String,
}

/// What a folder holds, before its weights are read.
pub(crate) struct Opened<'a> {
    checkpoint: Option<Checkpoint>,
    named: Option<Named<'a>>,
    pub(crate) architecture: &'a dyn Architecture,
    head: String,
}

/// A model that reads text.
pub(crate) struct TextModel {
    pub(crate) model: Box<dyn Model>,
    pub(crate) tokenizer: Tokenizer,
    /// Fields of `config.json`, and of the files beside it that say how to write text.
    pub(crate) published: Map<String, Value>,
}

/// Weights that are on this machine.
pub(crate) struct Found<'a> {
    asked: &'a Weights,
    path: PathBuf,
    /// The repository that they are of, if one was asked for.
    id: Option<String>,
    /// The folder of a demo, which goes with it.
    _demo: Option<Scratch>,
}

impl Weights {
    /// Finds the weights: a path that exists, or else a repository, which is downloaded if it is not in the cache. Where nothing
    /// was given, the demo of the family that was named, or of the first that has one with one of `heads`.
    pub(crate) fn find(&self, registry: &Registry, heads: &[&str], shell: &mut Shell) -> Result<Found<'_>, Failure> {
        let named = self.named(registry)?;
        device::by_name(&self.device)?;
        let Some(given) = &self.weights else { return self.demo(registry, named, heads, shell) };
        if given.exists() {
            return Ok(Found { asked: self, path: given.clone(), id: None, _demo: None });
        }
        if let Some(cached) = hub::cached(registry, given, shell)? {
            return Ok(Found { asked: self, path: cached.folder, id: Some(cached.id), _demo: None });
        }
        Err(Failure::run(format!("`{}` is not there", given.display())).hint(
            "`--weights` takes a folder as Hugging Face lays it out, a file in it, or a repository of the hub, as `owner/name`",
        ))
    }

    /// Refuses to go on without `--weights`, where no demo can do what is asked.
    pub(crate) fn required(&self) -> Result<(), Failure> {
        self.weights.as_ref().map_or_else(|| Err(missing(None)), |_| Ok(()))
    }

    /// A family's own demo, unpacked for as long as it is needed. Who names a published size wants its weights, not a demo.
    fn demo(
        &self,
        registry: &Registry,
        named: Option<Named<'_>>,
        heads: &[&str],
        shell: &mut Shell,
    ) -> Result<Found<'_>, Failure> {
        let of_named = |family: &&dyn Architecture| {
            named.is_none_or(|named| {
                named.preset.is_none() && named.architecture.descriptor().id == family.descriptor().id
            })
        };
        let families: Vec<_> =
            registry.architectures().into_iter().filter(|family| of_named(&(*family as _))).collect();
        let with_head = |head: &&str| {
            let has = |family: &&&'static dyn Architecture| {
                let config = demo::config(**family).ok().flatten();
                config.is_some_and(|config| config.get("head").and_then(Value::as_str) == Some(*head))
            };
            families.iter().find(has)
        };
        let family = heads.iter().find_map(with_head).ok_or_else(|| missing(named))?;
        let folder = Scratch::within(&std::env::temp_dir())?;
        demo::unpack(*family, folder.path())?;
        let (name, id) = (&family.descriptor().name, &family.descriptor().id);
        shell.note(format!("no `--weights`, so this is {name}'s demo, as `zoo train {id}` trains it"));
        Ok(Found { asked: self, path: folder.path().to_owned(), id: None, _demo: Some(folder) })
    }

    fn named<'a>(&self, registry: &'a Registry) -> Result<Option<Named<'a>>, Failure> {
        Ok(self.model.as_deref().map(|name| registry.resolve(name)).transpose()?)
    }
}

impl Found<'_> {
    /// The size that `--model` names, or else the one that is published in the repository.
    pub(crate) fn preset<'a>(&self, registry: &'a Registry) -> Result<Option<&'a Preset>, Failure> {
        let of_repository = || self.id.as_deref().and_then(|id| registry.resolve(id).ok());
        Ok(self.asked.named(registry)?.or_else(of_repository).and_then(|named| named.preset))
    }

    /// Loads the weights under their own head, if it is one of `heads`, or else under the first of them that
    /// the family has.
    pub(crate) fn load(&self, registry: &Registry, heads: &[&str], shell: &mut Shell) -> Result<TextModel, Failure> {
        let opened = self.open(registry, heads)?;
        let tokenizer = self.tokenizer()?;
        self.with_tokenizer(self.fill(opened, shell)?, tokenizer)
    }

    /// The first half of [`Self::load`]: what the folder holds, nothing read of its weights yet.
    pub(crate) fn open<'a>(&self, registry: &'a Registry, heads: &[&str]) -> Result<Opened<'a>, Failure> {
        let named = self.asked.named(registry)?;
        let checkpoint = self.checkpoint(registry, named, heads)?;
        let (architecture, own) = match (&checkpoint, named) {
            (Some(checkpoint), _) => (checkpoint.architecture(), checkpoint.config().get("head")),
            (None, Some(named)) => (named.architecture, None),
            (None, None) => return Err(self.unknown_family()),
        };
        let head = first_head(architecture, heads, own.and_then(Value::as_str))?.to_owned();
        Ok(Opened { checkpoint, named, architecture, head })
    }

    /// The second half of [`Self::load`]: the model, filled.
    pub(crate) fn fill(&self, opened: Opened<'_>, shell: &mut Shell) -> Result<Box<dyn Model>, Failure> {
        let Opened { checkpoint, named, head, .. } = opened;
        let overrides: Vec<String> = [format!("head={head}")].iter().chain(&self.asked.overrides).cloned().collect();
        let busy = shell.busy(format!("loading {}", self.name()));
        let loaded = match (checkpoint, named) {
            (Some(mut checkpoint), _) => checkpoint.set(&overrides).and_then(|()| checkpoint.load(&self.asked.device)),
            (None, Some(named)) => self.load_named(named, &overrides),
            (None, None) => return Err(self.unknown_family()),
        };
        let loaded = loaded.map_err(|error| without_head(error, &head))?;
        drop(busy);
        tell(&loaded, shell);
        Ok(loaded.model)
    }

    /// The folder's tokenizer.
    pub(crate) fn tokenizer(&self) -> Result<Tokenizer, Failure> {
        Ok(Tokenizer::open(&self.folder().join("tokenizer.json"))?)
    }

    /// A model that reads text, with a tokenizer that fits it.
    pub(crate) fn with_tokenizer(&self, model: Box<dyn Model>, tokenizer: Tokenizer) -> Result<TextModel, Failure> {
        if let Some(vocab_size) = vocab_size(&model.limits()) {
            tokenizer.check_fits(vocab_size)?;
        }
        Ok(TextModel { model, tokenizer, published: self.published() })
    }

    /// What the folder's `generation_config.json` asks for; nothing, if there is none.
    pub(crate) fn generation(&self, shell: &mut Shell) -> Result<Settings, Failure> {
        const FILE: &str = "generation_config.json";
        let path = self.folder().join(FILE);
        if !path.exists() {
            return Ok(Settings::default());
        }
        let (settings, unknown) = Settings::read(&path)?;
        if !unknown.is_empty() {
            shell.warn(format!("{FILE} asks for what is not known here: {}", few(&unknown)));
        }
        Ok(settings)
    }

    /// The folder's `config.json` decides, among the families that read it, and must agree with the name if there is one: else the
    /// family it means, or, where that has none of `heads`, the first that has.
    fn checkpoint(
        &self,
        registry: &Registry,
        named: Option<Named<'_>>,
        heads: &[&str],
    ) -> Result<Option<Checkpoint>, Failure> {
        if named.is_some() && !self.folder().join("config.json").exists() {
            return Ok(None);
        }
        let checkpoint = Checkpoint::open(registry, &self.path)?;
        let id = |architecture: &dyn Architecture| architecture.descriptor().id.clone();
        let found = checkpoint.architecture();
        let published = read_object(&self.folder().join("config.json"))?;
        let model_type = published.get("model_type").and_then(Value::as_str);
        let reads = |family: &dyn Architecture| {
            family.descriptor().model_types().any(|known| Some(known.as_str()) == model_type)
        };
        let has = |family: &&dyn Architecture| heads.iter().any(|head| family.descriptor().head(head).is_some());
        let able = || registry.architectures().into_iter().find(|family| reads(*family) && has(&(*family as _)));
        let chosen = match named {
            Some(named) => named.architecture,
            None if has(&found) => found,
            None => able().unwrap_or(found),
        };
        if id(chosen) == id(found) {
            return Ok(Some(checkpoint));
        }
        if reads(chosen) {
            return Ok(Some(Checkpoint::open_as(registry, &self.path, &id(chosen))?));
        }
        let (asked, found, folder) = (id(chosen), id(found), self.path.display());
        let message = format!("expected weights of `{asked}`, `{folder}` holds those of `{found}`");
        Err(Failure::usage(message).hint("leave the name out, and the folder's `config.json` tells it"))
    }

    fn load_named(&self, named: Named<'_>, overrides: &[String]) -> Result<Loaded, Error> {
        let mut model = registry::build(named.architecture, &named.config(overrides)?, &self.asked.device)?;
        let report = model.load(&SafetensorsWeights::open(&self.path)?)?;
        Ok(Loaded { model, report, unread: Vec::new() })
    }

    /// Where the weights and the files beside them are.
    pub(crate) fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if self.path.is_file() => parent,
            _ => &self.path,
        }
    }

    /// As people know it.
    fn name(&self) -> String {
        self.id.clone().unwrap_or_else(|| self.path.display().to_string())
    }

    fn unknown_family(&self) -> Failure {
        Failure::usage(format!("`{}` has no `config.json`, so its family is unknown", self.path.display()))
            .hint("`--model NAME` tells it")
    }

    /// What the files beside the weights say of special tokens. They are extras: one that does not parse says nothing.
    pub(crate) fn published(&self) -> Map<String, Value> {
        let files = ["config.json", "special_tokens_map.json", "tokenizer_config.json", "generation_config.json"];
        let read = files.iter().filter_map(|file| read_object(&self.folder().join(file)).ok());
        read.flatten().filter(|(_, value)| !value.is_null()).collect()
    }
}

impl TextModel {
    /// Refuses a text without content, which `which` names.
    pub(crate) fn check_text(text: &str, which: &str) -> Result<(), Failure> {
        match text.trim() {
            "" => Err(Failure::usage(format!("{which} is empty")).hint("give at least one word")),
            _ => Ok(()),
        }
    }

    /// Longest text in tokens, where the positions have an end: the only text's, or the one's that is written.
    pub(crate) fn max_positions(&self) -> Option<usize> {
        self.model.limits().tokens().and_then(|limits| limits.max_positions)
    }

    /// The id that fills rows up; it is masked, so any id will do where the tokenizer names none.
    pub(crate) fn pad_id(&self) -> i64 {
        self.special("pad_token", &["[PAD]", "<pad>"]).and_then(|token| self.tokenizer.id(&token)).unwrap_or(0)
    }

    /// Texts in one batch, filled up on the right, with segments where the model tells them apart and the tokenizer uses them.
    pub(crate) fn batch(&self, texts: &[&Encoded]) -> Option<Tokens> {
        let ids: Vec<&[i64]> = texts.iter().map(|text| text.ids.as_slice()).collect();
        let tokens = Tokens::padded(&ids, self.pad_id(), Side::Right)?;
        let len = tokens.input_ids.dims()[1];
        let told_apart = self.model.limits().tokens().is_some_and(|limits| limits.n_token_types > 1);
        let used = texts.iter().any(|text| text.type_ids.iter().any(|&segment| segment != 0));
        let padded = |text: &&Encoded| {
            let mut row = text.type_ids.clone();
            row.resize(len, 0);
            row
        };
        let segments = (told_apart && used).then(|| Rows::new(&texts.iter().map(padded).collect::<Vec<_>>())).flatten();
        Some(Tokens { token_type_ids: segments, ..tokens })
    }

    /// A special token by the role that the files beside the weights give it, or by the names it usually has.
    pub(crate) fn special(&self, role: &str, usual: &[&str]) -> Option<String> {
        let told = match self.published.get(role) {
            Some(Value::String(token)) => Some(token.clone()),
            Some(Value::Object(token)) => token.get("content").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        let usual = usual.iter().map(|token| (*token).to_owned());
        told.into_iter().chain(usual).find(|token| self.tokenizer.id(token).is_some())
    }

    /// The ids that a field such as `eos_token_id` gives: a number or a list of them.
    pub(crate) fn ids(&self, field: &str) -> Vec<i64> {
        match self.published.get(field) {
            Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_i64).collect(),
            Some(value) => value.as_i64().into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// `--weights` was not given.
fn missing(named: Option<Named<'_>>) -> Failure {
    let hub = named.and_then(|named| named.preset).and_then(|preset| preset.hub.as_deref());
    Failure::usage("`--weights` is missing, and without trained weights there is nothing to run").hint(match hub {
        Some(hub) => format!("`zoo pull {hub}` downloads them; `--weights {hub}` does so where it is needed"),
        None => "give a checkpoint folder, or a repository of the Hugging Face hub such as \
                 `sentence-transformers/all-MiniLM-L6-v2`"
            .into(),
    })
}

fn first_head<'a>(architecture: &dyn Architecture, heads: &[&'a str], own: Option<&str>) -> Result<&'a str, Failure> {
    let descriptor = architecture.descriptor();
    let own = heads.iter().find(|head| Some(**head) == own);
    if let Some(head) = own.or_else(|| heads.iter().find(|head| descriptor.head(head).is_some())) {
        return Ok(head);
    }
    let listed = |heads: &mut dyn Iterator<Item = &str>| heads.map(|head| format!("`{head}`")).collect::<Vec<_>>();
    let asked = listed(&mut heads.iter().copied()).join(" or ");
    let there = listed(&mut descriptor.heads.iter().map(|head| head.id.as_str())).join(", ");
    Err(Failure::usage(format!("`{}` has no head {asked}, only {there}", descriptor.id)))
}

/// A checkpoint is often the body alone, or the body under another head.
fn without_head(error: Error, head: &str) -> Failure {
    match error {
        Error::Weights { .. } if head != "none" => Failure::from(error).hint(format!(
            "this takes a checkpoint that was trained with the head `{head}`; its body alone will not do"
        )),
        error => error.into(),
    }
}

/// What the load left aside, in one line each.
fn tell(loaded: &Loaded, shell: &mut Shell) {
    if !loaded.unread.is_empty() {
        shell.note(format!("fields of config.json that nothing here reads: {}", few(&loaded.unread)));
    }
    if !loaded.report.unexpected.is_empty() {
        shell.note(format!("weights that this model does not have: {}", few(&loaded.report.unexpected)));
    }
}

/// The first of many names.
fn few(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(4);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// Ids that every text of the model may hold.
fn vocab_size(limits: &Limits) -> Option<usize> {
    match limits {
        Limits::Tokens(limits) => Some(limits.vocab_size),
        Limits::TokenPair { source, target } => Some(source.vocab_size.min(target.vocab_size)),
        _ => None,
    }
}
