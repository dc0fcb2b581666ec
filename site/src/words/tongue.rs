//! The languages of the site.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// A language that the site speaks. English is at the top of the site, the others in folders of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tongue {
    /// English.
    #[default]
    English,
    /// Chinese in simplified characters.
    Chinese,
    /// German.
    German,
}

impl Tongue {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::English, Self::Chinese, Self::German];

    /// As HTML names it.
    pub fn tag(self) -> &'static str {
        ["en", "zh-Hans", "de"][self as usize]
    }

    /// As the catalog names it.
    pub(crate) fn code(self) -> &'static str {
        ["en", "zh", "de"][self as usize]
    }

    /// What it is called in itself.
    pub(crate) fn name(self) -> &'static str {
        ["English", "中文", "Deutsch"][self as usize]
    }

    /// From the top of the site to its pages.
    pub(crate) fn folder(self) -> &'static str {
        ["", "zh/", "de/"][self as usize]
    }

    /// The language of a file by its path in the site, and its path among the pages of that language.
    pub(crate) fn of_path(path: &str) -> (Self, &str) {
        let own = |tongue: &Self| *tongue != Self::English && path.starts_with(tongue.folder());
        let tongue = Self::ALL.into_iter().find(own).unwrap_or_default();
        (tongue, &path[tongue.folder().len()..])
    }

    /// From its pages to the top of the site.
    pub(crate) fn up(self) -> &'static str {
        if self == Self::English { "" } else { "../" }
    }
}

impl fmt::Display for Tongue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Tongue {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = |tongue: &Self| [tongue.tag(), tongue.code()].iter().any(|name| name.eq_ignore_ascii_case(text));
        Self::ALL.into_iter().find(known).ok_or_else(|| Error::Tongue(text.to_owned()))
    }
}
