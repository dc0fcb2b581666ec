//! Numbers, sizes and names as people read them.

use zoo_registry::Parameter;

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Narrow no-break space: groups digits, joins a number and its unit.
pub(crate) const THIN: char = '\u{202f}';

/// Digits in groups of three, from five digits on: `109 482 240`, `3072`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

/// Three significant digits and a suffix: `109 M`, `1.56 B`.
pub(crate) fn compact(number: u64) -> String {
    scaled(number, 1000.0, &["", "k", "M", "B", "T"])
}

/// Three significant digits and a binary unit: `418 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    scaled(number, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
}

/// Three significant digits of multiplications and additions: `285 MFLOP`.
pub(crate) fn flops(number: u64) -> String {
    scaled(number, 1000.0, &["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"])
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn scaled(number: u64, step: f64, units: &[&str]) -> String {
    let mut value = number as f64;
    let mut unit = 0;
    while value >= step - 0.5 && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 99.95 { 0 } else { usize::from(value < 9.995) + 1 };
    let text = format!("{value:.decimals$}");
    if units[unit].is_empty() { text } else { format!("{text}{THIN}{}", units[unit]) }
}

/// A measured error: `0`, `0.42`, `3.2e-7`.
pub(crate) fn magnitude(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if (0.01..1000.0).contains(&size) {
        let decimals = if size >= 100.0 { 0 } else { usize::from(size < 10.0) + 1 };
        format!("{value:.decimals$}")
    } else {
        format!("{value:.1e}").replace('-', "\u{2212}")
    }
}

/// A measured number: whole ones grouped, others with four digits, tiny ones by their power of ten.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within range where it is cast")]
pub(crate) fn number(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    if size.fract() == 0.0 && size < 1e15 {
        return format!("{sign}{}", grouped(size as u64));
    }
    if !(1e-3..1e15).contains(&size) {
        return format!("{sign}{}", magnitude(size));
    }
    let whole = size.log10().floor() as i32 + 1;
    let text = format!("{size:.*}", usize::try_from(4 - whole).unwrap_or(0).min(6));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{sign}{text}")
}

/// A share in percent: `52.1 %`, `< 0.1 %`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    if part > 0 && share < 0.05 { format!("<{THIN}0.1{THIN}%") } else { format!("{share:.1}{THIN}%") }
}

/// Extents as code writes them: `[30522, 768]`.
pub(crate) fn shape(extents: &[usize]) -> String {
    let extents: Vec<_> = extents.iter().map(usize::to_string).collect();
    format!("[{}]", extents.join(", "))
}

/// Shapes of several parameters, equal ones counted: `4 × [768, 768]`, in order of first appearance.
pub(crate) fn shapes<'a>(parameters: impl IntoIterator<Item = &'a Parameter>) -> Vec<String> {
    let mut seen: Vec<(&[usize], usize)> = Vec::new();
    for parameter in parameters {
        match seen.iter_mut().find(|(shape, _)| *shape == parameter.shape) {
            Some((_, times)) => *times += 1,
            None => seen.push((&parameter.shape, 1)),
        }
    }
    let text = |(extents, times): (&[usize], usize)| {
        if times == 1 { shape(extents) } else { format!("{times}{THIN}×{THIN}{}", shape(extents)) }
    };
    seen.into_iter().map(text).collect()
}

/// A field name for people: `attention_norm` → `Attention norm`.
pub(crate) fn humanise(field: &str) -> String {
    let words = field.replace(['_', '-'], " ").replace("mlp", "MLP").replace("moe", "MoE");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An id made of what may stand in an anchor; anything else becomes `-`.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "part".to_owned() } else { slug.to_owned() }
}

/// Text safe between tags and inside double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Text as HTML in which what stands between backticks is code. A backtick without another one stays.
pub(crate) fn inline_code(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some((before, code, after)) =
        rest.split_once('`').and_then(|(before, from)| from.split_once('`').map(|(code, after)| (before, code, after)))
    {
        html.push_str(&format!("{}<code>{}</code>", escape(before), escape(code)));
        rest = after;
    }
    html + &escape(rest)
}

/// A web address that may become a link; anything but `http` and `https` stays text.
pub(crate) fn external(address: &str) -> Option<&str> {
    let lower = address.to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    let clean = !address.chars().any(|c| c.is_whitespace() || c.is_control());
    (web && clean).then_some(address)
}

/// The address of a paper on arXiv: `1706.03762`, `2404.07143v2`.
pub(crate) fn arxiv(id: &str) -> Option<String> {
    let (month, rest) = id.split_once('.')?;
    let (number, version) = rest.split_once('v').unwrap_or((rest, "1"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = month.len() == 4 && [month, number, version].into_iter().all(digits);
    is_id.then(|| format!("https://arxiv.org/abs/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_are_code_and_nothing_else_is() {
        assert_eq!(inline_code("at `a<b`, `c`"), "at <code>a&lt;b</code>, <code>c</code>");
        assert_eq!(inline_code("<i> & a ` alone"), "&lt;i&gt; &amp; a ` alone");
    }

    #[test]
    fn digits_group_from_five_on() {
        assert_eq!(grouped(3072), "3072");
        assert_eq!(grouped(30_522).replace(THIN, " "), "30 522");
        assert_eq!(grouped(109_482_240).replace(THIN, " "), "109 482 240");
    }

    #[test]
    fn three_digits_and_a_unit() {
        let compact = |number| compact(number).replace(THIN, " ");
        assert_eq!([compact(7), compact(999), compact(1000)], ["7", "999", "1.00 k"]);
        assert_eq!([compact(109_482_240), compact(1_557_611_200)], ["109 M", "1.56 B"]);
        assert_eq!(compact(999_999_999), "1.00 B");
        assert_eq!(bytes(437_928_960).replace(THIN, " "), "418 MiB");
    }

    #[test]
    fn numbers_are_as_short_as_they_are_exact() {
        let said = [0.0, 1024.0, 0.25, -1.5, 1234.567, 0.98765, 1e-9].map(number);
        assert_eq!(said[..6], ["0", "1024", "0.25", "−1.5", "1235", "0.9877"]);
        assert_eq!(said[6], magnitude(1e-9));
    }

    #[test]
    fn magnitudes_keep_their_order() {
        assert_eq!(magnitude(0.0), "0");
        assert_eq!(magnitude(0.4166), "0.42");
        assert_eq!(magnitude(31.25), "31.2");
        assert_eq!(magnitude(3.24e-7), "3.2e\u{2212}7");
    }

    #[test]
    fn equal_shapes_are_counted() {
        let parameter = |shape: &[usize]| Parameter { name: "w".into(), shape: shape.to_vec() };
        let four = [parameter(&[2, 3]), parameter(&[3]), parameter(&[2, 3])];
        assert_eq!(shapes(&four).join(" ").replace(THIN, ""), "2×[2, 3] [3]");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert!(external("https://arxiv.org/abs/1810.04805").is_some());
        assert!(external("javascript:alert(1)").is_none());
        assert!(external("https://a.example/ onclick=x").is_none());
        assert!(external("data:text/html,x").is_none());
    }

    #[test]
    fn papers_have_addresses() {
        assert_eq!(arxiv("1706.03762").as_deref(), Some("https://arxiv.org/abs/1706.03762"));
        assert_eq!(arxiv("2404.07143v2").as_deref(), Some("https://arxiv.org/abs/2404.07143v2"));
        for none in ["", "03762", "17.03762", "1706.", "1706.03762v", "1706.03762v\"", "1706.x"] {
            assert_eq!(arxiv(none), None, "{none}");
        }
    }

    #[test]
    fn slugs_are_anchors() {
        assert_eq!(slug("layers.*.attention"), "layers-attention");
        assert_eq!(slug("位置"), "part");
        assert_eq!(slug("What it is <b>"), "what-it-is-b");
    }
}
