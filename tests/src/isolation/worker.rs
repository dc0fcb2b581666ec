//! The side that looks.

use std::io::{self, BufRead, Write};
use std::sync::mpsc;

use zoo_registry::{Architecture, Outcome};

use super::{ANSWER, LONGEST, Request, limits};
use crate::checks::checks;
use crate::run::look;

/// Answers requests on standard input until there are no more. A program calls this when it was started as a worker.
///
/// `memory` is the number of bytes this process may take, where the system can limit that.
///
/// # Errors
/// If the system does not agree, or a request is none.
pub fn serve(architectures: &[&'static dyn Architecture], memory: Option<u64>) -> Result<(), String> {
    memory.map_or(Ok(()), limits::limit_memory)?;
    // A panic is an outcome with the panic's words in it.
    std::panic::set_hook(Box::new(|_| {}));
    let (requests, coming) = mpsc::channel();
    let listen = move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if requests.send(line).is_err() {
                return;
            }
        }
        // Whoever asked is gone, and does not wait for a check that may never end.
        std::process::exit(0);
    };
    let listener = std::thread::Builder::new().name("requests".into()).spawn(listen);
    listener.map_err(|error| format!("no thread to listen with: {error}"))?;
    for line in coming {
        let outcome = answer(architectures, &line)?;
        // The line begins anew whatever was written before. Without a reader there is nothing left to do.
        let text = serde_json::to_string(&outcome).unwrap_or_default();
        let mut out = io::stdout().lock();
        if writeln!(out, "\n{ANSWER}{text}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    Ok(())
}

fn answer(architectures: &[&'static dyn Architecture], line: &str) -> Result<Outcome, String> {
    let request: Request = serde_json::from_str(line).map_err(|error| format!("expected a request: {error}"))?;
    let Request { architecture: id, device, check, left_out, seed } = request;
    let architecture = architectures.iter().find(|architecture| architecture.descriptor().id == id);
    let architecture = architecture.ok_or_else(|| format!("no architecture is called `{id}`"))?;
    let found =
        checks().iter().find(|known| known.id == check).ok_or_else(|| format!("no check is called `{check}`"))?;
    let mut outcome = look(seed, *architecture, architectures, &device, found, left_out.as_deref());
    if outcome.detail.len() > LONGEST / 2 {
        outcome.detail = outcome.detail.chars().take(LONGEST / 8).chain(['…']).collect();
    }
    Ok(outcome)
}
