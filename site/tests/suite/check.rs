//! A site that keeps every rule, and pages broken on purpose, each of which is seen.

use std::fs;
use std::path::Path;

use zoo_site::check::{Report, check};
use zoo_site::{Error, Extras, MARKER, build, render, write};

use crate::build::catalog;
use crate::fixture;

#[tokio::test]
async fn a_built_site_keeps_every_rule() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("public");
    let summary = build(&catalog(work.path()).await, Extras::default(), &out).await.unwrap();
    let report = check(&out).unwrap();
    assert_eq!(report.violations, []);
    assert_eq!((report.pages, report.files), (summary.pages, summary.files + 1), "all of it was looked at");
    assert!(report.links > 1000, "only {} links were followed", report.links);
    assert_eq!(report.types.iter().map(|kind| kind.pages).sum::<usize>(), report.pages);
}

#[tokio::test]
async fn a_site_without_outcomes_keeps_every_rule() {
    let work = tempfile::tempdir().unwrap();
    let mut content = fixture::content();
    for (_, outcomes) in &mut content.matrix.rows {
        outcomes.clear();
    }
    for model in &mut content.models {
        model.outcomes.clear();
        model.summary.tally = zoo_catalog::view::Tally::default();
    }
    let out = work.path().join("public");
    write(&render(&content).unwrap(), &out).unwrap();
    // What only a catalog gives.
    fs::write(out.join("catalog.sqlite"), "").unwrap();
    fs::write(out.join("catalog.sqlite.sha256"), "").unwrap();
    assert_eq!(check(&out).unwrap().violations, []);
}

#[tokio::test]
async fn the_page_for_what_is_not_there_may_name_the_top_of_its_host() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("public");
    let extras = Extras { base_url: Some("https://a.example/cat".parse().unwrap()), ..Extras::default() };
    build(&catalog(work.path()).await, extras, &out).await.unwrap();
    assert_eq!(check(&out).unwrap().violations, []);
    let page = fs::read_to_string(out.join("404.html")).unwrap();
    fs::write(out.join("404.html"), page.replace("/cat/models/", "/cat/modles/")).unwrap();
    let told = check(&out).unwrap().violations;
    assert!(told.iter().any(|found| found.page == "404.html" && found.rule == "links-lead-somewhere"), "{told:?}");
    // Other pages may not: they stand where they stand.
    let page = fs::read_to_string(out.join("lineage/index.html")).unwrap();
    fs::write(out.join("lineage/index.html"), page.replace("\"../models/\"", "\"/cat/models/\"")).unwrap();
    let told = check(&out).unwrap().violations;
    assert!(told.iter().any(|found| found.page == "lineage/index.html"), "{told:?}");
}

const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'";

/// A small page that keeps every rule.
fn page(name: &str, policy: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"{policy}\">\n<meta name=\"description\" content=\"What {name} is.\">\n<title>{name}</title>\n\
         <link rel=\"stylesheet\" href=\"zoo.css\">\n</head>\n<body>\n<h1>{name}</h1>\n{body}\n</body>\n</html>\n"
    )
}

/// A site of two pages, a style sheet and a picture.
fn small(folder: &Path, body: &str) {
    let good = page("b", POLICY, "<p id=\"x\"><a href=\"./#\">top</a>");
    let files = [
        (MARKER, ""),
        ("index.html", &*page("a", POLICY, body)),
        ("b.html", &*good),
        ("zoo.css", "p{color:red}"),
        ("p.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><style>p{}</style><path id=\"y\"/></svg>"),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}

/// What is found of a small site when its first page says this.
fn found(body: &str) -> Report {
    let work = tempfile::tempdir().unwrap();
    small(work.path(), body);
    check(work.path()).unwrap()
}

#[test]
fn a_small_site_keeps_every_rule() {
    let body = "<a href=\"b.html#x\">b</a><a href=\"https://example.org/\">e</a><a href=\"?q=a:b\">q</a><img src=\"p.svg\" alt=\"\">\
                <a href=\"p.svg#y\">y</a><p id=\"z\" aria-labelledby=\"z\">z</p><script type=\"application/ld+json\">{}</script>";
    let report = found(body);
    assert_eq!(report.violations, []);
    let home = &report.types[0];
    assert_eq!((home.name, home.pages, report.pages, report.files), ("home", 1, 2, 5));
    let measured: Vec<_> = home.measures.iter().map(|measure| (measure.of, measure.most)).collect();
    assert!(matches!(
        measured[..],
        [("html", 200..700), ("css", 10..60), ("js", 0), ("nodes", 15..20), ("requests", 3)]
    ));
}

#[test]
fn what_is_broken_in_a_page_is_seen_where_it_stands() {
    let many = "<i></i>".repeat(2000);
    let heavy: String = (0..9000).map(|at| format!("{:x}", at * 7919)).collect();
    let cases = [
        ("<a href=\"c.html\">", "links-lead-somewhere", "no file"),
        ("<a href=\"b.html#y\">", "links-lead-somewhere", "no place"),
        ("<a href=\"#nowhere\">", "links-lead-somewhere", "no place"),
        ("<a href=\"/b.html\">", "links-lead-somewhere", "host's top"),
        ("<a href=\"../b.html\">", "links-lead-somewhere", "leaves the site"),
        ("<form action=\"search/\">", "links-lead-somewhere", "no file"),
        ("<img src=\"q.svg\" alt=\"\">", "links-lead-somewhere", "no file"),
        ("<p id=\"x\"></p><p id=\"x\"></p>", "ids-are-unique", "two things are called `x`"),
        ("<p aria-describedby=\"gone\">", "ids-are-unique", "`gone`"),
        ("<h1>again</h1>", "every-page-says-what-it-is", "second `<h1>`"),
        ("<script>alert(1)</script>", "nothing-is-inline", "inline script"),
        ("<style>p{}</style>", "nothing-is-inline", "inline style sheet"),
        ("<p style=\"color:red\">", "nothing-is-inline", "`style` on `<p>`"),
        ("<p onclick=\"go()\">", "nothing-is-inline", "`onclick` on `<p>`"),
        ("<a href=\" JavaScript:go()\">", "nothing-is-inline", "holds a script"),
        ("<script src=\"https://example.org/x.js\"></script>", "nothing-comes-from-elsewhere", "<script>"),
        ("<img src=\"//example.org/x.png\" alt=\"\">", "nothing-comes-from-elsewhere", "<img>"),
        ("<svg><use href=\"https://example.org/x.svg#a\"/></svg>", "nothing-comes-from-elsewhere", "<use>"),
        ("<form action=\"https://example.org/\">", "nothing-comes-from-elsewhere", "<form>"),
        ("<p class=a class=b>", "markup-is-well-formed", "duplicate-attribute"),
        (&many, "pages-keep-their-budget", "elements where"),
        (&heavy, "pages-keep-their-budget", "bytes of packed HTML"),
    ];
    for (body, rule, told) in cases {
        let report = found(body);
        let seen = report.violations.iter().any(|violation| {
            let heavy = rule == "pages-keep-their-budget";
            violation.rule == rule
                && violation.found.contains(told)
                && violation.page == "index.html"
                && violation.line == if heavy { 1 } else { 12 }
                && !violation.hint.is_empty()
        });
        assert!(seen, "{}: {:?}", &body[..body.len().min(60)], report.violations);
    }
}

#[test]
fn what_a_head_lacks_is_seen() {
    let whole = page("a", POLICY, "");
    let wide = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'");
    let foreign = POLICY.replace("default-src 'none'", "default-src 'none'; img-src https://example.org");
    let other = POLICY.replace("base-uri 'none'", "base-uri 'none'; img-src 'self'");
    let cases = [
        (whole.replace(" lang=\"en\"", ""), "every-page-says-what-it-is", "no `lang`"),
        (whole.replace("<title>a</title>", ""), "every-page-says-what-it-is", "no `<title>`"),
        (whole.replace("<title>a</title>", "<title> </title>"), "every-page-says-what-it-is", "no `<title>`"),
        (whole.replace("<title>a</title>", "<title>b</title>"), "every-page-says-what-it-is", "the title `b`"),
        (whole.replace("What a is.", ""), "every-page-says-what-it-is", "no description"),
        (whole.replace("What a is.", "What b is."), "every-page-says-what-it-is", "the description `What b is.`"),
        (whole.replace("<h1>a</h1>", ""), "every-page-says-what-it-is", "no `<h1>`"),
        (whole.replace("Content-Security-Policy", "x"), "the-policy-is-strict", "no policy"),
        (whole.replace("; base-uri 'none'", ""), "the-policy-is-strict", "nothing of `base-uri`"),
        (page("a", &wide, ""), "the-policy-is-strict", "`style-src` allows `'unsafe-inline'`"),
        (page("a", &foreign, ""), "the-policy-is-strict", "`img-src` allows `https://example.org`"),
        (page("a", &other, ""), "the-policy-is-strict", "another policy"),
        (whole.replace("zoo.css", "https://example.org/zoo.css"), "nothing-comes-from-elsewhere", "<link>"),
    ];
    for (text, rule, told) in cases {
        let work = tempfile::tempdir().unwrap();
        small(work.path(), "");
        fs::write(work.path().join("index.html"), &text).unwrap();
        let violations = check(work.path()).unwrap().violations;
        let seen = violations.iter().any(|violation| violation.rule == rule && violation.found.contains(told));
        assert!(seen, "{told}: {violations:?}");
    }
}

#[test]
fn what_other_files_load_is_seen() {
    let cases = [
        ("zoo.css", "p{}\np{background:url(https://example.org/x.png)}", "nothing-comes-from-elsewhere", 2),
        ("x.js", "import 'https://example.org/x.js';", "nothing-comes-from-elsewhere", 1),
        ("p.svg", "<svg><script>x()</script></svg>", "nothing-is-inline", 1),
        ("p.svg", "<svg><g onload=\"x()\"/></svg>", "nothing-is-inline", 1),
        ("p.svg", "<svg><image href=\"https://example.org/x.png\"/></svg>", "nothing-comes-from-elsewhere", 1),
        ("p.svg", "not a picture", "markup-is-well-formed", 1),
    ];
    for (name, text, rule, line) in cases {
        let work = tempfile::tempdir().unwrap();
        small(work.path(), "");
        fs::write(work.path().join(name), text).unwrap();
        let violations = check(work.path()).unwrap().violations;
        let seen = violations.iter().any(|found| found.page == name && found.rule == rule && found.line == line);
        assert!(seen, "{name} {text}: {violations:?}");
    }
}

#[test]
fn scripts_that_are_too_heavy_are_seen() {
    let work = tempfile::tempdir().unwrap();
    small(work.path(), "<script src=\"x.js\"></script><script src=\"y.js\"></script>");
    let heavy: String = (0..9000).map(|at| format!("{:x}", at * 7919)).collect();
    fs::write(work.path().join("x.js"), format!("\"{heavy}\"")).unwrap();
    fs::write(work.path().join("y.js"), "y()").unwrap();
    let violations = check(work.path()).unwrap().violations;
    for told in ["bytes of packed scripts", "4 requests where"] {
        assert!(violations.iter().any(|violation| violation.found.contains(told)), "{told}: {violations:?}");
    }
}

#[test]
fn a_search_box_that_costs_too_much_is_seen() {
    for (file, told) in [("names.js", "names of the search box"), ("match.js", "scripts of the search box")] {
        let work = tempfile::tempdir().unwrap();
        small(work.path(), "");
        fs::create_dir(work.path().join("search")).unwrap();
        let heavy: String = (0..9000).map(|at| format!("{:x}", at * 7919)).collect();
        fs::write(work.path().join("search").join(file), heavy).unwrap();
        let violations = check(work.path()).unwrap().violations;
        assert!(violations.iter().any(|violation| violation.found.contains(told)), "{told}: {violations:?}");
    }
}

#[test]
fn a_folder_of_something_else_is_not_looked_at() {
    let work = tempfile::tempdir().unwrap();
    assert!(matches!(check(work.path()), Err(Error::NotASite { .. })));
}
