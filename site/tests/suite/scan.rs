//! A small reader of our own HTML: tags with their attributes, nothing of the text.

/// A start tag.
#[derive(Debug)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    pub(crate) attributes: Vec<(&'a str, String)>,
}

impl Tag<'_> {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Every start tag of a page.
pub(crate) fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let inside = &rest[open + 1..];
        let end = close(inside).unwrap_or_else(|| panic!("a tag without end: {}", &inside[..inside.len().min(80)]));
        let tag = inside[..end].trim_end_matches('/');
        if tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            tags.push(Tag { name, attributes: attributes_of(attributes) });
        }
        rest = &inside[end + 1..];
    }
    tags
}

fn close(inside: &str) -> Option<usize> {
    let mut quoted = false;
    inside.char_indices().find_map(|(at, letter)| {
        quoted ^= letter == '"';
        (letter == '>' && !quoted).then_some(at)
    })
}

fn attributes_of(text: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').expect("a value ends"),
            None => match after.strip_prefix('=') {
                Some(bare) => bare.split_at(bare.find(char::is_whitespace).unwrap_or(bare.len())),
                None => ("", after),
            },
        };
        found.push((name, unescape(value)));
        rest = after.trim_start();
    }
    found
}

fn unescape(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&#x2F;", "/")];
    let text = entities.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("&amp;", "&")
}

#[test]
fn tags_are_read_as_written() {
    let tags = tags("<p>a &lt;b&gt;</p><a href=\"x?a=1&amp;b=&quot;>\" download><br/><i class=k>");
    let names: Vec<_> = tags.iter().map(|tag| tag.name).collect();
    assert_eq!(names, ["p", "a", "br", "i"]);
    assert_eq!(tags[1].get("href"), Some("x?a=1&b=\">"));
    assert_eq!(tags[1].get("download"), Some(""));
    assert_eq!(tags[3].get("class"), Some("k"));
}
