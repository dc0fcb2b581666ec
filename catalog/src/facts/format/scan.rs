//! From the text of a sound TOML file to its sections, entries and comments, each as it is written.

/// A file.
pub(super) struct Document {
    /// Comments at the top that a gap sets apart: they are about the file and not about its first field.
    pub(super) top: Vec<String>,
    /// The fields before the first header, then one a header.
    pub(super) sections: Vec<Section>,
    /// Comments after everything.
    pub(super) end: Vec<String>,
}

/// A header and what is under it.
#[derive(Default)]
pub(super) struct Section {
    /// As written; empty for the first.
    pub(super) header: String,
    /// Names of the header.
    pub(super) path: Vec<String>,
    /// Whether it is one of several tables of its name.
    pub(super) is_array: bool,
    /// Comment lines above it; an empty line is a gap between comments.
    pub(super) comments: Vec<String>,
    /// Comment behind it.
    pub(super) trailing: String,
    /// Its fields.
    pub(super) entries: Vec<Entry>,
}

/// A field.
pub(super) struct Entry {
    /// As written.
    pub(super) key: String,
    /// As written, over several lines perhaps.
    pub(super) value: String,
    /// Comment lines above it.
    pub(super) comments: Vec<String>,
    /// Comment behind it.
    pub(super) trailing: String,
}

/// Takes a file apart. It is known to be TOML.
pub(super) fn document(text: &str) -> Document {
    let mut sections = vec![Section::default()];
    let mut comments: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            if comments.last().is_some_and(|last| !last.is_empty()) {
                comments.push(String::new());
            }
            rest = after_line(rest, line.len());
        } else if trimmed.starts_with('#') {
            comments.push(trimmed.to_owned());
            rest = after_line(rest, line.len());
        } else if trimmed.starts_with('[') {
            let close = trimmed.rfind(']').unwrap_or(trimmed.len() - 1);
            // A comment behind the header may hold brackets too; the header ends with the first bracket outside of quotes.
            let end = header_end(trimmed).unwrap_or(close + 1);
            let header = trimmed[..end].to_owned();
            let is_array = header.starts_with("[[");
            let names = header.trim_matches(['[', ']']);
            let path = names.split('.').map(|name| name.trim().trim_matches(['"', '\'']).to_owned()).collect();
            let trailing = trimmed[end..].trim().to_owned();
            let entries = Vec::new();
            sections.push(Section {
                header,
                path,
                is_array,
                comments: std::mem::take(&mut comments),
                trailing,
                entries,
            });
            rest = after_line(rest, line.len());
        } else {
            let equals = key_end(rest);
            let key = rest[..equals].trim().to_owned();
            let from = &rest[equals + 1..];
            let end = value_end(from);
            let value = from[..end].trim().to_owned();
            let behind = from[end..].split_once('\n').map_or(&from[end..], |(line, _)| line);
            let entry =
                Entry { key, value, comments: std::mem::take(&mut comments), trailing: behind.trim().to_owned() };
            if let Some(section) = sections.last_mut() {
                section.entries.push(entry);
            }
            rest = after_line(&from[end..], behind.len());
        }
    }
    while comments.last().is_some_and(String::is_empty) {
        comments.pop();
    }
    Document { top: top(&mut sections), sections, end: comments }
}

fn top(sections: &mut [Section]) -> Vec<String> {
    let first = sections.iter_mut().find(|section| !(section.header.is_empty() && section.entries.is_empty()));
    let Some(first) = first else { return Vec::new() };
    let comments = match first.entries.first_mut() {
        Some(entry) if first.header.is_empty() => &mut entry.comments,
        _ => &mut first.comments,
    };
    let gap = comments.iter().rposition(String::is_empty).map_or(0, |at| at + 1);
    comments.drain(..gap).collect()
}

/// Whether a value holds a comment between its brackets.
pub(super) fn has_comment(value: &str) -> bool {
    let mut at = 0;
    while at < value.len() {
        match value.as_bytes()[at] {
            b'#' => return true,
            b'"' | b'\'' => at += string_len(&value[at..]),
            _ => at += 1,
        }
    }
    false
}

fn after_line(text: &str, len: usize) -> &str {
    text.get(len + 1..).unwrap_or_default()
}

fn header_end(line: &str) -> Option<usize> {
    let close = if line.starts_with("[[") { "]]" } else { "]" };
    let mut at = 0;
    while at < line.len() {
        if line[at..].starts_with(close) {
            return Some(at + close.len());
        }
        at += match line.as_bytes()[at] {
            b'"' | b'\'' => string_len(&line[at..]),
            _ => line[at..].chars().next().map_or(1, char::len_utf8),
        };
    }
    None
}

fn key_end(text: &str) -> usize {
    let mut at = 0;
    while at < text.len() {
        at += match text.as_bytes()[at] {
            b'=' => return at,
            b'"' | b'\'' => string_len(&text[at..]),
            _ => 1,
        };
    }
    text.len().saturating_sub(1)
}

/// Bytes from a value's start to the end of the line or the comment it ends on.
fn value_end(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < text.len() {
        match text.as_bytes()[at] {
            b'"' | b'\'' => {
                at += string_len(&text[at..]);
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'#' if depth == 0 => return at,
            b'#' => {
                at += text[at..].find('\n').unwrap_or(text.len() - at);
                continue;
            }
            b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Bytes of the string that `text` starts with, quotes and all.
fn string_len(text: &str) -> usize {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let (close, open) = if text.starts_with(&triple) { (triple.as_str(), 3) } else { (quote, 1) };
    let mut at = open;
    while at < text.len() {
        if text.as_bytes()[at] == b'\\' && quote == "\"" {
            at += 2;
        } else if text.as_bytes()[at..].starts_with(close.as_bytes()) {
            // A triple-quoted text may end in quotes of its own.
            let more = text.as_bytes()[at + close.len()..]
                .iter()
                .take_while(|byte| open == 3 && **byte == quote.as_bytes()[0]);
            return at + close.len() + more.count();
        } else {
            at += 1;
        }
    }
    text.len()
}
