//! A copy with mutants in it: those that do not compile are found by the compiler's own messages, and dropped.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Mutant;
use crate::copy::{self, Complaint, Edits};
use crate::error::{Error, Result};
use crate::weave::Edit;

/// The compiler tells the errors of one stage at a time: types, then borrows, crate by crate.
const ATTEMPTS: usize = 12;

/// Builds the copy with as many of `sample` as compile, numbered from 1 in their order.
pub(super) fn build(root: &Path, mut sample: Vec<Mutant>, told: &dyn Fn(usize)) -> Result<(PathBuf, Vec<Mutant>)> {
    for _ in 0..ATTEMPTS {
        told(sample.len());
        let folder = copy::make(root, "random", &edits(&sample))?;
        let complaints = match copy::build(root, &folder)? {
            Ok(runner) => return Ok((runner, sample)),
            Err(complaints) => complaints,
        };
        let mut bad = BTreeSet::new();
        for Complaint { file, places, .. } in &complaints {
            let path = folder.join(file);
            if let Ok(woven) = std::fs::read_to_string(&path) {
                bad.extend(places.iter().flat_map(|place| blamed(&woven, place.0..place.1)));
            }
        }
        if bad.is_empty() {
            let told: Vec<&str> = complaints.iter().map(|complaint| complaint.told.as_str()).collect();
            return Err(Error::Build(told.join("\n")));
        }
        let kept = (1..).zip(sample).filter(|(number, _)| !bad.contains(number));
        sample = kept.map(|(_, mutant)| mutant).collect();
    }
    Err(Error::Build(format!("after {ATTEMPTS} attempts, some mutants still do not compile")))
}

fn edits(sample: &[Mutant]) -> Edits {
    let mut edits = Edits::new();
    for (number, mutant) in (1..).zip(sample) {
        let edit = Edit { number, at: mutant.at.clone(), new: mutant.after.clone() };
        edits.entry(mutant.file.clone()).or_default().push(edit);
    }
    edits
}

/// The numbers an error at `place` is about: those of the innermost choice around it, or of all choices in it.
fn blamed(woven: &str, place: Range<usize>) -> BTreeSet<u32> {
    let choices = choices(woven);
    let around = choices.iter().filter(|(at, _)| at.start <= place.start && place.end <= at.end);
    if let Some((at, numbers)) = around.min_by_key(|(at, _)| at.len()) {
        // In one alternative only that one is to blame.
        let arm = |number: &&u32| {
            let says = format!(" {number} => ");
            let Some(start) = woven[at.clone()].find(&says).map(|start| at.start + start + says.len()) else {
                return false;
            };
            let end = end_of_arm(&woven[start..at.end]).map_or(at.end, |len| start + len);
            start <= place.start && place.end <= end
        };
        let one: BTreeSet<u32> = numbers.iter().filter(arm).copied().collect();
        return if one.is_empty() { numbers.iter().copied().collect() } else { one };
    }
    let within = choices.iter().filter(|(at, _)| place.start <= at.start && at.end <= place.end);
    within.flat_map(|(_, numbers)| numbers.iter().copied()).collect()
}

/// Each `(match crate::planted::bug() { … })` with its numbers.
fn choices(woven: &str) -> Vec<(Range<usize>, Vec<u32>)> {
    const OPENS: &str = "match crate::planted::bug() {";
    let whole = |(at, _): (usize, &str)| {
        let body = at + OPENS.len();
        let end = body + balanced(&woven[body..])?;
        let mut numbers = Vec::new();
        let mut rest = body;
        // Its own arms: those of an inner choice stand in its last arm.
        while let Some((number, after)) = arm_number(&woven[rest..end]) {
            numbers.push(number);
            rest += after;
            rest += end_of_arm(&woven[rest..end])?;
        }
        Some((at..end, numbers))
    };
    woven.match_indices(OPENS).filter_map(whole).collect()
}

/// `, 12 => …`: the number, and where what follows the arrow begins.
fn arm_number(text: &str) -> Option<(u32, usize)> {
    let trimmed = text.trim_start_matches([',', ' ']);
    let digits = trimmed.len() - trimmed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = trimmed[..digits].parse().ok()?;
    trimmed[digits..].starts_with(" => ").then(|| (number, text.len() - trimmed.len() + digits + 4))
}

/// Where the arm that begins here ends: at a comma that no bracket holds.
fn end_of_arm(text: &str) -> Option<usize> {
    let mut depth = 0i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return Some(at),
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Where the brace that was opened before `text` is closed, behind it.
fn balanced(text: &str) -> Option<usize> {
    let mut depth = 1i32;
    for (at, c) in text.char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alternative_with_the_error_is_blamed() {
        let woven = "f((match crate::planted::bug() { 1 => g(a, b), 2 => h(c), _ => i((match crate::planted::bug() { 3 => d, _ => e })) }))";
        let at = |text: &str| {
            let start = woven.find(text).unwrap();
            start..start + text.len()
        };
        assert_eq!(blamed(woven, at("b)")), [1].into());
        assert_eq!(blamed(woven, at("h(c)")), [2].into());
        assert_eq!(blamed(woven, at("3 => d")), [3].into());
        assert_eq!(blamed(woven, at("i((match")), [1, 2].into(), "types of arms that differ from the last");
        assert_eq!(blamed(woven, 0..woven.len()), [1, 2, 3].into());
    }
}
