//! Where words go: data to standard output, talk to standard error, colours and progress only where they are welcome.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Colour;
use crate::failure::Failure;

/// The two output streams and how to treat them. Writing to it writes data.
#[derive(Debug)]
pub(crate) struct Shell {
    out: BufWriter<Stdout>,
    colour_out: bool,
    colour_err: bool,
    quiet: bool,
}

/// A meaning that a colour can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Strong,
    Faint,
    Good,
    Bad,
    Odd,
}

impl Shell {
    pub(crate) fn new(colour: Colour, quiet: bool) -> Self {
        let wanted = |terminal: bool| match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && welcomes_colour(),
        };
        Self {
            colour_out: wanted(io::stdout().is_terminal()),
            colour_err: wanted(io::stderr().is_terminal()),
            out: BufWriter::new(io::stdout()),
            quiet,
        }
    }

    /// Whether a person reads standard output as it comes.
    pub(crate) fn is_read_by_a_person(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Text for standard output in the colour of its meaning.
    pub(crate) fn paint(&self, paint: Paint, text: impl Display) -> String {
        painted(self.colour_out, paint, text)
    }

    /// Writes what is still held back.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Something worth knowing that is not an error.
    pub(crate) fn note(&mut self, text: impl Display) {
        if !self.quiet {
            self.say(Paint::Faint, "note:", text);
        }
    }

    /// A step of a long command that is done.
    pub(crate) fn step(&mut self, name: &str, text: impl Display) {
        if !self.quiet {
            self.say(Paint::Strong, &format!("{name:<12}"), text);
        }
    }

    /// Something that may not be what was wanted.
    pub(crate) fn warn(&mut self, text: impl Display) {
        if !self.quiet {
            self.say(Paint::Odd, "warning:", text);
        }
    }

    /// What went wrong, and what to try next.
    pub(crate) fn error(&mut self, failure: &Failure) {
        let Some(told) = failure.told() else { return };
        self.say(Paint::Bad, "error:", told);
        if let Some(hint) = &told.hint {
            self.say(Paint::Strong, "hint:", hint);
        }
    }

    /// Shows that something is going on, until the result is dropped. Only to a person.
    pub(crate) fn busy(&self, doing: impl Into<String>) -> Busy {
        let bar = self.bar(None);
        bar.set_style(style("{spinner} {msg} ({elapsed})"));
        bar.set_message(doing.into());
        bar.enable_steady_tick(Duration::from_millis(120));
        Busy { bar }
    }

    /// Shows how many of `total` steps are done, until the result is dropped. Only to a person.
    pub(crate) fn steps(&self, total: usize) -> Busy {
        let bar = self.bar(Some(total as u64));
        bar.set_style(style("{spinner} {pos}/{len} {wide_msg}"));
        bar.enable_steady_tick(Duration::from_millis(120));
        Busy { bar }
    }

    /// Shows how far a file has come, until the result is dropped. Only to a person.
    pub(crate) fn transfer(&self) -> Transfer {
        let bar = self.bar(None);
        bar.set_style(style("{msg} [{bar:24}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} ({eta})"));
        Transfer { bar }
    }

    fn bar(&self, length: Option<u64>) -> ProgressBar {
        let hidden = self.quiet || !io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        ProgressBar::with_draw_target(length, target)
    }

    /// A line of talk. Data that was written before comes before it.
    fn say(&mut self, paint: Paint, word: &str, text: impl Display) {
        // A closed stream is nothing to stop for: the exit code still tells.
        let _ = self.out.flush();
        let _ = writeln!(io::stderr(), "{} {}", painted(self.colour_err, paint, word), harmless(&text.to_string()));
    }
}

impl Write for Shell {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Progress that is shown while it lives.
#[derive(Debug)]
pub(crate) struct Busy {
    bar: ProgressBar,
}

impl Busy {
    /// One step more, and what it was.
    pub(crate) fn step(&self, done: impl Into<String>) {
        self.bar.inc(1);
        self.bar.set_message(done.into());
    }

    /// Steps out of the way while `write` writes.
    pub(crate) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A file on its way, shown while it lives.
#[derive(Debug)]
pub(crate) struct Transfer {
    bar: ProgressBar,
}

impl Transfer {
    /// So many bytes of a file are there.
    pub(crate) fn at(&self, file: &str, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        if self.bar.message() != file {
            // What was there before says nothing about the speed.
            self.bar.reset_eta();
            self.bar.set_message(harmless(file));
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn welcomes_colour() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|terminal| terminal != "dumb")
}

fn painted(colours: bool, paint: Paint, text: impl Display) -> String {
    let code = match paint {
        _ if !colours => return text.to_string(),
        Paint::Plain => return text.to_string(),
        Paint::Strong => "1",
        Paint::Faint => "2",
        Paint::Good => "32",
        Paint::Bad => "1;31",
        Paint::Odd => "33",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Names from files may hold anything; what would command a terminal is shown as `�`.
pub(crate) fn harmless(text: &str) -> String {
    let commands = |c: char| c.is_control() && c != '\n' && c != '\t';
    text.chars().map(|c| if commands(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_only_when_asked_for() {
        assert_eq!(painted(false, Paint::Bad, "x"), "x");
        assert_eq!(painted(true, Paint::Bad, "x"), "\x1b[1;31mx\x1b[0m");
        assert_eq!(painted(true, Paint::Plain, "x"), "x");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\x07b\n\x1b[2J"), "a\u{fffd}b\n\u{fffd}[2J");
    }
}
