//! Rewards: of models that were trained to give them, and of those that imply them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_architectures::registry;
use zoo_registry::input::Side;
use zoo_registry::loss::Labels;
use zoo_registry::output::Record;
use zoo_registry::preference::{Answered, implicit_rewards, log_probabilities};
use zoo_registry::rerank::rerank;
use zoo_registry::weights::MemoryWeights;
use zoo_registry::{Architecture, Checkpoint, HeadOutput, Input, Model, Pair, Rows, Tokens};

/// Both tiny bodies, drawn from a seed and made lively: freshly drawn matrices are so small that nothing depends on anything.
fn judge(tiny: Option<&str>) -> Box<dyn Model> {
    let family = registry().resolve("reward-model").unwrap().architecture;
    let config = family.descriptor().small().find(|(id, _)| *id == tiny).unwrap().1.clone();
    lively(family, &config)
}

fn lively(family: &dyn Architecture, config: &serde_json::Map<String, serde_json::Value>) -> Box<dyn Model> {
    let mut model = family.build(config, &Device::flex()).unwrap();
    let mut seed = 1u64;
    let mut number = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let weights: MemoryWeights = model
        .weights()
        .into_iter()
        .map(|(name, data)| {
            let shape = data.shape().to_vec();
            let n = data.num_elements();
            (name, burn::tensor::TensorData::new((0..n).map(|_| number()).collect::<Vec<f32>>(), shape))
        })
        .collect();
    model.load(&weights).unwrap();
    model
}

fn rewards(model: &dyn Model, tokens: &Tokens) -> Vec<f32> {
    match model.forward(&Input::Tokens(tokens.clone()), Record::NOTHING).unwrap().head {
        HeadOutput::Reward(rewards) => rewards.into_data().iter().collect(),
        other => panic!("expected rewards, got {other:?}"),
    }
}

const TEXTS: [&[i64]; 3] = [&[5, 17, 3, 8, 9, 22], &[5, 17, 3, 40], &[11, 2, 44, 44, 0]];

#[test]
fn a_decoders_reward_is_the_score_of_the_last_real_token() {
    let model = judge(None);
    let tokens = Tokens::padded(&TEXTS, 60, Side::Right).unwrap();
    let output = model.forward(&Input::Tokens(tokens), Record::ALL).unwrap();
    let HeadOutput::Reward(found) = output.head else { panic!("expected rewards") };
    let found: Vec<f32> = found.into_data().iter().collect();
    let score: Vec<f32> = model.weights()["score.weight"].iter().collect();
    let last = output.hidden_states.last().unwrap();
    for (row, text) in TEXTS.iter().enumerate() {
        let at = text.len() - 1;
        let state: Vec<f32> = last.clone().slice([row..row + 1, at..at + 1]).into_data().iter().collect();
        let by_hand: f32 = state.iter().zip(&score).map(|(state, weight)| state * weight).sum();
        assert!((found[row] - by_hand).abs() < 1e-4, "text {row}: {} is not {by_hand}", found[row]);
    }
}

#[test]
fn padding_on_either_side_of_any_id_changes_no_reward() {
    for (tiny, sides) in [
        (None, vec![Side::Left, Side::Right]),
        (Some("gpt3"), vec![Side::Left, Side::Right]),
        (Some("bert"), vec![Side::Right]),
    ] {
        let model = judge(tiny);
        let alone: Vec<f32> =
            TEXTS.iter().flat_map(|text| rewards(model.as_ref(), &Tokens::new(Rows::new(&[text]).unwrap()))).collect();
        assert!((alone[0] - alone[1]).abs() > 1e-3 && (alone[1] - alone[2]).abs() > 1e-3, "{alone:?}");
        // 0 ends the third text and 9 stands inside the first: ids say nothing of padding.
        for (side, pad_id) in sides.iter().flat_map(|side| [0, 9, 60].map(|id| (*side, id))) {
            let together = rewards(model.as_ref(), &Tokens::padded(&TEXTS, pad_id, side).unwrap());
            let apart = alone.iter().zip(&together).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4, "{tiny:?}, {pad_id} on the {side:?}: {alone:?}, {together:?}");
        }
    }
}

#[test]
fn a_text_compared_with_itself_teaches_nothing() {
    for tiny in [None, Some("bert")] {
        let twice = Tokens::new(Rows::new(&[TEXTS[0], TEXTS[0]]).unwrap());
        let labels = Labels::Pairs(vec![Pair::new(0, 1)]);
        let gradients = judge(tiny).trainer().gradients(&twice.into(), &labels).unwrap();
        assert!((gradients.loss - 2f64.ln()).abs() < 1e-6, "{}", gradients.loss);
        for (path, gradient) in &gradients.by_parameter {
            let largest = gradient.iter::<f64>().map(f64::abs).fold(0.0, f64::max);
            assert!(largest < 1e-5, "`{path}` gets {largest}");
        }
    }
}

#[test]
fn a_number_added_to_every_reward_changes_no_comparison() {
    let labels = Labels::Pairs(vec![Pair::new(0, 1), Pair::new(2, 1)]);
    let tokens = Tokens::padded(&TEXTS, 0, Side::Right).unwrap();
    let learnt = |shift: f32| {
        let mut model = judge(Some("bert"));
        let mut weights = model.weights();
        let bias: Vec<f32> = weights["classifier.bias"].iter::<f32>().map(|bias| bias + shift).collect();
        weights.insert("classifier.bias".into(), burn::tensor::TensorData::new(bias, [1]));
        model.load(&weights.into_iter().collect::<MemoryWeights>()).unwrap();
        model.trainer().gradients(&tokens.clone().into(), &labels).unwrap()
    };
    let (still, shifted) = (learnt(0.0), learnt(3.0));
    assert!((still.loss - shifted.loss).abs() < 1e-5);
    for (path, gradient) in &still.by_parameter {
        let apart = gradient.iter::<f64>().zip(shifted.by_parameter[path].iter::<f64>()).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-4, "`{path}`");
    }
}

#[test]
fn an_unpaired_batch_is_refused_in_words() {
    let tokens = Tokens::padded(&TEXTS, 0, Side::Right).unwrap();
    let labels = Labels::Pairs(vec![Pair::new(0, 1)]);
    let told = judge(None).trainer().gradients(&tokens.into(), &labels).unwrap_err().to_string();
    assert!(told.contains("expected every text of the batch in a pair, found text 2 in none"), "{told}");
}

#[test]
fn a_checkpoint_finds_its_family_by_its_class() {
    let registry = registry();
    let folder = tempfile::tempdir().unwrap();
    let opened = |config: serde_json::Value, name: Option<&str>| {
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        let checkpoint = match name {
            Some(name) => Checkpoint::open_as(&registry, folder.path(), name),
            None => Checkpoint::open(&registry, folder.path()),
        };
        checkpoint
            .map(|checkpoint| checkpoint.architecture().descriptor().id.clone())
            .map_err(|error| error.to_string())
    };
    let config = |model_type: &str, class: &str| json!({ "model_type": model_type, "architectures": [class] });
    let reward = Ok("reward-model".to_owned());
    assert_eq!(opened(config("gpt2", "GPT2LMHeadModel"), None).as_deref(), Ok("gpt2"));
    assert_eq!(opened(config("gpt2", "GPT2ForSequenceClassification"), None), reward);
    assert_eq!(opened(config("gpt2", "GPT2ForSomethingElse"), None).as_deref(), Ok("gpt2"));
    assert_eq!(opened(json!({ "model_type": "gpt2" }), None).as_deref(), Ok("gpt2"));
    // Both read it; whoever was there first does unless told otherwise.
    assert_eq!(opened(config("bert", "BertForSequenceClassification"), None).as_deref(), Ok("bert"));
    assert_eq!(opened(config("bert", "BertForSequenceClassification"), Some("reward-model")), reward);
    assert_eq!(opened(config("bert", "BertModel"), None).as_deref(), Ok("bert"));
    let told = opened(config("t5", "T5Model"), Some("reward-model")).unwrap_err();
    assert!(told.contains("`model_type`: is \"t5\", `reward-model` reads [\"bert\", \"gpt2\", \"gpt3\"]"), "{told}");
}

#[test]
fn what_is_saved_is_opened_again_with_every_body() {
    for tiny in [None, Some("gpt3"), Some("bert")] {
        let folder = tempfile::tempdir().unwrap();
        let (model, tokens) = (judge(tiny), Tokens::padded(&TEXTS, 0, Side::Right).unwrap());
        model.save(folder.path()).unwrap();
        let registry = registry();
        let checkpoint = Checkpoint::open_as(&registry, folder.path(), "reward-model").unwrap();
        let loaded = checkpoint.load("flex").unwrap();
        assert!(loaded.unread.is_empty() && loaded.report.unexpected.is_empty(), "{tiny:?}: {:?}", loaded.unread);
        assert_eq!(rewards(loaded.model.as_ref(), &tokens), rewards(model.as_ref(), &tokens), "{tiny:?}");
    }
}

#[test]
fn several_labels_are_no_reward() {
    let registry = registry();
    let folder = tempfile::tempdir().unwrap();
    let config = json!({ "model_type": "gpt2", "architectures": ["GPT2ForSequenceClassification"],
                         "id2label": { "0": "bad", "1": "good" } });
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let checkpoint = Checkpoint::open(&registry, folder.path()).unwrap();
    let told = checkpoint.load("flex").err().unwrap().to_string();
    assert!(told.contains("`n_labels`: a reward is one number a text: expected 1, found 2"), "{told}");
}

/// Scores of what follows each position, for one text without padding.
fn logits(model: &dyn Model, ids: &[i64]) -> Vec<Vec<f64>> {
    let tokens = Tokens::new(Rows::new(&[ids]).unwrap());
    let HeadOutput::NextTokenLogits(logits) = model.forward(&tokens.into(), Record::NOTHING).unwrap().head else {
        panic!("expected a language model")
    };
    let [_, _, vocab]: [usize; 3] = Tensor::<3>::dims(&logits);
    logits.into_data().iter::<f64>().collect::<Vec<_>>().chunks(vocab).map(<[f64]>::to_vec).collect()
}

#[test]
fn a_policy_implies_rewards() {
    let registry = registry();
    let of = |name: &str| {
        let family = registry.resolve(name).unwrap().architecture;
        lively(family, &family.descriptor().tiny)
    };
    let (policy, reference) = (of("gpt2"), of("gpt"));
    let texts = [(3, 2), (1, 4), (2, 1)].map(|(prompt, answer)| {
        let ids: Vec<i64> = (0..prompt + answer).map(|at| (at * 13 + prompt * 7) as i64 % 61).collect();
        Answered { prompt: ids[..prompt].to_vec(), answer: ids[prompt..].to_vec() }
    });
    let by_hand = |model: &dyn Model, text: &Answered| {
        let whole = [text.prompt.as_slice(), &text.answer].concat();
        let logits = logits(model, &whole);
        let mut sum = 0.0;
        for at in text.prompt.len()..whole.len() {
            let scores = &logits[at - 1];
            let normaliser = scores.iter().map(|score| score.exp()).sum::<f64>().ln();
            sum += scores[whole[at] as usize] - normaliser;
        }
        sum
    };
    let found = log_probabilities(policy.decoder().unwrap(), &texts).unwrap();
    let rewards = implicit_rewards(policy.decoder().unwrap(), reference.decoder().unwrap(), 0.1, &texts).unwrap();
    for (index, text) in texts.iter().enumerate() {
        let (of_policy, of_reference) = (by_hand(policy.as_ref(), text), by_hand(reference.as_ref(), text));
        assert!((found[index] - of_policy).abs() < 1e-4, "{} is not {of_policy}", found[index]);
        let expected = 0.1 * (of_policy - of_reference);
        assert!((rewards[index] - expected).abs() < 1e-4, "{} is not {expected}", rewards[index]);
    }
    // A policy that never left its reference prefers nothing.
    let none = implicit_rewards(policy.decoder().unwrap(), policy.decoder().unwrap(), 0.1, &texts).unwrap();
    assert_eq!(none, [0.0; 3]);
    let empty = [Answered { prompt: vec![], answer: vec![1] }];
    assert!(log_probabilities(policy.decoder().unwrap(), &empty).unwrap_err().to_string().contains("in text 0"));
    assert!(log_probabilities(policy.decoder().unwrap(), &[]).is_err());
}

#[test]
fn the_best_of_several_texts_is_the_one_of_the_largest_reward() {
    let model = judge(None);
    let candidates: Vec<Vec<i64>> = TEXTS.iter().map(|text| text.to_vec()).collect();
    let ranked = rerank(candidates, |texts| {
        let tokens = Tokens::padded(texts, 0, Side::Left).unwrap();
        Ok(rewards(model.as_ref(), &tokens).into_iter().map(f64::from).collect())
    });
    let ranked = ranked.unwrap();
    assert!(ranked.windows(2).all(|two| two[0].score > two[1].score));
    let alone = rewards(model.as_ref(), &Tokens::new(Rows::new(&[&ranked[0].candidate]).unwrap()))[0];
    assert!((f64::from(alone) - ranked[0].score).abs() < 1e-4);
}
