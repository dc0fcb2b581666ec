//! Text written under every setting of a deterministic search, against what Hugging Face's `generate` wrote.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use zoo_registry::generate::{Settings, generate};
use zoo_registry::{Checkpoint, Side, Tokens};

#[derive(Deserialize)]
struct Recorded {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    /// As a `generation_config.json` holds them.
    settings: Map<String, Value>,
    prompt: Vec<i64>,
    /// Without the prompt, cut after the token that ends them; best first.
    texts: Vec<Vec<i64>>,
    /// Of beam search, in f64.
    scores: Option<Vec<f64>>,
    /// How far the reference's own f32 scores are from these.
    noise: Option<f64>,
}

/// Two f32 runs of about one noise each, doubled because the noise was measured on one run.
const TOLERANCE: f64 = 4.0;

#[test]
fn every_setting_writes_what_the_reference_wrote() {
    let recorded: Recorded = serde_json::from_str(include_str!("data/generation.json")).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gpt2/golden/gpt2-lm");
    let loaded = Checkpoint::open(&zoo_architectures::registry(), &folder).unwrap().load("flex").unwrap();
    let decoder = loaded.model.decoder().unwrap();
    let mut texts = 0;
    let mut worst: f64 = 0.0;
    // The reference wrote each text alone; here those of equal settings are padded to one batch.
    for cases in recorded.cases.chunk_by(|a, b| a.settings == b.settings) {
        let (settings, unknown) = Settings::from_published(&cases[0].settings).unwrap();
        assert_eq!(unknown, [""; 0]);
        let prompts: Vec<&[i64]> = cases.iter().map(|case| case.prompt.as_slice()).collect();
        let prompt = Tokens::padded(&prompts, 0, Side::Left).unwrap();
        let written = generate(decoder, &prompt, &settings.strategy(6), &mut |_| true).unwrap();
        for (case, written) in cases.iter().zip(&written) {
            let told = format!("{:?} after {:?}", case.settings, case.prompt);
            let found: Vec<&[i64]> = written.iter().map(|text| text.continuation()).collect();
            assert_eq!(found, case.texts, "{told}");
            texts += found.len();
            for (at, (score, text)) in case.scores.iter().flatten().zip(written).enumerate() {
                // An f32 score cannot be nearer than its own rounding.
                let noise = case.noise.unwrap().max(score.abs() * f64::from(f32::EPSILON) / 2.0);
                let multiple = (text.score.unwrap() - score).abs() / noise;
                worst = worst.max(multiple);
                assert!(multiple <= TOLERANCE, "{told}: score {at} is off by {multiple:.1} × the noise");
            }
        }
    }
    println!("{texts} texts, scores within {worst:.2} × the reference's noise");
    assert_eq!(texts, 15 + 9 + 12 + 12 + 15);
}
