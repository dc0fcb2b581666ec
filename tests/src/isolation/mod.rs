//! Checks in processes of their own, so that code which crashes, hangs or takes all memory is an outcome like any other.
//!
//! A program that runs checks starts itself again as a [`worker`](serve()) and hands it one job after the other over a pipe, a line
//! of JSON each. A worker that dies, or does not answer in time, is that job's outcome; the next job gets a fresh one. No worker
//! sees two architectures.

mod limits;
mod process;
mod supervisor;
mod worker;

use serde::{Deserialize, Serialize};

pub use supervisor::{Limits, Supervisor};
pub use worker::serve;

/// What a worker is asked.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    architecture: String,
    device: String,
    check: String,
    /// Id of the further tiny configuration that is not looked at.
    left_out: Option<String>,
    seed: u64,
}

/// Begins a line that is an answer: code under test may write to standard output too.
const ANSWER: char = '\u{1e}';
/// An answer longer than this is cut; nobody reads further.
const LONGEST: usize = 1 << 20;
