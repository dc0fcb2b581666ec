//! Tables: columns as wide as their widest cell, on standard output.

use std::io::{self, Write};

use crate::shell::{Paint, Shell, harmless};

/// Rows of cells under a header.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<String>,
    /// Whether each column is set to the right, as numbers are.
    right: Vec<bool>,
    rows: Vec<Vec<(String, Paint)>>,
}

/// Between two columns.
const GAP: &str = "  ";

impl Table {
    /// A column whose title begins with `>` is set to the right.
    pub(crate) fn new(titles: &[&str]) -> Self {
        let column = |title: &&str| (title.trim_start_matches('>').to_owned(), title.starts_with('>'));
        Self::with_columns(titles.iter().map(column))
    }

    /// Titles, and whether their columns are set to the right.
    pub(crate) fn with_columns(columns: impl Iterator<Item = (String, bool)>) -> Self {
        let (header, right) = columns.map(|(title, right)| (one_line(&title), right)).unzip();
        Self { header, right, rows: Vec::new() }
    }

    /// One cell a column.
    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.painted(cells.into_iter().map(|cell| (cell, Paint::Plain)));
    }

    /// One cell a column, each in the colour of its meaning.
    pub(crate) fn painted<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = (S, Paint)>) {
        let cells = cells.into_iter().map(|(cell, paint)| (one_line(cell.as_ref()), paint));
        self.rows.push(cells.collect());
    }

    pub(crate) fn print(&self, shell: &mut Shell) -> io::Result<()> {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].0.chars().count());
            cells.chain([self.header[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let header: Vec<_> = self.header.iter().map(|title| (title.clone(), Paint::Strong)).collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let line = self.line(row, &widths, shell);
            writeln!(shell, "{line}")?;
        }
        Ok(())
    }

    /// One line without spaces at its end, so that it can be compared and copied.
    fn line(&self, row: &[(String, Paint)], widths: &[usize], shell: &Shell) -> String {
        let mut line = String::new();
        let mut owed = 0;
        for (column, (text, paint)) in row.iter().enumerate() {
            let space = widths[column] - text.chars().count();
            let (before, after) = if self.right[column] { (space, 0) } else { (0, space) };
            owed += before;
            if !text.is_empty() {
                line.push_str(&" ".repeat(owed));
                line.push_str(&shell.paint(*paint, text));
                owed = 0;
            }
            owed += after + GAP.len();
        }
        line
    }
}

/// A cell holds one line: line breaks become `⏎`, so that a row stays a row.
pub(crate) fn one_line(text: &str) -> String {
    harmless(&text.replace("\r\n", "⏎").replace(['\n', '\r'], "⏎").replace('\t', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Colour;

    #[test]
    fn columns_line_up_and_lines_end_at_their_text() {
        let shell = Shell::new(Colour::Never, true);
        let mut table = Table::new(&["name", ">size", "hub"]);
        table.row(["a", "1", "x"]);
        table.row(["long", "22", ""]);
        let widths = [4, 4, 3];
        assert_eq!(table.line(&table.rows[0], &widths, &shell), "a        1  x");
        assert_eq!(table.line(&table.rows[1], &widths, &shell), "long    22");
    }

    #[test]
    fn a_cell_is_one_line() {
        assert_eq!(one_line("a\nb\x1b[2J"), "a⏎b\u{fffd}[2J");
    }
}
