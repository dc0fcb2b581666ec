//! Every place in the sources of families and blocks where a slip of one token would still compile, perhaps.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Item, Lit, Macro, UnOp};

use crate::error::{Error, Result};
use crate::source::{is_test, listed};

/// Where families and blocks stand.
const SOURCES: &str = "architectures/src";
/// What is teaching there, not a model.
const LEFT_OUT: &str = "lessons";
/// What only lists the others. It says which of them are tests.
const ROOT: &str = "architectures/src/lib.rs";

/// An expression and what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mutant {
    /// From the workspace's root.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Bytes of the file.
    #[serde(skip)]
    pub at: Range<usize>,
    /// What stands there.
    pub before: String,
    /// What the mutant has there.
    pub after: String,
}

impl Mutant {
    /// The family whose folder it is in, if it is one of these.
    pub fn family(&self, families: &[String]) -> Option<String> {
        let folder = self.file.strip_prefix(SOURCES)?.trim_start_matches('/').split('/').next()?;
        // A folder is called like its family, as far as Rust lets it be.
        let same =
            |family: &&String| family.replace('-', "_") == folder || family.replace('-', "_").starts_with(folder);
        families.iter().find(same).cloned()
    }
}

/// Every mutant of the workspace at `root`, by file and place.
///
/// # Errors
/// [`Error::File`], [`Error::Catalogue`] for a file that is not Rust.
pub fn mutants(root: &Path) -> Result<Vec<Mutant>> {
    let mut files = BTreeSet::new();
    rust_files(&root.join(SOURCES), &mut files)?;
    for path in files.clone() {
        let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
        for name in test_modules(&text) {
            files.remove(&path.with_file_name(name).with_extension("rs"));
        }
    }
    files.retain(|path| !path.ends_with(ROOT));
    let mut all = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let found = in_file(&text).map_err(|error| Error::catalogue(format!("{name}: {error}")))?;
        all.extend(found.into_iter().map(|(at, after)| Mutant {
            line: text[..at.start].lines().count().max(1),
            before: text[at.clone()].to_owned(),
            file: name.clone(),
            at,
            after,
        }));
    }
    Ok(all)
}

/// Modules in files of their own that only tests compile.
fn test_modules(text: &str) -> Vec<String> {
    let items = syn::parse_file(text).map(|file| file.items).unwrap_or_default();
    let name = |item: Item| match item {
        Item::Mod(module) if module.content.is_none() && is_test(&module.attrs) => Some(module.ident.to_string()),
        _ => None,
    };
    items.into_iter().filter_map(name).collect()
}

fn rust_files(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::file(folder))? {
        let entry = entry.map_err(Error::file(folder))?;
        let (path, name) = (entry.path(), entry.file_name());
        if name == LEFT_OUT {
            continue;
        }
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.insert(path);
        }
    }
    Ok(())
}

/// Places and what is written there, in order.
fn in_file(text: &str) -> Result<Vec<(Range<usize>, String)>, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut finder = Finder { text, found: Vec::new() };
    finder.visit_file(&file);
    finder.found.sort_by(|a, b| (a.0.start, a.0.end, &a.1).cmp(&(b.0.start, b.0.end, &b.1)));
    finder.found.dedup();
    Ok(finder.found)
}

struct Finder<'a> {
    text: &'a str,
    found: Vec<(Range<usize>, String)>,
}

impl Finder<'_> {
    fn text(&self, of: &impl Spanned) -> String {
        self.text[of.span().byte_range()].to_owned()
    }

    fn put(&mut self, at: &impl Spanned, after: String) {
        self.found.push((at.span().byte_range(), after));
    }
}

/// What an operator is mistaken for.
fn mistaken(operator: &BinOp) -> &'static [&'static str] {
    match operator {
        BinOp::Add(_) => &["-"],
        BinOp::Sub(_) => &["+"],
        BinOp::Mul(_) => &["/", "+"],
        BinOp::Div(_) => &["*"],
        BinOp::Rem(_) => &["/"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Lt(_) => &["<=", ">"],
        BinOp::Le(_) => &["<"],
        BinOp::Gt(_) => &[">=", "<"],
        BinOp::Ge(_) => &[">"],
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        _ => &[],
    }
}

/// Calls without which the rest still fits.
const DROPPED: [&str; 14] = [
    "swap_dims",
    "transpose",
    "permute",
    "neg",
    "sqrt",
    "recip",
    "tanh",
    "exp",
    "abs",
    "clamp_max",
    "clamp_min",
    "bool_not",
    "rev",
    "skip",
];

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Binary(binary) => {
                let (left, right) = (self.text(&binary.left), self.text(&binary.right));
                for operator in mistaken(&binary.op) {
                    self.put(expr, format!("{left} {operator} {right}"));
                }
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)) => {
                let inner = self.text(&unary.expr);
                self.put(expr, inner);
            }
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => {
                    if let Ok(value) = number.base10_parse::<u64>() {
                        let suffix = number.suffix();
                        self.put(expr, format!("{}{suffix}", value + 1));
                        if value > 0 {
                            self.put(expr, format!("{}{suffix}", value - 1));
                        }
                    }
                }
                Lit::Float(number) => {
                    let text = self.text(number);
                    self.put(expr, format!("({text} + 1.0)"));
                    self.put(expr, format!("(-{text})"));
                }
                Lit::Bool(value) => self.put(expr, (!value.value).to_string()),
                _ => {}
            },
            Expr::MethodCall(call) if DROPPED.iter().any(|name| call.method == name) => {
                let receiver = self.text(&call.receiver);
                self.put(expr, receiver);
            }
            Expr::Range(range) => {
                if let Some(end) = &range.end {
                    let end_text = self.text(end);
                    self.put(end, format!("({end_text} - 1)"));
                    self.put(end, format!("({end_text} + 1)"));
                }
            }
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            // What a constant holds cannot be chosen while running.
            Item::Const(_) | Item::Static(_) => {}
            Item::Mod(module) if is_test(&module.attrs) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_macro(&mut self, mac: &'ast Macro) {
        // What is asserted and told is no arithmetic of the model.
        if mac.path.is_ident("vec") {
            for expr in listed(mac) {
                self.visit_expr(&expr);
            }
        }
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        // How long a model is taught, and at which size, is no part of it.
        if item.sig.ident != "lesson" {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_pat(&mut self, _: &'ast syn::Pat) {}

    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        let all = in_file(text).unwrap();
        all.into_iter().map(|(at, after)| (text[at].to_owned(), after)).collect()
    }

    #[test]
    fn slips_are_found_in_expressions_only() {
        let text = "/// 1 + 1\nconst N: usize = 4;\n#[x(7)]\nfn f(a: [u8; 3]) -> bool { let [1, b] = a else { return !c }; a.len() < b }\n\
                    #[cfg(test)] mod tests { fn g() -> u8 { 1 + 1 } }";
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            found(text),
            [pair("!c", "c"), pair("a.len() < b", "a.len() <= b"), pair("a.len() < b", "a.len() > b"),]
        );
    }

    #[test]
    fn numbers_calls_and_ranges_slip() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            found("fn f() { x.swap_dims(1, 0) }"),
            [pair("x.swap_dims(1, 0)", "x"), pair("1", "0"), pair("1", "2"), pair("0", "1"),]
        );
        assert_eq!(found("fn f() { 0..n }"), [pair("0", "1"), pair("n", "(n + 1)"), pair("n", "(n - 1)")]);
    }
}
