//! `catalog`, `site` and `publish`: files that are whole, and a preview that stops.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{command, text, zoo_in};

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn a_catalog_is_built_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    let absent = zoo(&["catalog", "query", "SELECT 1", "--db", "zoo.sqlite"]).code(1);
    absent.says(&["there is no catalog", "hint: `zoo publish`"]);
    zoo(&["catalog", "build"]).code(0).prints(&["zoo.sqlite"]).says(&["163 models"]);
    let first = fs::read(folder.path().join("zoo.sqlite")).unwrap();

    let zoo_query = |sql: &str| zoo(&["catalog", "query", sql, "--db", "zoo.sqlite"]);
    let three = "SELECT 1 AS one, 'a' || char(10) AS two, NULL AS three";
    let rows = zoo(&["catalog", "query", three, "--db", "zoo.sqlite", "--json"]).code(0);
    assert_eq!(rows.json_lines()[0], serde_json::json!({ "one": 1, "two": "a\n", "three": null }));
    let table = zoo_query(three).code(0);
    assert_eq!(table.out, "one  two  three\n  1  a⏎   null\n");

    for write in ["DELETE FROM term", "DROP TABLE term", "CREATE TABLE mine (a)", "ATTACH 'other.sqlite' AS other"] {
        zoo_query(write).code(2).says(&["error:", "hint:"]);
    }
    zoo_query("VACUUM INTO 'copy.sqlite'").code(2);
    zoo_query("SELEC 1").code(2).says(&["syntax error"]);
    zoo_query("").code(2).says(&["error:"]);
    assert_eq!(names(folder.path()), ["zoo.sqlite"]);
    assert!(fs::read(folder.path().join("zoo.sqlite")).unwrap() == first, "a query changed the catalog");

    zoo(&["catalog", "build", "--db", "again.sqlite"]).code(0);
    assert!(fs::read(folder.path().join("again.sqlite")).unwrap() == first, "the same input gives the same bytes");
}

#[test]
fn a_catalog_tells_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    zoo(&["catalog", "build", "--since", "zoo.sqlite"]).code(2).says(&["--on <YYYY-MM-DD>"]);
    zoo(&["catalog", "build", "--on", "2026-02-30"]).code(2).says(&["expected a day as `YYYY-MM-DD`"]);
    let absent = ["catalog", "build", "--on", "2026-01-01", "--since", "none.sqlite"];
    zoo(&absent).code(1).says(&["there is no catalog at `none.sqlite`"]);
    zoo(&["catalog", "changes"]).code(0).prints(&[]).says(&["keeps no record", "--since FILE"]);
    assert_eq!(names(folder.path()), [""; 0]);

    let outcomes = zoo(&["check", "bert", "--check", "names-resolve", "--json"]).code(0).out;
    let build = |date: &str, outcomes: &str, more: &[&str]| {
        fs::write(folder.path().join("outcomes.ndjson"), outcomes).unwrap();
        let ran = zoo(&[&["catalog", "build", "--outcomes", "outcomes.ndjson", "--on", date], more].concat());
        fs::remove_file(folder.path().join("outcomes.ndjson")).unwrap();
        ran
    };
    build("2026-01-01", &outcomes, &[]).code(0);
    let record = ["catalog", "changes", "--db", "zoo.sqlite"];
    assert_eq!(zoo(&record).code(0).out, "2026-01-01: 163 models, nothing changed\n");
    assert!(outcomes.contains("\"status\":\"pass\""), "{outcomes}");
    let since = ["--since", "zoo.sqlite"];
    build("2026-01-02", &outcomes.replace("\"status\":\"pass\"", "\"status\":\"fail\""), &since).code(0);
    let told = "2026-01-02: 163 models, 1 change of 1 model\nbert\n  /conformance/names-resolve/flex/status: \"pass\" → \"fail\"\n\n\
                2026-01-01: 163 models, nothing changed\n";
    assert_eq!(zoo(&record).code(0).out, told);
    let json = zoo(&[&record[..], &["--json"]].concat()).code(0).json();
    assert_eq!(json[1]["changes"][0]["after"], "fail");
    let changes = zoo(&["catalog", "changes", "--since", "zoo.sqlite", "--json"]).code(0).json();
    assert_eq!(changes, serde_json::json!([]), "the program says what the file says");

    zoo(&["catalog", "build", "--on", "2025-01-01", "--since", "zoo.sqlite"]).code(1).says(&[
        "expected a catalog from before 2025-01-01",
        "is of 2026-01-02",
        "hint:",
    ]);
    let refused = ["publish", "--on", "2025-01-01", "--since", "zoo.sqlite"];
    zoo(&refused).code(1).says(&["expected a catalog from before 2025-01-01"]);
    assert_eq!(names(folder.path()), ["zoo.sqlite"]);
}

#[test]
fn outcomes_of_a_check_enter_the_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    let outcomes = zoo(&["check", "bert", "--check", "names-resolve", "--json"]).code(0).out;
    fs::write(folder.path().join("outcomes.ndjson"), outcomes).unwrap();
    zoo(&["catalog", "build", "--outcomes", "outcomes.ndjson"]).code(0).says(&["1 outcome"]);
    fs::write(folder.path().join("outcomes.ndjson"), "\n{\"check\": 1}\n").unwrap();
    zoo(&["catalog", "build", "--outcomes", "outcomes.ndjson"]).code(1).says(&["outcomes.ndjson, line 2:"]);
    zoo(&["catalog", "build", "--outcomes", "absent"]).code(1).says(&["absent"]);
}

#[test]
fn a_site_is_built_served_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    zoo(&["site", "build"]).code(1).says(&["there is no catalog"]);
    zoo(&["catalog", "build"]).code(0);
    zoo(&["site", "build"]).code(0).prints(&["public/index.html"]).says(&["pages"]);
    assert_eq!(names(folder.path()), ["public", "zoo.sqlite"]);
    let public = folder.path().join("public");
    assert!(!public.join("sitemap.xml").exists());
    zoo(&["site", "build"]).code(0).says(&["without `--base-url`"]);
    zoo(&["site", "build", "--base-url", "zoo.example"]).code(2).says(&["is not the address of a site"]);
    zoo(&["site", "build", "--base-url", "https://zoo.example"]).code(0);
    assert!(fs::read_to_string(public.join("sitemap.xml")).unwrap().contains("https://zoo.example/models/bert/"));
    zoo(&["site", "serve", "--addr", "0.0.0.0:0"]).code(2).says(&["loopback"]);
    zoo(&["site", "serve", "--out", "."]).code(2).says(&["is not a zoo site"]);
    zoo(&["site", "build", "--out", "."]).code(2).says(&["is not a zoo site", "hint:"]);

    let mut serve = command(&["site", "serve", "--addr", "127.0.0.1:0"]);
    let mut server = serve.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    assert!(first_page(&mut server).contains("BERT"));
    assert_eq!(interrupted(&mut server), Some(0), "Ctrl-C is how a preview ends");
}

#[test]
fn models_run_in_their_pages_if_the_module_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    let page = |id: &str| fs::read_to_string(folder.path().join(format!("public/models/{id}/index.html"))).unwrap();
    zoo(&["catalog", "build"]).code(0);
    zoo(&["site", "build"]).code(0);
    assert!(!page("bert").contains("tryout/"), "without a module there is no box");
    let said = zoo(&["site", "build", "--module", "zoo.sqlite"]).code(2).err;
    assert!(said.contains("`zoo.sqlite` is not a WebAssembly module"), "{said}");
    for command in [&["site", "build"][..], &["publish"]] {
        zoo(&[command, &["--module", "absent.wasm"]].concat()).code(2).says(&["absent.wasm"]);
    }

    // A module that holds the facts of one family stands for one that was built with it.
    let facts = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../architectures/src/bert/bert.toml")).unwrap();
    fs::write(folder.path().join("zoo.wasm"), [b"\0asm", facts.as_slice()].concat()).unwrap();
    zoo(&["site", "build", "--module", "zoo.wasm"]).code(0).says(&["was built without", "`gpt2`"]);
    assert!(page("bert").contains("wasm-unsafe-eval") && page("bert").contains("Run it here"));
    assert!(!page("gpt2").contains("tryout/") && !page("gpt2").contains("wasm-unsafe-eval"));
    let demo = fs::read(folder.path().join("public/models/bert/demo/model.safetensors")).unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../architectures/src/bert/demo/model.safetensors");
    assert!(demo == fs::read(own).unwrap());
}

/// What it made before Ctrl-C is nothing, and what stood there stands.
#[test]
fn an_interrupted_publish_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("zoo.sqlite"), "before").unwrap();
    let mut publish = command(&["publish"]);
    let mut publish = publish.current_dir(folder.path()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(publish.stderr.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("facts"), "{first}");
    assert_eq!(interrupted(&mut publish), Some(130));
    assert_eq!(names(folder.path()), ["zoo.sqlite"]);
    assert_eq!(fs::read(folder.path().join("zoo.sqlite")).unwrap(), b"before");
}

#[test]
fn a_folder_of_something_else_is_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("diary.txt"), "dear").unwrap();
    let start = std::time::Instant::now();
    zoo_in(folder.path(), &["publish", "--out", "."]).code(2).says(&["is not a zoo site"]);
    zoo_in(folder.path(), &["publish", "--out", "new", "--serve", "1.1.1.1:80"]).code(2).says(&["loopback"]);
    zoo_in(folder.path(), &["publish", "--out", "new", "--device", "tpu"]).code(2).says(&["`tpu`"]);
    assert!(start.elapsed().as_secs() < 5);
    assert_eq!(names(folder.path()), ["diary.txt"]);
}

/// Everything, once, on one device.
#[test]
fn publish_makes_a_catalog_and_a_site_and_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("site");
    let mut publish =
        command(&["publish", "--device", "flex", "--out", text(&out), "--db", "zoo.sqlite", "--serve", "127.0.0.1:0"]);
    let said = std::fs::File::create(folder.path().join("said.txt")).unwrap();
    let mut publish = publish.current_dir(folder.path()).stdout(Stdio::piped()).stderr(said).spawn().unwrap();
    assert!(first_page(&mut publish).contains("BERT"));
    let code = interrupted(&mut publish);

    let said = fs::read_to_string(folder.path().join("said.txt")).unwrap();
    for step in ["facts", "conformance", "catalog", "site", "done"] {
        assert!(said.lines().any(|line| line.starts_with(step)), "{said}");
    }
    let failed = !said.contains(" 0 failed");
    assert_eq!(code, Some(i32::from(failed)), "a failed check is published and told by the exit code: {said}");
    assert_eq!(said.contains("error:"), failed, "{said}");
    let sql = "SELECT count(*) AS n FROM outcome";
    let count = zoo_in(folder.path(), &["catalog", "query", sql, "--db", "zoo.sqlite", "--json"]).code(0);
    let expected = zoo_conformance::checks().len() * zoo_architectures::ARCHITECTURES.len();
    assert_eq!(count.json_lines()[0]["n"], expected);
    assert_eq!(names(folder.path()), ["said.txt", "site", "zoo.sqlite"]);
}

/// The first page of the preview whose address the process prints.
fn first_page(server: &mut Child) -> String {
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find(|line| line.starts_with("http://")).expect("an address is printed");
    let page = get(&address, "/");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    page
}

/// What a server answers, with its head.
pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Sends Ctrl-C and waits for the exit code.
pub(crate) fn interrupted(child: &mut Child) -> Option<i32> {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    child.wait().unwrap().code()
}
