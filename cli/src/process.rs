//! What the system knows of this process, and what this process asks of it.

/// The most memory this process ever had, in bytes; `None` where the system does not tell.
pub(crate) fn peak_bytes() -> Option<u64> {
    line_of("/proc/self/status", "VmHWM:").and_then(|line| kib(&line))
}

/// Processor seconds of all threads of this process so far; `None` where the system does not tell.
pub(crate) fn cpu_seconds() -> Option<f64> {
    /// The unit of `/proc/self/stat` on every Linux that Rust runs on.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name stands in parentheses, and may hold spaces and parentheses.
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// What the processor calls itself.
pub(crate) fn cpu_name() -> Option<String> {
    let line = line_of("/proc/cpuinfo", "model name")?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

/// All memory of the machine, in bytes.
pub(crate) fn memory_bytes() -> Option<u64> {
    line_of("/proc/meminfo", "MemTotal:").and_then(|line| kib(&line))
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// From now on this process has at most so much memory of its own, and goes with the one that started it.
#[cfg(target_os = "linux")]
pub(crate) fn bound(bytes: Option<u64>) {
    use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
    // Where the system does not agree, the process runs without: it measures the same.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    if let Some(bytes) = bytes {
        let _ = setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: Some(bytes) });
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(target_os = "linux"))]
pub(crate) fn bound(_bytes: Option<u64>) {}

fn line_of(file: &str, start: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find(|line| line.starts_with(start)).map(str::to_owned)
}

fn kib(line: &str) -> Option<u64> {
    line.split_whitespace().nth(1)?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_what_it_took() {
        let before = peak_bytes().unwrap();
        let taken = std::hint::black_box(vec![1u8; 64 << 20]);
        assert!(peak_bytes().unwrap() >= before.min(taken.len() as u64));
        assert!(peak_bytes().unwrap() >= 64 << 20);
        assert!(cpu_seconds().is_some_and(|seconds| seconds >= 0.0));
        assert!(memory_bytes().unwrap() > 64 << 20 && cores() >= 1);
    }
}
