//! Workers, one after the other: started, asked, heard to the end.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Instant;

use super::task::Task;
use super::worker::{FILE, Facts, Times};
use super::{Args, Job};
use crate::failure::Failure;
use crate::interrupt::Scratch;
use crate::shell::Shell;

/// What was found of one job.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) job: Job,
    pub(super) facts: Facts,
    /// Of each run, in the order they were made.
    pub(super) seconds: Vec<f64>,
    /// To the first answer, of what is done once.
    pub(super) answer_seconds: Vec<f64>,
    /// Of reading the file that is loaded, and doing nothing with it.
    pub(super) read_seconds: Vec<f64>,
    pub(super) file_bytes: Option<u64>,
    pub(super) peak_bytes: Option<u64>,
}

/// How often what takes a process each is done at most.
const MOST_PROCESSES: usize = 5;

/// Times every job.
pub(super) fn measure(args: &Args, jobs: &[Job], shell: &mut Shell) -> Result<Vec<Measured>, Failure> {
    let busy = shell.steps(jobs.len());
    let mut files = Files::default();
    jobs.iter()
        .map(|job| {
            let measured = if job.task.is_done_once() { once(args, job, &mut files) } else { often(args, job) };
            busy.step(format!("{} {}", job.name, job.task.name()));
            measured
        })
        .collect()
}

/// In one process, again and again.
fn often(args: &Args, job: &Job) -> Result<Measured, Failure> {
    let mut worker = Worker::start(args, job, None)?;
    let facts: Facts = worker.hear()?;
    worker.ask(args.runs);
    let Times { seconds, .. } = worker.hear()?;
    worker.end()?;
    Ok(Measured::of(job, facts, seconds))
}

/// In a process each time.
fn once(args: &Args, job: &Job, files: &mut Files) -> Result<Measured, Failure> {
    let folder = if job.task == Task::Load { Some(files.of(args, job)?) } else { None };
    let file = folder.as_ref().map(|folder| folder.join(FILE));
    let mut measured: Option<Measured> = None;
    for _ in 0..args.runs.min(MOST_PROCESSES) {
        let read = file.as_deref().map(read_seconds).transpose()?;
        let mut worker = Worker::start(args, job, folder.as_deref())?;
        let facts: Facts = worker.hear()?;
        worker.end()?;
        let all = measured.get_or_insert_with(|| Measured::of(job, facts.clone(), Vec::new()));
        all.peak_bytes = all.peak_bytes.max(facts.peak_bytes);
        all.seconds.extend(facts.seconds);
        all.answer_seconds.extend(facts.answer_seconds);
        all.read_seconds.extend(read);
    }
    let file_bytes = file.and_then(|file| Some(std::fs::metadata(file).ok()?.len()));
    let measured = measured.ok_or_else(|| Failure::run(format!("`{}` was not run", job.name)))?;
    Ok(Measured { file_bytes, ..measured })
}

impl Measured {
    fn of(job: &Job, facts: Facts, seconds: Vec<f64>) -> Self {
        let peak_bytes = facts.peak_bytes;
        let (answer_seconds, read_seconds) = (Vec::new(), Vec::new());
        Self { job: job.clone(), facts, seconds, answer_seconds, read_seconds, file_bytes: None, peak_bytes }
    }
}

/// Weights that are loaded: written once a model, and gone at the end.
#[derive(Default)]
struct Files {
    scratch: BTreeMap<String, Scratch>,
}

impl Files {
    fn of(&mut self, args: &Args, job: &Job) -> Result<PathBuf, Failure> {
        if let Some(scratch) = self.scratch.get(&job.name) {
            return Ok(scratch.path().to_owned());
        }
        // One model's weights lie there at a time.
        self.scratch.clear();
        let scratch = Scratch::within(&std::env::temp_dir())?;
        let folder = scratch.path().to_owned();
        let mut command = zoo(args, job)?;
        // The file and not the folder, which the worker would make anew where Ctrl-C has removed it.
        command.arg("--write").arg(folder.join(FILE));
        Worker::spawn(command, job)?.end()?;
        self.scratch.insert(job.name.clone(), scratch);
        Ok(folder)
    }
}

/// How long it takes to read a file to its end.
fn read_seconds(file: &Path) -> Result<f64, Failure> {
    let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", file.display()));
    let began = Instant::now();
    let mut open = std::fs::File::open(file).map_err(failed)?;
    let mut buffer = vec![0; 1 << 20];
    while open.read(&mut buffer).map_err(failed)? > 0 {}
    Ok(began.elapsed().as_secs_f64())
}

/// This program once more, for a job.
fn zoo(args: &Args, job: &Job) -> Result<Command, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::run(format!("this program's own file: {error}")))?;
    let mut command = Command::new(program);
    command.arg("bench").arg(&job.name).args(["--device", &args.device]);
    for (option, number) in [("--batch", job.shape.batch), ("--seq", job.shape.seq), ("--steps", job.shape.steps)] {
        command.arg(option).arg(number.to_string());
    }
    for change in &args.overrides {
        command.args(["--set", change]);
    }
    command.args(["--threads", &args.threads()?.to_string()]);
    Ok(command)
}

/// A worker that runs. Dropping it ends it.
struct Worker {
    process: Child,
    answers: std::io::Lines<BufReader<std::process::ChildStdout>>,
    words: Option<JoinHandle<String>>,
    job: Job,
}

impl Worker {
    fn start(args: &Args, job: &Job, weights: Option<&Path>) -> Result<Self, Failure> {
        let mut command = zoo(args, job)?;
        command.args(["--worker", &job.task.name()]);
        if let Some(folder) = weights {
            command.arg("--weights").arg(folder);
        }
        Self::spawn(command, job)
    }

    fn spawn(mut command: Command, job: &Job) -> Result<Self, Failure> {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let failed =
            |told: String| Failure::run(format!("no process for `{}` of `{}`: {told}", job.task.name(), job.name));
        let mut process = piped.spawn().map_err(|error| failed(error.to_string()))?;
        let out = process.stdout.take().ok_or_else(|| failed("it has no output".into()))?;
        let words = process.stderr.take().map(|mut err| {
            std::thread::spawn(move || {
                let mut said = Vec::new();
                // What cannot be heard is not told.
                let _ = err.read_to_end(&mut said);
                String::from_utf8_lossy(&said).into_owned()
            })
        });
        Ok(Self { process, answers: BufReader::new(out).lines(), words, job: job.clone() })
    }

    /// Asks for so many runs.
    fn ask(&mut self, runs: usize) {
        if let Some(requests) = &mut self.process.stdin {
            // A worker that has died hears nothing; that it has, is found where its answer is missing.
            let _ = writeln!(requests, "{runs}").and_then(|()| requests.flush());
        }
    }

    /// The next line it says.
    fn hear<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Failure> {
        match self.answers.next() {
            Some(Ok(line)) => serde_json::from_str(&line)
                .map_err(|error| Failure::run(format!("what the worker said cannot be read: {error}"))),
            _ => Err(self.ended()),
        }
    }

    /// Lets it end, and sees that it ends well.
    fn end(mut self) -> Result<(), Failure> {
        drop(self.process.stdin.take());
        match self.process.wait() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(self.ended()),
        }
    }

    /// Why it ended, in its last words.
    fn ended(&mut self) -> Failure {
        drop(self.process.stdin.take());
        let status = self.process.wait().ok();
        let words = self.words.take().and_then(|words| words.join().ok()).unwrap_or_default();
        let what = format!("`{}` of `{}`, a batch of {}", self.job.task.name(), self.job.name, self.job.shape.batch);
        let memory = is_killed(status.as_ref()) || words.contains("memory allocation of");
        if memory {
            let told = format!("{what}, took more memory than there is");
            return Failure::run(told)
                .hint("`--batch` and `--seq` make it smaller; `zoo cost` tells what a size takes");
        }
        let last = words.lines().find_map(|line| line.strip_prefix("error: ")).or(words.lines().last());
        let ending = status.map_or_else(|| "without a word".to_owned(), |status| status.to_string());
        Failure::run(format!("{what}, was not timed: {}", last.unwrap_or(&ending)))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Linux kills what takes the last memory.
#[cfg(unix)]
fn is_killed(status: Option<&ExitStatus>) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const KILL: i32 = 9;
    status.and_then(ExitStatusExt::signal) == Some(KILL)
}

#[cfg(not(unix))]
fn is_killed(_status: Option<&ExitStatus>) -> bool {
    false
}
