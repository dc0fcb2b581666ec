//! A share of a run, for machines that do not know of each other.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the equal parts that a run is cut into, written `3/16`: the third of sixteen. A run that is not cut is `1/1`.
///
/// ```
/// use zoo_conformance::Shard;
///
/// let third: Shard = "3/16".parse()?;
/// assert_eq!((third.number(), third.of().get()), (3, 16));
/// assert!("17/16".parse::<Shard>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    of: NonZero<u16>,
    number: u16,
}

impl Shard {
    /// All of a run.
    pub const WHOLE: Self = Self { of: NonZero::<u16>::MIN, number: 1 };

    /// The shard of this number, if there is one among so many.
    pub fn new(number: u16, of: NonZero<u16>) -> Option<Self> {
        (1..=of.get()).contains(&number).then_some(Self { of, number })
    }

    /// Which one it is, counted from 1.
    pub fn number(self) -> u16 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> NonZero<u16> {
        self.of
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, of) = text.split_once('/').ok_or_else(expected)?;
        let (number, of) = (count(number)?, count(of)?);
        let of = NonZero::new(of).ok_or("a run is cut into 1 shard or more")?;
        Self::new(number, of).ok_or_else(|| match of.get() {
            1 => "there is one shard, `1/1`".to_owned(),
            last => format!("there are the shards `1/{last}` to `{last}/{last}`"),
        })
    }
}

fn count(digits: &str) -> Result<u16, String> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(expected());
    }
    digits.parse().map_err(|_| format!("a run is cut into {} shards at most", u16::MAX))
}

fn expected() -> String {
    "expected `K/N`, which is shard K of N, such as `3/16`".to_owned()
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_written_as_it_is_read() {
        for text in ["1/1", "3/16", "16/16", "65535/65535"] {
            let shard: Shard = text.parse().unwrap();
            assert_eq!(shard.to_string(), text);
            let json = serde_json::to_string(&shard).unwrap();
            assert_eq!((json.as_str(), serde_json::from_str(&json).ok()), (&*format!("\"{text}\""), Some(shard)));
        }
        assert_eq!("1/1".parse(), Ok(Shard::WHOLE));
    }

    #[test]
    fn what_is_no_shard_is_refused_with_what_there_is() {
        for (text, told) in [
            ("", "expected `K/N`"),
            ("4", "expected `K/N`"),
            ("/", "expected `K/N`"),
            ("a/b", "expected `K/N`"),
            ("1/2/3", "expected `K/N`"),
            ("-1/4", "expected `K/N`"),
            ("+1/4", "expected `K/N`"),
            ("1 / 4", "expected `K/N`"),
            ("1.5/4", "expected `K/N`"),
            ("1/0", "1 shard or more"),
            ("0/0", "1 shard or more"),
            ("0/4", "`1/4` to `4/4`"),
            ("5/4", "`1/4` to `4/4`"),
            ("2/1", "one shard, `1/1`"),
            ("1/65536", "65535 shards at most"),
            ("99999999999999999999/99999999999999999999", "65535 shards at most"),
        ] {
            let found = text.parse::<Shard>().unwrap_err();
            assert!(found.contains(told), "`{text}`: {found}");
            assert!(serde_json::from_value::<Shard>(text.into()).is_err());
        }
    }
}
