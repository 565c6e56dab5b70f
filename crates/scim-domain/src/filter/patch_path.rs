//! The `path` of a PATCH operation (RFC 7644 §3.5.2, figure 7):
//! `PATH = attrPath / valuePath [subAttr]`.

use std::fmt;

use crate::attribute::{AttributeName, AttributePath};
use crate::error::{ErrorKind, ScimError};

use super::Filter;
use super::parser::Parser;
use super::token::{SyntaxError, TokenKind};

/// A path, parsed but not yet looked up in a schema.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchPath {
    /// The attribute, with the sub-attribute that follows it directly (`name.givenName`). It may be
    /// the URN of a schema alone.
    pub path: AttributePath,
    /// Which elements are meant (`emails[type eq "work"]`). With it, `path` has no sub-attribute.
    pub filter: Option<Filter>,
    /// The sub-attribute after the bracket (`emails[…].value`); only ever there with a filter.
    pub sub_attribute: Option<AttributeName>,
}

impl PatchPath {
    /// Reads a path. The bounds are those of a filter.
    ///
    /// # Errors
    /// `invalidPath` with the position and what was expected there, or `invalidFilter` (which
    /// RFC 7644 §3.12 has for PATCH too) where the mistake is between the brackets.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        let outside = |error: SyntaxError| error.into_scim_error(ErrorKind::InvalidPath, "path", text);
        let inside = |error: SyntaxError| error.into_scim_error(ErrorKind::InvalidFilter, "path", text);
        let mut parser = Parser::new(text).map_err(outside)?;
        let path = parser.attribute_path().map_err(outside)?;
        let mut parsed = Self { path, filter: None, sub_attribute: None };
        if matches!(parser.current.kind, TokenKind::OpenBracket) {
            parser.element_attribute(&parsed.path).map_err(outside)?;
            parsed.filter = Some(parser.elements().map_err(inside)?);
            let bracket_end = parser.advance().map_err(outside)?.end;
            parsed.sub_attribute = parser.sub_attribute(bracket_end).map_err(outside)?;
        }
        match parser.current.kind {
            TokenKind::End => Ok(parsed),
            _ => Err(outside(parser.expected(match (&parsed.filter, &parsed.sub_attribute) {
                (None, _) => "'[' or the end",
                (Some(_), None) => "a sub-attribute ('.value') or the end",
                (Some(_), Some(_)) => "the end",
            }))),
        }
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        if let Some(sub_attribute) = &self.sub_attribute {
            write!(f, ".{sub_attribute}")?;
        }
        Ok(())
    }
}
