//! The transcripts in the documentation are what really happens: each command is run, its output compared.
//!
//! A block fenced as `console` holds commands after `$ ` and what they print, standard error first. `…` stands for any part of
//! a line, a line of nothing but `…` for any lines. A line `# exit code 1` says how the command before it ends. The blocks of one
//! file share a folder, in which the documentation's drawings are.

use std::path::Path;

use tempfile::tempdir;

use crate::support::zoo_in;

const FILES: [&str; 2] = ["docs/commands.md", "docs/new-family.md"];
const ANYTHING: char = '…';

/// A command with what it prints.
#[derive(Debug, Default, PartialEq)]
struct Said {
    command: String,
    output: Vec<String>,
    code: i32,
}

#[test]
fn what_the_documentation_shows_is_what_happens() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for file in FILES {
        let folder = tempdir().unwrap();
        copy(&root.join("docs/drawings"), &folder.path().join("drawings"));
        let transcript = read(&std::fs::read_to_string(root.join(file)).unwrap());
        assert!(!transcript.is_empty(), "{file} shows nothing");
        for said in transcript {
            let arguments = words(said.command.strip_prefix("zoo ").unwrap_or_else(|| panic!("{file}: {said:?}")));
            let ran = zoo_in(folder.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
            let found: Vec<&str> = ran.err.lines().chain(ran.out.lines()).map(str::trim_end).collect();
            let expected: Vec<&str> = said.output.iter().map(String::as_str).collect();
            assert!(
                same(&expected, &found) && ran.code == Some(said.code),
                "{file}: `{}` ended with {:?} and printed\n{}\n\nexpected {} and\n{}",
                said.command,
                ran.code,
                found.join("\n"),
                said.code,
                expected.join("\n"),
            );
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn read(markdown: &str) -> Vec<Said> {
    let mut found: Vec<Said> = Vec::new();
    let mut inside = false;
    for line in markdown.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), line.strip_prefix("# exit code "), found.last_mut()) {
                (Some(command), ..) => found.push(Said { command: command.into(), ..Said::default() }),
                (None, Some(code), Some(said)) => said.code = code.parse().unwrap(),
                (None, None, Some(said)) => said.output.push(line.trim_end().into()),
                (None, _, None) => panic!("output before the first command: {line}"),
            },
            _ => {}
        }
    }
    for said in &mut found {
        while said.output.last().is_some_and(String::is_empty) {
            said.output.pop();
        }
    }
    found
}

/// Words as a shell splits them, with single and double quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn same(expected: &[&str], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.iter().all(|line| line.is_empty()),
        Some((line, rest)) if line.trim() == "…" => (0..=found.len()).any(|skipped| same(rest, &found[skipped..])),
        Some((line, rest)) => found.split_first().is_some_and(|(first, after)| fits(line, first) && same(rest, after)),
    }
}

fn fits(expected: &str, found: &str) -> bool {
    match expected.split_once(ANYTHING) {
        None => expected == found,
        Some((before, after)) => found.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| fits(after, &rest[at..]))
        }),
    }
}

#[test]
fn transcripts_are_read_and_compared() {
    let said = read("text\n```console\n$ zoo a \"b c\"\none…\n\n$ zoo d\n# exit code 1\n```\n$ not this\n");
    assert_eq!(said.len(), 2);
    assert_eq!((said[0].output.as_slice(), said[0].code, said[1].code), (&["one…".to_owned()][..], 0, 1));
    assert_eq!(words(r#"a "b c" 'd "e"' f"#), ["a", "b c", "d \"e\"", "f"]);
    assert!(fits("0.…4 %", "0.514 %") && !fits("0.…4 %", "0.51 %") && fits("…", ""));
    assert!(same(&["a", "…", "d"], &["a", "b", "c", "d"]) && !same(&["a", "d"], &["a", "b", "d"]));
    assert!(same(&["a"], &["a", ""]) && !same(&["a"], &["a", "b"]) && !same(&["a", "b"], &["a"]));
}
