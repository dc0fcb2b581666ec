//! One text a prompt: what ends it, what it depends on, and what is refused.

use super::*;
use crate::generate::scores;

/// Rows that begin differently and are of different lengths.
const TEXTS: [&[i64]; 4] = [&[5, 9, 2, 2], &[7], &[1, 1, 8, 30, 4, 12], &[22, 3]];

fn model() -> Table {
    Table::new(scramble::<40>)
}

fn sampling() -> Strategy {
    let sampling = Sampling { temperature: 1.3, top_k: Some(20), top_p: 0.95, seed: 7 };
    Strategy { max_new_tokens: 12, repetition_penalty: 1.2, sampling: Some(sampling), ..Strategy::default() }
}

fn greedy() -> Strategy {
    Strategy { sampling: None, ..sampling() }
}

#[test]
fn greedy_text_is_the_likeliest_at_each_step() {
    let strategy = Strategy { repetition_penalty: 1.0, ..greedy() };
    for (text, written) in TEXTS.iter().zip(write(&model(), &prompts(&TEXTS), &strategy)) {
        let mut text = text.to_vec();
        for id in written {
            let scores = scramble::<40>(0, &text);
            assert_eq!(scores::argmax(&scores), Some(id as usize));
            text.push(id);
        }
    }
}

#[test]
fn a_ragged_batch_writes_what_each_text_alone_does() {
    for strategy in [greedy(), sampling(), Strategy { no_repeat_ngram: Some(2), ..greedy() }] {
        let together = write(&model(), &prompts(&TEXTS), &strategy);
        for (row, text) in TEXTS.iter().enumerate() {
            // In the same row, among copies of itself, without padding.
            let alone = write(&model(), &prompts(&vec![*text; row + 1]), &strategy);
            assert_eq!(together[row], alone[row], "text {row}, {strategy:?}");
        }
    }
}

#[test]
fn padding_is_no_text_that_repeats() {
    // Padding is id 0; beside a long text the short one has five of it.
    let strategy = Strategy { repetition_penalty: 9.0, no_repeat_ngram: Some(1), ..greedy() };
    let rule: Rule = |_, _| [3.0, 2.9, 0.1, 0.0, -0.1, -0.2, -0.3, -0.4, -0.5].to_vec();
    let strategy = Strategy { max_new_tokens: 1, ..strategy };
    assert_eq!(write(&Table::new(rule), &prompts(&[&[1], &[1, 2, 3, 4, 5, 6]]), &strategy), [[0], [0]]);
}

#[test]
fn a_sampled_text_does_not_depend_on_its_batch_mates() {
    let together = write(&model(), &prompts(&TEXTS), &sampling());
    for row in 0..TEXTS.len() {
        let mut others = [&[33i64, 3, 3, 3, 3, 3, 3][..]; 5];
        others[row] = TEXTS[row];
        let beside_others = write(&model(), &prompts(&others), &sampling());
        assert_eq!(together[row], beside_others[row], "text {row}");
        let next = (row + 1) % TEXTS.len();
        assert_ne!(beside_others[next], together[next], "the others must differ for this to mean anything");
    }
}

#[test]
fn rows_of_one_batch_are_drawn_independently() {
    let equal = [TEXTS[0]; 3];
    let written = write(&model(), &prompts(&equal), &sampling());
    assert!(written[0] != written[1] && written[1] != written[2] && written[0] != written[2], "{written:?}");
}

#[test]
fn one_seed_writes_one_text_on_every_machine() {
    let written = |seed| {
        let drawing = Sampling { seed, ..sampling().sampling.unwrap() };
        write(&model(), &prompts(&TEXTS[..2]), &Strategy { sampling: Some(drawing), ..sampling() })
    };
    assert_eq!(written(7), RECORDED);
    assert_ne!(written(8), RECORDED);
}

/// Written once with seed 7.
const RECORDED: [[i64; 12]; 2] =
    [[8, 3, 29, 31, 21, 15, 0, 31, 10, 39, 9, 14], [39, 1, 26, 21, 0, 18, 27, 23, 39, 29, 7, 3]];

#[test]
fn any_stop_token_ends_a_text_and_only_that() {
    let whole = write(&model(), &prompts(&TEXTS), &greedy());
    let stop_ids = vec![whole[0][3], whole[2][6], 1000];
    let strategy = Strategy { stop_ids: stop_ids.clone(), pad_id: 39, ..greedy() };
    let written = generate(&model(), &prompts(&TEXTS), &strategy, &mut |_| true).unwrap();
    let mut longest = 0;
    for (row, texts) in written.iter().enumerate() {
        let end = whole[row].iter().position(|id| stop_ids.contains(id));
        let (expected, ended) = match end {
            Some(at) => (&whole[row][..=at], Ended::StopId),
            None => (&whole[row][..], Ended::Length),
        };
        assert_eq!((texts[0].continuation(), texts[0].ended), (expected, ended), "text {row}");
        longest = longest.max(expected.len());
        assert_eq!(texts[0].ids[..6], *prompts(&TEXTS).input_ids.row(row), "with its padding, as it came");
        assert!(texts[0].ids[texts[0].new.end..].iter().all(|&id| id == 39), "filled up");
    }
    assert!(written.iter().all(|texts| texts[0].ids.len() == 6 + longest));
    let ends: Vec<Ended> = written.iter().map(|texts| texts[0].ended).collect();
    assert!(ends.contains(&Ended::StopId), "{ends:?}");
}

#[test]
fn a_text_that_ended_is_read_no_further() {
    // A padding id that the model does not have fills rows and is never read.
    let strategy =
        Strategy { stop_ids: vec![write(&model(), &prompts(&TEXTS), &greedy())[1][0]], pad_id: -1, ..greedy() };
    let mut steps = 0;
    let written = generate(&model(), &prompts(&TEXTS), &strategy, &mut |newest| {
        steps += 1;
        assert!(steps == 1 || newest[1] == -1, "{newest:?}");
        true
    });
    assert_eq!(written.unwrap()[1][0].new, 6..7);
    assert!(steps > 2, "the others must go on for this to mean anything");
}

#[test]
fn texts_have_at_least_the_tokens_asked_for() {
    let first = write(&model(), &prompts(&TEXTS), &greedy())[3][0];
    let strategy = Strategy { stop_ids: vec![first], ..greedy() };
    assert_eq!(write(&model(), &prompts(&TEXTS), &strategy)[3], [first]);
    let rule: Rule = |_, _| vec![0.0, 5.0, 1.0, 4.0];
    let strategy = Strategy { stop_ids: vec![1, 3], min_new_tokens: 3, ..Strategy::default() };
    assert_eq!(write(&Table::new(rule), &prompts(&[&[0]]), &strategy), [[2, 2, 2, 1]]);
}

#[test]
fn the_caller_may_end_one_text_or_all() {
    let whole = write(&model(), &prompts(&TEXTS), &greedy());
    let mut ends = |row: usize, new: &[i64]| row == 2 && new.len() == 4;
    let written = generate_until(&model(), &prompts(&TEXTS), &greedy(), &mut ends, &mut |_| true).unwrap();
    assert_eq!((written[2][0].continuation(), written[2][0].ended), (&whole[2][..4], Ended::Caller));
    assert_eq!((written[1][0].continuation(), written[1][0].ended), (&whole[1][..], Ended::Length));

    let mut steps = 0;
    let written = generate(&model(), &prompts(&TEXTS), &greedy(), &mut |_| {
        steps += 1;
        steps < 5
    });
    let written = written.unwrap();
    for (whole, texts) in whole.iter().zip(&written) {
        assert_eq!((texts[0].continuation(), texts[0].ended), (&whole[..5], Ended::BrokenOff));
    }
}

#[test]
fn each_step_is_told_as_it_is_taken() {
    let mut told = Vec::new();
    let mut hear = |newest: &[i64]| {
        told.push(newest.to_vec());
        true
    };
    let written = generate(&model(), &prompts(&TEXTS), &sampling(), &mut hear).unwrap();
    for (row, texts) in written.iter().enumerate() {
        assert_eq!(told.iter().map(|step| step[row]).collect::<Vec<_>>(), texts[0].continuation());
    }
}

#[test]
fn an_encoder_decoder_writes_from_its_source() {
    let source = Input::Tokens(Tokens::new(Rows::new(&[[4, 0], [9, 9]]).unwrap()));
    let start = Tokens::new(Rows::full(2, 1, 3));
    for strategy in [greedy(), sampling()] {
        let written =
            generate(&model(), Prompt { source: Some(&source), tokens: &start }, &strategy, &mut |_| true).unwrap();
        assert_ne!(written[0][0].ids, written[1][0].ids);
        let first = Input::Tokens(Tokens::new(Rows::new(&[[4, 0]]).unwrap()));
        let alone = Prompt { source: Some(&first), tokens: &Tokens::new(Rows::full(1, 1, 3)) };
        let alone = generate(&model(), alone, &strategy, &mut |_| true).unwrap();
        assert_eq!(written[0], alone[0]);
    }
}

fn refused(strategy: &Strategy) -> Vec<String> {
    match generate(&model(), &prompts(&[&[1]]), strategy, &mut |_| panic!("the model ran")) {
        Err(Error::Strategy { problems }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_that_cannot_be_followed_are_refused_together() {
    let strategy = Strategy {
        max_new_tokens: 0,
        min_new_tokens: 3,
        n_beams: 2,
        length_penalty: f64::NAN,
        early_stopping: false,
        repetition_penalty: 0.0,
        no_repeat_ngram: Some(0),
        sampling: Some(Sampling { temperature: -1.0, top_k: Some(0), top_p: 1.5, seed: 0 }),
        stop_ids: vec![4, -2],
        pad_id: 0,
    };
    let told = refused(&strategy);
    let expected = [
        "`max_new_tokens`: must be at least 1, found 0",
        "`min_new_tokens`: must be at most `max_new_tokens`, 0, found 3",
        "`length_penalty`: must be a number, found NaN",
        "`repetition_penalty`: must be a positive number, found 0",
        "`no_repeat_ngram`: must be at least 1, found 0",
        "`stop_ids`: must be ids from 0 on, found -2",
        "`temperature`: must be a positive number, found -1",
        "`top_k`: must be at least 1, found 0",
        "`top_p`: must be above 0 and at most 1, found 1.5",
        "`n_beams`: must be 1 when sampling, found 2",
    ];
    assert_eq!(told, expected);
}

#[test]
fn every_bound_is_refused_on_its_wrong_side() {
    let usual = Strategy::default();
    let drawn = |sampling| Strategy { sampling: Some(sampling), ..Strategy::default() };
    for n_beams in [0, 1001, usize::MAX] {
        assert!(refused(&Strategy { n_beams, ..usual.clone() })[0].contains("`n_beams`: must be between 1 and 1000"));
    }
    for temperature in [0.0, -0.5, f64::NAN, f64::INFINITY] {
        assert!(refused(&drawn(Sampling { temperature, ..Sampling::default() }))[0].contains("`temperature`"));
    }
    for top_p in [0.0, -0.5, 1.0001, f64::NAN] {
        assert!(refused(&drawn(Sampling { top_p, ..Sampling::default() }))[0].contains("`top_p`"));
    }
    for repetition_penalty in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(&Strategy { repetition_penalty, ..usual.clone() })[0].contains("`repetition_penalty`"));
    }
    assert!(refused(&Strategy { stop_ids: vec![1; 1001], ..usual.clone() })[0].contains("at most 1000 ids"));
    assert_eq!(drawn(Sampling { top_p: 1.0, top_k: Some(1), temperature: 1e-6, seed: 0 }).problems(), []);
}

#[test]
fn text_that_would_leave_the_positions_is_refused_beforehand() {
    let mut model = model();
    model.limits.max_positions = Some(9);
    let strategy = |max_new_tokens| Strategy { max_new_tokens, ..Strategy::default() };
    // The longest text has 6 tokens; the last new one is written and never read.
    assert_eq!(room(&model, &prompts(&TEXTS)).unwrap(), Some(4));
    let told = generate(&model, &prompts(&TEXTS), &strategy(5), &mut |_| panic!("the model ran")).unwrap_err();
    let expected = "`max_new_tokens`: must be at most 4, what the prompt leaves of the model's positions, found 5";
    assert!(told.to_string().contains(expected), "{told}");
    assert_eq!(write(&model, &prompts(&TEXTS), &strategy(4))[2].len(), 4);
}

#[test]
fn no_token_left_is_an_error() {
    let everything: Rule = |_, _| vec![1.0, 2.0];
    let strategy = Strategy { no_repeat_ngram: Some(1), ..Strategy::default() };
    for sampling in [None, Some(Sampling::default())] {
        let strategy = Strategy { sampling, ..strategy.clone() };
        let told =
            generate(&Table::new(everything), &prompts(&[&[1]]), &strategy, &mut |_| true).unwrap_err().to_string();
        assert!(told.contains("no token can follow token 1 of text 0"), "{told}");
    }
    for broken in [f32::NAN, f32::INFINITY] {
        let rule: Rule = if broken.is_nan() { |_, _| vec![0.0, f32::NAN] } else { |_, _| vec![0.0, f32::INFINITY] };
        for strategy in [greedy(), sampling(), Strategy { n_beams: 2, ..greedy() }] {
            let told =
                generate(&Table::new(rule), &prompts(&[&[1]]), &strategy, &mut |_| true).unwrap_err().to_string();
            assert!(told.contains("not numbers"), "{told}");
        }
    }
}

#[test]
fn repeats_are_banned_with_the_prompt_counted() {
    let banned = |text: &[i64], n| {
        let mut scores = vec![0.0; 5];
        scores::ban_repeats(&mut scores, text, n);
        (0..5).filter(|&id| scores[id].is_infinite()).collect::<Vec<_>>()
    };
    assert_eq!(banned(&[1, 2, 3, 1], Some(2)), [2]);
    assert_eq!(banned(&[1, 1, 4], Some(1)), [1, 4]);
    assert_eq!(banned(&[1, 2, 3, 1], None), [0; 0]);
    assert_eq!(banned(&[], Some(3)), [0; 0]);
}

#[test]
fn ties_fall_to_the_first() {
    assert_eq!(scores::argmax(&[1.0, 3.0, 3.0]), Some(1));
    assert_eq!(scores::argmax(&[f32::NEG_INFINITY; 2]), None);
}

#[test]
fn log_sum_exp_is_stable() {
    assert!((scores::log_sum_exp(&[1000.0, 1000.0]) - (1000.0 + 2f64.ln())).abs() < 1e-9);
}
