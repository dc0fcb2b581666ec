//! `site`: looked over, killed while it is built, and followed while it is worked on.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use crate::publish::{get, interrupted, names};
use crate::support::{command, zoo_in};

#[test]
fn a_site_is_looked_over() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    zoo(&["site", "check", "."]).code(2).says(&["is not a zoo site"]);
    zoo(&["catalog", "build"]).code(0);
    zoo(&["site", "build"]).code(0);
    zoo(&["site", "check"]).code(0).prints(&["model ", "matrix "]).says(&["links looked at"]);
    let page = folder.path().join("public/families/bert/index.html");
    let broken = fs::read_to_string(&page).unwrap().replace("<h1>", "<h1>\n<a href=\"nowhere/\" style=\"x\">");
    fs::write(&page, broken).unwrap();
    let told = zoo(&["site", "check"]).code(1).says(&["2 violations in public"]);
    assert!(told.out.contains("families/bert/index.html:"), "{told:?}");
    assert!(told.out.contains("links-lead-somewhere: `nowhere/` leads to no file"), "{told:?}");
    let json = zoo(&["site", "check", "--json"]).code(1).json();
    assert_eq!(json["violations"].as_array().unwrap().len(), 2);
    assert_eq!(json["violations"][0]["page"], "families/bert/index.html");
    assert!(json["pages"].as_u64().unwrap() > 400);
}

/// Killed at any moment, a build leaves the site that stood there, every byte of it, or the new one.
#[test]
fn a_killed_build_leaves_a_whole_site() {
    let folder = tempfile::tempdir().unwrap();
    let zoo = |arguments: &[&str]| zoo_in(folder.path(), arguments);
    zoo(&["catalog", "build"]).code(0);
    let took = Instant::now();
    zoo(&["site", "build"]).code(0);
    let took = took.elapsed();
    let public = folder.path().join("public");
    let site = || {
        let mut files = BTreeMap::new();
        let mut left = vec![public.clone()];
        while let Some(at) = left.pop() {
            for entry in fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { left.push(path) } else { _ = files.insert(path.clone(), fs::read(path).unwrap()) }
            }
        }
        files
    };
    let before = site();
    let (mut killed, moments) = (0, 10);
    for moment in 0..moments {
        let mut build = command(&["site", "build"]);
        let mut build = build.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(took * moment / (moments + 4));
        killed += u32::from(build.try_wait().unwrap().is_none());
        build.kill().unwrap();
        build.wait().unwrap();
        assert!(site() == before, "killed at moment {moment} of {moments}, a build left something else");
    }
    assert!(killed >= 3, "only {killed} builds were killed before their end");
}

#[test]
fn a_preview_follows_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let facts = folder.path().join("facts");
    fs::create_dir(&facts).unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog/facts/ctrl.toml");
    let text = fs::read_to_string(own).unwrap();
    fs::write(facts.join("ctrl.toml"), &text).unwrap();
    let mut serve = command(&["site", "serve", "--watch", "--facts", "facts", "--addr", "127.0.0.1:0"]);
    let mut server = serve.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut address = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
    let page = |path: &str| get(address.trim(), path);
    assert!(said.next().unwrap().contains("following 1 files"), "what is followed is told");
    assert!(page("/models/ctrl/").contains("CTRL") && !page("/models/ctrl/").contains("Quetzal"));
    assert!(page("/models/ctrl/").contains("/.zoo/reload.js") && page("/nowhere/").contains("404 Not Found"));

    let mut listener = TcpStream::connect(address.trim().strip_prefix("http://").unwrap()).unwrap();
    listener.write_all(b"GET /.zoo/changes HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut heard = BufReader::new(listener).lines().map(Result::unwrap);
    assert!(heard.next().unwrap().contains("200 OK"));
    fs::write(facts.join("ctrl.toml"), text.replace("name = \"CTRL\"\nlisted", "name = \"Quetzal\"\nlisted")).unwrap();
    assert!(heard.any(|line| line == "event: changed"), "browsers are told");
    assert!(said.next().unwrap().contains("facts/ctrl.toml: shown after"), "a change is told");
    assert!(page("/models/ctrl/").contains("Quetzal"));

    fs::write(facts.join("ctrl.toml"), text.replace("family =", "familie =")).unwrap();
    assert!(said.next().unwrap().contains("is not shown yet"));
    assert!(said.next().unwrap().contains("familie"), "what is wrong is told");
    assert!(page("/models/ctrl/").contains("Quetzal"), "what was shown before is still shown");
    assert_eq!(interrupted(&mut server), Some(0));
    assert_eq!(names(folder.path()), ["facts"], "nothing was written");
}

#[test]
fn a_preview_of_an_edited_style_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let look = folder.path().join("look");
    for part in ["templates", "static", "strings"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../site").join(part), &look.join(part));
    }
    let mut serve = command(&["site", "serve", "--watch", "--look", "look", "--lang", "de", "--addr", "127.0.0.1:0"]);
    let mut server = serve.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut address = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
    let page = |path: &str| get(address.trim(), path);
    assert!(said.next().unwrap().contains("following"));
    assert!(page("/de/").contains("lang=\"de\"") && page("/zh/").contains("404 Not Found"));

    let style = look.join("static/zoo.css");
    fs::write(&style, fs::read_to_string(&style).unwrap() + ".quetzal{color:red}").unwrap();
    assert!(said.next().unwrap().contains("zoo.css: shown after"));
    assert!(page("/zoo.css").contains(".quetzal{color:red}"));
    assert!(page("/models/bert/").contains("BERT"), "pages are still there");

    let home = look.join("templates/home.html");
    fs::write(&home, fs::read_to_string(&home).unwrap().replace("<h1>", "<h1>Quetzal ")).unwrap();
    assert!(said.next().unwrap().contains("home.html: shown after"));
    assert!(page("/").contains("<h1>Quetzal ") && page("/zoo.css").contains(".quetzal{color:red}"));
    assert_eq!(interrupted(&mut server), Some(0));
}

/// Copies a folder and all in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}
