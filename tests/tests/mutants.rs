//! The suite's own proof: a healthy toy passes every check, and every bug planted in it is caught by the check that exists
//! for it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod liars;
mod toy;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex};

use toy::{Bug, DEEP, MemoBug, PairBug, PictureBug, memo, neighbour, pair, picture, toy, toy_and};
use zoo_conformance::{checks, run_one};
use zoo_registry::{Architecture, Outcome, Status};

/// Each bug with the checks that must catch it; others may.
#[rustfmt::skip]
const CATCHES: &[(Bug, &[&str])] = &[
    (Bug::StaleToml, &["descriptor-is-sound"]),
    (Bug::Symmetric, &["descriptor-is-sound"]),
    (Bug::FurtherSymmetric, &["descriptor-is-sound"]),
    (Bug::AliasTaken, &["names-resolve"]),
    (Bug::ZeroAccepted, &["config-is-validated", "overrides-are-heeded", "accepted-configurations-run"]),
    (Bug::PublishedCountWrong, &["parameter-count-is-published"]),
    (Bug::RowLacking, &["weight-table-is-total"]),
    (Bug::ParameterNamedTwice, &["weight-table-is-total"]),
    (Bug::TensorUnread, &["weight-table-is-total"]),
    (Bug::QueryAndKeySwapped, &["matches-reference"]),
    (Bug::NotTransposed, &["matches-reference"]),
    (Bug::HeadUntied, &["matches-reference", "weight-table-is-total"]),
    (Bug::StateNotSaved, &["save-load-identity", "is-deterministic"]),
    (Bug::MaskOffByOne, &["information-flows-as-declared", "cache-equals-forward", "matches-reference"]),
    (Bug::NoMask, &["information-flows-as-declared", "attention-without-queries-is-a-mean", "cache-equals-forward", "matches-reference"]),
    (Bug::DeepUnmasked, &["information-flows-as-declared"]),
    (Bug::SelfHidden, &["information-flows-as-declared", "matches-reference"]),
    (Bug::AttentionRemoved, LOOKS_FOR_NOTHING),
    (Bug::HeadsAndTimeMixed, &["information-flows-as-declared", "matches-reference"]),
    (Bug::SegmentsIgnored, &["information-flows-as-declared", "gradients-reach-every-parameter"]),
    (Bug::PositionsUnused, &["order-matters", "gradients-reach-every-parameter", "matches-reference"]),
    (Bug::PaddingIgnored, &["padding-does-not-leak"]),
    (Bug::PositionsCountPadding, &["padding-does-not-leak"]),
    (Bug::InfiniteMask, &["padding-does-not-leak"]),
    (Bug::PoolsAtTheEnd, &["padding-does-not-leak", "matches-reference"]),
    (Bug::PoolsAtTheCount, &["pooling-finds-the-text"]),
    (Bug::BatchMixed, &["batch-invariance"]),
    (Bug::Undetermined, &["is-deterministic"]),
    (Bug::PositionsRestart, &["cache-equals-forward", "generation-equals-recomputation"]),
    (Bug::PastPaddingSeen, &["cache-equals-forward", "writing-sees-only-the-text", "generation-equals-recomputation"]),
    (Bug::CacheShared, &["cache-equals-forward"]),
    (Bug::LastIsFirst, &["cache-equals-forward", "sampling-follows-the-scores", "sampling-keeps-the-likeliest", "generation-equals-recomputation", "texts-match-reference"]),
    (Bug::SelectKeepsOrder, &["cache-equals-forward", "states-follow-their-rows", "writing-follows-its-settings", "answers-are-as-likely-as-their-tokens", "beams-find-the-best", "texts-match-reference"]),
    (Bug::CacheOverflows, &["generation-equals-recomputation"]),
    (Bug::KeysResumedAsValues, &["state-resumes", "state-files-are-stable"]),
    (Bug::LayerNotSaved, &["state-resumes"]),
    // Flow: what is kept, where positions end, texts that ended.
    (Bug::KeysKeptTwice, &["state-grows-as-declared"]),
    (Bug::PositionsOverstated, &["positions-run-out", "positions-are-as-declared"]),
    (Bug::EndedTextsDisturb, &["stop-tokens-stop"]),
    (Bug::SaysNothing, NULL_MODEL),
    (Bug::NormEps, &["matches-reference", "every-field-has-an-effect"]),
    (Bug::GeluVariant, &["matches-reference"]),
    (Bug::ScaleByWidth, &["matches-reference"]),
    (Bug::NoScores, &["recording-changes-nothing", "matches-reference"]),
    (Bug::DeviceDependent, &["devices-agree"]),
    (Bug::DenseLayer, LOOKS_FOR_NOTHING),
    (Bug::MlpDetached, &["gradients-reach-every-parameter", "gradients-are-slopes", "gradients-match-reference"]),
    (Bug::HeadDetached, &["gradients-are-slopes", "gradients-match-reference"]),
    (Bug::RecordingMatters, &["recording-changes-nothing"]),
    (Bug::LayerUnrecorded, &["recording-changes-nothing", "matches-reference"]),
    (Bug::ScoresRecorded, &["recording-changes-nothing", "matches-reference"]),
    // Equations of layers.
    (Bug::EpsMisdeclared, &["norm-equals-its-equation", "layers-equal-their-equations"]),
    (Bug::PartUndeclared, &["layers-equal-their-equations"]),
    (Bug::PartsSideBySide, &["layers-equal-their-equations"]),
    (Bug::NormsAfter, &["norms-stand-where-declared", "layers-equal-their-equations"]),
    (Bug::NormClamped, &["norm-equals-its-equation"]),
    (Bug::GeluClipped, &["mlp-equals-its-equation"]),
    (Bug::UpBiasLacking, &["mlp-equals-its-equation", "layers-equal-their-equations"]),
    (Bug::KeysAndValuesSwapped, &["attention-equals-its-equation", "layers-equal-their-equations"]),
    (Bug::ShallowMask, &["hard-attention-copies"]),
    (Bug::ScoresClipped, &["hard-attention-copies"]),
    // What training computes.
    (Bug::DrawnTooWide, &["draws-as-declared"]),
    (Bug::DrawnAlike, &["draws-as-declared"]),
    (Bug::LabelsShiftedTwice, &["loss-is-what-is-written"]),
    (Bug::MeanOfMeans, &["loss-weighs-tokens-alike", "loss-is-what-is-written"]),
    (Bug::DropoutInTraining, &["training-computes-the-same", "loss-is-what-is-written"]),
    (Bug::StepsUphill, &["training-computes-the-same"]),
    (Bug::PaddingLearns, &["padding-gets-no-gradient", "gradients-are-slopes"]),
    // Files and ties.
    (Bug::MissingTolerated, &["damaged-files-are-refused", "ties-survive", "weights-of-others-are-refused", "heads-share-a-body"]),
    (Bug::HalfLoaded, &["damaged-files-are-refused", "ties-survive"]),
    (Bug::SavedUpsideDown, &["a-second-reader-agrees"]),
    (Bug::ShardsUnread, &["shards-equal-one-file"]),
    (Bug::TieUndeclared, &["ties-survive"]),
    (Bug::TieCopied, &["ties-survive"]),
    // Sizes and threads.
    (Bug::ManyRowsLost, &["large-extents-agree"]),
    (Bug::ScratchShared, &["threads-change-nothing"]),
    // Around the model: names, published files, other heads, states, steps, policies.
    (Bug::AliasInCapitals, &["names-resolve", "names-build-what-they-name"]),
    (Bug::SizesUnderstated, &["overrides-are-heeded"]),
    (Bug::FieldIgnored, &["published-configurations-are-read", "save-load-identity"]),
    (Bug::DefaultAstray, &["absent-fields-have-published-defaults"]),
    (Bug::OtherHeadsUnexpected, &["heads-share-a-body"]),
    (Bug::BrokenStatesForgotten, &["damaged-states-are-refused", "state-resumes"]),
    (Bug::StepsTooWide, &["training-steps-by-its-equation"]),
    (Bug::EveryIsLast, &["policies-imply-rewards", "cache-equals-forward"]),
    (Bug::WrongPairsDropped, &["comparisons-name-each-text"]),
    // Comparisons.
    (Bug::PairsSwapped, &["preferences-compare", "loss-is-what-is-written"]),
    (Bug::ComparisonOverflows, &["preferences-compare"]),
];

/// The same for an encoder–decoder.
#[rustfmt::skip]
const PAIR_CATCHES: &[(PairBug, &[&str])] = &[
    (PairBug::DecoderSeesAhead, &["information-flows-as-declared", "cache-equals-forward"]),
    (PairBug::EncoderCausal, &["information-flows-as-declared"]),
    (PairBug::CrossRemoved, &["information-flows-as-declared", "gradients-reach-every-parameter", "padding-does-not-leak"]),
    (PairBug::EncoderBypassed, &["gradients-reach-every-parameter"]),
    (PairBug::AnswersLate, &["information-flows-as-declared", "cache-equals-forward"]),
    (PairBug::DistancesUnused, &["order-matters"]),
    (PairBug::SourcePaddingSeen, &["padding-does-not-leak"]),
    (PairBug::OwnSourcePaddingSeen, &["padding-does-not-leak"]),
    (PairBug::TargetPaddingSeen, &["padding-does-not-leak"]),
    (PairBug::SourceMaskOfTarget, &["padding-does-not-leak", "cache-equals-forward"]),
    (PairBug::FirstSourceForAll, &["batch-invariance", "padding-does-not-leak"]),
    (PairBug::SourceNotSelected, &["cache-equals-forward", "states-follow-their-rows"]),
    (PairBug::SourceOfEarlier, &["cache-equals-forward"]),
    (PairBug::SourceShared, &["cache-equals-forward"]),
    (PairBug::DistancesRestart, &["cache-equals-forward"]),
    (PairBug::SourcePaddingNotSaved, &["state-resumes"]),
    (PairBug::CrossRecordedAsOwn, &["recording-changes-nothing"]),
    (PairBug::EncoderUnrecorded, &["recording-changes-nothing"]),
    // Flow: windows, positions, what is hidden.
    (PairBug::WindowUndeclared, &["windows-reach-exactly"]),
    (PairBug::MapWithoutWindow, &["windows-reach-exactly"]),
    (PairBug::BucketsEndEarly, &["relative-bias-is-bucketed"]),
    (PairBug::FarIsNear, &["relative-bias-is-bucketed"]),
    (PairBug::FarPlacesDrift, &["positions-are-as-declared"]),
    (PairBug::NeighbourAdded, &["order-is-in-the-positions"]),
    (PairBug::ShallowPadding, &["hidden-tokens-weigh-nothing"]),
    (PairBug::LooksForNothing, LOOKS_FOR_NOTHING),
    (PairBug::LooksEverywhere, &["recording-changes-nothing", "gradients-reach-every-parameter", "batch-invariance"]),
    (PairBug::PairIsDense, LOOKS_FOR_NOTHING),
    (PairBug::PairSaysNothing, LOOKS_FOR_NOTHING),
    (PairBug::EncoderDetached, &["gradients-reach-every-parameter"]),
];
#[rustfmt::skip]
const PICTURE_CATCHES: &[(PictureBug, &[&str])] = &[
    (PictureBug::ChannelUnseen, &["information-flows-as-declared"]),
    (PictureBug::LastPatchUnseen, &["information-flows-as-declared"]),
    (PictureBug::PixelsSkipped, &["information-flows-as-declared"]),
    (PictureBug::PatchesUnmixed, &["information-flows-as-declared", "order-matters"]),
    (PictureBug::PictureIsDense, &["information-flows-as-declared", "order-matters"]),
    (PictureBug::PictureSaysNothing, &["information-flows-as-declared", "order-matters", "images-of-any-size"]),
    (PictureBug::PlacesUnused, &["order-matters", "images-of-any-size", "gradients-reach-every-parameter"]),
    (PictureBug::GridFlattened, &["images-of-any-size", "grids-stretch-their-positions", "positions-stretch-as-declared"]),
    (PictureBug::PartsDropped, &["images-of-any-size"]),
];

#[rustfmt::skip]
const MEMO_CATCHES: &[(MemoBug, &[&str])] = &[
    (MemoBug::OwnSegmentRemembered, &["memory-holds-the-past"]),
    (MemoBug::OrderRemembered, &["memory-holds-the-past"]),
    (MemoBug::OldestForgotten, &["memory-holds-the-past", "windows-reach-exactly"]),
    (MemoBug::NeverRead, &["memory-holds-the-past", "windows-reach-exactly", "information-flows-as-declared"]),
    (MemoBug::GateReversed, &["memory-holds-the-past"]),
    (MemoBug::GateShut, &["memory-holds-the-past"]),
    (MemoBug::NormaliserOfAll, &["memory-holds-the-past"]),
    (MemoBug::NeighbourSegmentSeen, &["memory-holds-the-past", "windows-reach-exactly"]),
];

/// A model that says nothing is the same on every device, in every batch, with every padding: only guards see it.
const NULL_MODEL: &[&str] = &[
    "matches-reference",
    "every-field-has-an-effect",
    "information-flows-as-declared",
    "order-matters",
    "padding-does-not-leak",
    "pooling-finds-the-text",
    "batch-invariance",
    "cache-equals-forward",
    "state-resumes",
    "generation-equals-recomputation",
    "gradients-reach-every-parameter",
];

/// What layers compute that are those of the vocabulary. The pair's and the picture's are not.
const OF_LAYERS: &[&str] = &[
    "layers-equal-their-equations",
    "norms-stand-where-declared",
    "norm-equals-its-equation",
    "mlp-equals-its-equation",
    "attention-equals-its-equation",
    "attention-without-queries-is-a-mean",
    "hard-attention-copies",
];

/// A token that looks at no other, whatever is recorded on the way: attention is zeroed, or one dense layer is all there is. It
/// is the same with and without a mask, a past or an order, so only guards see it.
const LOOKS_FOR_NOTHING: &[&str] = &[
    "information-flows-as-declared",
    "order-matters",
    "padding-does-not-leak",
    "cache-equals-forward",
    "state-resumes",
    "generation-equals-recomputation",
    "gradients-reach-every-parameter",
];

/// Null models: nothing of what makes a transformer is left, and much holds of them for that very reason.
const NULLS: &[(&str, &[Planted])] = &[
    (
        "attention is zeroed",
        &[
            Planted::Single(Bug::AttentionRemoved),
            Planted::Pair(PairBug::LooksForNothing),
            Planted::Picture(PictureBug::PatchesUnmixed),
        ],
    ),
    // Pictures mix evenly by design.
    ("attention is uniform", &[Planted::Single(Bug::NoScores), Planted::Pair(PairBug::LooksEverywhere)]),
    (
        "one dense layer",
        &[
            Planted::Single(Bug::DenseLayer),
            Planted::Pair(PairBug::PairIsDense),
            Planted::Picture(PictureBug::PictureIsDense),
        ],
    ),
    (
        "the answer is constant",
        &[
            Planted::Single(Bug::SaysNothing),
            Planted::Pair(PairBug::PairSaysNothing),
            Planted::Picture(PictureBug::PictureSaysNothing),
        ],
    ),
];
/// A null model that a single check sees is seen by luck.
const SEVERAL: usize = 2;

/// The outcomes of the checks that `looks` chooses, for a toy.
fn outcomes(toy: &'static dyn Architecture, device: &str, looks: impl Fn(&str) -> bool) -> Vec<Outcome> {
    let chosen = checks().iter().filter(|check| looks(check.id));
    chosen.map(|check| run_one(toy, &[toy, neighbour()], device, check)).collect()
}

/// A bug of any toy.
#[derive(Debug, Clone, Copy)]
enum Planted {
    Single(Bug),
    Pair(PairBug),
    Picture(PictureBug),
    Memo(MemoBug),
}

impl Planted {
    /// Every bug with the checks that must catch it.
    fn all() -> impl Iterator<Item = (Self, &'static [&'static str])> {
        let single = CATCHES.iter().map(|&(bug, checks)| (Self::Single(bug), checks));
        let pair = PAIR_CATCHES.iter().map(|&(bug, checks)| (Self::Pair(bug), checks));
        let picture = PICTURE_CATCHES.iter().map(|&(bug, checks)| (Self::Picture(bug), checks));
        let memo = MEMO_CATCHES.iter().map(|&(bug, checks)| (Self::Memo(bug), checks));
        single.chain(pair).chain(picture).chain(memo)
    }

    fn toy(self) -> &'static dyn Architecture {
        match self {
            Self::Single(bug) => toy(bug),
            Self::Pair(bug) => pair(bug),
            Self::Picture(bug) => picture(bug),
            Self::Memo(bug) => memo(bug),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Single(bug) => format!("{bug:?}"),
            Self::Pair(bug) => format!("{bug:?}"),
            Self::Picture(bug) => format!("{bug:?}"),
            Self::Memo(bug) => format!("{bug:?}"),
        }
    }
}

/// What failed, by bug, of the checks that must catch it. Two workers take bugs from one list.
static FAILURES: LazyLock<BTreeMap<String, Vec<Outcome>>> = LazyLock::new(|| {
    // Planted bugs panic; nobody needs to read that.
    std::panic::set_hook(Box::new(|_| {}));
    let (left, found) = (Mutex::new(Planted::all().collect::<Vec<_>>()), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let next = left.lock().unwrap().pop();
            let Some((bug, expected)) = next else { break };
            let mut failures = outcomes(bug.toy(), "flex", |check| expected.contains(&check));
            failures.retain(|outcome| outcome.status.is_failure());
            found.lock().unwrap().insert(bug.name(), failures);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let _ = std::panic::take_hook();
    found.into_inner().unwrap()
});

/// How far a planted bug must lie beyond the tolerance that catches it: a tolerance that bugs barely miss is luck.
const MARGIN: f64 = 10.0;

#[test]
fn the_healthy_toy_passes_everything() {
    let of_others = [
        "images-of-any-size",
        "positions-stretch-as-declared",
        "grids-stretch-their-positions",
        "pictures-are-prepared",
        "pictures-keep-what-they-show",
        "sinusoids-equal-their-equation",
        "preferences-compare",
        "comparisons-name-each-text",
        "order-is-in-the-positions",
        "relative-bias-is-bucketed",
        "memory-holds-the-past",
    ];
    passes_all_but(toy(Bug::Nothing), &of_others);
}

/// An encoder–decoder without goldens and without answers a text has nothing to show for some.
#[test]
fn the_healthy_pair_passes_what_concerns_it() {
    let of_others = [
        "matches-reference",
        "gradients-match-reference",
        "texts-match-reference",
        "pooling-finds-the-text",
        "images-of-any-size",
        "positions-stretch-as-declared",
        "grids-stretch-their-positions",
        "pictures-are-prepared",
        "pictures-keep-what-they-show",
        "sinusoids-equal-their-equation",
        "answers-are-as-likely-as-their-tokens",
        "preferences-compare",
        "comparisons-name-each-text",
        "policies-imply-rewards",
        "positions-run-out",
        "memory-holds-the-past",
    ];
    passes_all_but(pair(PairBug::Nothing), &[&of_others, OF_LAYERS].concat());
}

/// What looks at images has no goldens here, no padding and no memory.
#[test]
fn the_healthy_picture_passes_what_concerns_it() {
    let of_texts = [
        "matches-reference",
        "gradients-match-reference",
        "texts-match-reference",
        "absent-fields-have-published-defaults",
        "comparisons-name-each-text",
        "policies-imply-rewards",
        "damaged-states-are-refused",
        "hidden-tokens-weigh-nothing",
        "positions-are-as-declared",
        "relative-bias-is-bucketed",
        "padding-does-not-leak",
        "padding-gets-no-gradient",
        "preferences-compare",
        "ties-survive",
        "pooling-finds-the-text",
        "cache-equals-forward",
        "state-resumes",
        "state-files-are-stable",
        "generation-equals-recomputation",
        "positions-run-out",
        "memory-holds-the-past",
        "state-grows-as-declared",
        "stop-tokens-stop",
        "sampling-follows-the-scores",
        "sampling-keeps-the-likeliest",
        "beams-find-the-best",
        "sinusoids-equal-their-equation",
        "states-follow-their-rows",
        "answers-are-as-likely-as-their-tokens",
        "writing-follows-its-settings",
        "writing-sees-only-the-text",
    ];
    passes_all_but(picture(PictureBug::Nothing), &[&of_texts, OF_LAYERS].concat());
}

/// What remembers segments has no head here that writes.
#[test]
fn the_healthy_memo_passes_what_concerns_it() {
    let not_of_it = [
        "matches-reference",
        "gradients-match-reference",
        "texts-match-reference",
        "absent-fields-have-published-defaults",
        "comparisons-name-each-text",
        "policies-imply-rewards",
        "damaged-states-are-refused",
        "heads-share-a-body",
        "order-is-in-the-positions",
        "relative-bias-is-bucketed",
        "images-of-any-size",
        "positions-stretch-as-declared",
        "pooling-finds-the-text",
        "cache-equals-forward",
        "positions-run-out",
        "state-grows-as-declared",
        "state-resumes",
        "state-files-are-stable",
        "generation-equals-recomputation",
        "stop-tokens-stop",
        "sampling-follows-the-scores",
        "sampling-keeps-the-likeliest",
        "beams-find-the-best",
        "grids-stretch-their-positions",
        "pictures-are-prepared",
        "pictures-keep-what-they-show",
        "sinusoids-equal-their-equation",
        "states-follow-their-rows",
        "answers-are-as-likely-as-their-tokens",
        "writing-follows-its-settings",
        "writing-sees-only-the-text",
        "loss-is-what-is-written",
        "loss-weighs-tokens-alike",
        "preferences-compare",
        "padding-gets-no-gradient",
        "ties-survive",
    ];
    passes_all_but(memo(MemoBug::Nothing), &[&not_of_it, OF_LAYERS].concat());
}

/// Every check passes but those that are not about this toy.
#[expect(clippy::print_stdout, reason = "a failing test shows what every check measured")]
fn passes_all_but(toy: &'static dyn Architecture, not_applicable: &[&str]) {
    for device in ["flex", "ndarray"] {
        for outcome in outcomes(toy, device, |_| true) {
            println!("{device:8} {:32} {:?} {:?} {}", outcome.check, outcome.status, outcome.error, outcome.detail);
            let left_out = not_applicable.contains(&outcome.check.as_str());
            let expected = if left_out { Status::NotApplicable } else { Status::Pass };
            assert_eq!(outcome.status, expected, "{} on {device}: {}", outcome.check, outcome.detail);
        }
    }
}

#[test]
fn every_bug_is_caught_by_the_checks_that_exist_for_it() {
    let mut problems = Vec::new();
    for (bug, expected) in Planted::all() {
        let bug = bug.name();
        let failures = &FAILURES[&bug];
        println!("{bug:24} {}", failures.iter().map(told).collect::<Vec<_>>().join(", "));
        for check in expected {
            match failures.iter().find(|failure| failure.check == *check) {
                None => problems.push(format!("{bug} passes {check}")),
                Some(failure) if margin(failure).is_some_and(|margin| margin < MARGIN) => {
                    problems.push(format!("{bug} barely fails {}", told(failure)));
                }
                Some(_) => {}
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Error over tolerance, where both were measured.
fn margin(failure: &Outcome) -> Option<f64> {
    Some(failure.error? / failure.tolerance?)
}

fn told(failure: &Outcome) -> String {
    margin(failure).map_or(failure.check.clone(), |margin| format!("{} ({margin:.0} ×)", failure.check))
}

#[test]
fn a_waiver_of_one_tiny_configuration_waives_no_other() {
    const WAIVER: &str =
        "[[waivers]]\ncheck = \"information-flows-as-declared\"\nreason = \"Deep.\"\ntiny = \"deep\"\n";
    let check = checks().iter().find(|check| check.id == "information-flows-as-declared").unwrap();
    let outcome = |bug, facts: &str| {
        let toy = toy_and(bug, facts);
        run_one(toy, &[toy], "flex", check)
    };
    assert_eq!(outcome(Bug::DeepUnmasked, WAIVER).status, Status::Waived);
    let elsewhere = outcome(Bug::NoMask, &[DEEP, WAIVER].concat());
    assert_eq!(elsewhere.status, Status::Fail);
    assert!(elsewhere.detail.starts_with("`deep` is waived, but without it: "), "{}", elsewhere.detail);
    let needless = outcome(Bug::Nothing, WAIVER);
    assert_eq!(needless.status, Status::UnexpectedPass);
    assert!(needless.detail.starts_with("waived, but holds"), "{}", needless.detail);
}

#[test]
fn every_check_catches_a_bug() {
    for check in checks() {
        let bugs = FAILURES.values().filter(|failed| failed.iter().any(|failed| failed.check == check.id)).count();
        let lies = liars::finders().filter(|finder| *finder == check.id).count();
        println!("{:40} {bugs} bugs, {lies} lies", check.id);
        assert!(bugs + lies > 0, "`{}` catches no planted bug", check.id);
    }
}

#[test]
fn every_null_model_fails_several_checks() {
    for (what, models) in NULLS {
        for model in *models {
            let failed: Vec<&str> = FAILURES[&model.name()].iter().map(|failure| failure.check.as_str()).collect();
            println!("{what:24} {:20} {}", model.name(), failed.join(", "));
            assert!(failed.len() >= SEVERAL, "{what}: {} fails only {failed:?}", model.name());
        }
    }
}

#[test]
fn every_bug_is_planted() {
    // The lists above and the enums agree: a bug that is never planted proves nothing.
    let planted: BTreeSet<String> = Planted::all().map(|(bug, _)| bug.name()).collect();
    let toys =
        [Bug::ComparisonOverflows as usize, PairBug::EncoderDetached as usize, PictureBug::PartsDropped as usize];
    let there = toys.iter().sum::<usize>() + MemoBug::NeighbourSegmentSeen as usize;
    assert_eq!(planted.len(), there, "{planted:?}");
}
