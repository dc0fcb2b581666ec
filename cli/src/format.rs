//! Numbers and sizes as people read them.

use std::time::Duration;

pub(crate) use zoo_registry::error::bytes;

/// `109482240` → `109,482,240`. Counts stop at the largest number of 64 bits, and say so.
pub(crate) fn exact(count: u64) -> String {
    if count == u64::MAX {
        return format!("over {}", exact(count - 1));
    }
    let digits = count.to_string();
    let first = digits.len() % 3;
    let groups = (0..=digits.len() / 3).map(|group| match group {
        0 => &digits[..first],
        _ => &digits[first + 3 * (group - 1)..][..3],
    });
    groups.filter(|group| !group.is_empty()).collect::<Vec<_>>().join(",")
}

/// `109482240` → `109.5 M`.
pub(crate) fn short(count: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " K")];
    let value = count as f64;
    match UNITS.iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) => format!("{:.1}{name}", value / unit),
        None => count.to_string(),
    }
}

/// `285012345` → `285.0 MFLOP`.
pub(crate) fn flops(count: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let value = count as f64;
    match UNITS.iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}FLOP", value / unit),
        None => format!("{count} FLOP"),
    }
}

/// Bytes of so many parameters in f32; saturates for impossible sizes.
pub(crate) fn f32_bytes(parameters: u64) -> u64 {
    parameters.saturating_mul(4)
}

/// What so many parameters take in memory: `418 MiB in f32`.
pub(crate) fn memory(parameters: u64) -> String {
    let size = f32_bytes(parameters);
    let over = if size == u64::MAX { "over " } else { "" };
    format!("{over}{} in f32", bytes(size))
}

/// `[2, 3]`.
pub(crate) fn shape(extents: &[usize]) -> String {
    format!("{extents:?}")
}

/// `1.24 s`, `35 ms`.
pub(crate) fn time(taken: Duration) -> String {
    let seconds = taken.as_secs_f64();
    if seconds >= 100.0 {
        format!("{seconds:.0} s")
    } else if seconds >= 1.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{:.0} ms", seconds * 1e3)
    }
}

/// `1 model`, `2 models`, `2 families`.
pub(crate) fn counted(count: usize, one: &str) -> String {
    match (count, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{} {stem}ies", exact(count as u64)),
        _ => format!("{} {one}s", exact(count as u64)),
    }
}

/// The first so many characters of a text, and whether there were more.
pub(crate) fn beginning(text: &str, shown: usize) -> String {
    let start: String = text.chars().take(shown).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

/// A measured number with three digits: `0.62`, `4`, `1.31e-7`.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = (2 - size.log10().floor() as i32).max(0);
    let text = format!("{value:.*}", usize::try_from(decimals).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        for (count, told) in [(0, "0"), (12, "12"), (123, "123"), (1234, "1,234"), (109_482_240, "109,482,240")] {
            assert_eq!(exact(count), told);
        }
        assert_eq!(exact(u64::MAX), "over 18,446,744,073,709,551,614");
        assert_eq!(memory(u64::MAX), "over 16.0 EiB in f32");
    }

    #[test]
    fn short_counts_have_one_decimal() {
        assert_eq!(short(999), "999");
        assert_eq!(short(22_713_216), "22.7 M");
        assert_eq!(short(174_604_259_328), "174.6 B");
    }

    #[test]
    fn operations_have_one_decimal() {
        assert_eq!(
            [flops(999), flops(285_012_345), flops(2 * 10u64.pow(15))],
            ["999 FLOP", "285.0 MFLOP", "2000.0 TFLOP"]
        );
    }

    #[test]
    fn numbers_have_three_digits() {
        for (value, told) in [(0.6249, "0.625"), (4.0, "4"), (1.3089e-7, "1.31e-7"), (0.0, "0"), (1234.5, "1234")] {
            assert_eq!(number(value), told);
        }
        assert_eq!(number(f64::NAN), "NaN");
        assert_eq!(number(f64::INFINITY), "inf");
    }

    #[test]
    fn long_texts_are_told_by_their_beginning() {
        assert_eq!(beginning("short", 40), "short");
        assert_eq!(beginning(&"é".repeat(50), 40).chars().count(), 41);
    }

    #[test]
    fn plurals_are_words() {
        assert_eq!([counted(1, "page"), counted(0, "page"), counted(2, "family")], ["1 page", "0 pages", "2 families"]);
    }

    #[test]
    fn times_have_units() {
        assert_eq!(time(Duration::from_millis(35)), "35 ms");
        assert_eq!(time(Duration::from_millis(1240)), "1.24 s");
    }
}
