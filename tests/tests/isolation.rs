//! Architectures that do the worst on purpose: each is reported for what it does, and the others go on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

#[expect(dead_code, unused_imports, reason = "its bugs are for the mutants")]
mod toy;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;
use std::time::Duration;

use burn::tensor::{Device, TensorData};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Map, Value};
use toy::{Bug, toy};
use zoo_conformance::isolation::{Limits, Supervisor, serve};
use zoo_conformance::{Done, Settings, jobs};
use zoo_registry::output::Record;
use zoo_registry::train::Train;
use zoo_registry::weights::{LoadReport, WeightSource};
use zoo_registry::{
    Architecture, Decode, DecodeState, Descriptor, Dir, HeadOutput, Input, Limits as InputLimits, Model, ModuleTree,
    Output, Patterns, Result, Status, WeightNames,
};

/// What a model does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Aborts,
    Chatters,
    Exits,
    FailsOnce,
    Grows,
    Hangs,
    Lies,
    NotANumber,
    Overflows,
    Panics,
    Randomises,
    TakesTooMuch,
    WrongKind,
    WrongShape,
    /// Nothing wrong. Last, so that all the others came before it.
    ZHealthy,
}

/// Each with a check, how that ends, and a part of what is said of it.
const EXPECTED: [(How, &str, Status, &str); 15] = [
    (How::Aborts, "batch-invariance", Status::Error, "ended by signal 6 (abort)"),
    (How::Chatters, "batch-invariance", Status::Pass, "four texts"),
    (How::Exits, "batch-invariance", Status::Error, "ended with exit code 0"),
    (How::FailsOnce, "batch-invariance", Status::Flaky, "failed, and not when asked again: panicked: the first time"),
    (How::Grows, "batch-invariance", Status::Error, "ran out of memory, of which it may take 1.0 GiB"),
    (How::Hangs, "batch-invariance", Status::Timeout, "had not ended after 20 s"),
    (How::Lies, "information-flows-as-declared", Status::Fail, ""),
    (How::NotANumber, "is-deterministic", Status::Fail, "is not finite"),
    (How::Overflows, "batch-invariance", Status::Error, "overflowed its stack"),
    (How::Panics, "batch-invariance", Status::Error, "panicked: on purpose"),
    (How::Randomises, "is-deterministic", Status::Fail, "asked again, "),
    (How::TakesTooMuch, "batch-invariance", Status::Error, "memory allocation of 1099511627776 bytes failed"),
    (How::WrongKind, "answers-are-as-declared", Status::Fail, "declares `hidden` and answers `reward`"),
    (
        How::WrongShape,
        "answers-are-as-declared",
        Status::Fail,
        "last_hidden_state has shape [3, 10, 12], expected [3, 11, 12]",
    ),
    (How::ZHealthy, "batch-invariance", Status::Pass, "four texts"),
];

/// This program as a worker.
const WORKER: &str = "worker";
const MEMORY: u64 = 1 << 30;
/// Where [`How::FailsOnce`] remembers that it failed.
const MARK: &str = "ZOO_TEST_MARK";

struct Bad {
    how: How,
    toy: &'static dyn Architecture,
    descriptor: Descriptor,
}

static ARCHITECTURES: LazyLock<Vec<&'static dyn Architecture>> = LazyLock::new(|| {
    let bad = |(how, ..): &(How, _, _, _)| -> &'static dyn Architecture {
        let toy = toy(Bug::Nothing);
        let id = format!("{how:?}").to_lowercase();
        let mut descriptor = Descriptor { id, ..toy.descriptor().clone() };
        if *how == How::Lies {
            descriptor.taxonomy.insert("attention".into(), vec!["full-bidirectional".into()]);
        }
        Box::leak(Box::new(Bad { how: *how, toy, descriptor }))
    };
    EXPECTED.iter().map(bad).collect()
});

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|argument| argument == WORKER) {
        return if serve(&ARCHITECTURES, Some(MEMORY)).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let trials = vec![
        Trial::test("each_is_reported_for_what_it_does_and_the_others_go_on", || {
            each_is_reported();
            Ok(())
        }),
        Trial::test("a_run_can_be_stopped", || {
            a_run_can_be_stopped();
            Ok(())
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn supervised(mark: &Path, on_done: &mut dyn FnMut(Done) -> ControlFlow<()>) {
    let command = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(WORKER).env(MARK, mark).env("RUST_BACKTRACE", "0");
        command
    };
    let limits = Limits { time: Duration::from_secs(20), memory: Some(MEMORY) };
    let supervisor = Supervisor { command: &command, workers: 2, limits };
    let expected: BTreeMap<String, &str> =
        EXPECTED.iter().map(|(how, check, ..)| (format!("{how:?}").to_lowercase(), *check)).collect();
    let chosen = jobs(&ARCHITECTURES, &["flex"], &|architecture, check| {
        check.id == "config-is-validated" || expected[&architecture.descriptor().id] == check.id
    });
    supervisor.run(&chosen, &Settings::default(), on_done).unwrap();
}

fn each_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    supervised(&folder.path().join("mark"), &mut |done| {
        found.push(done.outcome);
        ControlFlow::Continue(())
    });
    assert_eq!(found.len(), 2 * EXPECTED.len());
    for ((how, check, status, said), outcomes) in EXPECTED.iter().zip(found.chunks(2)) {
        // In the order of the jobs, whoever was done first.
        let [before, outcome] = outcomes else { unreachable!() };
        assert_eq!(before.check, "config-is-validated");
        assert_eq!(before.status, Status::Pass, "{how:?}: {before:?}");
        assert_eq!((outcome.architecture.as_str(), outcome.check.as_str()), (before.architecture.as_str(), *check));
        assert!(outcome.status == *status && outcome.detail.contains(said), "{how:?}: {outcome:?}");
    }
}

fn a_run_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    supervised(&folder.path().join("mark"), &mut |_| {
        seen += 1;
        ControlFlow::Break(())
    });
    assert_eq!(seen, 1);
}

impl Architecture for Bad {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        self.toy.folder()
    }

    fn complete(&self, config: &Map<String, Value>) -> Result<Map<String, Value>> {
        self.toy.complete(config)
    }

    fn modules(&self, config: &Map<String, Value>) -> Result<ModuleTree> {
        self.toy.modules(config)
    }

    fn build(&self, config: &Map<String, Value>, device: &Device) -> Result<Box<dyn Model>> {
        Ok(Box::new(Spoilt { how: self.how, inner: self.toy.build(config, device)? }))
    }

    fn weight_names(&self, config: &Map<String, Value>) -> Result<WeightNames> {
        self.toy.weight_names(config)
    }
}

struct Spoilt {
    how: How,
    inner: Box<dyn Model>,
}

impl Spoilt {
    fn spoil(&self, output: Output) -> Output {
        let HeadOutput::Hidden(hidden) = output.head else { return output };
        let [batch, len, d_model] = hidden.dims();
        let head = match self.how {
            How::NotANumber => HeadOutput::Hidden(hidden * f32::NAN),
            How::Randomises => HeadOutput::Hidden(hidden + random()),
            How::WrongShape => HeadOutput::Hidden(hidden.slice([0..batch, 0..len - 1, 0..d_model])),
            How::WrongKind => HeadOutput::Reward(hidden.mean_dim(2).mean_dim(1).reshape([batch])),
            _ => HeadOutput::Hidden(hidden),
        };
        Output { head, ..output }
    }
}

/// Other numbers each time, from what no seed reaches.
fn random() -> f32 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(0) >> 40) as f32 / (1 << 24) as f32
}

/// Deeper and deeper, past what the compiler would make a loop of.
fn overflow(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { overflow(depth + 1) + here[usize::from(depth.is_multiple_of(2))] }
}

fn grow() -> ! {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(vec![1; 64 << 20]);
        std::hint::black_box(&held);
    }
}

#[expect(clippy::print_stdout, reason = "standard output is where answers go, and this is none")]
fn chatter() {
    print!("half a line, ");
    println!("{{\"check\":\"not an answer\"}}");
}

impl Model for Spoilt {
    fn architecture(&self) -> &str {
        self.inner.architecture()
    }

    fn config(&self) -> &Map<String, Value> {
        self.inner.config()
    }

    fn limits(&self) -> InputLimits {
        self.inner.limits()
    }

    fn patterns(&self) -> Patterns {
        self.inner.patterns()
    }

    fn forward(&self, input: &Input, record: Record) -> Result<Output> {
        match self.how {
            How::Aborts => std::process::abort(),
            How::Chatters => chatter(),
            How::Exits => std::process::exit(0),
            How::FailsOnce => {
                let mark = PathBuf::from(std::env::var_os(MARK).unwrap());
                assert!(mark.exists() || std::fs::write(&mark, "").is_err(), "the first time");
            }
            How::Grows => grow(),
            How::Hangs => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            How::Overflows => drop(std::hint::black_box(overflow(0))),
            How::Panics => panic!("on purpose"),
            How::TakesTooMuch => drop(std::hint::black_box(vec![1u8; 1 << 40])),
            _ => {}
        }
        Ok(self.spoil(self.inner.forward(input, record)?))
    }

    fn modules(&self) -> ModuleTree {
        self.inner.modules()
    }

    fn weight_names(&self) -> &WeightNames {
        self.inner.weight_names()
    }

    fn init(&mut self, seed: u64) {
        self.inner.init(seed);
    }

    fn load(&mut self, weights: &dyn WeightSource) -> Result<LoadReport> {
        self.inner.load(weights)
    }

    fn weights(&self) -> BTreeMap<String, TensorData> {
        self.inner.weights()
    }

    fn parameters(&self) -> BTreeMap<String, TensorData> {
        self.inner.parameters()
    }

    fn save(&self, to: &Path) -> Result<()> {
        self.inner.save(to)
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        self.inner.decoder()
    }

    fn save_state(&self, state: &DecodeState, to: &Path) -> Result<()> {
        self.inner.save_state(state, to)
    }

    fn resume(&self, from: &Path) -> Result<DecodeState> {
        self.inner.resume(from)
    }

    fn trainer(self: Box<Self>) -> Box<dyn Train> {
        self.inner.trainer()
    }
}
