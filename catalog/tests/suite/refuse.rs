//! Input that contradicts itself is refused, with what and where.

use zoo_catalog::{Error, Problem, build};
use zoo_registry::descriptor::Waiver;
use zoo_registry::vocabulary::Term;
use zoo_registry::{ModuleTree, Outcome, Parameter, Record, Status, SuiteFacts};

use crate::fixtures::*;

async fn problems(records: &[Record], suite: &SuiteFacts, outcomes: &[Outcome]) -> Vec<Problem> {
    let (folder, path) = folder();
    let error = build(&path, records, suite, outcomes).await.unwrap_err();
    assert!(names(folder.path()).is_empty());
    assert!(error.hint().is_some());
    match error {
        Error::Input { problems } => problems,
        other => panic!("{other}"),
    }
}

/// The only problem of a toy that was changed.
async fn told(change: impl FnOnce(&mut Record)) -> String {
    let mut record = toy();
    change(&mut record);
    let problems = problems(&[record, block()], &suite(), &[]).await;
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

#[tokio::test]
async fn outcomes_name_known_checks_and_architectures() {
    let unknown = [
        outcome("values-mach", "flex", Status::Pass, None),
        Outcome { architecture: "tyo".into(), ..outcome("a-third", "flex", Status::Pass, None) },
    ];
    let told = problems(&[toy()], &suite(), &unknown).await;
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told[0],
        "outcome of `values-mach` for `toy` on `flex`: there is no check `values-mach`; did you mean `values-match`?"
    );
    assert!(
        told[1].starts_with("outcome of `a-third` for `tyo` on `flex`: there is no architecture `tyo`"),
        "{}",
        told[1]
    );
    assert_eq!(told.len(), 2);
}

#[tokio::test]
async fn waivers_name_known_checks_once() {
    let waiver = |check: &str| Waiver { check: check.into(), reason: "none".into(), tiny: None };
    let unknown = told(|toy| toy.descriptor.waivers.push(waiver("zzz"))).await;
    assert_eq!(unknown, "waiver of `toy`: there is no check `zzz`");
    let twice = told(|toy| toy.descriptor.waivers.push(waiver("padding-does-not-leak"))).await;
    assert!(twice.contains("`waivers.padding-does-not-leak`: stands twice"), "{twice}");
}

#[tokio::test]
async fn an_expected_failure_is_expected_on_its_device() {
    let on = |device| [outcome("values-match", device, Status::ExpectedFailure, None)];
    let (_folder, path) = folder();
    build(&path, &[toy()], &suite(), &on("cuda:0")).await.unwrap();
    let told = problems(&[toy()], &suite(), &on("flex")).await;
    let place = "outcome of `values-match` for `toy` on `flex`".to_owned();
    assert_eq!(told, [Problem::Unexcused { place, status: "expected-failure" }]);
    let unknown = self::told(|toy| toy.descriptor.expected_failures[0].check = "zzz".into()).await;
    assert_eq!(unknown, "expected failure of `toy`: there is no check `zzz`");
}

#[tokio::test]
async fn a_level_demands_known_checks_once() {
    let told = async |change: fn(&mut SuiteFacts)| {
        let mut suite = suite();
        change(&mut suite);
        problems(&[toy()], &suite, &[]).await.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let unknown = told(|suite| suite.levels[0].checks[0] = "a-thrid".into()).await;
    assert_eq!(unknown, ["the levels: there is no check `a-thrid`; did you mean `a-third`?"]);
    let twice = told(|suite| suite.levels[1].checks.push("a-third".into())).await;
    assert_eq!(twice, ["the levels: check `a-third` stands twice"]);
    let levels = told(|suite| suite.levels[1].id = "L0".into()).await;
    assert_eq!(levels, ["the levels: level `L0` stands twice"]);
}

#[tokio::test]
async fn what_is_planted_is_caught_by_known_checks() {
    let told = async |change: fn(&mut SuiteFacts)| {
        let mut suite = suite();
        change(&mut suite);
        problems(&[toy()], &suite, &[]).await.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let unknown = told(|suite| suite.planted[1].caught_by[0] = "a-thrid".into()).await;
    assert_eq!(unknown, ["planted `mask-forgotten`: there is no check `a-thrid`; did you mean `a-third`?"]);
    let twice = told(|suite| suite.planted[1].id = "mask-late".into()).await;
    assert_eq!(twice, ["what was planted: bug `mask-late` stands twice"]);
    let by = told(|suite| suite.planted[1].caught_by.push("a-third".into())).await;
    assert_eq!(by, ["planted `mask-forgotten`: check `a-third` stands twice"]);
}

#[tokio::test]
async fn a_waived_outcome_needs_a_waiver() {
    let waived = [outcome("a-third", "flex", Status::Waived, None)];
    let told = problems(&[toy()], &suite(), &waived).await;
    let place = "outcome of `a-third` for `toy` on `flex`".to_owned();
    assert_eq!(told, [Problem::Unexcused { place, status: "waived" }]);
}

#[tokio::test]
async fn one_of_a_kind_stands_once() {
    let twice = outcome("a-third", "flex", Status::Pass, None);
    let mut suite = suite();
    suite.checks.push(suite.checks[0].clone());
    let told = problems(&[block(), block(), toy()], &suite, &[twice.clone(), twice]).await;
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "the records: architecture `block` stands twice",
            "the checks: check `values-match` stands twice",
            "the outcomes: outcome `outcome of `a-third` for `toy` on `flex`` stands twice",
        ]
    );
}

#[tokio::test]
async fn problems_come_in_one_order() {
    let outcomes: Vec<_> = ["x", "y"].map(|check| outcome(check, "flex", Status::Pass, None)).into();
    let mut suite = suite();
    suite.checks.extend(suite.checks.clone());
    let (mut reversed, mut other) = (outcomes.clone(), suite.clone());
    reversed.reverse();
    other.checks.reverse();
    let told = problems(&[block(), toy()], &suite, &outcomes).await;
    assert_eq!(told, problems(&[toy(), block()], &other, &reversed).await);
    assert_eq!(told.len(), 5);
}

#[tokio::test]
async fn names_have_one_owner() {
    let told = told(|toy| toy.descriptor.presets[1].aliases.push("BLOCK_paper-only".into())).await;
    assert_eq!(told, "the name `BLOCK_paper-only` is claimed by both `block/block-paper-only` and `toy/toy-base`");
}

#[tokio::test]
async fn sizes_are_of_known_presets_once() {
    let unknown = told(|toy| toy.sizes[0].preset = "toy-lage".into()).await;
    assert_eq!(unknown, "architecture `toy`: there is no preset `toy-lage`; did you mean `toy-large`?");
    let twice = told(|toy| toy.sizes.push(toy.sizes[0].clone())).await;
    assert_eq!(twice, "architecture `toy`: size `toy-large` stands twice");
}

#[tokio::test]
async fn paths_in_a_module_tree_are_unique() {
    let modules =
        |toy: &mut Record| toy.sizes[0].modules.children.push(ModuleTree { name: "b".into(), ..Default::default() });
    assert_eq!(told(modules).await, "architecture `toy`, size `toy-large`: module `b` stands twice");
    let parameter = Parameter { name: "table".into(), shape: vec![1] };
    let parameters = |toy: &mut Record| toy.sizes[0].modules.parameters.push(parameter);
    assert_eq!(told(parameters).await, "architecture `toy`, size `toy-large`: parameter `table` stands twice");
}

#[tokio::test]
async fn numbers_fit_sqlite() {
    let wide = told(|toy| toy.sizes[1].modules.parameters[0].shape = vec![usize::MAX, 2]).await;
    assert_eq!(
        wide,
        "architecture `toy`, size `toy-base`: expected at most 9223372036854775807, found 18446744073709551615"
    );
    let published = told(|toy| toy.descriptor.presets[0].parameters = Some(1 << 63)).await;
    assert!(published.starts_with("architecture `toy`, preset `toy-large`, `parameters`: "), "{published}");
    let stated = told(|toy| toy.descriptor.unbuilt[0].stated.as_mut().unwrap().parameters = u64::MAX).await;
    assert!(stated.starts_with("architecture `toy`, preset `toy-giant`, `stated.parameters`: "), "{stated}");
    let config = told(|toy| _ = toy.sizes[0].config.insert("seed".into(), u64::MAX.into())).await;
    assert!(config.starts_with("architecture `toy`, size `toy-large`, `config.seed`: "), "{config}");
    let tolerance = Outcome { tolerance: Some(f64::NAN), ..outcome("a-third", "flex", Status::Pass, Some(1.0)) };
    let told = problems(&[toy()], &suite(), &[tolerance]).await;
    assert_eq!(told, [Problem::NotANumber { place: "outcome of `a-third` for `toy` on `flex`".into() }]);
}

#[tokio::test]
async fn terms_mean_one_thing() {
    let term = |id: &str| Term { id: id.into(), label: "Other".into(), definition: "Otherwise.".into(), usual: false };
    let ours = told(|toy| toy.descriptor.terms.entry("attention".into()).or_default().push(term("causal"))).await;
    assert_eq!(
        ours,
        "architecture `toy`: defines the term `causal` of axis `attention` otherwise than `the vocabulary` does"
    );
    let mut other = block();
    other.descriptor.terms.insert("mood".into(), vec![term("merry")]);
    let told = problems(&[toy(), other], &suite(), &[]).await;
    assert_eq!(
        told[0].to_string(),
        "architecture `toy`: defines the term `merry` of axis `mood` otherwise than `block` does"
    );
}

#[tokio::test]
async fn components_name_building_blocks_that_are_there() {
    let told = told(|toy| toy.descriptor.components[0].part = Some("mlp/dens".into())).await;
    let expected = "there is no building block `mlp/dens`; did you mean `mlp/dense`?";
    assert!(told.starts_with("architecture `toy`, component `") && told.ends_with(expected), "{told}");
}

#[tokio::test]
async fn shared_code_is_the_same_for_all() {
    let mut other = block();
    other.blocks = toy().blocks;
    other.blocks[0].text.push_str("// another\n");
    let told = problems(&[toy(), other], &suite(), &[]).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].to_string().contains("`mlp.rs`"), "{}", told[0]);
}

#[tokio::test]
async fn facts_keep_their_own_rules() {
    let told = told(|toy| toy.descriptor.date = "yesterday".into()).await;
    assert!(told.starts_with("architecture `toy`: `date`: "), "{told}");
}

#[tokio::test]
async fn no_model_descends_from_itself() {
    let mut block = block();
    let edge =
        zoo_registry::descriptor::Lineage { id: "toy".into(), relation: "derives-from".into(), ..Default::default() };
    block.descriptor.lineage.push(edge);
    let told = problems(&[toy(), block], &suite(), &[]).await;
    assert_eq!(told[0].to_string(), "the family tree runs in a circle: block → toy → block");
    assert_eq!(told.len(), 1);
}

#[tokio::test]
async fn sizes_are_of_known_models() {
    let told = told(|toy| toy.descriptor.unbuilt[0].of = Some("blok".into())).await;
    assert_eq!(told, "architecture `toy`, preset `toy-giant`: there is no architecture `blok`; did you mean `block`?");
}
