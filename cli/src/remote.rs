//! What becomes of a command when the machine it computes on goes away.

use crate::failure::Failure;

/// Runs a command. Where a device of another machine is used, burn panics when it goes away; people are told that instead.
#[cfg(feature = "remote")]
pub(crate) fn guarded(run: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    use std::panic::{self, AssertUnwindSafe};

    use zoo_registry::device::remote::in_use;

    let before = panic::take_hook();
    panic::set_hook(Box::new(move |told| {
        if in_use().is_none() {
            before(told);
        }
    }));
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| match in_use() {
        None => panic::resume_unwind(panic),
        Some(address) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let said = said.and_then(|said| said.lines().next()).map_or_else(String::new, |said| format!(": {said}"));
            Err(Failure::run(format!("the device at {address} went away, or failed{said}"))
                .hint("the terminal of its `zoo serve-device` tells more; nothing was kept of what was computed"))
        }
    })
}

#[cfg(not(feature = "remote"))]
pub(crate) fn guarded(run: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    run()
}
