//! Reading the body of a request: each member by its name, and nothing left over.

use std::collections::BTreeMap;

use scim_domain::error::ScimError;
use serde_json::Value;

use super::bad_request;

/// The members of a body that are not yet read.
pub(super) struct Members<'a> {
    unread: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Members<'a> {
    /// The members of `body`.
    ///
    /// # Errors
    /// 400 where the body is no object.
    pub(super) fn of(body: &'a Value) -> Result<Self, ScimError> {
        let members = body.as_object().ok_or_else(|| bad_request("the body: expected an object"))?;
        Ok(Self { unread: members.iter().map(|(name, value)| (name.as_str(), value)).collect() })
    }

    /// The member of this name, `null` too.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.unread.remove(name)
    }

    /// The member of this name, where it is not `null`.
    pub(super) fn take_value(&mut self, name: &str) -> Option<&'a Value> {
        self.take(name).filter(|value| !value.is_null())
    }

    /// Text on one line, of at most `longest` characters.
    pub(super) fn take_text(&mut self, name: &str, longest: usize) -> Result<Option<&'a str>, ScimError> {
        self.take_value(name).map(|value| text(name, value, longest)).transpose()
    }

    /// Done reading.
    ///
    /// # Errors
    /// 400 for a member that nothing has read.
    pub(super) fn finish(self) -> Result<(), ScimError> {
        match self.unread.keys().next() {
            Some(name) => Err(bad_request(format!("{}: there is no such member", shortened(name)))),
            None => Ok(()),
        }
    }
}

/// Text on one line, of at most `longest` characters.
pub(super) fn text<'a>(name: &str, value: &'a Value, longest: usize) -> Result<&'a str, ScimError> {
    let fits = |text: &&str| text.chars().nth(longest).is_none() && !text.contains(|c: char| c.is_control());
    value.as_str().filter(fits).ok_or_else(|| {
        bad_request(format!("{name}: expected text of at most {longest} characters on one line"))
    })
}

/// What a client sent, cut short for an error.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
