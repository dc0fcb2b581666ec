//! `zoo classify`: the likeliest labels of images or texts.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use zoo_registry::images::Preprocessor;
use zoo_registry::output::{Record, likeliest};
use zoo_registry::tokenizer::Encoded;
use zoo_registry::{Architecture, Error, Input, Limits, Model, Registry};

use crate::failure::Failure;
use crate::format::beginning;
use crate::json;
use crate::shell::{Paint, Shell};
use crate::table::Table;
use crate::text_model::{Found, TextModel, Weights};

const EXAMPLES: &str = "\
Examples:
  zoo classify cat.png --weights google/vit-base-patch16-224
  zoo classify *.jpg --weights DIR --top 1 --json
  zoo classify --text \"A film to remember.\" --weights DIR

Images are PNG or JPEG files, prepared as the folder's `preprocessor_config.json` says. Labels are those of `config.json`.";

/// Arguments of `zoo classify`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, override_usage = "zoo classify [OPTIONS] --weights <DIR|ID> <IMAGE>...\n       \
                                                   zoo classify [OPTIONS] --weights <DIR|ID> --text <TEXT>...")]
pub(crate) struct Args {
    /// Image files, PNG or JPEG
    #[arg(value_name = "IMAGE", required_unless_present = "texts")]
    images: Vec<PathBuf>,

    /// Texts, for models that read
    #[arg(long = "text", value_name = "TEXT", num_args = 1.., conflicts_with = "images")]
    texts: Vec<String>,

    #[command(flatten)]
    weights: Weights,

    /// How many labels to tell for each
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,

    /// Prepare images by the family's published defaults if the folder has no `preprocessor_config.json`
    #[arg(long)]
    default_preprocessing: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Heads that judge a whole image or text. A checkpoint's own comes first.
const HEADS: [&str; 3] = ["sequence-classification", "distilled-image-classification", "image-classification"];
/// Images or texts that are run together.
const BATCH: usize = 16;

/// A label, its place among the labels, and its probability.
struct Guess {
    id: usize,
    label: String,
    probability: f64,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    for (index, text) in args.texts.iter().enumerate() {
        TextModel::check_text(text, &format!("text {}", index + 1))?;
    }
    let found = args.weights.find(registry, &HEADS, shell)?;
    let opened = found.open(registry, &HEADS)?;
    let architecture = opened.architecture;
    let model = found.fill(opened, shell)?;
    let labels = Labels(found.published());
    let judged = match (model.limits(), args.images.is_empty()) {
        (Limits::Images(_), false) => judge_images(args, &found, architecture, model.as_ref(), &labels)?,
        (Limits::Images(_), true) => return Err(wrong_kind(model.as_ref(), "looks at images, found texts", "IMAGE")),
        (_, true) => judge_texts(args, &found, model, &labels, shell)?,
        (_, false) => return Err(wrong_kind(model.as_ref(), "reads texts, found image files", "--text TEXT")),
    };
    let names: Vec<String> =
        args.images.iter().map(|path| path.display().to_string()).chain(args.texts.clone()).collect();
    if args.json {
        let kind = if args.texts.is_empty() { "image" } else { "text" };
        let guess = |guess: &Guess| json!({ "label": guess.label, "id": guess.id, "probability": guess.probability });
        let one = |(name, guesses): (&String, &Vec<Guess>)| json!({ kind: name, "guesses": guesses.iter().map(guess).collect::<Vec<_>>() });
        let all: Vec<Value> = names.iter().zip(&judged).map(one).collect();
        return json::document(shell, &json!({ "inputs": all }));
    }
    for (index, (name, guesses)) in names.iter().zip(&judged).enumerate() {
        if judged.len() > 1 {
            let gap = if index > 0 { "\n" } else { "" };
            let title = shell.paint(Paint::Strong, beginning(name, 60).to_string());
            writeln!(shell, "{gap}{title}")?;
        }
        let mut table = Table::new(&[">probability", "label"]);
        for guess in guesses {
            table.row([&format!("{:.4}", guess.probability), &guess.label]);
        }
        table.print(shell)?;
    }
    Ok(())
}

fn wrong_kind(model: &dyn Model, what: &str, give: &str) -> Failure {
    Failure::usage(format!("`{}` {what}", model.architecture())).hint(format!("give `{give}` instead"))
}

fn judge_images(
    args: &Args,
    found: &Found<'_>,
    architecture: &dyn Architecture,
    model: &dyn Model,
    labels: &Labels,
) -> Result<Vec<Vec<Guess>>, Failure> {
    let folder = found.folder();
    let there = folder.join(zoo_registry::images::FILE).exists();
    let preprocessor = match Preprocessor::of_folder(folder) {
        Err(_) if args.default_preprocessing && !there => Preprocessor::of_family(architecture.descriptor())?,
        Err(error) if !there => {
            let hint = "`--default-preprocessing` takes the family's published defaults";
            return Err(Failure::from(error).hint(hint));
        }
        found => found?,
    };
    let mut judged = Vec::with_capacity(args.images.len());
    for files in args.images.chunks(BATCH) {
        let images = preprocessor.read(files)?;
        judged.extend(judge(model, &Input::Images(images), labels, args.top as usize)?);
    }
    Ok(judged)
}

fn judge_texts(
    args: &Args,
    found: &Found<'_>,
    model: Box<dyn Model>,
    labels: &Labels,
    shell: &mut Shell,
) -> Result<Vec<Vec<Guess>>, Failure> {
    let loaded = found.with_tokenizer(model, found.tokenizer()?)?;
    let longest = loaded.max_positions().unwrap_or(usize::MAX);
    let mut judged = Vec::with_capacity(args.texts.len());
    for texts in args.texts.chunks(BATCH) {
        let mut encoded = Vec::with_capacity(texts.len());
        for text in texts {
            let (tokens, cut) = loaded.tokenizer.encode_within(text, longest)?;
            if tokens.ids.is_empty() {
                return Err(Failure::usage(format!("the tokenizer makes no token of `{text}`")));
            }
            if cut {
                shell.warn(format!("cut to {longest} tokens: `{}`", beginning(text, 40)));
            }
            encoded.push(tokens);
        }
        let batch = loaded.batch(&encoded.iter().collect::<Vec<&Encoded>>());
        let batch = batch.ok_or_else(|| Failure::usage("there is no text"))?;
        judged.extend(judge(loaded.model.as_ref(), &Input::Tokens(batch), labels, args.top as usize)?);
    }
    Ok(judged)
}

/// The likeliest labels of each image or text, likeliest first.
fn judge(model: &dyn Model, input: &Input, labels: &Labels, top: usize) -> Result<Vec<Vec<Guess>>, Failure> {
    let unfit = |lacks: &str| Error::Unsupported { model: model.architecture().to_owned(), lacks: lacks.to_owned() };
    let output = model.forward(input, Record::NOTHING)?;
    let logits = output.head.label_logits().ok_or_else(|| unfit("gives no scores of labels"))?;
    let [_, n_labels] = logits.dims();
    if n_labels == 1 {
        return Err(unfit("has one label, so there is nothing to tell apart").into());
    }
    let scores: Vec<f32> = logits.into_data().iter::<f32>().collect();
    let guess = |(id, probability)| Guess { id, label: labels.of(id), probability };
    Ok(scores.chunks_exact(n_labels).map(|row| likeliest(row, top).into_iter().map(guess).collect()).collect())
}

/// What the files beside the weights say; `id2label` names the labels.
struct Labels(Map<String, Value>);

impl Labels {
    fn of(&self, id: usize) -> String {
        let name = self.0.get("id2label").and_then(|names| names.get(id.to_string())).and_then(Value::as_str);
        name.map_or_else(|| format!("LABEL_{id}"), str::to_owned)
    }
}
