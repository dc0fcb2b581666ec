//! `zoo check --golden`: every number that a reference recorded, beside ours.

use std::io::Write;

use serde::Serialize;
use zoo_conformance::golden::{self, Kind};
use zoo_registry::{Registry, device};

use crate::conformance::Selection;
use crate::failure::Failure;
use crate::format::{counted, number};
use crate::json;
use crate::shell::{Paint, Shell};
use crate::table::Table;

/// A compared output as one line of JSON.
#[derive(Serialize)]
struct Compared<'a> {
    architecture: &'a str,
    device: &'a str,
    #[serde(flatten)]
    row: &'a golden::Row,
}

const ALL: [Kind; 3] = [Kind::Forward, Kind::Loss, Kind::Generate];

/// Every compared number beside the reference's own noise.
pub(super) fn run(as_json: bool, registry: &Registry, selection: &Selection, shell: &mut Shell) -> Result<(), Failure> {
    let mut table = Table::new(&["golden", "case", "output", ">error", ">noise", ">error/noise", "where"]);
    let (mut compared, mut beyond) = (0, 0);
    let families = registry.architectures();
    let chosen = families.into_iter().filter(|a| selection.architectures.contains(&a.descriptor().id));
    for architecture in chosen {
        for name in &selection.devices {
            let id = &architecture.descriptor().id;
            let busy = shell.busy(format!("comparing {id} on {name}"));
            let rows = golden::report(architecture, &device::by_name(name)?, &ALL);
            let rows = rows.map_err(|stop| Failure::run(format!("`{id}` on {name}: {stop}")))?;
            drop(busy);
            for row in &rows {
                let within = row.multiple <= golden::TOLERANCE;
                compared += 1;
                beyond += usize::from(!within);
                if as_json {
                    json::line(shell, &Compared { architecture: id, device: name, row })?;
                    continue;
                }
                let paint = if within { Paint::Plain } else { Paint::Bad };
                let numbers = [row.error, row.noise, row.multiple].map(number);
                let [error, noise, multiple] = &numbers;
                let golden =
                    if selection.devices.len() > 1 { format!("{} on {name}", row.golden) } else { row.golden.clone() };
                let cells = [&golden, &row.case, &row.output, error, noise, multiple, &row.at];
                table.painted(cells.map(|cell| (cell, paint)));
            }
        }
    }
    if !as_json {
        table.print(shell)?;
        writeln!(
            shell,
            "\n{} compared; an error may be {} times the noise",
            counted(compared, "output"),
            golden::TOLERANCE
        )?;
    }
    match beyond {
        0 => Ok(()),
        _ => Err(Failure::run(format!("{beyond} of {} differ from the reference", counted(compared, "output")))),
    }
}
