//! Why there is no PostgreSQL, or why it did not do what it was asked.

use std::fmt;
use std::path::Path;

/// One message for the person who runs the tests.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// An error of this message.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// An error that says what failed before it says why.
    pub(crate) fn because(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }

    /// An error about a file or directory.
    pub(crate) fn at(path: &Path, why: impl fmt::Display) -> Self {
        Self::because(path.display(), why)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// As it is displayed: `expect` in a test shows this form.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
