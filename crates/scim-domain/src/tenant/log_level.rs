//! How much is logged of one tenant's requests.

use std::fmt;
use std::str::FromStr;

use crate::keyword::keywords;

/// The least severe messages that are logged, or none at all. Ordered from the fewest messages to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What may need somebody's attention.
    Warn,
    /// What happened.
    Info,
    /// What helps to find out why.
    Debug,
    /// Everything.
    Trace,
}

keywords!(LogLevel {
    Off = "off",
    Error = "error",
    Warn = "warn",
    Info = "info",
    Debug = "debug",
    Trace = "trace",
});

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no level's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of 'off', 'error', 'warn', 'info', 'debug', 'trace'")]
pub struct UnknownLogLevel;

impl FromStr for LogLevel {
    type Err = UnknownLogLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLogLevel> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, level)| *level).ok_or(UnknownLogLevel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_read_by_its_name_and_named_in_the_error() {
        for &(name, level) in LogLevel::ALL {
            assert_eq!((name.parse(), level.to_string()), (Ok(level), name.to_owned()));
            assert!(UnknownLogLevel.to_string().contains(&format!("'{name}'")), "{name}");
        }
        assert_eq!("INFO".parse::<LogLevel>(), Err(UnknownLogLevel));
        assert!(LogLevel::Off < LogLevel::Error && LogLevel::Debug < LogLevel::Trace);
    }
}
