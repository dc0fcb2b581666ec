//! Every rule of the facts, each seen failing on facts that break it, with file and line.

use zoo_catalog::facts::{Finding, Level, Sheet, all, check, doctor, stale};

use crate::TODAY;

/// A record that keeps every rule.
const SOUND: &str = r#"id = "toy"
name = "Toy"
family = "bert"
date = "2020-02"
labs = ["google"]
countries = ["US"]
licence = { code = "MIT", weights = "MIT", public = true }
extension = "Adds wheels."
applications = ["play"]
corpus = "Toys"
reads = ["text"]
writes = ["text"]
architecture_note = "a mixture of experts"

[[papers]]
title = "Toys"
authors = ["Child"]
et_al = true
year = 2020
arxiv = "2002.00001"
url = "https://arxiv.org/abs/2002.00001"

[taxonomy]
architecture = ["decoder"]
attention = ["causal", "grouped-query"]
pretraining-task = ["causal-lm"]
training-paradigm = ["self-supervised-pretraining"]

[[presets]]
id = "toy-large"
name = "large"
hub = "toys/large"
hub_seen = "toys/list: README.md"
active = 60
sources = [{ source = "paper", ref = "table 1", confidence = "high" }]

[presets.stated]
parameters = 100
label = "100"
sources = [{ source = "uncited", confidence = "low" }]

[presets.counted]
parameters = 101

[presets.config]
vocab_size = 61
d_model = 24
n_heads = 4
n_kv_heads = 2
n_experts = 8

[[conflicts]]
about = ["date"]
values = [{ source = "paper", value = "2020-03" }]
chosen = "2020-02"
found_by = "curator"
severity = "conflict"

[sources]
family = [{ source = "uncited", confidence = "high" }]
date = [{ source = "arxiv-id", ref = "arXiv 2002.00001", confidence = "high" }]
labs = [{ source = "uncited", confidence = "high" }]
countries = [{ source = "uncited", confidence = "high" }]
licence = [{ source = "uncited", confidence = "high" }]
extension = [{ source = "uncited", confidence = "high" }]
applications = [{ source = "uncited", confidence = "high" }]
corpus = [{ source = "uncited", confidence = "high" }]
modality = [{ source = "uncited", confidence = "high" }]
papers = [{ source = "uncited", confidence = "high" }]
architecture = [{ source = "uncited", confidence = "high" }]
attention = [{ source = "uncited", confidence = "high" }]
positional-encoding = [{ source = "uncited", confidence = "high" }]
normalisation-type = [{ source = "uncited", confidence = "high" }]
normalisation-placement = [{ source = "uncited", confidence = "high" }]
activation = [{ source = "uncited", confidence = "high" }]
pretraining-task = [{ source = "uncited", confidence = "high" }]
training-paradigm = [{ source = "uncited", confidence = "high" }]
"#;

/// An ancestor of it, older and otherwise called.
fn ancestor() -> String {
    let names =
        [("\"toy", "\"block"), ("\"Toy\"", "\"Block\""), ("toys/large", "blocks/large"), ("2020-02\"", "2019-02\"")];
    let text = names.iter().fold(SOUND.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("2002.00001", "1902.00001").replace("year = 2020", "year = 2019")
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the fixture has no `{from}`");
    text.replacen(from, to, 1)
}

#[test]
fn the_fixture_is_sound() {
    let sheets = [Sheet::record("toy.toml", SOUND).unwrap(), Sheet::record("block.toml", ancestor()).unwrap()];
    assert_eq!(check(&sheets.iter().collect::<Vec<_>>(), TODAY), []);
}

/// What breaks a record on its own: what is replaced by what, what stands on the line it is told of, and part of what is told.
const BROKEN: [(&str, &str, &str, &str); 65] = [
    // The file.
    ("id = \"toy\"\n", "id = \n", "id =", "toml"),
    (r#"name = "Toy""#, r#"nmae = "Toy""#, "nmae", "nmae"),
    (r#"found_by = "curator""#, r#"found_by = "luck""#, "found_by", "luck"),
    (r#"severity = "conflict""#, r#"severity = "war""#, "severity", "war"),
    // Ids.
    (r#"id = "toy""#, r#"id = "../toy""#, "id =", "`id`: ids are kebab-case, found `../toy`"),
    (r#"id = "toy""#, r#"id = "toy/a""#, "id =", "`id`: ids are kebab-case"),
    (r#"id = "toy""#, r#"id = "Toy""#, "id =", "`id`: ids are kebab-case"),
    (r#"id = "toy""#, r#"id = "other""#, "id =", "`id`: the file of `other` is `other.toml`"),
    (r#"id = "toy-large""#, r#"id = "toy large""#, r#"id = "toy large""#, "ids are kebab-case"),
    (r#"family = "bert""#, r#"family = "BERT""#, r#"family = "BERT""#, "`family`: ids are kebab-case"),
    (r#"labs = ["google"]"#, r#"labs = ["Google Inc"]"#, r#"labs = ["Google Inc"]"#, "ids are kebab-case"),
    (r#"name = "Toy""#, r#"name = " ""#, r#"name = " ""#, "`name`: is empty"),
    // Terms.
    (r#"name = "Toy""#, "name = \"Toy\"\nkind = \"toy\"", r#"kind = "toy""#, "no term `toy` on axis `kind`"),
    (r#"["decoder"]"#, r#"["decodr"]"#, "decodr", "did you mean `decoder`"),
    (
        r#""grouped-query"]"#,
        r#""grouped"]"#,
        r#"attention = ["causal", "grouped"]"#,
        "no term `grouped` on axis `attention`",
    ),
    (r#"attention = ["causal""#, r#"atention = ["causal""#, "atention =", "no such axis; did you mean `attention`?"),
    (r#"["causal-lm"]"#, r#"["casual-lm"]"#, "casual-lm", "did you mean `causal-lm`"),
    (r#"["self-supervised-pretraining"]"#, r#"["school"]"#, "school", "on axis `training-paradigm`"),
    (r#"reads = ["text"]"#, r#"reads = ["telepathy"]"#, r#"reads = ["telepathy"]"#, "on axis `modality`"),
    (r#"confidence = "low""#, r#"confidence = "sure""#, r#"confidence = "sure""#, "on axis `confidence`"),
    (r#"source = "arxiv-id""#, r#"source = "hearsay""#, r#"source = "hearsay""#, "on axis `source`"),
    (
        "[taxonomy]",
        "[taxonomy]\nmodality = [\"text\", \"image\"]",
        "modality =",
        "expected what `reads` and `writes` say",
    ),
    // What has to be said.
    (r#"labs = ["google"]"#, "labs = []", "labs = []", "`labs`: is not said"),
    (r#"extension = "Adds wheels.""#, r#"extension = " ""#, r#"extension = " ""#, "`extension`: is not said"),
    (r#"applications = ["play"]"#, "applications = []", "applications = []", "`applications`: is not said"),
    ("corpus = \"Toys\"\n", "", r#"id = "toy""#, "`corpus`: is not said"),
    (r#"reads = ["text"]"#, "reads = []", "reads = []", "`reads`: is not said"),
    (r#"writes = ["text"]"#, "writes = []", "writes = []", "`writes`: is not said"),
    ("architecture = [\"decoder\"]\n", "", "[taxonomy]", "`taxonomy.architecture`: is not said"),
    ("attention = [\"causal\", \"grouped-query\"]\n", "", "[taxonomy]", "`taxonomy.attention`: is not said"),
    ("pretraining-task = [\"causal-lm\"]\n", "", "[taxonomy]", "`taxonomy.pretraining-task`: is not said"),
    (
        "training-paradigm = [\"self-supervised-pretraining\"]\n",
        "",
        "[taxonomy]",
        "`taxonomy.training-paradigm`: is not said",
    ),
    (", public = true", "", "licence = {", "`licence.public`"),
    // Forms.
    (r#"date = "2020-02""#, r#"date = "Feb 2020""#, r#"date = "Feb 2020""#, "expected `YYYY-MM-DD` or `YYYY-MM`"),
    (r#"date = "2020-02""#, r#"date = "2020-13""#, r#"date = "2020-13""#, "expected `YYYY-MM-DD` or `YYYY-MM`"),
    (r#"countries = ["US"]"#, r#"countries = ["USA"]"#, r#"countries = ["USA"]"#, "two capital letters"),
    (r#"code = "MIT""#, r#"code = "none published""#, r#"code = "none published""#, "expected an SPDX expression"),
    (r#"arxiv = "2002.00001""#, r#"arxiv = "2002.1""#, r#"arxiv = "2002.1""#, "expected an id such as `1706.03762`"),
    ("year = 2020", "year = 2015", "year = 2015", "arXiv 2002.00001 is of 2020"),
    (r#"url = "https"#, r#"url = "ftp"#, r#"url = "ftp"#, "expected `https://…`"),
    // Sources.
    (r#"ref = "table 1", "#, "", r#"source = "paper", confidence"#, "needs a `ref`"),
    (
        r#"labs = [{ source = "uncited", confidence = "high" }]"#,
        "labs = []",
        "labs = []",
        "`sources.labs`: has no source",
    ),
    ("corpus = [{", "corpse = [{", "[sources]", "`sources.corpus`: has no source"),
    ("corpus = [{", "corpse = [{", "corpse = [{", "no such field; did you mean `corpus`?"),
    (r#"sources = [{ source = "paper", ref"#, "note = \"x\"\n#", "[[presets]]", "`presets.toy-large`: has no source"),
    (
        r#"sources = [{ source = "uncited", confidence = "low" }]"#,
        "sources = []",
        "[presets.stated]",
        "`presets.toy-large.stated`: has no source",
    ),
    // Numbers.
    ("vocab_size = 61", "vocab_size = 0", "vocab_size = 0", "`vocab_size` is a count, found 0"),
    ("d_model = 24", "d_model = -24", "d_model = -24", "`d_model` is a count, found -24"),
    ("n_heads = 4", "n_heads = 5", "d_model = 24", "`d_model` 24 is no multiple of `n_heads` 5"),
    ("n_kv_heads = 2", "n_kv_heads = 3", "n_kv_heads = 3", "`n_heads` 4 is no multiple of `n_kv_heads` 3"),
    ("active = 60", "active = 101", "active = 101", "expected fewer than the 101 there are"),
    ("active = 60", "active = 0", "active = 0", "`presets[0].active`: is zero"),
    ("parameters = 100", "parameters = 0", "parameters = 0", "`presets[0].stated.parameters`: is zero"),
    ("parameters = 101", "parameters = 110", "[presets.counted]", "110 parameters are counted and 100 stated"),
    (r#", "grouped-query""#, "", "n_kv_heads = 2", "neither `multi-query` nor `grouped-query`"),
    ("architecture_note = \"a mixture of experts\"\n", "", "n_experts = 8", "`architecture_note` is silent"),
    (r#"hub = "toys/large""#, r#"hub = "https://toys/large""#, r#"hub = "https"#, "expected `owner/name`"),
    ("hub = \"toys/large\"\n", "", "hub_seen =", "there is no `hub` that could have been seen"),
    // A conflict, the family tree, and what only code has.
    (r#"chosen = "2020-02""#, r#"chosen = """#, "[[conflicts]]", "expected what it is `about`"),
    (
        r#"values = [{ source = "paper", value = "2020-03" }]"#,
        "values = []",
        "[[conflicts]]",
        "expected what it is `about`",
    ),
    (
        "[taxonomy]",
        "[[lineage]]\nid = \"toy\"\nrelation = \"derives-from\"\n[taxonomy]",
        r#"id = "toy""#,
        "its own ancestor",
    ),
    (
        "[taxonomy]",
        "[[lineage]]\nid = \"block\"\nrelation = \"cousin\"\n[taxonomy]",
        r#"relation = "cousin""#,
        "on axis `lineage-relation`",
    ),
    (
        "[taxonomy]",
        "[[lineage]]\nid = \"block\"\nrelation = \"derives-from\"\n[taxonomy]",
        "[[lineage]]",
        "the edge to `block` has no source",
    ),
    (r#"corpus = "Toys""#, "corpus = \"Toys\"\ntiny = { d_model = 8 }", "tiny =", "belongs to a family with code"),
    (
        r#"corpus = "Toys""#,
        "corpus = \"Toys\"\nheads = [{ id = \"none\", summary = \"\" }]",
        "heads =",
        "belongs to a family with code",
    ),
];

#[test]
fn a_record_that_breaks_a_rule_is_refused_with_its_line() {
    for (from, to, line, part) in BROKEN {
        let text = replaced(SOUND, from, to);
        let told = Sheet::record("toy.toml", text.clone()).unwrap_err();
        let at = |finding: &Finding| text.lines().nth(finding.line.unwrap() - 1).unwrap().contains(line);
        let expected = |finding: &Finding| finding.to_string().contains(part) && at(finding);
        assert!(told.iter().any(expected), "`{to}` for `{from}`: expected `{part}` of `{line}`, found {told:#?}");
        assert!(told.iter().all(|finding| finding.to_string().starts_with("toy.toml:")), "{told:#?}");
    }
}

#[test]
fn nothing_stands_twice_in_a_record() {
    let edge = "[[lineage]]\nid = \"block\"\nrelation = \"derives-from\"\nsources = [{ source = \"uncited\", confidence = \"high\" }]\n";
    let refused = |text: String| {
        let told = Sheet::record("toy.toml", text).unwrap_err();
        told.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let edges = refused(replaced(SOUND, "[taxonomy]", &(edge.repeat(2) + "[taxonomy]")));
    assert_eq!(edges, ["toy.toml:28: `lineage[1].id`: `block` stands twice with the same relation"]);
    let size = |id: &str, name: &str| {
        let sources = "sources = [{ source = \"uncited\", confidence = \"low\" }]";
        let size = format!("[[presets]]\nid = \"{id}\"\nname = \"{name}\"\n{sources}\n[sources]");
        refused(replaced(SOUND, "[sources]", &size))
    };
    assert_eq!(size("toy-large", "huge"), ["toy.toml:60: `presets[1].id`: the size `toy-large` stands twice"]);
    assert_eq!(size("toy-huge", "large"), ["toy.toml:61: `presets[1].name`: two sizes are called `large`"]);
}

#[test]
fn other_is_an_architecture_that_needs_a_note() {
    let text = replaced(SOUND, "[\"decoder\"]", "[\"other\"]");
    assert!(Sheet::record("toy.toml", text.clone()).is_ok());
    let told =
        Sheet::record("toy.toml", replaced(&text, "architecture_note = \"a mixture of experts\"\n", "")).unwrap_err();
    assert!(told.iter().any(|finding| finding.field == "architecture_note"), "{told:#?}");
}

/// Two records, changed, and what is told of the first.
fn together(changes: &[(&str, &str)], changes_of_ancestor: &[(&str, &str)]) -> Vec<String> {
    let toy = changes.iter().fold(SOUND.to_owned(), |text, (from, to)| replaced(&text, from, to));
    let block = changes_of_ancestor.iter().fold(ancestor(), |text, (from, to)| replaced(&text, from, to));
    let sheets = [Sheet::record("toy.toml", toy).unwrap(), Sheet::record("block.toml", block).unwrap()];
    let found = check(&sheets.iter().collect::<Vec<_>>(), TODAY);
    assert!(found.iter().all(|finding| finding.level == Level::Error));
    found.iter().map(ToString::to_string).collect()
}

const TO_BLOCK: (&str, &str) = (
    "[taxonomy]",
    "[[lineage]]\nid = \"block\"\nrelation = \"derives-from\"\nsources = [{ source = \"uncited\", confidence = \"high\" }]\n[taxonomy]",
);
const TO_TOY: (&str, &str) = (
    "[taxonomy]",
    "[[lineage]]\nid = \"toy\"\nrelation = \"derives-from\"\nsources = [{ source = \"uncited\", confidence = \"high\" }]\n[taxonomy]",
);

#[test]
fn names_have_one_owner() {
    let twice = together(&[], &[("id = \"block-large\"", "id = \"toy-large\"")]);
    assert_eq!(
        twice,
        [
            "block.toml:30: `presets.toy-large.id`: `toy-large` is a name of `toy` already, in toy.toml, for its size `toy-large`"
        ]
    );
    let alias = together(&[], &[("family =", "aliases = [\"TOY\"]\nfamily =")]);
    assert_eq!(alias, ["block.toml:3: `aliases`: `TOY` is a name of `toy` already, in toy.toml"]);
    let hub = together(&[], &[("blocks/large", "Toys/large")]);
    assert!(
        hub[0].starts_with("block.toml:32: `presets.block-large.hub`: `Toys/large` is a name of `toy` already"),
        "{hub:?}"
    );
    let title = together(&[], &[("name = \"Block\"", "name = \"TOY\"")]);
    assert_eq!(title, ["block.toml:2: `name`: `toy` is called `TOY` too"]);
}

#[test]
fn a_family_with_code_takes_the_place_of_its_record() {
    let text = replaced(SOUND, "id = \"toy\"", "id = \"mixtral\"");
    let code = Sheet::record("mixtral.toml", text).unwrap();
    let (sheets, told) = all(vec![code]);
    let held: Vec<_> =
        sheets.iter().filter(|sheet| sheet.descriptor.id == "mixtral").map(|sheet| &sheet.file).collect();
    assert_eq!(held, ["mixtral.toml"]);
    assert_eq!(sheets.len(), zoo_catalog::facts().len());
    assert!(told[0].to_string().starts_with("catalog/facts/mixtral.toml:1: `id`: has code by now"), "{told:?}");
}

#[test]
fn a_record_that_stands_twice_is_told() {
    let sheets = [Sheet::record("a/toy.toml", SOUND).unwrap(), Sheet::record("b/toy.toml", SOUND).unwrap()];
    let found = check(&sheets.iter().collect::<Vec<_>>(), TODAY);
    assert!(
        found.iter().any(|f| f.to_string() == "b/toy.toml:1: `id`: `toy` is a name of `toy` already, in a/toy.toml"),
        "{found:#?}"
    );
}

#[test]
fn the_family_tree_is_closed_and_runs_one_way() {
    assert_eq!(together(&[TO_BLOCK], &[]), Vec::<String>::new());
    let unknown = together(&[(TO_BLOCK.0, &TO_BLOCK.1.replace("block", "blok"))], &[]);
    assert_eq!(unknown, ["toy.toml:24: `lineage[0].id`: there is no record `blok`; did you mean `block`?"]);
    let older = together(&[], &[TO_TOY]);
    assert_eq!(older, ["block.toml:24: `lineage[0].id`: `toy` is of 2020-02, which is later than 2019-02"]);
    let circle = together(&[TO_BLOCK], &[(TO_TOY.0, &TO_TOY.1.replace("sources", "date = \"2021-01\"\nsources"))]);
    assert_eq!(circle, ["toy.toml:24: `lineage[0].id`: the family tree runs in a circle: block → toy → block"]);
}

#[test]
fn an_edge_may_be_later_than_its_record_and_of_one_size() {
    let edge = |fields: &str| TO_TOY.1.replace("sources", &format!("{fields}\nsources"));
    let later = edge("date = \"2020-05\"\nvariant = \"large\"");
    assert_eq!(together(&[], &[(TO_TOY.0, &later)]), Vec::<String>::new());
    let unknown = together(&[], &[(TO_TOY.0, &edge("date = \"2020-05\"\nvariant = \"huge\""))]);
    assert_eq!(unknown, ["block.toml:27: `lineage[0].variant`: no size of `block` is called `huge`"]);
}

#[test]
fn dates_are_neither_in_the_future_nor_later_than_the_paper() {
    let later = together(&[("date = \"2020-02\"", "date = \"2020-03\"")], &[]);
    assert_eq!(later, ["toy.toml:4: `date`: 2020-03 is later than its paper, arXiv 2002.00001 of 2020-02"]);
    // It is described by the paper of an older model.
    let borrowed = [
        ("date = \"2020-02\"", "date = \"2020-03\""),
        ("arxiv = \"2002.00001\"", "arxiv = \"1902.00001\""),
        ("year = 2020", "year = 2019"),
    ];
    assert_eq!(together(&borrowed, &[]), Vec::<String>::new());
    let sheet = Sheet::record("toy.toml", SOUND).unwrap();
    let future = check(&[&sheet], "2020-01-31");
    assert_eq!(future[0].to_string(), "toy.toml:4: `date`: 2020-02 is in the future; today is 2020-01-31");
    assert_eq!(check(&[&sheet], "2020-02-01"), []);
}

#[test]
fn sizes_belong_to_records_that_are_there() {
    let gone = together(&[("name = \"large\"", "name = \"large\"\nof = \"blok\"")], &[]);
    assert_eq!(gone, ["toy.toml:32: `presets.toy-large.of`: there is no record `blok`; did you mean `block`?"]);
    let off = [("name = \"large\"", "name = \"large\"\nof = \"block\""), ("parameters = 101", "parameters = 110")];
    assert_eq!(
        together(&off, &[]),
        [
            "toy.toml:43: `presets.toy-large.counted`: 110 parameters are counted and 100 stated; a conflict should say why"
        ]
    );
    assert_eq!(together(&off, &[("about = [\"date\"]", "about = [\"parameters\"]")]), Vec::<String>::new());
}

#[test]
fn the_doctor_warns_of_what_is_not_wrong() {
    let warnings = |from: &str, to: &str| {
        let sheet = Sheet::record("toy.toml", replaced(SOUND, from, to)).unwrap();
        let report = doctor(&[&sheet], TODAY);
        assert_eq!(report.count(Level::Error), 0);
        let own = report.findings.into_iter().filter(|finding| !finding.file.is_empty());
        own.map(|finding| finding.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(warnings("name = \"Toy\"", "name = \"Toy!\""), Vec::<String>::new());
    let long = "extension = \"".to_owned() + &"x".repeat(331) + "\"";
    assert_eq!(
        warnings("extension = \"Adds wheels.\"", &long),
        ["toy.toml:8: `extension`: expected at most 330 characters, found 331"]
    );
    assert!(warnings("labs = [\"google\"]", "labs = [\"gogle\"]")[0].contains("labs has no `gogle`"));
    assert!(warnings("family = \"bert\"", "family = \"bertt\"")[0].contains("families has no `bertt`"));
    assert!(
        warnings("weights = \"MIT\"", "weights = \"LicenseRef-Toy OR MIT\"")[0]
            .contains("licences has no `LicenseRef-Toy`")
    );
}

#[test]
fn counts_that_the_code_does_not_build_are_stale() {
    let found = |text: &str, built| stale(&Sheet::record("toy.toml", text.to_owned()).unwrap(), |_| built);
    assert_eq!((found(SOUND, Some(101)), found(SOUND, None)), (vec![], vec![]));
    let told = found(SOUND, Some(100));
    let expected =
        "toy.toml:42: `presets.toy-large.counted`: counts 101 parameters, the code builds 100, and no `basis` says why";
    assert_eq!(told[0].to_string(), expected);
    let explained = replaced(SOUND, "parameters = 101", "parameters = 101\nbasis = \"with a head\"");
    assert_eq!(found(&explained, Some(100)), []);
}

#[test]
fn markup_and_sql_are_just_text() {
    let nasty = "</script><script>alert(1)</script>'); DROP TABLE model; --";
    let sheet = Sheet::record("toy.toml", replaced(SOUND, "Adds wheels.", nasty)).unwrap();
    assert_eq!(sheet.descriptor.extension.as_deref(), Some(nasty));
    assert_eq!(check(&[&sheet], TODAY), []);
}
