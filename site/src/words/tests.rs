use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

fn words(tongue: Tongue) -> Words {
    Words::read(tongue, &Look::default()).unwrap()
}

fn made(text: &str) -> Words {
    Words::parse(Tongue::German, "de.toml", text).unwrap()
}

/// What every form of a text leaves open; a number may decide without being told.
fn places(text: &Text) -> BTreeSet<&str> {
    let places = text.forms().into_iter().flat_map(Text::places);
    places.filter(|name| *name != "n" || matches!(text, Text::Plain(_))).collect()
}

#[test]
fn every_language_has_the_same_texts() {
    let english = words(Tongue::English);
    for tongue in Tongue::ALL {
        let other = words(tongue);
        let keys = |words: &Words| words.texts.keys().cloned().collect::<BTreeSet<_>>();
        let (known, found) = (keys(&english), keys(&other));
        let odd: Vec<_> = known.symmetric_difference(&found).collect();
        assert!(odd.is_empty(), "in one of `en` and `{tongue}` alone: {odd:?}");
        for (key, text) in &english.texts {
            let there = &other.texts[key];
            assert_eq!(places(text), places(there), "`{key}` in `{tongue}`");
            let counted = |text: &Text| matches!(text, Text::Counted { .. });
            assert_eq!(counted(text), counted(there), "`{key}` in `{tongue}`");
            assert!(there.forms().iter().all(|form| !form.trim().is_empty()), "`{key}` in `{tongue}` is empty");
        }
    }
}

#[test]
fn every_text_is_used_and_none_is_missing() {
    let english = words(Tongue::English);
    let keys: BTreeSet<&str> = english.texts.keys().map(String::as_str).collect();
    let sections: BTreeSet<&str> = keys.iter().filter_map(|key| key.split('.').next()).collect();
    let mut used = BTreeSet::new();
    for (path, text) in sources() {
        let template = path.extension().is_some_and(|kind| kind != "rs");
        for found in if template { marks(&text) } else { literals(&text) } {
            if let Some(section) = found.strip_prefix("* ") {
                used.extend(keys.iter().copied().filter(|key| key.starts_with(&format!("{section}."))));
            } else if let Some((before, after)) = pattern(found) {
                used.extend(keys.iter().copied().filter(|key| key.starts_with(before) && key.ends_with(after)));
            } else if let Some(key) = keys.get(found) {
                used.insert(key);
            } else {
                let meant = found.split('.').next().is_some_and(|section| sections.contains(section));
                assert!(!meant || !is_key(found), "{}: there is no text `{found}`", path.display());
            }
        }
    }
    let unused: Vec<_> = keys.difference(&used).collect();
    assert!(unused.is_empty(), "no page says {unused:?}");
}

/// Templates and code, without tests.
fn sources() -> Vec<(PathBuf, String)> {
    let (mut files, mut left) = (Vec::new(), ["src", "templates"].map(PathBuf::from).to_vec());
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path);
            if full.is_dir() {
                left.push(path);
            } else if !path.starts_with("src/words") {
                files.push((path, std::fs::read_to_string(full).unwrap()));
            }
        }
    }
    files
}

/// The keys of a template's marks.
fn marks(template: &str) -> Vec<&str> {
    let starts = template.match_indices("[[").map(|(at, _)| &template[at + 2..]);
    starts.filter_map(|rest| rest.split(['|', ']']).next()).map(str::trim).collect()
}

/// Texts between double quotes, line by line.
fn literals(code: &str) -> Vec<&str> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2)).collect()
}

/// Both ends of a key that code makes: `status.{}.word`.
fn pattern(literal: &str) -> Option<(&str, &str)> {
    let (before, rest) = literal.split_once('{')?;
    let (_, after) = rest.split_once('}')?;
    (before.ends_with('.') && is_key(&format!("{before}x{after}"))).then_some((before, after))
}

/// What addresses of files end in; they look like keys.
const FILES_OF: [&str; 10] = [".html", ".js", ".css", ".csv", ".json", ".atom", ".xml", ".sqlite", ".svg", ".md"];

fn is_key(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || "_-0123456789".contains(c));
    text.contains('.') && text.split('.').all(plain) && !FILES_OF.iter().any(|kind| text.ends_with(kind))
}

#[test]
fn questions_of_the_vocabularies_have_names() {
    let questions = Questions::read(&Look::default()).unwrap();
    for axis in zoo_registry::vocabulary::axes() {
        for tongue in [Tongue::Chinese, Tongue::German] {
            let (mut title, mut question) = (String::new(), String::new());
            questions.rename(tongue, &axis.id, &mut title, &mut question);
            assert!(!title.is_empty() && !question.is_empty(), "`{}` in `{tongue}`", axis.id);
        }
    }
}

#[test]
fn templates_take_texts_and_hand_them_what_they_leave_open() {
    let words = made(
        "[a]\nplain = \"x & <b>y</b>\"\nlinked = \"{n} of <link>them</link>\"\ncounted = { one = \"{n} Hund\", other = \"{n} Hunde\" }",
    );
    let expand = |template: &str| expand("t.html", template, &words).unwrap();
    assert_eq!(expand("<p>[[a.plain]]</p>"), "<p>x &amp; <b>y</b></p>");
    let linked = expand(r#"[[a.linked | n = {{ x | length }} | link = <a href="{{ y }}">]]"#);
    assert_eq!(linked, r#"{{ x | length }} of <a href="{{ y }}">them</a>"#);
    assert_eq!(
        expand("[[a.counted | n = {{ x | length }}]]"),
        "{% if x | length == 1 %}{{ x | length }} Hund{% else %}{{ x | length }} Hunde{% endif %}"
    );
    assert_eq!(expand("<i[[lang]]>[[en {{ x }}]]</i>"), r#"<i lang="en"><span lang="en">{{ x }}</span></i>"#);
    let json = expand("[[* a]]");
    assert!(json.contains(r#""counted":["{n} Hund","{n} Hunde"]"#) && !json.contains('<'), "{json}");
}

#[test]
fn nothing_of_english_marks_is_left_in_english() {
    let words = Words::parse(Tongue::English, "en.toml", "").unwrap();
    assert_eq!(expand("t.html", "<i[[lang]]>[[en {{ x }}]][[notice]]</i>", &words).unwrap(), "<i>{{ x }}</i>");
}

#[test]
fn what_does_not_fit_is_told_with_its_file() {
    let words = made("[a]\nlinked = \"{n} of <link>them</link>\"\ncounted = { one = \"a\", other = \"b\" }");
    let told = |template: &str| expand("t.html", template, &words).unwrap_err().to_string();
    assert_eq!(told("[[a.none]]"), "`templates/t.html`: there is no text `a.none` in de");
    assert_eq!(told("[[a.linked | n = 1]]"), "`templates/t.html`: nothing is handed to `a.linked` for `link`");
    assert_eq!(told("[[a.counted | n = {{ 1 }} | of = 2]]"), "`templates/t.html`: `a.counted` has no place for `of`");
    assert!(told("[[a.counted | n = 1]]").contains("depends on a number"));
    assert_eq!(told("a\nb [[a.linked"), "`templates/t.html`: `[[` of line 2 is not closed");
    assert!(told("[[* b]]").contains("no text below `b`"));
    let odd = Words::parse(Tongue::German, "de.toml", "[a]\nb = 1").unwrap_err().to_string();
    assert_eq!(odd, "`de.toml`: `a.b` is a integer, expected a text");
}

#[test]
fn code_takes_the_form_that_the_number_asks_for() {
    let words = made("[a]\ncounted = { one = \"{n} Hund {x}\", other = \"{n} Hunde {x}\" }\nopen = \"{x} {y\"");
    assert_eq!(words.count("a.counted", 1, &[("x", &"!")]), "1 Hund !");
    assert_eq!(words.count("a.counted", 2, &[("x", &"!")]), "2 Hunde !");
    assert_eq!(words.with("a.open", &[("x", &"{y}")]), "{y} {y");
    assert_eq!(words.say("a.none"), "`a.none`");
}

#[test]
fn languages_are_known_by_tag_and_by_folder() {
    assert_eq!("zh-hans".parse::<Tongue>().unwrap(), Tongue::Chinese);
    assert!("fr".parse::<Tongue>().unwrap_err().to_string().contains("`zh-Hans`"));
    assert_eq!(Tongue::of_path("de/models/index.html"), (Tongue::German, "models/index.html"));
    assert_eq!(Tongue::of_path("demo/x"), (Tongue::English, "demo/x"));
}
