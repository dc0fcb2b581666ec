//! How much memory a worker may take.

/// Refuses this process more memory than that. Only Linux counts what a process writes to, and not every address it names.
///
/// # Errors
/// If the system does not agree.
#[cfg(target_os = "linux")]
pub(super) fn limit_memory(bytes: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    setrlimit(Resource::Data, limit).map_err(|error| format!("memory cannot be limited to {bytes} bytes: {error}"))
}

/// Elsewhere there is no limit.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(super) fn limit_memory(_bytes: u64) -> Result<(), String> {
    Ok(())
}
