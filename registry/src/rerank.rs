//! Best of n: several texts are written, a judge scores them, the best is kept.

use crate::error::{Error, Result};

/// A candidate with what the judge gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged<T> {
    /// The candidate.
    pub candidate: T,
    /// Its score; more is better.
    pub score: f64,
}

/// Candidates by score, the best first; equal ones stay in order. `judge` sees all of them at once, so that it may score them as one
/// batch, and gives one number each. Stiennon et al. 2020 (arXiv 2009.01325, §4.3) choose summaries so, by a reward model.
///
/// ```
/// let written = vec!["short", "the longest", "longer"];
/// let ranked = zoo_registry::rerank::rerank(written, |texts| Ok(texts.iter().map(|text| text.len() as f64).collect()))?;
/// assert_eq!(ranked[0].candidate, "the longest");
/// # Ok::<(), zoo_registry::Error>(())
/// ```
///
/// # Errors
/// Of the judge; [`Error::Unsupported`] if it does not give one number a candidate.
pub fn rerank<T>(candidates: Vec<T>, judge: impl FnOnce(&[T]) -> Result<Vec<f64>>) -> Result<Vec<Judged<T>>> {
    let scores = judge(&candidates)?;
    let refuse = |lacks: String| Error::Unsupported { model: "the judge".into(), lacks };
    if scores.len() != candidates.len() {
        return Err(refuse(format!("gave {} scores to {} candidates", scores.len(), candidates.len())));
    }
    if let Some(index) = scores.iter().position(|score| score.is_nan()) {
        return Err(refuse(format!("gave candidate {index} a score that is not a number")));
    }
    let judged = candidates.into_iter().zip(scores).map(|(candidate, score)| Judged { candidate, score });
    let mut judged: Vec<Judged<T>> = judged.collect();
    judged.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_comes_first_and_equals_stay_in_order() {
        let ranked = rerank(vec!["a", "b", "c", "d"], |_| Ok(vec![1.0, 3.0, 1.0, f64::NEG_INFINITY])).unwrap();
        assert_eq!(ranked.iter().map(|judged| judged.candidate).collect::<Vec<_>>(), ["b", "a", "c", "d"]);
        assert_eq!(ranked[0].score, 3.0);
        assert!(rerank(Vec::<&str>::new(), |_| Ok(vec![])).unwrap().is_empty());
    }

    #[test]
    fn a_judge_that_does_not_judge_is_refused() {
        let told = |scores: Vec<f64>| rerank(vec!["a", "b"], |_| Ok(scores)).unwrap_err().to_string();
        assert_eq!(told(vec![1.0]), "`the judge` gave 1 scores to 2 candidates");
        assert_eq!(told(vec![1.0, f64::NAN]), "`the judge` gave candidate 1 a score that is not a number");
    }
}
