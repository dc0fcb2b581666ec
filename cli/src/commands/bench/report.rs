//! What was measured, for people and for programs.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::Args;
use super::machine::{Machine, Peak};
use super::supervise::Measured;
use super::task::Task;
use crate::failure::Failure;
use crate::format::{bytes, number, short, time};
use crate::json;
use crate::shell::{Paint, Shell};
use crate::table::Table;

pub(super) fn machine(machine: &Machine, json: bool, shell: &mut Shell) -> Result<(), Failure> {
    if json { json::document(shell, machine) } else { machine.print(shell) }
}

pub(super) fn print(machine: &Machine, all: &[Measured], args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    // What is known are the limits of the processor.
    let peak = machine.peak().filter(|_| !args.device.starts_with("cuda"));
    if args.json {
        let results: Vec<Value> = all.iter().map(|measured| document(measured, peak, args)).collect();
        return json::document(shell, &json!({ "machine": machine, "results": results }));
    }
    machine.print(shell)?;
    for (index, measured) in all.iter().enumerate() {
        if index == 0 || all[index - 1].job.name != measured.job.name {
            section(&all[index..], peak, args, shell)?;
        }
    }
    Ok(())
}

/// Everything of one model.
fn section(from: &[Measured], peak: Option<&Peak>, args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    let Some(first) = from.first() else { return Ok(()) };
    let title = shell.paint(Paint::Strong, &first.job.name);
    let parameters = short(first.facts.parameters);
    writeln!(shell, "\n{title} on {}, {parameters} parameters", args.device)?;
    let mut table =
        Table::new(&["task", ">batch", ">median", ">middle half", ">rate", ">of the limit", ">peak memory"]);
    for measured in from.iter().take_while(|measured| measured.job.name == first.job.name) {
        let spread = Spread::of(&measured.seconds);
        table.row([
            measured.job.task.name(),
            measured.job.shape.batch.to_string(),
            precise(spread.median),
            format!("{} – {}", precise(spread.quarter), precise(spread.three_quarters)),
            rate(measured, spread.median).map_or_else(String::new, |(value, unit)| format!("{} {unit}", number(value))),
            share(measured, spread.median, peak)
                .map_or_else(String::new, |share| format!("{:.0} % of {}", share.value * 100.0, share.of)),
            measured.peak_bytes.map_or_else(String::new, bytes),
        ]);
    }
    table.print(shell)?;
    for measured in from.iter().take_while(|measured| measured.job.name == first.job.name) {
        let answer = Spread::of(&measured.answer_seconds).median;
        if !measured.answer_seconds.is_empty() {
            let read = if measured.read_seconds.is_empty() {
                String::new()
            } else {
                let read = Spread::of(&measured.read_seconds).median;
                let file = measured.file_bytes.map_or_else(String::new, |size| format!(" of {}", bytes(size)));
                format!("; to read the file{file} alone takes {}", precise(read))
            };
            writeln!(shell, "{}: to the first answer {}{read}", measured.job.task.name(), precise(answer))?;
        }
    }
    Ok(())
}

fn document(measured: &Measured, peak: Option<&Peak>, args: &Args) -> Value {
    let (job, facts, spread) = (&measured.job, &measured.facts, Spread::of(&measured.seconds));
    let rate = rate(measured, spread.median).map(|(value, unit)| json!({ "value": value, "unit": unit }));
    let share = share(measured, spread.median, peak).map(|share| json!({ "of": share.of, "value": share.value }));
    json!({
        "name": job.name, "task": job.task, "batch": job.shape.batch, "seq": job.shape.seq, "steps": job.shape.steps,
        "device": args.device, "threads": args.threads().unwrap_or(1), "parameters": facts.parameters, "output": facts.output,
        "seconds": measured.seconds, "median": spread.median, "quartiles": [spread.quarter, spread.three_quarters],
        "answer_seconds": measured.answer_seconds, "read_seconds": measured.read_seconds, "file_bytes": measured.file_bytes,
        "rate": rate, "flops": facts.flops, "bytes": facts.bytes, "share": share, "peak_bytes": measured.peak_bytes,
    })
}

/// Where the times of several runs lie.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    quarter: f64,
    median: f64,
    three_quarters: f64,
}

impl Spread {
    fn of(seconds: &[f64]) -> Self {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        // Between two runs the time lies between theirs.
        let at = |part: f64| {
            let place = part * sorted.len().saturating_sub(1) as f64;
            let (below, above) = (sorted.get(place.floor() as usize), sorted.get(place.ceil() as usize));
            below.zip(above).map_or(f64::NAN, |(below, above)| below + (above - below) * place.fract())
        };
        Self { quarter: at(0.25), median: at(0.5), three_quarters: at(0.75) }
    }
}

/// What was done in a second.
fn rate(measured: &Measured, seconds: f64) -> Option<(f64, &'static str)> {
    let shape = measured.job.shape;
    let images = measured.facts.input_is_image;
    match measured.job.task {
        Task::Forward if images => Some((shape.batch as f64 / seconds, "images/s")),
        Task::Forward | Task::Prefill => Some(((shape.batch * shape.seq) as f64 / seconds, "tokens/s")),
        Task::Decode => Some(((shape.batch * shape.steps) as f64 / seconds, "tokens/s")),
        Task::Ready | Task::Load => None,
    }
}

/// How near a time comes to the shortest that the machine allows.
struct Share {
    of: &'static str,
    value: f64,
}

fn share(measured: &Measured, seconds: f64, peak: Option<&Peak>) -> Option<Share> {
    if measured.job.task.is_done_once() {
        return None;
    }
    let peak = peak?;
    let compute = measured.facts.flops as f64 / (peak.gflops * 1e9);
    let memory = measured.facts.bytes as f64 / (peak.read_gb_per_s * 1e9);
    let (of, least) = if compute >= memory { ("compute", compute) } else { ("memory", memory) };
    Some(Share { of, value: least / seconds })
}

/// As [`time`], with more digits of what is short.
fn precise(seconds: f64) -> String {
    if seconds.is_finite() && seconds >= 0.1 {
        time(Duration::from_secs_f64(seconds))
    } else {
        format!("{} ms", number(seconds * 1e3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_that_of_the_runs_in_order() {
        let spread = Spread::of(&[5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!(spread, Spread { quarter: 2.0, median: 3.0, three_quarters: 4.0 });
        assert_eq!(Spread::of(&[1.0, 2.0]).median, 1.5);
        assert_eq!(Spread::of(&[7.0]), Spread { quarter: 7.0, median: 7.0, three_quarters: 7.0 });
        assert!(Spread::of(&[]).median.is_nan());
    }

    #[test]
    fn short_times_keep_their_digits() {
        assert_eq!(
            [precise(0.00123), precise(0.0345), precise(0.25), precise(2.0)],
            ["1.23 ms", "34.5 ms", "250 ms", "2.00 s"]
        );
    }
}
