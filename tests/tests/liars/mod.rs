//! Bad input to the suite itself: architectures that say what is not so. Each must be found out, by the checks named here,
//! and the suite must go on with the others.

mod model;

use zoo_conformance::{checks, run, run_one};
use zoo_registry::{Architecture, Outcome, Status};

use crate::toy::{
    Bug, PairBug, PictureBug, neighbour, pair, pair_saying, picture, picture_saying, toy, toy_and, toy_saying,
};
use model::{Lie, liar};

/// Each lie with the checks that must fail; others may.
#[rustfmt::skip]
const LIES: &[(Lie, &[&str])] = &[
    (Lie::NotANumberOnce, &["answers-are-as-declared", "is-deterministic", "batch-invariance"]),
    (Lie::AnotherEachTime, &["is-deterministic", "batch-invariance", "cache-equals-forward"]),
    (Lie::AColumnMore, &["answers-are-as-declared"]),
    (Lie::APositionMore, &["answers-are-as-declared", "padding-does-not-leak"]),
    (Lie::HiddenForScores, &["answers-are-as-declared"]),
    (Lie::ScoresForHidden, &["answers-are-as-declared"]),
    (Lie::AStateMore, &["recording-changes-nothing"]),
    (Lie::KeptUnasked, &["recording-changes-nothing"]),
    (Lie::MoreForABatch, &["answers-are-as-declared", "batch-invariance", "padding-does-not-leak"]),
    (Lie::MoreTheSecondTime, &["answers-are-as-declared", "is-deterministic"]),
    (Lie::WritesInSecret, &["answers-are-as-declared"]),
    (Lie::WritesNothing, &["answers-are-as-declared", "cache-equals-forward", "generation-equals-recomputation"]),
    (Lie::PretendsToWrite, &["answers-are-as-declared"]),
    (Lie::WritesOtherIds, &["answers-are-as-declared"]),
    (Lie::TakesAnything, &["limits-hold"]),
    (Lie::FewerIds, &["limits-hold"]),
    (Lie::FewerIdsAndMeansIt, &["limits-hold"]),
    (Lie::FewerPositions, &["limits-hold"]),
    (Lie::EndlessPositions, &["limits-hold"]),
    (Lie::OneSegment, &["limits-hold"]),
    (Lie::ForgetsItsHead, &["plan-equals-model"]),
    (Lie::AnotherName, &["plan-equals-model"]),
    (Lie::KeepsAWeightBack, &["plan-equals-model", "save-load-identity"]),
    (Lie::TrainsWhatIsNotThere, &["gradients-reach-every-parameter"]),
    (Lie::CallsItsTableWaves, &["sinusoids-equal-their-equation"]),
    (Lie::PreparesByNoFilter, &["pictures-are-prepared", "pictures-keep-what-they-show"]),
    (Lie::WaivesWithoutReason, &["descriptor-is-sound"]),
];

/// The checks that find out some lie.
pub(crate) fn finders() -> impl Iterator<Item = &'static str> {
    LIES.iter().flat_map(|(_, checks)| checks.iter().copied())
}

/// The outcome of one check.
fn outcome(architecture: &'static dyn Architecture, id: &str) -> Outcome {
    let check = checks().iter().find(|check| check.id == id).unwrap();
    run_one(architecture, &[architecture, neighbour()], "flex", check)
}

#[track_caller]
fn fails(architecture: &'static dyn Architecture, id: &str, saying: &str) {
    let outcome = outcome(architecture, id);
    assert_eq!(outcome.status, Status::Fail, "{id}: {}", outcome.detail);
    assert!(outcome.detail.contains(saying), "{id}: {}", outcome.detail);
}

#[test]
fn every_lie_is_found_out() {
    let mut problems = Vec::new();
    for &(lie, expected) in LIES {
        let liar = liar(toy(Bug::Nothing), lie);
        let passed = expected.iter().filter(|check| !outcome(liar, check).status.is_failure());
        problems.extend(passed.map(|check| format!("{lie:?} passes {check}")));
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_lie_is_told() {
    // One of them is told of a picture, in the test after this.
    assert_eq!(LIES.len(), Lie::WaivesWithoutReason as usize);
    assert!(!LIES.iter().any(|(lie, _)| *lie == Lie::CountsWhatIsNotThere));
}

/// A size that was published and is not built: the tree that is counted has what no model has.
#[test]
fn a_count_that_nothing_is_built_from_is_found_out() {
    let honest = picture_saying(PictureBug::Nothing, "parameters = 210", "parameters = 217");
    fails(honest, "parameter-count-is-published", "`picture-base` has 210 parameters, published are 217");
    let made_up = liar(honest, Lie::CountsWhatIsNotThere);
    assert_eq!(outcome(made_up, "parameter-count-is-published").status, Status::Pass);
    fails(made_up, "plan-equals-model", "`more` of shape [7] is said to be built and is not");
}

#[test]
fn attention_is_what_it_is_declared_to_be() {
    const CAUSAL: &str = "attention = [\"causal\"]";
    const FULL: &str = "attention = [\"full-bidirectional\"]";
    const SILENT: &str = "attention = [\"self\"]";
    let check = "information-flows-as-declared";
    fails(toy(Bug::NoMask), check, "head `none`, last_hidden_state: position 0 sees position 1");
    fails(toy_saying(Bug::Nothing, CAUSAL, FULL), check, "head `none`, last_hidden_state: position 0 does not see");
    fails(toy_saying(Bug::Nothing, CAUSAL, SILENT), check, "everything is seen as in `causal` attention");
    fails(toy_saying(Bug::NoMask, CAUSAL, SILENT), check, "everything is seen as in `full-bidirectional` attention");
    fails(picture_saying(PictureBug::Nothing, FULL, CAUSAL), check, "seen as in `full-bidirectional` attention");
}

/// A size may be said to be the defaults.
#[test]
fn defaults_that_are_not_those_of_their_size_are_found_out() {
    let check = "absent-fields-have-published-defaults";
    let said = "n_buckets = 8, max_distance = 16 }\ndefaults";
    let differs = pair_saying(PairBug::Nothing, said, "n_buckets = 10, max_distance = 16 }\ndefaults");
    fails(
        differs,
        check,
        "`n_buckets` of a configuration that says nothing, which should be `pair-base`, is 8, published is 10",
    );
    let silent = pair_saying(PairBug::Nothing, said, "n_buckets = 8 }\ndefaults");
    fails(silent, check, "`pair-base` is said to be the defaults, and leaves out [\"max_distance\"]");
}

#[test]
fn positions_that_are_not_declared_are_found_out() {
    let check = "order-matters";
    let none = "positional-encoding = [\"none\"]";
    let (learned, relative) =
        ("positional-encoding = [\"learned-absolute\"]", "positional-encoding = [\"relative-t5-bias\"]");
    // The picture says nothing of positions, so it is given a line more.
    let full = "attention = [\"full-bidirectional\"]";
    let full_and_none = &format!("{full}\n{none}");
    let declares = "declares no positions, and with two";
    fails(toy_saying(Bug::Nothing, learned, none), check, declares);
    fails(pair_saying(PairBug::Nothing, relative, none), check, declares);
    fails(picture_saying(PictureBug::Nothing, full, full_and_none), check, declares);
    // Who has none may say so.
    let honest = [
        toy_saying(Bug::PositionsUnused, learned, none),
        pair_saying(PairBug::DistancesUnused, relative, none),
        picture_saying(PictureBug::PlacesUnused, full, full_and_none),
    ];
    for toy in honest {
        let outcome = outcome(toy, check);
        assert_eq!(outcome.status, Status::NotApplicable, "{}: {}", outcome.architecture, outcome.detail);
    }
}

#[test]
fn heads_answer_what_they_declare() {
    let (head, check) = ("output = \"next-token-logits\"", "answers-are-as-declared");
    let other = toy_saying(Bug::Nothing, head, "output = \"token-logits\"");
    fails(other, check, "head `causal-lm`: declares `token-logits` and answers `next-token-logits`");
    fails(toy_saying(Bug::Nothing, head, ""), check, "say `output = \"next-token-logits\"`");
    let listed = "\
[[heads]]
id = \"labels\"
summary = \"Scores of the text's label.\"
output = \"label-logits\"
published = [\"ToyForSequenceClassification\"]
";
    let hidden = toy_saying(Bug::Nothing, listed, "");
    fails(hidden, "descriptor-is-sound", "the head `labels` is accepted and not declared");
}

/// A waiver hides nothing: what failed is told beside the reason, and what it does not name fails as before.
#[test]
fn what_is_waived_is_told() {
    const WAIVERS: &str = "\
[[waivers]]\ncheck = \"information-flows-as-declared\"\nreason = \"Seeing all is fine.\"\n\
[[waivers]]\ncheck = \"devices-agree\"\nreason = \"Better safe.\"\n";
    let unmasked = toy_and(Bug::NoMask, WAIVERS);
    let waived = outcome(unmasked, "information-flows-as-declared");
    assert_eq!(waived.status, Status::Waived);
    assert!(waived.detail.starts_with("Seeing all is fine. (head `none`"), "{}", waived.detail);
    let needless = outcome(unmasked, "devices-agree");
    assert_eq!(needless.status, Status::UnexpectedPass, "{}", needless.detail);
    fails(unmasked, "cache-equals-forward", "largest at");
    fails(
        liar(toy(Bug::Nothing), Lie::WaivesWithoutReason),
        "descriptor-is-sound",
        "`waivers.order-matters.reason`: is empty",
    );
}

#[test]
fn the_suite_goes_on_with_the_others() {
    let liars = [liar(toy(Bug::Nothing), Lie::HiddenForScores), liar(picture(PictureBug::Nothing), Lie::AnotherName)];
    let all = [liars[0], pair(PairBug::Nothing), liars[1]];
    let outcomes = run(&all, &["flex"], &|_, _| true, &mut |_| {});
    assert_eq!(outcomes.len(), all.len() * checks().len());
    for architecture in all {
        let id = &architecture.descriptor().id;
        let failed = outcomes.iter().filter(|outcome| outcome.architecture == *id && outcome.status.is_failure());
        let failed: Vec<String> = failed.map(|outcome| format!("{}: {}", outcome.check, outcome.detail)).collect();
        assert_eq!(failed.is_empty(), id == "pair", "{id}: {failed:#?}");
    }
}
