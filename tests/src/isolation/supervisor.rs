//! The side that asks.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zoo_registry::{Outcome, Status};

use super::Request;
use super::process::{Answer, Worker};
use crate::expectations::judge;
use crate::run::{Done, Job, Settings};

/// What one check may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for one look.
    pub time: Duration,
    /// Bytes for one process, if they are limited: the command is told, and the worker [obeys](super::serve()).
    pub memory: Option<u64>,
}

/// Starts workers and hands out jobs.
pub struct Supervisor<'a> {
    /// Makes the command that starts this program as a worker.
    pub command: &'a (dyn Fn() -> Command + Sync),
    /// How many workers there are at a time.
    pub workers: usize,
    /// What a check may take.
    pub limits: Limits,
}

impl Supervisor<'_> {
    /// Does every job, several at a time. `on_done` hears of each in the order of `jobs`, as soon as all before it are done; it may
    /// stop the run. A failure is looked at again by a fresh worker: one that does not come back is [`Status::Flaky`].
    ///
    /// # Errors
    /// If a worker cannot be started.
    pub fn run(
        &self,
        jobs: &[Job],
        settings: &Settings,
        on_done: &mut dyn FnMut(Done) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, done) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.workers.clamp(1, jobs.len().max(1)) {
                let (sender, next, stopped) = (sender.clone(), &next, &stopped);
                scope.spawn(move || {
                    let mut bench = Bench { supervisor: self, settings, worker: None };
                    while !stopped.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(job) = jobs.get(index) else { break };
                        if sender.send((index, bench.done(job))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            let told = in_order(&done, on_done);
            stopped.store(true, Ordering::Relaxed);
            told
        })
    }
}

/// Hands on results in the order of their numbers.
fn in_order(
    done: &mpsc::Receiver<(usize, io::Result<Done>)>,
    on_done: &mut dyn FnMut(Done) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (index, result) in done {
        waiting.insert(index, result?);
        while let Some(done) = waiting.remove(&next) {
            next += 1;
            if on_done(done).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// One worker at a time, and which architecture it has seen.
struct Bench<'a> {
    supervisor: &'a Supervisor<'a>,
    settings: &'a Settings,
    worker: Option<(String, Worker)>,
}

impl Bench<'_> {
    fn done(&mut self, job: &Job) -> io::Result<Done> {
        let start = Instant::now();
        let mut outcome = self.judged(job)?;
        if matches!(outcome.status, Status::Fail | Status::Error) {
            self.worker = None;
            let again = self.judged(job)?;
            if !again.status.is_failure() {
                let detail = format!("failed, and not when asked again: {}", outcome.detail);
                outcome = Outcome { status: Status::Flaky, detail, ..outcome };
            }
        }
        Ok(Done { outcome, wall: start.elapsed() })
    }

    fn judged(&mut self, job: &Job) -> io::Result<Outcome> {
        let (descriptor, settings) = (job.architecture.descriptor(), self.settings);
        let excuse = settings.expectations.of(descriptor, job.check.id, &job.device);
        let mut trouble = None;
        let outcome = judge(excuse, settings.today.as_ref(), &mut |left_out| {
            self.look(job, left_out).unwrap_or_else(|error| {
                trouble = Some(error);
                ended(job, Status::Error, String::new())
            })
        });
        trouble.map_or(Ok(outcome), Err)
    }

    fn look(&mut self, job: &Job, left_out: Option<&str>) -> io::Result<Outcome> {
        let id = &job.architecture.descriptor().id;
        let (_, mut worker) = match self.worker.take().filter(|(seen, _)| seen == id) {
            Some(known) => known,
            None => (id.clone(), Worker::start(&mut (self.supervisor.command)())?),
        };
        let request = Request {
            architecture: id.clone(),
            device: job.device.clone(),
            check: job.check.id.to_owned(),
            left_out: left_out.map(str::to_owned),
            seed: self.settings.seed,
        };
        let Limits { time, memory } = self.supervisor.limits;
        Ok(match worker.ask(&request, time) {
            Answer::Found(outcome) => {
                self.worker = Some((id.clone(), worker));
                outcome
            }
            Answer::Died(how) => ended(job, Status::Error, died(&how, memory)),
            Answer::OutOfTime => ended(job, Status::Timeout, format!("had not ended after {} s", time.as_secs_f64())),
        })
    }
}

/// How a process died, and whether that was for want of memory.
fn died(how: &str, memory: Option<u64>) -> String {
    match memory {
        Some(bytes) if how.contains("memory allocation of") => {
            format!("ran out of memory, of which it may take {}: {how}", zoo_registry::error::bytes(bytes))
        }
        _ => how.to_owned(),
    }
}

fn ended(job: &Job, status: Status, detail: String) -> Outcome {
    Outcome {
        check: job.check.id.to_owned(),
        architecture: job.architecture.descriptor().id.clone(),
        device: job.device.clone(),
        status,
        error: None,
        tolerance: None,
        measure: None,
        detail,
    }
}
