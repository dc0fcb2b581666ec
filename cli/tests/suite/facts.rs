//! `catalog fmt` and `catalog doctor`: facts as files.

use std::fs;

use crate::support::zoo_in;

const RECORD: &str =
    "id = \"toy\"\nname = \"Toy\"\nfamily = \"bert\"\ndate = \"2020-02\"\n\n[taxonomy]\narchitecture = [\"decoder\"]\n";

#[test]
fn files_of_facts_are_put_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    let path = folder.path().join("deep/toy.toml");
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(
        &path,
        RECORD.replace("name = \"Toy\"\n", "").replace("[taxonomy]", "# Called so.\nname='Toy'\n\n[taxonomy]"),
    )
    .unwrap();
    fs::write(folder.path().join("Cargo.toml"), "b = 1\na = 2\n").unwrap();

    let untidy = fs::read_to_string(&path).unwrap();
    let refused = zoo(&["catalog", "fmt", "--check"]).code(1).prints(&["deep/toy.toml"]);
    refused.says(&["1 file not written as `zoo catalog fmt` writes them", "hint:"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), untidy, "a check changes nothing");
    zoo(&["catalog", "fmt"]).code(0).prints(&["deep/toy.toml"]).says(&["1 file, 1 of them put in order"]);
    let tidy = RECORD.replace("name = \"Toy\"", "# Called so.\nname = 'Toy'");
    assert_eq!(fs::read_to_string(&path).unwrap(), tidy);
    zoo(&["catalog", "fmt", "--check"]).code(0).says(&["1 file, 0 of them out of order"]);
    let names = |folder: &std::path::Path| fs::read_dir(folder).unwrap().count();
    assert_eq!((names(folder.path()), names(&folder.path().join("deep"))), (2, 1), "nothing is left behind");

    fs::write(&path, "id = \"toy\"\nname =\n").unwrap();
    zoo(&["catalog", "fmt", "deep/toy.toml"]).code(1).says(&["deep/toy.toml:2: "]);
    zoo(&["catalog", "fmt", "absent.toml"]).code(1).says(&["absent.toml"]);
}

#[test]
fn the_doctor_looks_all_facts_over() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    let sound = zoo(&["catalog", "doctor"]).code(0);
    assert!(!sound.out.contains("the code builds"), "every count that is not the code's has a basis: {}", sound.out);
    sound.prints(&[
        "warning: `attention.hard`: no record uses it",
        "0 errors, ",
        "163 records, 419 sizes",
        "not looked up yet",
    ]);
    let report = zoo(&["catalog", "doctor", "--json"]).code(0).json();
    assert_eq!((&report["records"], &report["conflicts"], &report["notes"]), (&163.into(), &150.into(), &41.into()));
    assert_eq!(report["findings"][0]["level"], "warning");

    let early = zoo(&["catalog", "doctor", "--today", "2018-01-01"]).code(1);
    early.prints(&["error: bert.toml:", "is in the future; today is 2018-01-01"]).says(&["the facts are not sound"]);
    zoo(&["catalog", "doctor", "--today", "soon"]).code(2).says(&["expected a day as `YYYY-MM-DD`"]);
}

#[test]
fn a_record_of_ones_own_is_looked_over_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    fs::write(folder.path().join("bert.toml"), RECORD.replace("\"toy\"", "\"bert\"")).unwrap();
    let lacking = zoo(&["catalog", "doctor", "bert.toml"]).code(1);
    lacking.prints(&["error: bert.toml:1: `toml`: missing field `labs`"]);

    let whole = zoo_catalog::facts().iter().find(|sheet| sheet.descriptor.id == "mixtral").unwrap();
    fs::write(folder.path().join("mixtral.toml"), &*whole.text).unwrap();
    let twice = zoo(&["catalog", "doctor", "mixtral.toml"]).code(1);
    twice.prints(&[
        "error: mixtral.toml:1: `id`: `mixtral` is a name of `mixtral` already, in catalog/facts/mixtral.toml",
    ]);
    let own = whole
        .text
        .replace("mixtral", "tramontana")
        .replace("mistralai/Mixtral", "me/tramontana")
        .replace("\"Mixtral 8", "\"Tramontana 8");
    fs::write(folder.path().join("tramontana.toml"), own.replace("\"switch\"", "\"swich\"")).unwrap();
    zoo(&["catalog", "doctor", "tramontana.toml"])
        .code(1)
        .prints(&["there is no record `swich`; did you mean `switch`?"]);
    fs::write(folder.path().join("tramontana.toml"), own).unwrap();
    zoo(&["catalog", "doctor", "tramontana.toml"]).code(0).prints(&["0 errors", "164 records"]);
}
