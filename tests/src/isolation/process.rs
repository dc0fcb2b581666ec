//! A worker as a process: asked, waited for, ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use zoo_registry::Outcome;

use super::{ANSWER, LONGEST, Request};

/// A worker that runs. Dropping it ends it.
pub(super) struct Worker {
    process: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<Outcome>,
    said: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

/// What came of a request.
pub(super) enum Answer {
    /// The worker looked, and may be asked again.
    Found(Outcome),
    /// It died: how, and its last words.
    Died(String),
    /// It had not answered in time.
    OutOfTime,
}

/// How much of what a worker says on standard error is kept.
const LAST_WORDS: usize = 2048;

impl Worker {
    pub(super) fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let requests = process.stdin.take();
        let (sender, answers) = mpsc::channel();
        if let Some(out) = process.stdout.take() {
            std::thread::spawn(move || each_answer(out, &mut |outcome| sender.send(outcome).is_ok()));
        }
        let said = Arc::new(Mutex::new(Vec::new()));
        let listener = process.stderr.take().map(|err| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || keep_last(err, &said))
        });
        Ok(Self { process, requests, answers, said, listener })
    }

    /// Asks, and waits for an answer, not longer than `limit`.
    pub(super) fn ask(&mut self, request: &Request, limit: Duration) -> Answer {
        let line = serde_json::to_string(request).unwrap_or_default();
        if let Some(requests) = &mut self.requests {
            // A worker that has died hears nothing; that it has, is found below.
            let _ = writeln!(requests, "{line}").and_then(|()| requests.flush());
        }
        match self.answers.recv_timeout(limit) {
            Ok(outcome) => Answer::Found(outcome),
            Err(RecvTimeoutError::Timeout) => {
                self.end();
                Answer::OutOfTime
            }
            Err(RecvTimeoutError::Disconnected) => Answer::Died(self.last_words()),
        }
    }

    fn last_words(&mut self) -> String {
        // It closed its output; whatever it still does is not waited for.
        let ended = self.end();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let how = ended.map_or_else(|| "the process ended".to_owned(), told);
        if lines.is_empty() { how } else { format!("{how}: {}", lines.join("; ")) }
    }

    /// Ends the process if it has not ended by itself in a moment, and says how it ended.
    fn end(&mut self) -> Option<ExitStatus> {
        drop(self.requests.take());
        for _ in 0..50 {
            match self.process.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                Ok(ended) => return ended,
                Err(_) => break,
            }
        }
        let _ = self.process.kill();
        self.process.wait().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn told(ended: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&ended) {
        let name = match signal {
            4 => " (illegal instruction)",
            6 => " (abort)",
            7 => " (bus error)",
            8 => " (arithmetic)",
            9 => " (killed)",
            11 => " (invalid memory access)",
            _ => "",
        };
        return format!("the process was ended by signal {signal}{name}");
    }
    match ended.code() {
        Some(code) => format!("the process ended with exit code {code}"),
        None => "the process ended".to_owned(),
    }
}

/// Hands on every answer; whatever else is written is nobody's.
fn each_answer(out: impl Read, send: &mut dyn FnMut(Outcome) -> bool) {
    let mut out = BufReader::new(out);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut out).take(LONGEST as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let answer = text.strip_prefix(ANSWER).and_then(|text| serde_json::from_str(text).ok());
        if answer.is_some_and(|outcome| !send(outcome)) {
            return;
        }
    }
}

fn keep_last(mut from: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
}
