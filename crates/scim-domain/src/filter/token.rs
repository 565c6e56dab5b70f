//! The tokens of filters and paths, and the error that says where a text stops making sense.

use std::fmt;

use serde_json::Number;

use crate::error::{ErrorKind, ScimError};

/// A token and where it stands, in bytes.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug)]
pub(super) enum TokenKind<'a> {
    /// A path, an operator, or one of `and`, `or`, `not`, `true`, `false`, `null`: which of them
    /// depends on where it stands.
    Word(&'a str),
    Text(String),
    Number(Number),
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    End,
}

/// The token as an error names it.
impl fmt::Display for TokenKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "{}", excerpt(word)),
            Self::Text(_) => f.write_str("a string"),
            Self::Number(_) => f.write_str("a number"),
            Self::OpenParenthesis => f.write_str("'('"),
            Self::CloseParenthesis => f.write_str("')'"),
            Self::OpenBracket => f.write_str("'['"),
            Self::CloseBracket => f.write_str("']'"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// The start of a client's text in quotes, short enough for an error, with control characters escaped.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut characters = text.chars();
    let shown: String = characters.by_ref().take(LONGEST).flat_map(char::escape_debug).collect();
    let rest = if characters.next().is_some() { "…" } else { "" };
    format!("'{shown}{rest}'")
}

/// What is wrong with a text, and at which byte.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) at: usize,
    pub(super) problem: String,
}

impl SyntaxError {
    pub(super) fn new(at: usize, problem: impl Into<String>) -> Self {
        Self { at, problem: problem.into() }
    }

    /// As the client sees it: `what` is wrong at this character of `text`, counted from 1.
    pub(super) fn into_scim_error(self, kind: ErrorKind, what: &str, text: &str) -> ScimError {
        let before = text.get(..self.at).unwrap_or(text).chars().count();
        ScimError::new(kind, format!("{what}, at character {}: {}", before.saturating_add(1), self.problem))
    }
}
