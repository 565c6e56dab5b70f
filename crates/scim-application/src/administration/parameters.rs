//! The parameters of a request.

use std::collections::BTreeMap;

use scim_domain::error::ScimError;

use super::bad_request;
use super::body::shortened;

/// The parameters in the query of a request, by their names.
#[derive(Debug, Clone, Default)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// These names and values, decoded.
    ///
    /// # Errors
    /// 400 where a name comes twice.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, ScimError> {
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if parameters.insert(name.clone(), value).is_some() {
                return Err(bad_request(format!("{}: occurs twice in the query", shortened(&name))));
            }
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a parameter is `true`.
    ///
    /// # Errors
    /// 400 where it is neither `true` nor `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ScimError> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(bad_request(format!("{name}: expected true or false"))),
        }
    }

    /// Checks that there are no parameters but these.
    ///
    /// # Errors
    /// 400 for another, with what there is.
    pub fn allow(&self, names: &[&str]) -> Result<(), ScimError> {
        let Some(name) = self.0.keys().find(|name| !names.contains(&name.as_str())) else { return Ok(()) };
        let takes = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Err(bad_request(format!("{}: there is no such parameter here, but {takes}", shortened(name))))
    }
}
