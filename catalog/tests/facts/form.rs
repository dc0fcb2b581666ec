//! Files of facts are written one way.

use zoo_catalog::facts::facts;
use zoo_catalog::facts::format::{format, is_facts};

use crate::coded_files;

#[test]
fn every_file_is_written_the_one_way() {
    let coded =
        coded_files().into_iter().map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
    let facts = facts().iter().map(|sheet| (sheet.file.clone(), sheet.text.to_string()));
    for (file, text) in coded.chain(facts) {
        assert!(is_facts(&text), "{file}");
        let formatted = format(&file, &text).unwrap_or_else(|finding| panic!("{finding}"));
        if let Some((at, (ours, written))) = text.lines().zip(formatted.lines()).enumerate().find(|(_, (a, b))| a != b)
        {
            panic!("{file}:{}: expected `{written}`, found `{ours}`; `zoo catalog fmt` puts it in order", at + 1);
        }
        assert!(formatted == text, "{file}: `zoo catalog fmt` puts it in order");
    }
}

const UNTIDY: &str = r#"# What this file is.

name = "Toy"   # for people
id="toy"
# Where it is from.
labs = [ "b",'a', ]
family = "toy"
unknown = 3
sources = { labs = [] }

[presets_of_mine]
z = 1
a = 2

# The big one.
[[presets]]
config = { d_model = 8, vocab_size = 61, mine = true, n_heads = 2 }
id = "toy-large" # trailing # twice
sources = [{ confidence = "high", source = "uncited" }, { source = "paper", confidence = "high", ref = "a ] # \" b" }]
  [presets.stated]
  label = "8"
  parameters = 8

[[presets]]
id = "toy-small"
note = """
first
 # no comment
last"""
aliases = [
  "a", # why
  "b",
]

[taxonomy]
modality = ["text"]
architecture = ["decoder"]
# The end.
"#;

const TIDY: &str = r#"# What this file is.

id = "toy"
name = "Toy"  # for people
family = "toy"
# Where it is from.
labs = ["b", 'a']
sources = { labs = [] }
unknown = 3

[taxonomy]
architecture = ["decoder"]
modality = ["text"]

# The big one.
[[presets]]
id = "toy-large"  # trailing # twice
config = { vocab_size = 61, d_model = 8, n_heads = 2, mine = true }
sources = [
  { source = "uncited", confidence = "high" },
  { source = "paper", ref = "a ] # \" b", confidence = "high" },
]

[presets.stated]
parameters = 8
label = "8"

[[presets]]
id = "toy-small"
aliases = [
  "a", # why
  "b",
]
note = """
first
 # no comment
last"""

[presets_of_mine]
z = 1
a = 2

# The end.
"#;

#[test]
fn order_and_layout_are_put_right_and_comments_kept() {
    let formatted = format("toy.toml", UNTIDY).unwrap();
    // The comment at the top belongs to the file and not to the field that happened to come first.
    assert_eq!(formatted, TIDY);
}

#[test]
fn formatting_twice_is_formatting_once() {
    assert_eq!(format("toy.toml", TIDY).unwrap(), TIDY);
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let told = format("toy.toml", "id = \"toy\"\nname = \n").unwrap_err().to_string();
    assert!(told.starts_with("toy.toml:2: "), "{told}");
    assert!(!is_facts("a = 1") && !is_facts("no toml"));
}
