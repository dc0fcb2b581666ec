//! Samples against the distribution they should have, by a χ² test, and bugs that the test must see.

use super::*;
use crate::generate::sample::{Chooser, random};
use crate::generate::scores::{self, Scratch};

const SAMPLES: usize = 100_000;
/// How rarely a right sampler may fail a test.
const ALPHA_QUANTILE: f64 = 4.753_424_308_822_899; // of the standard normal at 1 − 10⁻⁶

/// Scores of both signs, no two equal, and two tokens of next to no probability.
const LOGITS: [f32; 12] = [1.9, -0.7, 0.4, 2.3, -0.2, 0.9, -1.4, 1.2, -0.05, 0.15, -2.6, 1.55];
/// Holds tokens of good, bad and hardly any scores, some of them twice.
const PROMPT: [i64; 6] = [3, 1, 6, 3, 9, 1];

fn fixed(_source: i64, _text: &[i64]) -> Vec<f32> {
    LOGITS.to_vec()
}

/// The χ² quantile by Wilson and Hilferty 1931 (Abramowitz and Stegun, *Handbook of Mathematical Functions*, 26.4.17), for the
/// quantile `normal` of the standard normal.
fn quantile(freedom: usize, normal: f64) -> f64 {
    let k = freedom as f64;
    k * (1.0 - 2.0 / (9.0 * k) + normal * (2.0 / (9.0 * k)).sqrt()).powi(3)
}

/// χ² of counts over its quantile: above 1 the samples are not of this distribution. What cannot happen must not.
fn misfit(counts: &[usize], probabilities: &[f64]) -> f64 {
    let n: usize = counts.iter().sum();
    let mut statistic = 0.0;
    let mut cells = 0;
    // Cells of few expected counts are taken together, as the χ² approximation wants.
    let (mut rare, mut rare_expected) = (0.0, 0.0);
    for (&count, &probability) in counts.iter().zip(probabilities) {
        let (found, expected) = (count as f64, n as f64 * probability);
        if probability == 0.0 {
            if count > 0 {
                return f64::INFINITY;
            }
        } else if expected < 10.0 {
            (rare, rare_expected) = (rare + found, rare_expected + expected);
        } else {
            statistic += (found - expected).powi(2) / expected;
            cells += 1;
        }
    }
    if rare_expected > 0.0 {
        statistic += (rare - rare_expected).powi(2) / rare_expected;
        cells += 1;
    }
    assert!(cells > 1, "one cell tests nothing");
    statistic / quantile(cells - 1, ALPHA_QUANTILE)
}

/// What the distribution should be, by sorting everything and from the definitions alone.
fn expected(strategy: &Strategy) -> Vec<f64> {
    let Sampling { temperature, top_k, top_p, .. } = strategy.sampling.clone().unwrap();
    let mut scores: Vec<f64> = LOGITS.iter().map(|&score| f64::from(score)).collect();
    for (id, score) in scores.iter_mut().enumerate() {
        if PROMPT.contains(&(id as i64)) {
            *score *= if *score < 0.0 { strategy.repetition_penalty } else { 1.0 / strategy.repetition_penalty };
        }
        *score /= temperature;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order.truncate(top_k.unwrap_or(usize::MAX));
    let weight = |id: &usize| scores[*id].exp();
    let total: f64 = order.iter().map(weight).sum();
    let nucleus = (1..=order.len()).find(|&n| order[..n].iter().map(weight).sum::<f64>() / total >= top_p);
    order.truncate(nucleus.unwrap_or(order.len()));
    let total: f64 = order.iter().map(weight).sum();
    (0..scores.len()).map(|id| if order.contains(&id) { weight(&id) / total } else { 0.0 }).collect()
}

/// Every setting alone and together.
fn strategies() -> Vec<(&'static str, Strategy)> {
    let plain = Sampling { seed: 20, ..Sampling::default() };
    let warm = Sampling { temperature: 1.7, ..plain.clone() };
    let cool = Sampling { temperature: 0.6, ..plain.clone() };
    let k = Sampling { top_k: Some(4), ..plain.clone() };
    let p = Sampling { top_p: 0.8, ..plain.clone() };
    let all = Sampling { temperature: 1.4, top_k: Some(7), top_p: 0.75, seed: 20 };
    let strategy = |sampling: &Sampling, repetition_penalty| Strategy {
        max_new_tokens: 1,
        repetition_penalty,
        sampling: Some(sampling.clone()),
        ..Strategy::default()
    };
    vec![
        ("the scores as they are", strategy(&plain, 1.0)),
        ("a temperature above 1", strategy(&warm, 1.0)),
        ("a temperature below 1", strategy(&cool, 1.0)),
        ("top-k", strategy(&k, 1.0)),
        ("top-p", strategy(&p, 1.0)),
        ("a repetition penalty", strategy(&plain, 1.5)),
        ("a repetition reward", strategy(&plain, 0.7)),
        ("temperature and top-k", strategy(&Sampling { top_k: Some(4), ..cool.clone() }, 1.0)),
        ("temperature and top-p", strategy(&Sampling { top_p: 0.8, ..warm }, 1.0)),
        ("top-k and top-p", strategy(&Sampling { top_p: 0.8, ..k }, 1.0)),
        ("a repetition penalty and top-p", strategy(&p, 1.5)),
        ("everything", strategy(&all, 1.3)),
    ]
}

/// One token each after equal prompts, every row from its own stream.
fn across_rows(strategy: &Strategy) -> Vec<usize> {
    let prompt = Tokens::new(Rows::new(&vec![PROMPT; SAMPLES]).unwrap());
    counted(write(&Table::new(fixed), &prompt, strategy).into_iter().flatten())
}

/// One text of so many tokens, from one stream. For settings that do not look at the text.
fn along_a_row(strategy: &Strategy) -> Vec<usize> {
    let strategy = Strategy { max_new_tokens: SAMPLES / 10, ..strategy.clone() };
    let prompt = Tokens::new(Rows::new(&[PROMPT; 10]).unwrap());
    counted(write(&Table::new(fixed), &prompt, &strategy).into_iter().flatten())
}

fn counted(ids: impl IntoIterator<Item = i64>) -> Vec<usize> {
    let mut counts = vec![0; LOGITS.len()];
    ids.into_iter().for_each(|id| counts[id as usize] += 1);
    assert_eq!(counts.iter().sum::<usize>(), SAMPLES);
    counts
}

#[test]
fn quantiles_are_those_of_the_tables() {
    // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4, upper critical values at 0.001.
    for (freedom, tabled) in [(3, 16.266), (5, 20.515), (10, 29.588), (11, 31.264)] {
        let found = quantile(freedom, 3.090_232_306_167_813);
        assert!((found - tabled).abs() < 0.02 * tabled, "{found} is not {tabled}");
    }
    // For even degrees of freedom the tail is a finite sum (26.4.5); the approximation errs towards fewer false alarms.
    for freedom in [4, 6, 8, 10] {
        let half = quantile(freedom, ALPHA_QUANTILE) / 2.0;
        let (mut term, mut sum) = (1.0, 1.0);
        for j in 1..freedom / 2 {
            term *= half / j as f64;
            sum += term;
        }
        let tail = (-half).exp() * sum;
        assert!((2e-7..1e-6).contains(&tail), "{freedom}: {tail:e}");
    }
}

#[test]
fn samples_have_the_distribution_asked_for() {
    for (name, strategy) in strategies() {
        let expected = expected(&strategy);
        let found = misfit(&across_rows(&strategy), &expected);
        println!("{name:32} across rows {found:.3}");
        assert!(found <= 1.0, "{name}, across rows: {found:.2} × the quantile");
        if strategy.repetition_penalty == 1.0 {
            let found = misfit(&along_a_row(&strategy), &expected);
            println!("{name:32} along rows  {found:.3}");
            assert!(found <= 1.0, "{name}, along rows: {found:.2} × the quantile");
        }
    }
}

/// Draws with another way of changing the scores.
fn drawn_with(change: impl Fn(&mut [f32], &mut Scratch)) -> Vec<usize> {
    let (mut chooser, mut scratch, mut random) = (Chooser::default(), Scratch::new(), random(20, 0));
    counted((0..SAMPLES).map(|_| {
        let mut scores = LOGITS;
        change(&mut scores, &mut scratch);
        chooser.draw(&scores, &mut random).unwrap() as i64
    }))
}

/// A way of changing scores with a bug in it.
type Bug = Box<dyn Fn(&mut [f32], &mut Scratch)>;

/// Bugs, with the right strategy that each of them is mistaken for.
fn bugs() -> Vec<(&'static str, Strategy, Bug)> {
    let strategy = |sampling: &Sampling, repetition_penalty| Strategy {
        repetition_penalty,
        sampling: Some(Sampling { seed: 20, ..sampling.clone() }),
        ..Strategy::default()
    };
    let plain = Sampling::default();
    let warm_p = Sampling { temperature: 1.7, top_p: 0.8, ..plain.clone() };
    let k = Sampling { top_k: Some(4), ..plain.clone() };
    let p = Sampling { top_p: 0.8, ..plain.clone() };
    let warm = Sampling { temperature: 1.7, ..plain.clone() };
    let nucleus =
        |sampling| expected(&strategy(sampling, 1.0)).iter().filter(|&&probability| probability > 0.0).count();
    let kept = nucleus(&p);
    let penalised = |change: fn(f32) -> f32| -> Bug {
        Box::new(move |scores, _| {
            PROMPT.iter().collect::<std::collections::BTreeSet<_>>().into_iter().for_each(|&id| {
                scores[id as usize] = change(scores[id as usize]);
            });
        })
    };
    vec![
        (
            "temperature after top-p",
            strategy(&warm_p, 1.0),
            Box::new(|scores, scratch| {
                scores::keep_top_p(scores, 0.8, scratch);
                scores::heat(scores, 1.7);
            }),
        ),
        ("temperature multiplies", strategy(&warm, 1.0), Box::new(|scores, _| scores::heat(scores, 1.0 / 1.7))),
        (
            "top-p one token short",
            strategy(&p, 1.0),
            Box::new(move |scores, scratch| scores::keep_top_k(scores, kept - 1, scratch)),
        ),
        (
            "top-p one token too many",
            strategy(&p, 1.0),
            Box::new(move |scores, scratch| scores::keep_top_k(scores, kept + 1, scratch)),
        ),
        (
            "top-k one token short",
            strategy(&k, 1.0),
            Box::new(|scores, scratch| scores::keep_top_k(scores, 3, scratch)),
        ),
        (
            "top-k one token too many",
            strategy(&k, 1.0),
            Box::new(|scores, scratch| scores::keep_top_k(scores, 5, scratch)),
        ),
        ("bad scores divided too", strategy(&plain, 1.5), penalised(|score| score / 1.5)),
        (
            "good scores multiplied",
            strategy(&plain, 1.5),
            penalised(|score| if score < 0.0 { score / 1.5 } else { score * 1.5 }),
        ),
        (
            "a penalty for each occurrence",
            strategy(&plain, 1.5),
            Box::new(|scores, _| {
                for &id in &PROMPT {
                    let score = &mut scores[id as usize];
                    *score = if *score < 0.0 { *score * 1.5 } else { *score / 1.5 };
                }
            }),
        ),
        ("the prompt forgotten", strategy(&plain, 1.5), Box::new(|_, _| {})),
    ]
}

#[test]
fn bugs_of_samplers_are_seen() {
    for (name, strategy, bug) in bugs() {
        let found = misfit(&drawn_with(bug), &expected(&strategy));
        println!("{name:32} {found:.1}");
        assert!(found > 10.0, "{name}: {found:.2} × the quantile, which could be luck");
        // The same draws without the bug fit, so it is the bug that is seen.
        let right = drawn_with(|scores, scratch| {
            scores::process(scores, &PROMPT, 0, 0.0, &strategy);
            scores::warp(scores, strategy.sampling.as_ref().unwrap(), scratch);
        });
        assert!(misfit(&right, &expected(&strategy)) <= 1.0, "{name}");
    }
}

#[test]
fn large_vocabularies_are_cut_as_by_sorting_everything() {
    let scores = scramble::<5000>(1, &[2]);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(b.cmp(&a)));
    let total: f64 = scores.iter().map(|&score| f64::from(score).exp()).sum();
    let mut scratch = Scratch::new();
    for p in [1e-9, 0.01, 0.1, 0.5, 0.9, 0.999] {
        let mut sum = 0.0;
        let nucleus = order.iter().take_while(|&&id| {
            let before = sum / total;
            sum += f64::from(scores[id]).exp();
            before < p
        });
        let mut nucleus: Vec<usize> = nucleus.copied().collect();
        nucleus.sort_unstable();
        let mut cut = scores.clone();
        scores::keep_top_p(&mut cut, p, &mut scratch);
        assert_eq!(kept(&cut), nucleus, "top-p {p}");
    }
    for k in [1, 2, 63, 64, 65, 4999, 5000, 9000] {
        // Scores of 24 bits tie now and then; what equals the last kept one is kept.
        let last = scores[order[k.min(5000) - 1]];
        let best: Vec<usize> = (0..5000).filter(|&id| scores[id] >= last).collect();
        let mut cut = scores.clone();
        scores::keep_top_k(&mut cut, k, &mut scratch);
        assert_eq!(kept(&cut), best, "top-k {k}");
    }
}

fn kept(scores: &[f32]) -> Vec<usize> {
    (0..scores.len()).filter(|&id| scores[id].is_finite()).collect()
}

#[test]
fn ties_are_cut_as_the_reference_cuts_them() {
    let mut scratch = Scratch::new();
    let mut scores = [1.0, 2.0, 2.0, 0.0, 2.0];
    scores::keep_top_k(&mut scores, 2, &mut scratch);
    assert_eq!(kept(&scores), [1, 2, 4]);
    // Half of four equal ones: the later two.
    let mut scores = [1.0; 4];
    scores::keep_top_p(&mut scores, 0.5, &mut scratch);
    assert_eq!(kept(&scores), [2, 3]);
    scores::keep_top_p(&mut scores, 1e-300, &mut scratch);
    assert_eq!(kept(&scores), [3]);
}

#[test]
fn extreme_settings_stay_numbers() {
    let mut scores = [3e38, -3e38, 0.0, f32::NEG_INFINITY];
    scores::heat(&mut scores, 1e-300);
    assert_eq!(scores, [0.0, f32::NEG_INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY]);
    for penalty in [1e-300, 1e300] {
        let mut scores = [3e38, -3e38, 0.0, f32::NEG_INFINITY];
        scores::penalise_repeats(&mut scores, &[0, 1, 2, 3, 4, -1], penalty, 0.0);
        assert!(scores.iter().all(|score| !score.is_nan()) && scores[3] == f32::NEG_INFINITY, "{scores:?}");
    }
}
