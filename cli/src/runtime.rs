//! The few commands that wait for SQLite or the network do so on one thread.

use crate::failure::Failure;

/// Runs a future to its end.
pub(crate) fn wait<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::run(format!("no thread to wait on: {error}")))?;
    runtime.block_on(future)
}
