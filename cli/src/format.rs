//! Numbers and sizes as people read them.

use std::time::Duration;

pub(crate) use zoo_registry::error::bytes;

/// `109482240` → `109,482,240`.
pub(crate) fn exact(count: u64) -> String {
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

/// Bytes of so many parameters in f32; saturates for impossible sizes.
pub(crate) fn f32_bytes(parameters: u64) -> u64 {
    parameters.saturating_mul(4)
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

/// `1 model`, `2 models`.
pub(crate) fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {one}s", exact(count as u64)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        for (count, told) in [(0, "0"), (12, "12"), (123, "123"), (1234, "1,234"), (109_482_240, "109,482,240")] {
            assert_eq!(exact(count), told);
        }
        assert_eq!(exact(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn short_counts_have_one_decimal() {
        assert_eq!(short(999), "999");
        assert_eq!(short(22_713_216), "22.7 M");
        assert_eq!(short(174_604_259_328), "174.6 B");
    }

    #[test]
    fn times_have_units() {
        assert_eq!(time(Duration::from_millis(35)), "35 ms");
        assert_eq!(time(Duration::from_millis(1240)), "1.24 s");
    }
}
