//! What the commands of the families' demos print, for the pages that show them.

use std::process::Command;

use zoo_registry::record::Demo;
use zoo_registry::{Registry, demo};
use zoo_site::Printed;

use crate::failure::Failure;
use crate::interrupt::Scratch;
use crate::shell::Shell;

/// Runs every command that shows a family's demo, as a reader would, each in a process of its own.
///
/// A command that reads a picture is left out: the reader has to draw it first.
pub(crate) fn printed(registry: &Registry, shell: &Shell) -> Result<Printed, Failure> {
    let failed = |told: String| Failure::run(format!("a demo's command: {told}"));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let folder = Scratch::within(&std::env::temp_dir())?;
    let with_demo = registry.architectures().into_iter().filter(|family| demo::folder(*family).is_some());
    let mut printed = Printed::new();
    let busy = shell.busy("running the demos");
    for family in with_demo {
        let id = &family.descriptor().id;
        for command in family.lesson().map(|lesson| lesson.tries()).unwrap_or_default() {
            let words = Demo::words(command);
            if words.iter().any(|word| word.ends_with(".png")) {
                continue;
            }
            let mut run = Command::new(&program);
            run.args(words).args(["--model", id, "--quiet"]).env("NO_COLOR", "1").current_dir(folder.path());
            let ran = run.output().map_err(|error| failed(error.to_string()))?;
            if !ran.status.success() {
                let said = String::from_utf8_lossy(&ran.stderr);
                return Err(failed(format!("`zoo {command} --model {id}`: {}: {}", ran.status, said.trim())));
            }
            let told = String::from_utf8_lossy(&ran.stdout).trim_end().to_owned();
            printed.entry(id.clone()).or_default().insert(command.to_owned(), told);
        }
    }
    drop(busy);
    Ok(printed)
}
