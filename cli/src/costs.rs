//! What every size costs, and what goes through it, for the catalog.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use serde_json::{Map, Value};
use zoo_registry::flow::Passing;
use zoo_registry::{Architecture, Cost, Record, Registry, capture};

use crate::conformance::quietly;
use crate::shell::Shell;

/// Counts what each size of each family costs, on every core, and follows what goes through it. Where that cannot be done it is told, and
/// the size has no costs and no tensors.
pub(crate) fn count(records: &mut [Record], registry: &Registry, shell: &mut Shell) {
    let mut sizes = Vec::new();
    for record in records.iter_mut() {
        let Ok(architecture) = registry.require(&record.descriptor.id) else { continue };
        sizes.extend(record.sizes.iter_mut().map(|size| (architecture, size)));
    }
    let busy = shell.steps(sizes.len());
    let (queue, failed) = (Mutex::new(sizes.into_iter()), Mutex::new(Vec::new()));
    let next = || queue.lock().ok()?.next();
    let work = || {
        while let Some((architecture, size)) = next() {
            match of(architecture, &size.config) {
                Ok((costs, tensors)) => (size.costs, size.flow.tensors) = (costs, tensors),
                Err(reason) => {
                    failed.lock().into_iter().for_each(|mut failed| failed.push((&size.preset, reason.clone())))
                }
            }
            busy.step(size.preset.as_str());
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    quietly(|| {
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(work);
            }
        });
    });
    drop(busy);
    let mut failed = failed.into_inner().unwrap_or_default();
    failed.sort();
    for (preset, reason) in failed {
        shell.warn(format!("what `{preset}` costs is not known: {reason}"));
    }
}

/// Code that asks for numbers where there are none panics inside burn.
fn of(architecture: &dyn Architecture, config: &Map<String, Value>) -> Result<(Vec<Cost>, Vec<Passing>), String> {
    let read = || Ok((capture::costs(architecture, config, None)?, capture::passing(architecture, config)?));
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|error: zoo_registry::Error| error.to_string()),
        Err(_) => Err("its pass reads numbers that it computed, and here nothing is computed".into()),
    }
}
