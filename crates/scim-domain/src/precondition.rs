//! Conditional requests: `If-Match` and `If-None-Match` (RFC 7644 §3.14, RFC 9110 §13.1).
//!
//! Both compare weakly (RFC 9110 §8.8.3.2): the tags of SCIM resources are weak, and the strong
//! comparison that `If-Match` has in HTTP would never find one of them.

use crate::error::{ErrorKind, ScimError};
use crate::identifier::Version;

/// The versions that a request wants a resource to be at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionCondition {
    /// `*`: any version, of a resource that is there.
    Any,
    /// One of these. Tags that were not made here are none of our versions and are left out.
    OneOf(Vec<Version>),
}

impl VersionCondition {
    /// Reads `*`, or a list of entity tags (RFC 9110 §8.8.3, §5.6.1); lists may have empty
    /// elements. `None` where the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t']);
        if text == "*" {
            return Some(Self::Any);
        }
        let mut versions = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            if let Some(after) = rest.strip_prefix(',') {
                rest = after;
                continue;
            }
            if rest.is_empty() {
                return Some(Self::OneOf(versions));
            }
            let (tag, after) = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
            if !tag.chars().all(is_tag_character) {
                return None;
            }
            versions.extend(version(tag));
            rest = after.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
    }

    /// Whether a resource at `version` is one that the request wants.
    pub fn allows(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

/// `etagc` of RFC 9110 §8.8.3: anything visible but the quotation mark, and what is not ASCII.
fn is_tag_character(c: char) -> bool {
    c == '!' || ('#'..='~').contains(&c) || !c.is_ascii()
}

/// The version whose tag this is; written as we write it, or it is not ours.
fn version(tag: &str) -> Option<Version> {
    let digits = tag.strip_prefix('v')?;
    let canonical = digits.starts_with(|first: char| first.is_ascii_digit() && first != '0');
    canonical.then(|| digits.parse().ok().map(Version::new))?
}

fn parse(header: &str, text: &str) -> Result<VersionCondition, ScimError> {
    VersionCondition::parse(text).ok_or_else(|| {
        ScimError::new(
            ErrorKind::BadRequest,
            format!("{header}: expected * or a list of entity tags such as W/\"v1\""),
        )
    })
}

/// `If-Match` (RFC 9110 §13.1.1): the write happens only where the resource is at one of these versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(VersionCondition);

impl IfMatch {
    /// Reads the header's value; several lines are one value, joined by commas.
    ///
    /// # Errors
    /// 400 for what is no list of entity tags.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        parse("If-Match", text).map(Self)
    }

    /// What is expected.
    pub fn expected(&self) -> &VersionCondition {
        &self.0
    }
}

/// `If-None-Match` (RFC 9110 §13.1.2): the read happens only where the resource is at none of these versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfNoneMatch(VersionCondition);

impl IfNoneMatch {
    /// Reads the header's value; several lines are one value, joined by commas.
    ///
    /// # Errors
    /// 400 for what is no list of entity tags.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        parse("If-None-Match", text).map(Self)
    }

    /// Whether a resource at `version` is one that the client has: a GET then is 304, a write 412.
    pub fn matches(&self, version: Version) -> bool {
        self.0.allows(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[u64]) {
        let versions = expected.iter().copied().map(Version::new).collect();
        assert_eq!(VersionCondition::parse(text), Some(VersionCondition::OneOf(versions)), "{text}");
    }

    #[test]
    fn lists_of_tags() {
        check(r#"W/"v1""#, &[1]);
        check(r#""v2""#, &[2]);
        check(r#" W/"v1" ,, "v12",W/"v3"	, "#, &[1, 12, 3]);
        check("", &[]);
        check(r#"W/"a330bc54f0671c9", "", "v0", "v01", "v+1", "v", "V1", "v99999999999999999999""#, &[]);
        check(r#""a,b", "é", "v18446744073709551615""#, &[u64::MAX]);
        assert_eq!(VersionCondition::parse(" * "), Some(VersionCondition::Any));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for text in [
            "v1",
            "W/v1",
            "W/",
            "\"",
            "\"v1",
            "\"a b\"",
            "w/\"v1\"",
            "\"v1\" \"v2\"",
            "*, \"v1\"",
            "\"v1\", *",
            "\"v1\"x",
            "\"\u{7f}\"",
        ] {
            assert_eq!(VersionCondition::parse(text), None, "{text}");
            let error = IfMatch::parse(text).expect_err("malformed");
            assert_eq!(error.kind.status(), 400);
            assert!(error.detail.starts_with("If-Match: "));
            assert!(IfNoneMatch::parse(text).is_err());
        }
    }

    #[test]
    fn tags_compare_weakly() {
        let versions = [Version::FIRST, Version::new(2)];
        for text in ["W/\"v1\"", "\"v1\"", "\"x\", W/\"v1\""] {
            let if_match = IfMatch::parse(text).expect("a list");
            assert_eq!(versions.map(|version| if_match.expected().allows(version)), [true, false]);
            let if_none_match = IfNoneMatch::parse(text).expect("a list");
            assert_eq!(versions.map(|version| if_none_match.matches(version)), [true, false]);
        }
        assert!(IfMatch::parse("*").expect("any").expected().allows(Version::new(9)));
        assert!(!IfMatch::parse("\"x\"").expect("a list").expected().allows(Version::FIRST));
    }
}
