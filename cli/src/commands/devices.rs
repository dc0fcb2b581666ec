//! `zoo devices`: where models can run.

use serde_json::json;
use zoo_registry::device;

use crate::failure::Failure;
use crate::json;
use crate::shell::{Paint, Shell};
use crate::table::Table;

const EXAMPLES: &str = "\
Examples:
  zoo devices
  zoo new bert-tiny --device ndarray
  zoo check bert --device flex,ndarray";

/// Arguments of `zoo devices`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    let devices = device::available();
    if args.json {
        let told: Vec<_> = devices
            .iter()
            .map(|device| {
                let reason = device.usable.as_ref().err();
                json!({ "name": device.name, "about": device.about, "usable": reason.is_none(), "reason": reason })
            })
            .collect();
        return json::document(shell, &told);
    }
    let mut table = Table::new(&["device", "usable", "about"]);
    for device in &devices {
        let (usable, paint) = match &device.usable {
            Ok(()) => ("yes".to_owned(), Paint::Good),
            Err(reason) => (format!("no: {reason}"), Paint::Faint),
        };
        table.painted([(device.name.as_str(), Paint::Plain), (usable.as_str(), paint), (device.about, Paint::Plain)]);
    }
    Ok(table.print(shell)?)
}
