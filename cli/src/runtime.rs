//! The few commands that wait for SQLite or the network do so on one thread.

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// Runs a future to its end.
pub(crate) fn wait<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime()?.block_on(future)
}

/// As many threads as there are cores, for a server that computes.
#[cfg(feature = "remote")]
pub(crate) fn threads() -> Result<Runtime, Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::run(format!("no threads to serve on: {error}")))
}

/// A thread to wait on, for several futures that share something.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::run(format!("no thread to wait on: {error}")))
}
