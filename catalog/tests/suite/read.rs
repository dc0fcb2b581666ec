//! What was written comes back.

use zoo_catalog::{Catalog, build};
use zoo_registry::vocabulary;
use zoo_registry::vocabulary::labs;
use zoo_registry::vocabulary::licences::Openness;
use zoo_registry::{Outcome, Status};

use crate::fixtures::*;

#[tokio::test]
async fn a_model_comes_back_whole() {
    let (_folder, _path, catalog) = catalog().await;
    let record = toy();
    let model = catalog.model("toy").await.unwrap().unwrap();
    assert_eq!(model.descriptor, record.descriptor);
    assert_eq!(model.descriptor.summary, NASTY.to_owned());
    assert_eq!(model.readme, record.readme);
    assert_eq!(model.sources, record.sources);
    assert_eq!(model.figures, record.figures);
    assert_eq!(model.demo, record.demo);
    assert_eq!(model.sizes.len(), 2);
    for (size, given) in model.sizes.iter().zip(&record.sizes) {
        assert_eq!(size.preset.id, given.preset);
        assert_eq!(size.modules, given.modules);
        assert_eq!(size.parameters, given.modules.parameter_count());
        assert_eq!(size.config, given.config);
        assert_eq!((&size.costs, &size.flow), (&given.costs, &given.flow));
        let order = |config: &serde_json::Map<_, _>| config.keys().cloned().collect::<Vec<String>>();
        assert_eq!(order(&size.config), order(&given.config));
    }
    let mut outcomes = outcomes();
    outcomes.retain(|outcome| outcome.architecture == "toy");
    outcomes.sort_by(|a, b| (&a.check, &a.device).cmp(&(&b.check, &b.device)));
    assert_eq!(model.outcomes, outcomes);
    assert!(model.descendants.is_empty());
}

#[tokio::test]
async fn a_model_without_code_has_facts_and_no_sizes() {
    let (_folder, _path, catalog) = catalog().await;
    let model = catalog.model("block").await.unwrap().unwrap();
    assert_eq!(model.descriptor, block().descriptor);
    assert!(model.sizes.is_empty() && model.demo.is_none());
    assert_eq!((model.summary.presets, model.summary.parameters), (1, Some((7, 7))));
    assert_eq!(model.descendants, [("toy".to_owned(), toy().descriptor.lineage[0].clone())]);
}

#[tokio::test]
async fn no_model_is_none() {
    let (_folder, _path, catalog) = catalog().await;
    assert!(catalog.model("Toy").await.unwrap().is_none());
    assert!(catalog.model("' OR 1=1 --").await.unwrap().is_none());
}

#[tokio::test]
async fn many_models_are_read_as_each_is_alone() {
    let (_folder, _path, catalog) = catalog().await;
    let mut lines = catalog.models().await.unwrap();
    assert!(lines.len() > 1);
    lines.reverse();
    let mut alone = Vec::new();
    for line in &lines {
        alone.extend(catalog.model(&line.id).await.unwrap());
    }
    assert_eq!(catalog.whole(lines).await.unwrap(), alone);
    assert_eq!(catalog.whole(Vec::new()).await.unwrap(), []);
}

#[tokio::test]
async fn the_index_is_sorted_and_counts() {
    let (_folder, _path, catalog) = catalog().await;
    let models = catalog.models().await.unwrap();
    let [block, toy] = &models[..] else { panic!("{models:?}") };
    assert_eq!((block.id.as_str(), toy.id.as_str()), ("block", "toy"));
    assert_eq!(toy.labs, ["zeta", "alpha", "baai"], "labs keep their order");
    assert_eq!(toy.taxonomy, crate::fixtures::toy().descriptor.taxonomy);
    let sizes = crate::fixtures::toy().sizes;
    assert_eq!(
        toy.parameters,
        Some((21, sizes[0].modules.parameter_count())),
        "counted by a formula, built by the code"
    );
    assert_eq!((toy.presets, toy.code, block.code, toy.kind.as_str()), (3, true, true, "model"));
    let tally = toy.tally;
    assert_eq!((tally.pass, tally.fail, tally.waived, tally.not_applicable), (1, 1, 1, 1));
    assert_eq!(catalog.model("toy").await.unwrap().unwrap().summary, *toy);
}

#[tokio::test]
async fn families_list_members_by_date_and_edges_with_sources() {
    let (_folder, path) = folder();
    let mut first = block();
    first.descriptor.date = "2019-12".into();
    first.descriptor.id = "zebra".into();
    first.descriptor.presets.clear();
    let mut alone = first.clone();
    (alone.descriptor.id, alone.descriptor.family) = ("alone".into(), "hermits".into());
    build(&path, &[toy(), block(), alone, first], &suite(), &[]).await.unwrap();
    let families = Catalog::open(&path).await.unwrap().families().await.unwrap();
    let [hermits, toys] = &families[..] else { panic!("{families:?}") };
    assert_eq!((hermits.id.as_str(), toys.id.as_str()), ("hermits", "toys"));
    assert_eq!(toys.members.iter().map(|member| member.id.as_str()).collect::<Vec<_>>(), ["zebra", "block", "toy"]);
    let edges = toy().descriptor.lineage.into_iter().map(|edge| ("toy".to_owned(), edge));
    assert_eq!(toys.edges, edges.collect::<Vec<_>>());
    assert!(hermits.edges.is_empty());
}

#[tokio::test]
async fn the_matrix_is_sorted_and_complete() {
    let (_folder, _path, catalog) = catalog().await;
    let matrix = catalog.matrix().await.unwrap();
    let mut suite = suite();
    suite.checks.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(matrix.suite, suite);
    assert_eq!(matrix.devices, ["flex", "ndarray"]);
    assert_eq!(
        matrix.rows.iter().map(|(model, outcomes)| (model.id.as_str(), outcomes.len())).collect::<Vec<_>>(),
        [("block", 1), ("toy", 4)]
    );
    assert_eq!(matrix.rows[1].1, catalog.model("toy").await.unwrap().unwrap().outcomes);
}

#[tokio::test]
async fn axes_keep_the_vocabulary_s_order_and_name_their_models() {
    let (_folder, _path, catalog) = catalog().await;
    let axes = catalog.axes().await.unwrap();
    let ids: Vec<_> = vocabulary::axes().iter().map(|axis| axis.id.as_str()).chain(["mood"]).collect();
    assert_eq!(axes.iter().map(|axis| axis.id.as_str()).collect::<Vec<_>>(), ids);
    let attention = axes.iter().find(|axis| axis.id == "attention").unwrap();
    let ours = &vocabulary::axis("attention").unwrap().terms;
    assert!(ours.iter().zip(&attention.terms).all(|(ours, term)| ours.id == term.id && ours.label == term.label));
    let models = |id: &str| attention.terms.iter().find(|term| term.id == id).unwrap().models.clone();
    assert_eq!(models("causal"), ["block", "toy"]);
    assert_eq!(models("telepathic"), ["toy"]);
    assert!(models("hard").is_empty());
}

#[tokio::test]
async fn an_error_that_is_not_a_number_stays_one() {
    let (_folder, path) = folder();
    let nan = outcome("values-match", "flex", Status::Fail, Some(f64::NAN));
    build(&path, &[toy()], &suite(), &[nan, outcome("a-third", "flex", Status::Pass, None)]).await.unwrap();
    let catalog = Catalog::open(&path).await.unwrap();
    let found: Vec<Outcome> = catalog.model("toy").await.unwrap().unwrap().outcomes;
    assert_eq!(found[0].error, None);
    assert!(found[1].error.unwrap().is_nan());
}

#[tokio::test]
async fn the_tables_say_what_the_json_says() {
    let (_folder, _path, catalog) = catalog().await;
    let rows = async |sql: &str| serde_json::to_string(&catalog.sql(sql).await.unwrap().rows).unwrap();
    assert_eq!(
        rows(
            "SELECT p.title, a.author FROM architecture_paper AS u JOIN paper AS p ON p.id = u.paper
              JOIN paper_author AS a ON a.paper = p.id WHERE u.architecture = 'toy' ORDER BY u.position, a.position"
        )
        .await,
        r#"[["Toys Are All You Need","Z. Élan"],["Toys Are All You Need","A. Child"],["Wood","A. Child"]]"#
    );
    assert_eq!(rows("SELECT count(*) FROM paper").await, "[[2]]", "a shared paper stands once");
    assert_eq!(
        rows("SELECT name, architecture, preset FROM alias ORDER BY name").await,
        r#"[["Plaything","toy",null],["Toy's","toy",null],["plaything","toy",null],["toy-l","toy","toy-large"]]"#
    );
    assert_eq!(
        rows("SELECT published, ours FROM published_field ORDER BY position").await,
        r#"[["hidden_size","d_model"],["n_head","n_heads"],["dropout",null]]"#
    );
    assert_eq!(
        rows("SELECT field, position, preset, lineage, reference FROM source ORDER BY field, position").await,
        r#"[["date",0,null,null,"page 1"],["lineage.block",0,null,0,"§ 2"],["lineage.block",1,null,0,null],["presets.toy-large",0,"toy-large",null,"table 1"],["unbuilt.toy-giant.stated",0,"toy-giant",null,"a/b@1: c.md#d"]]"#
    );
    assert_eq!(
        rows(
            "SELECT field, stated, built, kind, value FROM preset_config WHERE preset = 'toy-large' AND field <> 'name'
              ORDER BY position"
        )
        .await,
        format!(
            r#"[["d_model",1,1,"integer",16],["zeta",0,1,"null",null],["eps",1,1,"real",0.30000000000000004],["whole",0,1,"real",2.0],["least",0,1,"integer",{}],["tied",1,1,"boolean",1],["extents",1,1,"json","[1,2.5,\"x\"]"],["nested",0,1,"json","{{\"z\":1,\"a\":false}}"],["aaa",0,1,"integer",1]]"#,
            i64::MIN
        )
    );
    assert_eq!(
        rows("SELECT field, stated, built FROM preset_config WHERE preset = 'block-paper-only'").await,
        r#"[["d_model",1,0]]"#
    );
    assert_eq!(
        rows(
            "SELECT p.path, m.kind, p.shape, p.count FROM parameter AS p JOIN module AS m ON m.preset = p.preset
              AND m.path = p.module WHERE p.preset = 'toy-base' ORDER BY p.ordinal LIMIT 6"
        )
        .await,
        r#"[["table","Toy","[5,4]",20],["b.weight","Linear","[4,3]",12],["b.bias","Linear","[3]",3],["layers.0.scale","Layer<'a, T>","[]",1],["layers.0.norm.weight","Norm","[3]",3],["layers.0.norm.bias","Norm","[3]",3]]"#
    );
    assert_eq!(
        rows("SELECT path, parameters FROM module WHERE preset = 'toy-base' AND depth <= 1 ORDER BY ordinal").await,
        r#"[["",119],["b",15],["layers",84],["a",0]]"#
    );
    assert_eq!(
        rows("SELECT preset, parameters, published_parameters, difference FROM model_size ORDER BY preset").await,
        r#"[["block-paper-only",null,7,null],["toy-base",119,null,null],["toy-giant",null,null,null],["toy-large",215,50,165]]"#
    );
    let waived = serde_json::to_string(NASTY).unwrap();
    assert_eq!(rows("SELECT waived_because FROM conformance WHERE status = 'waived'").await, format!("[[{waived}]]"));
    let standing = "SELECT device, level, standing FROM standing WHERE architecture = 'toy' ORDER BY device, level";
    assert_eq!(
        rows(standing).await,
        r#"[["flex","L0","reached"],["flex","L1","reached"],["ndarray","L0","unknown"],["ndarray","L1","missed"]]"#
    );
    assert_eq!(
        rows("SELECT * FROM level_reached ORDER BY architecture, device").await,
        r#"[["toy","flex","L1","high"]]"#
    );
    assert_eq!(
        rows(
            "SELECT level, status, issue, expires FROM conformance WHERE check_id = 'values-match' AND device = 'flex'"
        )
        .await,
        r#"[["L1","pass",null,null]]"#
    );
    assert_eq!(
        rows("SELECT check_id, device, expires FROM expected_failure").await,
        r#"[["values-match","cuda:0","2027-03-31"]]"#
    );
}

#[tokio::test]
async fn facts_without_code_have_tables_of_their_own() {
    let (_folder, _path, catalog) = catalog().await;
    let rows = async |sql: &str| serde_json::to_string(&catalog.sql(sql).await.unwrap().rows).unwrap();
    let nasty = serde_json::to_string(NASTY).unwrap();
    assert_eq!(
        rows(
            "SELECT id, name, unbuilt, model, size, context, active, stated, stated_label, counted, checked, checked_source, hub_seen
              FROM preset WHERE unbuilt"
        )
        .await,
        r#"[["toy-giant","giant",1,"toy",21,64,9,20,"20",21,21,"repo","a/b: README.md"]]"#
    );
    assert_eq!(
        rows("SELECT kind, code, listed, extension, corpus, weights_public FROM architecture WHERE id = 'toy'").await,
        r#"[["model",1,null,"Adds wheels.","Attic",1]]"#
    );
    assert_eq!(
        rows("SELECT family, label FROM architecture_family JOIN family ON id = family WHERE architecture = 'toy' ORDER BY position")
            .await,
        r#"[["toys",null],["gadgets",null]]"#
    );
    assert_eq!(
        rows("SELECT part, licence, openness FROM architecture_licence JOIN licence ON id = licence WHERE architecture = 'toy'
               ORDER BY part, position")
        .await,
        r#"[["code","MIT","open"],["code","Apache-2.0","open"],["weights","CC-BY-4.0","open"]]"#
    );
    assert_eq!(
        rows(
            "SELECT c.preset_name, c.chosen, a.field, v.value FROM conflict AS c
               JOIN conflict_about AS a ON a.architecture = c.architecture AND a.conflict = c.position
               JOIN conflict_value AS v ON v.architecture = c.architecture AND v.conflict = c.position
               ORDER BY a.position, v.position"
        )
        .await,
        format!(
            r#"[["giant","1","date","1"],["giant","1","date",{nasty}],["giant","1","parameters","1"],["giant","1","parameters",{nasty}]]"#
        )
    );
    assert_eq!(
        rows("SELECT catalog, field, position, value FROM external_statement ORDER BY field, position").await,
        r#"[["amatriain","families",0,"A"],["amatriain","families",1,"B"],["amatriain","licence.api",0,"true"],["amatriain","licence.openness",0,"open"],["amatriain","name",0,"Toy"]]"#
    );
    assert_eq!(
        rows("SELECT name, kind, language, preset FROM name WHERE architecture = 'toy' AND kind <> 'alias' ORDER BY normal").await,
        r#"[["Spielzeugmaß","translation","de",null],["toy","id",null,null],["Toy <i>&amp;</i>","name",null,null],["toy-base","id",null,"toy-base"],["toy-giant","id",null,"toy-giant"],["toy-large","id",null,"toy-large"],["toys/giant","hub",null,"toy-giant"],["toys/large","hub",null,"toy-large"],["玩具模型","translation","zh",null]]"#
    );
    assert_eq!(
        rows("SELECT name, country, (SELECT group_concat(name) FROM lab_name WHERE lab = id) FROM lab WHERE id IN ('baai', 'zeta')").await,
        r#"[["Beijing Academy of Artificial Intelligence","CN","BAAI,北京智源人工智能研究院"],[null,null,null]]"#
    );
    assert_eq!(
        rows("SELECT id, labs, sizes, smallest, largest FROM model_overview WHERE id = 'toy'").await,
        r#"[["toy","zeta, alpha, Beijing Academy of Artificial Intelligence",3,21,215]]"#
    );
    assert_eq!(rows("SELECT id, ancestors FROM timeline").await, r#"[["block",null],["toy","block, unrecorded"]]"#);
    assert_eq!(
        rows("SELECT models, with_code, first, last FROM term_usage WHERE term = 'causal'").await,
        r#"[[2,2,"2019-12-31","2020-02"]]"#
    );
    let labs = catalog.labs().await.unwrap();
    let lab = |id: &str| labs.iter().find(|lab| lab.id == id).unwrap();
    assert_eq!((lab("zeta").name.as_str(), &lab("zeta").country), ("zeta", &None), "the vocabulary lacks it");
    assert_eq!(Some(lab("baai")), labs::lab("baai"), "it comes back as the vocabulary has it");
    let licences = catalog.licences().await.unwrap();
    let open = licences.iter().filter(|licence| licence.openness == Openness::Open).map(|licence| licence.id.as_str());
    assert_eq!(open.collect::<Vec<_>>(), ["Apache-2.0", "CC-BY-4.0", "MIT"]);
    assert_eq!(rows("SELECT * FROM lineage_closure").await, r#"[["toy","block",1],["toy","unrecorded",1]]"#);
}
