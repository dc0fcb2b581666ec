//! The two-column table: published module path, verb, our module paths.

use crate::modules::ModuleTree;

/// How a published tensor becomes ours. Vectors (biases, norm scales) are never transposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Element for element.
    Same,
    /// Matrices have their two axes swapped: PyTorch's `Linear` keeps `[d_out, d_in]`, ours `[d_in, d_out]`.
    Transposed,
    /// One published tensor is several of ours, side by side along its last axis; equal parts.
    Split,
    /// In the file, without effect: buffers, heads of other tasks.
    Drop,
    /// In some files a second time, equal to a tensor of ours that another row names.
    Tied,
}

/// One line of the table. Paths are whole module paths, `*` stands for one index, the parameter's own name follows by
/// convention: published `weight` and `bias` are our `weight` and `bias`, or `gamma` and `beta` in a norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Left column: the published path.
    pub published: &'static str,
    /// What to do.
    pub verb: Verb,
    /// Right column: our paths.
    pub ours: &'static [&'static str],
    /// What stands before each of our paths: empty, or the module that is all of another family's model, with a dot.
    pub within: &'static str,
}

impl Row {
    /// `published` and `ours` hold the same numbers in the same order.
    pub const fn same(published: &'static str, ours: &'static [&'static str; 1]) -> Self {
        Self { published, verb: Verb::Same, ours, within: "" }
    }

    /// A PyTorch `Linear`.
    pub const fn transposed(published: &'static str, ours: &'static [&'static str; 1]) -> Self {
        Self { published, verb: Verb::Transposed, ours, within: "" }
    }

    /// `published` holds all of `ours` side by side.
    pub const fn split(published: &'static str, ours: &'static [&'static str]) -> Self {
        Self { published, verb: Verb::Split, ours, within: "" }
    }

    /// `published`, and all below it, is not needed.
    pub const fn drop(published: &'static str) -> Self {
        Self { published, verb: Verb::Drop, ours: &[], within: "" }
    }

    /// `published` repeats what `ours` already is.
    pub const fn tied(published: &'static str, ours: &'static [&'static str; 1]) -> Self {
        Self { published, verb: Verb::Tied, ours, within: "" }
    }
}

/// A family's table for one configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeightNames {
    body_prefix: &'static str,
    body: Vec<Row>,
    head: Vec<Row>,
    writes_prefix: bool,
}

impl WeightNames {
    /// The body's rows. Published files of a bare body lack `prefix`, files with a head carry it: both are read.
    pub fn new(prefix: &'static str, body: impl IntoIterator<Item = Row>) -> Self {
        Self { body_prefix: prefix, body: body.into_iter().collect(), head: Vec::new(), writes_prefix: false }
    }

    /// Further rows without prefix: heads of other tasks that a file may hold.
    #[must_use]
    pub fn ignoring(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.head.extend(rows);
        self
    }

    /// The rows of a head; with a head, `prefix` is written.
    #[must_use]
    pub fn with_head(mut self, head: impl IntoIterator<Item = Row>) -> Self {
        self.head.extend(head);
        self.writes_prefix = true;
        self
    }

    /// The same table for a model that holds this one as its module `within`, which ends with a dot: `body.`.
    #[must_use]
    pub fn within(mut self, within: &'static str) -> Self {
        for row in self.body.iter_mut().chain(&mut self.head) {
            row.within = within;
        }
        self
    }

    /// Every row with the prefix that is written before its published path.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &Row)> {
        let prefix = if self.writes_prefix { self.body_prefix } else { "" };
        self.body.iter().map(move |row| (prefix, row)).chain(self.head.iter().map(|row| ("", row)))
    }

    /// Every row with every prefix that is read.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (&'static str, &Row)> {
        let prefixes: &[&'static str] = if self.body_prefix.is_empty() { &[""] } else { &["", self.body_prefix] };
        let mut prefixes = prefixes.to_vec();
        prefixes.sort_by_key(|prefix| prefix.is_empty() == self.writes_prefix);
        prefixes
            .into_iter()
            .flat_map(|prefix| self.body.iter().map(move |row| (prefix, row)))
            .chain(self.head.iter().map(|row| ("", row)))
    }

    /// Rows no parameter of `modules` needs, and parameters no row reaches: a total table has neither.
    pub fn gaps(&self, modules: &ModuleTree) -> Vec<String> {
        let parameters = modules.parameters();
        let mut gaps = Vec::new();
        for (path, _) in &parameters {
            let reached = self.rows().filter(|(_, row)| row.verb != Verb::Tied && row.part_for(path).is_some()).count();
            if reached != 1 {
                gaps.push(format!("`{path}` is reached by {reached} rows, expected 1"));
            }
        }
        for (_, row) in self.rows() {
            for ours in row.ours {
                let names =
                    |path: &str| path.strip_prefix(row.within).and_then(|path| Pattern(ours).leaf(path)).is_some();
                if !parameters.iter().any(|(path, _)| names(path)) {
                    let (published, within) = (row.published, row.within);
                    gaps.push(format!("the row `{published}` names `{within}{ours}`, which the model lacks"));
                }
            }
        }
        gaps
    }
}

impl Row {
    /// Which part of the published tensor our parameter `path` is, with the published name (without prefix).
    pub(super) fn part_for(&self, path: &str) -> Option<(usize, String)> {
        let path = path.strip_prefix(self.within)?;
        self.ours.iter().enumerate().find_map(|(part, ours)| {
            let (indices, leaf) = Pattern(ours).leaf(path)?;
            let published = Pattern(self.published).filled(&indices);
            Some((part, if leaf.is_empty() { published } else { format!("{published}.{}", published_leaf(leaf)) }))
        })
    }
}

/// burn names a norm's parameters `gamma` and `beta`, PyTorch `weight` and `bias`.
fn published_leaf(ours: &str) -> &str {
    match ours {
        "gamma" => "weight",
        "beta" => "bias",
        other => other,
    }
}

/// Files converted from TensorFlow still say `gamma` and `beta`.
pub(super) fn modern(published: &str) -> String {
    match published.rsplit_once('.') {
        Some((module, "gamma")) => format!("{module}.weight"),
        Some((module, "beta")) => format!("{module}.bias"),
        _ => published.to_owned(),
    }
}

/// A module path in which `*` stands for one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern<'a>(pub &'a str);

impl Pattern<'_> {
    /// If `path` is this module's or lies directly in it: what the stars stood for, and the rest of the path.
    pub fn leaf<'p>(&self, path: &'p str) -> Option<(Vec<&'p str>, &'p str)> {
        let (stars, rest) = self.below(path)?;
        (!rest.contains('.')).then_some((stars, rest))
    }

    /// If `path` lies anywhere in this module: what the stars stood for, and the rest of the path.
    pub fn below<'p>(&self, path: &'p str) -> Option<(Vec<&'p str>, &'p str)> {
        let mut stars = Vec::new();
        let mut rest = path;
        for segment in self.0.split('.') {
            let (first, after) = rest.split_once('.').unwrap_or((rest, ""));
            match segment {
                _ if rest.is_empty() => return None,
                "*" => stars.push(first),
                _ if segment == first => {}
                _ => return None,
            }
            rest = after;
        }
        Some((stars, rest))
    }

    /// The path with its stars filled in, in order.
    pub fn filled(&self, stars: &[&str]) -> String {
        let mut stars = stars.iter();
        let segments: Vec<&str> = self
            .0
            .split('.')
            .map(|segment| if segment == "*" { stars.next().copied().unwrap_or("*") } else { segment })
            .collect();
        segments.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::Parameter;

    fn tree(paths: &[&str]) -> ModuleTree {
        let leaf = |path: &&str| {
            let (module, name) = path.rsplit_once('.').unwrap();
            let parameter = Parameter { name: name.into(), shape: vec![2] };
            module.rsplit('.').fold(ModuleTree { parameters: vec![parameter], ..Default::default() }, |inner, name| {
                ModuleTree { children: vec![ModuleTree { name: name.into(), ..inner }], ..Default::default() }
            })
        };
        ModuleTree { children: paths.iter().flat_map(|path| leaf(path).children).collect(), ..Default::default() }
    }

    #[test]
    fn patterns_fill_their_stars() {
        let (stars, leaf) = Pattern("layers.*.attention.query").leaf("layers.11.attention.query.weight").unwrap();
        assert_eq!((stars.as_slice(), leaf), (&["11"][..], "weight"));
        assert_eq!(Pattern("h.*.attn").filled(&stars), "h.11.attn");
        assert!(Pattern("layers.*.mlp").leaf("layers.1.attention.weight").is_none());
        assert!(Pattern("layers.*").leaf("layers.1.mlp.weight").is_none());
        assert!(Pattern("layers.*").below("layers.1.mlp.weight").is_some());
        assert!(Pattern("a.b.c").below("a.b").is_none());
    }

    #[test]
    fn norms_and_parts_have_their_published_names() {
        let norm = Row::same("h.*.ln_1", &["layers.*.norm"]);
        assert_eq!(norm.part_for("layers.3.norm.gamma"), Some((0, "h.3.ln_1.weight".into())));
        let qkv = Row::split("h.*.attn.c_attn", &["layers.*.q", "layers.*.k"]);
        assert_eq!(qkv.part_for("layers.0.k.bias"), Some((1, "h.0.attn.c_attn.bias".into())));
        let whole = Row::same("cls.bias", &["head.bias"]);
        assert_eq!(whole.part_for("head.bias"), Some((0, "cls.bias".into())));
    }

    #[test]
    fn gaps_are_found_on_both_sides() {
        let names = WeightNames::new("", [Row::same("a", &["ours.a"])]);
        assert!(names.gaps(&tree(&["ours.a.weight"])).is_empty());
        assert!(names.gaps(&tree(&["ours.a.weight", "ours.b.weight"]))[0].contains("reached by 0 rows"));
        assert!(names.gaps(&tree(&["ours.b.weight"])).iter().any(|gap| gap.contains("which the model lacks")));
        let twice = WeightNames::new("", [Row::same("a", &["ours.a"]), Row::same("b", &["ours.a"])]);
        assert!(twice.gaps(&tree(&["ours.a.weight"]))[0].contains("reached by 2 rows"));
    }

    #[test]
    fn a_table_may_be_that_of_a_module() {
        let names = WeightNames::new("", [Row::same("wte", &["token"]), Row::same("h.*.ln", &["layers.*.norm"])]);
        let names = names.within("body.").with_head([Row::same("score", &["score"])]);
        assert!(names.gaps(&tree(&["body.token.weight", "body.layers.0.norm.gamma", "score.weight"])).is_empty());
        let gaps = names.gaps(&tree(&["token.weight", "body.layers.0.norm.gamma", "score.weight"]));
        assert!(gaps.iter().any(|gap| gap == "`token.weight` is reached by 0 rows, expected 1"), "{gaps:?}");
        assert!(gaps.iter().any(|gap| gap.contains("names `body.token`, which the model lacks")), "{gaps:?}");
    }

    #[test]
    fn tensorflow_names_are_modernised() {
        assert_eq!(modern("LayerNorm.gamma"), "LayerNorm.weight");
        assert_eq!(modern("gamma"), "gamma");
    }
}
