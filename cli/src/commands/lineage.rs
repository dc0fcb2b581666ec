//! `zoo lineage`: where a model comes from and what came of it, as trees.

use std::collections::BTreeSet;
use std::io::Write;

use zoo_catalog::view::{Ancestry, Kin, LineageEdge};
use zoo_registry::Registry;

use super::record;
use crate::failure::Failure;
use crate::json;
use crate::library::{self, From};
use crate::shell::{Paint, Shell};

const EXAMPLES: &str = "\
Examples:
  zoo lineage gpt2                 ancestors and descendants, as trees
  zoo lineage t5 --depth 1         parents and children alone
  zoo lineage llama --json         edges, with what changed and when

A model that stands in the tree already is not followed again: `↑` marks it.";

/// Arguments of `zoo lineage`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name, an alias or a Hugging Face repository
    #[arg(value_name = "NAME")]
    name: String,

    /// How many steps to go in each direction
    #[arg(long, value_name = "STEPS", default_value_t = usize::MAX, hide_default_value = true)]
    depth: usize,

    #[command(flatten)]
    from: From,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&args.from, registry, shell)?;
    let found = record::find(&library, &args.name)?;
    let ancestry = library.ask(async |catalog| catalog.lineage(&found.model.summary.id).await)?;
    if args.json {
        return json::document(shell, &ancestry);
    }
    let up =
        Tree { ancestry: &ancestry, edges: &ancestry.ancestors, from: |edge| &edge.child, to: |edge| &edge.parent };
    let down =
        Tree { ancestry: &ancestry, edges: &ancestry.descendants, from: |edge| &edge.parent, to: |edge| &edge.child };
    writeln!(shell, "{}", shell.paint(Paint::Strong, "comes from"))?;
    up.print(args.depth, shell)?;
    writeln!(shell, "\n{}", shell.paint(Paint::Strong, "led to"))?;
    down.print(args.depth, shell)
}

/// Edges followed in one direction.
struct Tree<'a> {
    ancestry: &'a Ancestry,
    edges: &'a [LineageEdge],
    from: fn(&LineageEdge) -> &String,
    to: fn(&LineageEdge) -> &String,
}

impl Tree<'_> {
    fn print(&self, depth: usize, shell: &mut Shell) -> Result<(), Failure> {
        let root = &self.ancestry.id;
        if self.edges.is_empty() {
            return Ok(writeln!(shell, "nothing that is on record")?);
        }
        writeln!(shell, "{}", told(self.kin(root), root, shell))?;
        self.branches(root, depth, "", &mut BTreeSet::from([root.as_str()]), shell)
    }

    fn branches<'a>(
        &'a self,
        id: &str,
        depth: usize,
        indent: &str,
        seen: &mut BTreeSet<&'a str>,
        shell: &mut Shell,
    ) -> Result<(), Failure> {
        let edges: Vec<_> = self.edges.iter().filter(|edge| (self.from)(edge) == id).collect();
        for (at, edge) in edges.iter().enumerate().take_while(|_| depth > 0) {
            let (branch, deeper) = if at + 1 == edges.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let next = (self.to)(edge);
            let again = !seen.insert(next);
            let mark = if again && self.edges.iter().any(|edge| (self.from)(edge) == next) { " ↑" } else { "" };
            let mut how = edge.relation.clone();
            how.extend(edge.size.iter().map(|size| format!(", {size}")));
            how.extend(edge.change.iter().map(|change| format!(": {change}")));
            let (name, how) = (told(self.kin(next), next, shell), shell.paint(Paint::Faint, how));
            writeln!(shell, "{indent}{branch}{name}{mark}  {how}")?;
            if !again {
                self.branches(next, depth - 1, &format!("{indent}{deeper}"), seen, shell)?;
            }
        }
        Ok(())
    }

    fn kin(&self, id: &str) -> Option<&Kin> {
        self.ancestry.kin.iter().find(|kin| kin.id == id)
    }
}

/// Name, id and date; what the catalog has no record of by its id.
fn told(kin: Option<&Kin>, id: &str, shell: &Shell) -> String {
    match kin {
        Some(Kin { name, date, code, .. }) => {
            let paint = if *code { Paint::Strong } else { Paint::Plain };
            format!("{} ({id}, {date})", shell.paint(paint, name))
        }
        None => id.to_owned(),
    }
}
