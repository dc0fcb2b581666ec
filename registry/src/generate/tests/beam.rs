//! Beam search wide enough to hold everything against everything.

use super::*;
use crate::generate::scores;

/// The token that ends a text.
const STOP: i64 = 2;
const STEPS: usize = 4;
const VOCAB: usize = 3;

/// Every text that can be written, with its score, best first.
fn exhaustive(source: i64, prompt: &[i64], strategy: &Strategy) -> Vec<(Vec<i64>, f64)> {
    let mut found = Vec::new();
    let mut growing = vec![(Vec::new(), 0.0)];
    for step in 1..=STEPS {
        let mut longer = Vec::new();
        for (new, sum) in growing {
            let text = [prompt, &new].concat();
            let mut scores: Vec<f64> = scramble::<VOCAB>(source, &text).iter().map(|&score| f64::from(score)).collect();
            let normaliser = scores.iter().map(|score| score.exp()).sum::<f64>().ln();
            for (id, score) in scores.iter_mut().enumerate() {
                *score -= normaliser;
                if text.contains(&(id as i64)) {
                    // A log-probability is never positive.
                    *score *= strategy.repetition_penalty;
                }
            }
            for id in 0..VOCAB as i64 {
                if id == STOP && step <= strategy.min_new_tokens {
                    continue;
                }
                let text: (Vec<i64>, f64) = ([&new[..], &[id]].concat(), sum + scores[id as usize]);
                if id == STOP || step == STEPS {
                    found.push((text.0, text.1 / (step as f64).powf(strategy.length_penalty)));
                } else {
                    longer.push(text);
                }
            }
        }
        growing = longer;
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

#[test]
fn a_beam_as_wide_as_the_space_finds_the_best_of_all() {
    let source = Input::Tokens(Tokens::new(Rows::new(&[[6], [1]]).unwrap()));
    let start = prompts(&[&[0, 1], &[1]]);
    let mut winners = std::collections::BTreeSet::new();
    for (length_penalty, repetition_penalty, min_new_tokens) in
        [(1.0, 1.0, 0), (0.0, 1.0, 0), (2.5, 1.0, 0), (-1.0, 1.0, 0), (1.0, 1.7, 0), (0.0, 1.0, 2), (0.5, 0.8, 3)]
    {
        let strategy = Strategy {
            max_new_tokens: STEPS,
            min_new_tokens,
            n_beams: VOCAB.pow(STEPS as u32),
            length_penalty,
            repetition_penalty,
            stop_ids: vec![STOP],
            ..Strategy::default()
        };
        let model = Table::new(scramble::<VOCAB>);
        let written =
            generate(&model, Prompt { source: Some(&source), tokens: &start }, &strategy, &mut |_| true).unwrap();
        for (row, (source, prompt)) in [(6, &[0, 1][..]), (1, &[1])].into_iter().enumerate() {
            let expected = exhaustive(source, prompt, &strategy);
            assert_eq!(written[row].len(), expected.len(), "there are more beams than texts, and each is told once");
            for ((text, score), found) in expected.iter().zip(&written[row]) {
                assert_eq!(found.continuation(), text, "length penalty {length_penalty}");
                assert!((found.score.unwrap() - score).abs() < 1e-5, "{found:?}, expected {score}");
                let ended = if text.last() == Some(&STOP) { Ended::StopId } else { Ended::Length };
                assert_eq!(found.ended, ended);
            }
            winners.insert(expected[0].0.clone());
        }
    }
    assert!(winners.len() > 3, "the settings must matter for this to mean anything: {winners:?}");
}

#[test]
fn hypotheses_follow_their_own_source() {
    let model = Table::new(scramble::<30>);
    let strategy = Strategy { n_beams: 4, max_new_tokens: 6, stop_ids: vec![3], ..Strategy::default() };
    let together = |rows: &[[i64; 1]], start: &[&[i64]]| {
        let source = Input::Tokens(Tokens::new(Rows::new(rows).unwrap()));
        generate(&model, Prompt { source: Some(&source), tokens: &prompts(start) }, &strategy, &mut |_| true).unwrap()
    };
    let both = together(&[[5], [8]], &[&[1, 2], &[7]]);
    for (row, (source, start)) in [([5], &[1, 2][..]), ([8], &[7])].into_iter().enumerate() {
        let alone = together(&[source], &[start]);
        assert_eq!(both[row].len(), 4);
        for (both, alone) in both[row].iter().zip(&alone[0]) {
            assert_eq!((both.continuation(), both.score), (alone.continuation(), alone.score));
        }
    }
}

#[test]
fn an_early_end_is_when_enough_hypotheses_ended() {
    const BEAMS: usize = 3;
    let mut earlier = 0;
    for source in 0..20 {
        let model = Table::new(scramble::<6>);
        let input = Input::Tokens(Tokens::new(Rows::full(1, 1, source)));
        let start = prompts(&[&[1]]);
        let prompt = Prompt { source: Some(&input), tokens: &start };
        let run = |early_stopping| {
            let strategy = Strategy {
                n_beams: BEAMS,
                max_new_tokens: 30,
                length_penalty: 2.0,
                stop_ids: vec![STOP],
                early_stopping,
                ..Strategy::default()
            };
            let mut steps = 0;
            let written = generate(&model, prompt, &strategy, &mut |_| {
                steps += 1;
                true
            });
            (steps, written.unwrap().remove(0))
        };
        let ((early, first), (late, best)) = (run(true), run(false));
        assert!(early <= late && best[0].score >= first[0].score);
        assert!(first.len() == BEAMS && first.iter().all(|text| text.ended == Ended::StopId));
        // The last of them ended in the last step.
        assert_eq!(first.iter().map(|text| text.continuation().len()).max(), Some(early));
        earlier += usize::from(early < late);
    }
    assert!(earlier > 5, "only {earlier} of 20 searches ended earlier, so little is seen");
}

#[test]
fn a_vocabulary_of_stop_tokens_ends_at_once() {
    let rule: Rule = |_, _| vec![1.0, 0.5];
    let strategy = Strategy { n_beams: 3, stop_ids: vec![0, 1], ..Strategy::default() };
    let written = generate(&Table::new(rule), &prompts(&[&[0]]), &strategy, &mut |_| true).unwrap();
    let best: Vec<&[i64]> = written[0].iter().map(Written::continuation).collect();
    assert_eq!(best, [[0], [1]]);
}

#[test]
fn a_search_that_is_broken_off_tells_what_it_has() {
    let model = Table::new(scramble::<30>);
    let strategy = Strategy { n_beams: 3, max_new_tokens: 9, ..Strategy::default() };
    let mut steps = 0;
    let written = generate(&model, &prompts(&[&[1, 2], &[7]]), &strategy, &mut |_| {
        steps += 1;
        steps < 4
    });
    for texts in written.unwrap() {
        assert_eq!(texts.len(), 3);
        assert!(texts.iter().all(|text| text.ended == Ended::BrokenOff && text.continuation().len() == 4));
        assert!(texts.is_sorted_by(|a, b| a.score >= b.score));
    }
}

#[test]
fn no_hypothesis_left_is_an_error() {
    let strategy = Strategy { n_beams: 2, no_repeat_ngram: Some(1), ..Strategy::default() };
    let told = generate(&Table::new(|_, _| vec![0.5, 1.0]), &prompts(&[&[1]]), &strategy, &mut |_| true);
    let told = told.unwrap_err().to_string();
    assert!(told.contains("no token can follow token 1 of text 0"), "{told}");
}

#[test]
fn scores_are_sums_of_log_probabilities() {
    let model = Table::new(scramble::<30>);
    let strategy = Strategy { n_beams: 3, max_new_tokens: 5, length_penalty: 0.7, ..Strategy::default() };
    for text in &generate(&model, &prompts(&[&[4]]), &strategy, &mut |_| true).unwrap()[0] {
        let log_probability = |at: usize| {
            let scores = scramble::<30>(0, &text.ids[..at]);
            f64::from(scores[text.ids[at] as usize]) - scores::log_sum_exp(&scores)
        };
        let sum: f64 = text.new.clone().map(log_probability).sum();
        assert!((text.score.unwrap() - sum / 5f64.powf(0.7)).abs() < 1e-9);
    }
}
