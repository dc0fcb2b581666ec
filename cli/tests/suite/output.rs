//! Colours, pipes and silence.

use std::process::Stdio;

use crate::support::{command, zoo};

const ESCAPE: char = '\u{1b}';

#[test]
fn colours_are_asked_for_or_not_there() {
    assert!(zoo(&["list", "--color", "always"]).code(0).out.contains(ESCAPE));
    assert!(!zoo(&["list", "--color", "never"]).code(0).out.contains(ESCAPE));
    assert!(!zoo(&["list"]).code(0).out.contains(ESCAPE), "a pipe gets no colours");
    assert!(zoo(&["show", "brt", "--color", "always"]).code(2).err.contains(ESCAPE));
    assert!(!zoo(&["show", "brt"]).code(2).err.contains(ESCAPE));
    assert!(zoo(&["--color=always", "--help"]).code(0).out.contains(ESCAPE));
    zoo(&["list", "--color", "maybe"]).code(2).says(&["auto", "always", "never"]);
}

/// What a terminal gets, seen through `script`, which lends one.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colours_unless_no_color_is_set() {
    let on_a_terminal = |no_color: &str| {
        let zoo = format!("{} list", env!("CARGO_BIN_EXE_zoo"));
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &zoo, "/dev/null"]).env("TERM", "xterm").env("NO_COLOR", no_color).stdin(Stdio::null());
        script.output().ok().map(|output| String::from_utf8(output.stdout).unwrap())
    };
    let (Some(plain), Some(coloured)) = (on_a_terminal("1"), on_a_terminal("")) else { return };
    assert!(plain.contains("bert-tiny") && !plain.contains(ESCAPE), "{plain}");
    assert!(coloured.contains("bert-tiny") && coloured.contains(ESCAPE), "{coloured}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    for arguments in
        [&["list"][..], &["show", "bert"], &["completions", "bash"], &["check", "bert", "--check", "names-*"]]
    {
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments:?}");
    }
}

#[test]
fn quiet_keeps_errors() {
    let folder = tempfile::tempdir().unwrap();
    let build = |more: &[&str]| {
        let mut command = command(&[&["catalog", "build"], more].concat());
        String::from_utf8(command.current_dir(folder.path()).output().unwrap().stderr).unwrap()
    };
    assert!(build(&[]).contains("note:"));
    assert_eq!(build(&["--quiet"]), "");
    zoo(&["--quiet", "show", "brt"]).code(2).says(&["error:"]);
}
