//! `classify`: labels of images and texts, with the probabilities that follow from the model's own scores.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zoo_registry::input::Images;
use zoo_registry::output::Record;
use zoo_registry::{Checkpoint, Input, Rows, Tokens};

use crate::support::{Ran, Words, checkpoint, golden, text, words, zoo};

const VIT: &str = "vit/golden/vit-cls";
const BERT: &str = "bert/golden/bert-seqcls";
/// Height and width, in pixels.
const SIDE: usize = 24;

fn run(folder: &Path, more: &[&str]) -> Ran {
    zoo(&[&["classify", "--weights", text(folder)], more].concat())
}

/// A copy of an image model that is told to take levels to −1 … 1 and leave sizes alone.
fn image_checkpoint(case: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(golden(case).join(file), folder.path().join(file)).unwrap();
    }
    let config = json!({ "image_processor_type": "ViTImageProcessor", "do_resize": false, "image_mean": [0.5, 0.5, 0.5],
                         "image_std": [0.5, 0.5, 0.5] });
    std::fs::write(folder.path().join("preprocessor_config.json"), config.to_string()).unwrap();
    folder
}

/// Red, green and blue of each pixel, row by row.
fn levels(height: usize, width: usize, seed: usize) -> Vec<u8> {
    (0..height * width * 3).map(|at| ((at * at * 31 + at * seed * 7) % 251) as u8).collect()
}

/// A PNG of these levels, stored without compression.
fn png(path: &Path, [height, width]: [usize; 2], levels: &[u8]) -> PathBuf {
    let rows: Vec<u8> = levels.chunks(3 * width).flat_map(|row| [&[0], row].concat()).collect();
    let adler = rows.iter().fold((1u32, 0u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let length = u16::try_from(rows.len()).unwrap();
    let mut data = vec![0x78, 0x01, 1];
    data.extend(length.to_le_bytes());
    data.extend((!length).to_le_bytes());
    data.extend(&rows);
    data.extend((adler.1 << 16 | adler.0).to_be_bytes());
    let mut header = Vec::new();
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", data), (b"IEND", Vec::new())] {
        let named = [kind.as_slice(), &data].concat();
        let sum = !named.iter().fold(!0u32, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
        });
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(named);
        file.extend(sum.to_be_bytes());
    }
    std::fs::write(path, file).unwrap();
    path.to_owned()
}

/// The same levels as a model sees them.
fn seen([height, width]: [usize; 2], levels: &[u8]) -> Input {
    let pixel_values = (0..3).flat_map(|channel| {
        levels
            .iter()
            .skip(channel)
            .step_by(3)
            .map(|&level| (f32::from(level) / 255.0 - 0.5) / 0.5)
            .collect::<Vec<f32>>()
    });
    Input::Images(Images { dims: [1, 3, height, width], pixel_values: pixel_values.collect() })
}

/// Softmax of what the model says, through the library.
fn probabilities(folder: &Path, head: &str, input: &Input) -> Vec<f64> {
    let mut checkpoint = Checkpoint::open(&zoo_architectures::registry(), folder).unwrap();
    checkpoint.set(&[format!("head={head}")]).unwrap();
    let output = checkpoint.load("flex").unwrap().model.forward(input, Record::NOTHING).unwrap();
    let scores: Vec<f64> = output.head.label_logits().unwrap().into_data().iter::<f64>().collect();
    let sum: f64 = scores.iter().map(|score| score.exp()).sum();
    scores.iter().map(|score| score.exp() / sum).collect()
}

#[track_caller]
fn same(input: &Value, expected: &[f64]) {
    let guesses = input["guesses"].as_array().unwrap();
    let of = |guess: &Value| guess["probability"].as_f64().unwrap();
    assert!(guesses.windows(2).all(|pair| of(&pair[0]) >= of(&pair[1])), "likeliest first");
    for guess in guesses {
        let id = usize::try_from(guess["id"].as_u64().unwrap()).unwrap();
        assert!((of(guess) - expected[id]).abs() < 1e-5, "{guess} against {}", expected[id]);
    }
}

#[test]
fn images_get_the_labels_of_the_model() {
    let folder = image_checkpoint(VIT);
    let (one, other) = (levels(SIDE, SIDE, 1), levels(SIDE, SIDE, 2));
    let files = [("one.png", &one), ("other.png", &other)]
        .map(|(name, levels)| png(&folder.path().join(name), [SIDE; 2], levels));
    let told = run(folder.path(), &[text(&files[0]), text(&files[1]), "--json"]).code(0).json();
    for ((input, file), levels) in told["inputs"].as_array().unwrap().iter().zip(&files).zip([&one, &other]) {
        assert_eq!(input["image"], text(file));
        assert_eq!(input["guesses"].as_array().unwrap().len(), 5);
        same(input, &probabilities(folder.path(), "image-classification", &seen([SIDE; 2], levels)));
    }
    assert_ne!(told["inputs"][0]["guesses"], told["inputs"][1]["guesses"]);
    let table = run(folder.path(), &[text(&files[0]), "--top", "2"]).code(0).prints(&["probability  label", "LABEL_"]);
    assert_eq!(table.out.lines().count(), 1 + 2, "{}", table.out);
    run(folder.path(), &[text(&files[0]), text(&files[1])])
        .code(0)
        .prints(&["one.png\n", "\nother.png\n"].map(|name| name.trim()));
}

#[test]
fn images_of_another_size_are_read_or_resized() {
    let folder = image_checkpoint(VIT);
    let levels = levels(16, 40, 3);
    let file = png(&folder.path().join("wide.png"), [16, 40], &levels);
    let told = run(folder.path(), &[text(&file), "--json"]).code(0).json();
    same(&told["inputs"][0], &probabilities(folder.path(), "image-classification", &seen([16, 40], &levels)));
    let odd = png(&folder.path().join("odd.png"), [16, 39], &levels[..16 * 39 * 3]);
    run(folder.path(), &[text(&odd)]).code(2).says(&["whole patches of 8 × 8, found 16 × 39"]);
    run(folder.path(), &[text(&file), text(&odd)]).code(1).says(&["odd.png", "16 × 39", "makes no batch"]);
    let resizing = json!({ "size": 24, "resample": 2, "image_mean": 0.5, "image_std": 0.5 });
    std::fs::write(folder.path().join("preprocessor_config.json"), resizing.to_string()).unwrap();
    let told = run(folder.path(), &[text(&file), text(&odd), "--json"]).code(0).json();
    assert_eq!(told["inputs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_checkpoint_is_judged_by_its_own_head() {
    for (case, head) in [
        ("deit/golden/deit-cls", "image-classification"),
        ("deit/golden/deit-teacher", "distilled-image-classification"),
    ] {
        let folder = image_checkpoint(case);
        let size = if head == "image-classification" { [24; 2] } else { [20; 2] };
        let levels = levels(size[0], size[1], 4);
        let file = png(&folder.path().join("one.png"), size, &levels);
        let told = run(folder.path(), &[text(&file), "--json"]).code(0).json();
        same(&told["inputs"][0], &probabilities(folder.path(), head, &seen(size, &levels)));
    }
}

#[test]
fn labels_have_the_names_of_the_checkpoint() {
    let folder = image_checkpoint(VIT);
    let path = folder.path().join("config.json");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["id2label"] = json!({ "0": "tench", "1": "goldfish", "2": "hen", "3": "ostrich", "4": "jay" });
    std::fs::write(&path, config.to_string()).unwrap();
    let file = png(&folder.path().join("one.png"), [SIDE; 2], &levels(SIDE, SIDE, 5));
    run(folder.path(), &[text(&file)]).code(0).prints(&["tench", "goldfish", "hen", "ostrich", "jay"]);
}

#[test]
fn texts_are_judged_alike() {
    let folder = checkpoint(BERT, &Words { around: true, mask: None });
    let texts = ["w5 w6 w7", "w9 w8"];
    let told = run(folder.path(), &["--json", "--text", texts[0], texts[1]]).code(0).json();
    for (input, (told_text, ids)) in
        told["inputs"].as_array().unwrap().iter().zip([(texts[0], vec![1, 5, 6, 7, 2]), (texts[1], vec![1, 9, 8, 2])])
    {
        assert_eq!(input["text"], told_text);
        let tokens = Tokens::new(Rows::new(&[ids]).unwrap());
        same(input, &probabilities(folder.path(), "sequence-classification", &Input::Tokens(tokens)));
    }
    let long = words(&(10..60).collect::<Vec<_>>());
    run(folder.path(), &["--text", &long]).code(0).says(&["warning: cut to"]);
    run(folder.path(), &["--text", " "]).code(2).says(&["text 1 is empty"]);
}

#[test]
fn the_wrong_kind_of_input_is_refused() {
    let images = image_checkpoint(VIT);
    run(images.path(), &["--text", "a bird"]).code(2).says(&["`vit` looks at images, found texts", "hint:", "IMAGE"]);
    let file = png(&images.path().join("one.png"), [SIDE; 2], &levels(SIDE, SIDE, 6));
    let texts = checkpoint(BERT, &Words { around: true, mask: None });
    run(texts.path(), &[text(&file)]).code(2).says(&["`bert` reads texts, found image files", "hint:", "--text"]);
    let writer = checkpoint("gpt2/golden/gpt2-lm", &Words::default());
    run(writer.path(), &["--text", "w5"]).code(2).says(&["`gpt2` has no head", "`causal-lm`"]);
    run(images.path(), &[]).code(2).says(&["IMAGE"]);
    run(images.path(), &[text(&file), "--text", "both"]).code(2).says(&["cannot be used with"]);
    run(images.path(), &[text(&file), "--top", "0"]).code(2).says(&["--top"]);
    run(images.path(), &["gone.png"]).code(1).says(&["gone.png", "No such file"]);
    run(images.path(), &[text(&images.path().join("config.json"))]).code(1).says(&["expected PNG or JPEG"]);
}

#[test]
fn how_images_are_prepared_must_be_known() {
    let folder = image_checkpoint(VIT);
    let file = png(&folder.path().join("one.png"), [SIDE; 2], &levels(SIDE, SIDE, 7));
    let path = folder.path().join("preprocessor_config.json");
    std::fs::write(&path, r#"{ "size": 24, "resample": 9 }"#).unwrap();
    run(folder.path(), &[text(&file), "--default-preprocessing"]).code(1).says(&["`resample`", "found 9"]);
    std::fs::remove_file(&path).unwrap();
    run(folder.path(), &[text(&file)]).code(1).says(&["preprocessor_config.json", "hint:", "--default-preprocessing"]);
    // 224 pixels a side, as ViT is published: 28 × 28 patches of this model.
    run(folder.path(), &[text(&file), "--default-preprocessing"]).code(0).prints(&["LABEL_0"]);
}
