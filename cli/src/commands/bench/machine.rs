//! What this machine can do at most: multiply matrices, and read memory.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::failure::Failure;
use crate::format::{bytes, number};
use crate::process;
use crate::shell::Shell;
use crate::table::Table;

/// The machine, and its limits.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// What the processor calls itself.
    cpu: Option<String>,
    cores: usize,
    memory_bytes: Option<u64>,
    os: &'static str,
    arch: &'static str,
    /// With one thread, and with as many as are asked for if those are more.
    pub(crate) peaks: Vec<Peak>,
}

/// What so many threads can do at most.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Peak {
    pub(crate) threads: usize,
    /// Multiplications and additions of matrix products in f32, in thousand million a second.
    pub(crate) gflops: f64,
    /// Of memory far from the processor, in thousand million bytes a second.
    pub(crate) read_gb_per_s: f64,
}

impl Machine {
    /// Measures it, in about a second for each number of threads.
    pub(crate) fn measure(threads: usize) -> Self {
        let mut counts = vec![1, threads];
        counts.dedup();
        let peak = |threads| Peak { threads, gflops: gflops(threads), read_gb_per_s: read_gb_per_s(threads) };
        Self {
            cpu: process::cpu_name(),
            cores: process::cores(),
            memory_bytes: process::memory_bytes(),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            peaks: counts.into_iter().map(peak).collect(),
        }
    }

    /// What the most threads that were measured can do.
    pub(crate) fn peak(&self) -> Option<&Peak> {
        self.peaks.last()
    }

    pub(crate) fn print(&self, shell: &mut Shell) -> Result<(), Failure> {
        use std::io::Write;
        let cpu = self.cpu.as_deref().unwrap_or("a processor that does not say what it is");
        let memory = self.memory_bytes.map_or_else(String::new, |count| format!(", {}", bytes(count)));
        writeln!(shell, "{cpu}, {} cores{memory}, {} {}\n", self.cores, self.os, self.arch)?;
        let mut table = Table::new(&[">threads", ">matrix products", ">reading memory"]);
        for peak in &self.peaks {
            let (gflops, read) = (number(peak.gflops), number(peak.read_gb_per_s));
            table.row([peak.threads.to_string(), format!("{gflops} GFLOP/s"), format!("{read} GB/s")]);
        }
        Ok(table.print(shell)?)
    }
}

/// How often a rate is measured; the best is told, for whatever else runs only slows it down.
const WINDOWS: usize = 3;
const WINDOW: Duration = Duration::from_millis(120);

/// The best rate at which `threads` threads do work together, in units a second. `work()` makes what a thread needs; what it makes does a
/// piece of work, and says how many units that was.
fn best_rate<W: FnMut() -> f64>(threads: usize, work: impl Fn() -> W + Sync) -> f64 {
    let together = Barrier::new(threads);
    let thread = || {
        let mut piece = work();
        piece();
        let mut rates = [0.0; WINDOWS];
        for rate in &mut rates {
            together.wait();
            let (began, mut done) = (Instant::now(), 0.0);
            while began.elapsed() < WINDOW {
                done += piece();
            }
            *rate = done / began.elapsed().as_secs_f64();
        }
        rates
    };
    let rates: Vec<[f64; WINDOWS]> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(thread)).collect();
        started.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let windows = (0..WINDOWS).map(|window| rates.iter().map(|rates| rates[window]).sum::<f64>());
    windows.fold(0.0, f64::max)
}

/// Products of square matrices, one of its own for each thread.
fn gflops(threads: usize) -> f64 {
    const SIDE: usize = 768;
    let work = || {
        let (lhs, rhs) = (vec![0.5f32; SIDE * SIDE], vec![0.25f32; SIDE * SIDE]);
        let mut product = vec![0f32; SIDE * SIDE];
        move || {
            let row = SIDE as isize;
            // SAFETY: the three buffers hold `SIDE × SIDE` numbers each, rows are `SIDE` apart and columns 1; the product overlaps neither
            // factor and is written, not read.
            unsafe {
                let (product, lhs, rhs) = (product.as_mut_ptr(), lhs.as_ptr(), rhs.as_ptr());
                gemm::gemm(
                    SIDE,
                    SIDE,
                    SIDE,
                    product,
                    1,
                    row,
                    false,
                    lhs,
                    1,
                    row,
                    rhs,
                    1,
                    row,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }
            black_box(&product);
            2.0 * (SIDE * SIDE * SIDE) as f64
        }
    };
    best_rate(threads, work) / 1e9
}

/// Sums over more numbers than any cache holds.
fn read_gb_per_s(threads: usize) -> f64 {
    const BYTES: usize = 512 << 20;
    /// Sums that do not wait for each other.
    const LANES: usize = 32;
    let work = || {
        let numbers = vec![1u64; BYTES / threads / size_of::<u64>()];
        // A piece is a part of it, so that a window ends in time.
        let (piece, mut at) = ((8 << 20) / size_of::<u64>(), 0);
        move || {
            let part = &numbers[at..(at + piece).min(numbers.len())];
            let mut sums = [0u64; LANES];
            for chunk in part.chunks_exact(LANES) {
                for (sum, number) in sums.iter_mut().zip(chunk) {
                    *sum = sum.wrapping_add(*number);
                }
            }
            black_box(sums);
            at = if at + piece < numbers.len() { at + piece } else { 0 };
            size_of_val(part) as f64
        }
    };
    best_rate(threads, work) / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_add_up_and_the_best_window_counts() {
        // Each piece is a unit of work that takes a millisecond at least: no thread does more than a thousand a second.
        let slow = || {
            || {
                std::thread::sleep(Duration::from_millis(1));
                1.0
            }
        };
        let (one, four) = (best_rate(1, slow), best_rate(4, slow));
        assert!(one > 0.0 && one <= 1000.0, "{one}");
        assert!(four > one && four <= 4000.0, "{four}");
    }
}
