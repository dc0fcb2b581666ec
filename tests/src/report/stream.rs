//! The stream, written as a run goes on and read back.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{End, Entry, Header, Report};
use crate::levels;

/// One line of the stream.
#[derive(Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "kebab-case")]
enum Line {
    Run(Header),
    Check(Entry),
    End(End),
}

/// Writes a stream, each line at once and whole.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
}

impl<W: Write> Writer<W> {
    /// Begins.
    ///
    /// # Errors
    /// Of writing.
    pub fn new(to: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self { to };
        writer.line(&Line::Run(header.clone()))?;
        Ok(writer)
    }

    /// Goes on.
    ///
    /// # Errors
    /// Of writing.
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.line(&Line::Check(entry.clone()))
    }

    /// Ends.
    ///
    /// # Errors
    /// Of writing.
    pub fn end(&mut self, end: &End) -> io::Result<()> {
        self.line(&Line::End(end.clone()))
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.to.write_all(&text)?;
        self.to.flush()
    }
}

impl Report {
    /// Writes it as the run did that found it.
    ///
    /// # Errors
    /// Of writing.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut writer = Writer::new(to, &self.header)?;
        self.entries.iter().try_for_each(|entry| writer.entry(entry))?;
        self.end.iter().try_for_each(|end| writer.end(end))
    }

    /// Reads a stream. One that was cut off, even within its last line, is a report without an end.
    ///
    /// # Errors
    /// The first line that is not what it should be, and why.
    pub fn read(stream: &str) -> Result<Self, String> {
        let mut lines = stream.split_inclusive('\n').enumerate().filter(|(_, line)| !line.trim().is_empty());
        let parsed = |(index, line): (usize, &str)| match serde_json::from_str(line) {
            Ok(line) => Ok(Some(line)),
            // Cut off while it was written.
            Err(error) if error.is_eof() && !line.ends_with('\n') => Ok(None),
            Err(error) => Err(format!("line {}: {error}", index + 1)),
        };
        let header = match lines.next().map(parsed).transpose()?.flatten() {
            Some(Line::Run(header)) => header,
            _ => return Err("line 1: expected the beginning of a run, `{\"t\":\"run\",…}`".to_owned()),
        };
        if header.suite != levels::version() {
            return Err(format!(
                "line 1: expected a run of suite {}, found {}: the program that wrote it can read it",
                levels::version(),
                header.suite
            ));
        }
        let mut report = Self::new(header);
        for (index, line) in lines {
            match parsed((index, line))? {
                _ if report.end.is_some() => return Err(format!("line {}: expected nothing after the end", index + 1)),
                Some(Line::Run(_)) => return Err(format!("line {}: expected one run, found another", index + 1)),
                Some(Line::Check(entry)) => report.entries.push(entry),
                Some(Line::End(end)) => report.end = Some(end),
                None => {}
            }
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    fn written(report: &Report) -> String {
        let mut text = Vec::new();
        report.write(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let report = report();
        assert_eq!(Report::read(&written(&report)).unwrap(), report);
    }

    #[test]
    fn every_beginning_of_a_stream_is_a_report_without_an_end() {
        let (report, text) = (report(), written(&report()));
        let header = text.find('\n').unwrap() + 1;
        for cut in (header..text.len() - 1).filter(|&cut| text.is_char_boundary(cut)) {
            let found = Report::read(&text[..cut]).unwrap();
            // Without its last line break, a whole line is a whole line.
            let whole = text[..cut]
                .lines()
                .last()
                .is_some_and(|line| line.ends_with('}') && line.starts_with("{\"t\":\"end\""));
            assert!(found.end.is_none() || whole, "cut at {cut}");
            assert!(report.entries.starts_with(&found.entries));
        }
    }

    #[test]
    fn what_is_no_stream_is_told_with_its_line() {
        let text = written(&report());
        let told = |text: &str| Report::read(text).unwrap_err();
        assert!(told("").starts_with("line 1: expected the beginning of a run"));
        assert!(told(text.split_once('\n').unwrap().1).starts_with("line 1: expected the beginning"));
        assert!(told(&text.replacen("\"t\":\"check\"", "\"t\":\"chick\"", 1)).starts_with("line 2: "));
        assert!(told(&(text.clone() + &text)).ends_with("expected nothing after the end"));
        let suite = format!("\"suite\":\"{}\"", levels::version());
        assert!(told(&text.replace(&suite, "\"suite\":\"0.0\"")).contains("found 0.0"));
    }
}
