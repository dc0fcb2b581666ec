//! Records of one's own, and the file in which the catalog is kept.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Ran, command, ran, text};

/// A home with no records and no cache yet.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn zoo(&self, arguments: &[&str]) -> Ran {
        let mut command = command(arguments);
        command.env("XDG_CACHE_HOME", self.path("cache")).env("XDG_DATA_HOME", self.path("data"));
        command.current_dir(self.0.path());
        ran(command)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A record of one's own by another name than Mixtral, with something else changed.
    fn record(&self, file: &str, from: &str, to: &str) -> String {
        let mixtral = zoo_catalog::facts().iter().find(|sheet| sheet.descriptor.id == "mixtral").unwrap();
        let own = mixtral
            .text
            .replace("\"mixtral", "\"tramontana")
            .replace("mistralai/Mixtral", "me/tramontana")
            .replace("\"Mixtral 8", "\"Tramontana 8");
        assert!(own.contains(from), "{from}");
        let path = self.path(file);
        fs::write(&path, own.replacen(from, to, 1)).unwrap();
        text(&path).to_owned()
    }

    fn kept(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(self.path("cache/zoo")).unwrap();
        let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

#[test]
fn a_record_of_ones_own_stands_beside_the_others() {
    let home = Home::new();
    let file = home.record("tramontana.toml", "", "");
    let placed = home.zoo(&["catalog", "import", &file]).code(0).says(&["remove the file"]).out;
    assert_eq!(Path::new(placed.trim()), home.path("data/zoo/catalog/tramontana.toml"));
    home.zoo(&["list", "tramontana"]).code(0).prints(&["tramontana-8x7b", "me/tramontana-8x7B-v0.1"]);
    home.zoo(&["show", "tramontana"]).code(0).prints(&["mixture of experts"]);
    home.zoo(&["catalog", "search", "tramontana"]).code(0).prints(&["Tramontana 8x7B"]);
    home.zoo(&["lineage", "switch"]).code(0).prints(&["Tramontana"]);
    assert_eq!(home.zoo(&["catalog", "stats", "--json"]).code(0).json()["models"], 164);

    // A new one of the same id takes its place; the file goes, and the record goes.
    let newer = home.record("tramontana.toml", "date = \"2023-12\"", "date = \"2024-01\"");
    home.zoo(&["catalog", "import", &newer]).code(0);
    home.zoo(&["list", "tramontana"]).code(0).prints(&["2024-01"]);
    // What zoo builds for others does not have it.
    home.zoo(&["catalog", "build"]).code(0).says(&["163 models"]);
    fs::remove_file(home.path("data/zoo/catalog/tramontana.toml")).unwrap();
    home.zoo(&["list", "tramontana"]).code(2).says(&["no model is called `tramontana`"]);
}

#[test]
fn nothing_unsound_is_imported() {
    let home = Home::new();
    for (file, from, to, told) in [
        ("tramontana.toml", "name = ", "name == ", "tramontana.toml:2: `toml`: "),
        ("tramontana.toml", "[\"decoder\"]", "[\"decodr\"]", "did you mean `decoder`"),
        (
            "tramontana.toml",
            "id = \"tramontana\"",
            "id = \"mixtral\"",
            "the file of `mixtral` is `mixtral.toml`, found `tramontana.toml`",
        ),
        (
            "mixtral.toml",
            "id = \"tramontana\"",
            "id = \"mixtral\"",
            "`mixtral` is a name of `mixtral` already, in catalog/facts/mixtral.toml",
        ),
        (
            "tramontana.toml",
            "id = \"tramontana\"",
            "id = \"../tramontana\"",
            "ids are kebab-case, found `../tramontana`",
        ),
        ("tramontana.toml", "date = \"2023-12\"", "date = \"2099-12\"", "2099-12 is in the future"),
        ("tramontana.toml", "id = \"switch\"", "id = \"swich\"", "there is no record `swich`; did you mean `switch`?"),
        ("tramontana.toml", "id = \"switch\"", "id = \"tramontana\"", "a model cannot be its own ancestor"),
        ("tramontana.toml", "id = \"switch\"", "id = \"deepseek-r1\"", "which is later than 2023-12"),
    ] {
        let path = home.record(file, from, to);
        let refused = home.zoo(&["catalog", "import", &path]).code(1);
        refused.says(&[told, file, "nothing was imported"]);
        assert!(!home.path("data").exists(), "{to}");
    }
    home.zoo(&["catalog", "import", "absent.toml"]).code(1).says(&["absent.toml"]);
}

#[test]
fn two_records_that_descend_from_each_other_are_refused_together() {
    let home = Home::new();
    let one = home.record("tramontana.toml", "id = \"switch\"", "id = \"mistral-wind\"");
    let other =
        fs::read_to_string(&one).unwrap().replace("tramontana", "mistral-wind").replace("Tramontana", "Mistral wind");
    let path = home.path("mistral-wind.toml");
    fs::write(&path, other.replacen("id = \"mistral-wind\"\nrelation", "id = \"tramontana\"\nrelation", 1)).unwrap();
    home.zoo(&["catalog", "import", &one, text(&path)]).code(1).says(&["the family tree runs in a circle"]);
    assert!(!home.path("data").exists());
}

#[test]
fn a_file_that_is_broken_by_hand_is_left_out_and_told() {
    let home = Home::new();
    let file = home.record("tramontana.toml", "", "");
    home.zoo(&["catalog", "import", &file]).code(0);
    let own = home.path("data/zoo/catalog/tramontana.toml");
    let sound = fs::read_to_string(&own).unwrap();
    fs::write(&own, sound.replacen("family", "famly", 1)).unwrap();
    for _ in 0..2 {
        let listed = home.zoo(&["list", "bert"]).code(0).prints(&["bert-tiny"]);
        listed.says(&["a record of your own is left out", "tramontana.toml:3", "famly"]);
    }
    assert!(fs::read_to_string(&own).unwrap().contains("famly"), "nothing is lost");
    fs::write(&own, sound).unwrap();
    assert_eq!(home.zoo(&["list", "tramontana"]).code(0).err, "");
}

#[test]
fn markup_and_sql_in_a_record_are_just_text() {
    let home = Home::new();
    let nasty = "</script><script>alert(1)</script>'); DROP TABLE architecture; --";
    let file = home.record("tramontana.toml", "name = \"Tramontana", &format!("name = \"{nasty} Tramontana"));
    home.zoo(&["catalog", "import", &file]).code(0);
    let shown = home.zoo(&["catalog", "search", "tramontana", "--json"]).code(0).json();
    assert!(shown[0]["name"].as_str().unwrap().starts_with(nasty), "{shown}");
    home.zoo(&["list", "bert"]).code(0).prints(&["bert-tiny"]);
}

#[test]
fn the_catalog_is_kept_until_it_is_out_of_date_or_damaged() {
    let home = Home::new();
    home.zoo(&["list", "bert-tiny"]).code(0);
    let [file] = &home.kept()[..] else { panic!("{:?}", home.kept()) };
    let built = fs::read(file).unwrap();
    let written = fs::metadata(file).unwrap().modified().unwrap();
    home.zoo(&["list", "bert-tiny"]).code(0);
    assert_eq!(fs::metadata(file).unwrap().modified().unwrap(), written, "what is kept is not built again");

    for damage in [&built[..built.len() / 2], b"", b"something else"] {
        fs::write(file, damage).unwrap();
        home.zoo(&["list", "bert-tiny"]).code(0).prints(&["bert-tiny"]);
        assert!(fs::read(file).unwrap() == built, "the same input gives the same bytes");
    }
    let record = home.record("tramontana.toml", "", "");
    home.zoo(&["catalog", "import", &record]).code(0);
    home.zoo(&["list", "tramontana"]).code(0);
    assert_eq!(home.kept().len(), 1, "the older one is gone");
    assert_ne!(home.kept()[0], *file);
}

#[test]
fn without_a_place_to_keep_it_the_catalog_answers_all_the_same() {
    let home = Home::new();
    fs::write(home.path("cache"), "a file, and no folder").unwrap();
    home.zoo(&["list", "bert-tiny"]).code(0).prints(&["bert-tiny"]);
    assert_eq!(fs::read_to_string(home.path("cache")).unwrap(), "a file, and no folder");
}
