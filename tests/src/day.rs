//! The day on which a run takes place, which decides whether an expected failure is still expected.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the calendar, in UTC. Days are ordered as they come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(String);

/// The environment variable that makes builds reproducible: seconds since 1970.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

impl Day {
    /// Today: what `SOURCE_DATE_EPOCH` says, or else the clock. Only programs ask; the library is told.
    ///
    /// # Errors
    /// If the variable is set to something else than seconds since 1970.
    pub fn today() -> Result<Self, String> {
        let Some(told) = std::env::var_os(EPOCH).filter(|told| !told.is_empty()) else {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            return Ok(Self::of_seconds(since.as_secs()));
        };
        let seconds = told.to_str().and_then(|told| told.parse().ok());
        seconds
            .map(Self::of_seconds)
            .ok_or_else(|| format!("`{EPOCH}`: expected seconds since 1970, found `{}`", told.to_string_lossy()))
    }

    /// The day of this many seconds after the beginning of 1970.
    pub fn of_seconds(seconds: u64) -> Self {
        // Days are counted from 1 March 0000, so that the leap day ends a year; 146 097 days make 400 years.
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Self(format!("{:04}-{month:02}-{day:02}", 400 * era + year_of_era + next_year))
    }

    /// Whether the last day of something, `2027-03-31`, is over.
    pub fn is_after(&self, last: &str) -> bool {
        self.0.as_str() > last
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_days_of_the_calendar() {
        let day = |seconds| Day::of_seconds(seconds).to_string();
        assert_eq!([day(0), day(86_399), day(86_400)], ["1970-01-01", "1970-01-01", "1970-01-02"]);
        assert_eq!([day(951_782_400), day(951_868_800)], ["2000-02-29", "2000-03-01"]);
        assert_eq!([day(1_709_164_800), day(4_107_542_400)], ["2024-02-29", "2100-03-01"]);
        assert_eq!([day(1_735_603_200), day(1_735_689_600)], ["2024-12-31", "2025-01-01"]);
    }

    #[test]
    fn a_last_day_still_counts() {
        let day = Day::of_seconds(1_735_603_200);
        assert!(!day.is_after("2024-12-31") && day.is_after("2024-12-30") && !day.is_after("2025-01-01"));
    }
}
