//! Reading settings from JSON: each by its key, with the range it may be in, and nothing left over.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::json;
use crate::validation::excerpt;

/// A setting that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Which one, by its dotted path (`bulk.maxOperations`); empty for the config as a whole.
    pub key: String,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// What becomes of keys that nothing reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnknownKeys {
    /// They are errors: a client sent them.
    Refuse,
    /// They are passed over: another version of this server stored them.
    Ignore,
}

/// A value at a path.
#[derive(Clone)]
pub(super) struct Field<'a> {
    path: String,
    value: &'a Value,
    unknown: UnknownKeys,
}

/// An object at a path, with the keys that are not yet read. A key whose value is `null` is as good as
/// none.
pub(super) struct Section<'a> {
    path: String,
    unread: BTreeMap<&'a str, &'a Value>,
    unknown: UnknownKeys,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value, unknown: UnknownKeys) -> Self {
        Self { path: String::new(), value, unknown }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// The error that says what is wrong.
    pub(super) fn refuse(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError { key: self.path.clone(), problem: problem.into() }
    }

    /// The error that says what was expected, and what there is.
    pub(super) fn expected(&self, expected: impl fmt::Display) -> ConfigError {
        let got = match self.value {
            Value::String(text) => format!("{:?}", excerpt(text)),
            Value::Bool(_) | Value::Number(_) => self.value.to_string(),
            other => json::kind(other).to_owned(),
        };
        self.refuse(format!("expected {expected}, got {got}"))
    }

    pub(super) fn boolean(&self) -> Result<bool, ConfigError> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    pub(super) fn number<N>(&self, range: &RangeInclusive<N>) -> Result<N, ConfigError>
    where
        N: TryFrom<u64> + PartialOrd + fmt::Display,
    {
        let number = self.value.as_u64().and_then(|number| N::try_from(number).ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            self.expected(format_args!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// Text that is not empty, not longer than `longest` bytes, and without control characters.
    pub(super) fn text(&self, longest: usize) -> Result<&'a str, ConfigError> {
        let fits = |text: &&str| {
            !text.is_empty() && text.len() <= longest && !text.contains(|c: char| c.is_control())
        };
        self.value
            .as_str()
            .filter(fits)
            .ok_or_else(|| self.expected(format_args!("text of 1 to {longest} bytes on one line")))
    }

    /// One of these words.
    pub(super) fn keyword<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.value.as_str();
        words.iter().find(|(word, _)| Some(*word) == text).map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.expected(format_args!("one of '{}'", words.join("', '")))
        })
    }

    pub(super) fn section(&self) -> Result<Section<'a>, ConfigError> {
        let object = self.value.as_object().ok_or_else(|| self.expected("an object"))?;
        let unread = object.iter().filter(|(_, value)| !value.is_null());
        Ok(Section {
            path: self.path.clone(),
            unread: unread.map(|(key, value)| (key.as_str(), value)).collect(),
            unknown: self.unknown,
        })
    }

    /// The elements of an array, of which there are `count`.
    pub(super) fn items(&self, count: &RangeInclusive<usize>) -> Result<Vec<Field<'a>>, ConfigError> {
        let items = self.value.as_array().ok_or_else(|| self.expected("an array"))?;
        if !count.contains(&items.len()) {
            return Err(self.refuse(format!(
                "expected {} to {} elements, got {}",
                count.start(),
                count.end(),
                items.len()
            )));
        }
        let item = |(index, value)| Self { path: format!("{}[{index}]", self.path), value, ..self.clone() };
        Ok(items.iter().enumerate().map(item).collect())
    }
}

impl<'a> Section<'a> {
    /// The field with this key, where the object has it.
    pub(super) fn take(&mut self, key: &str) -> Option<Field<'a>> {
        let value = self.unread.remove(key)?;
        Some(self.field(key, value))
    }

    /// What `read` makes of the field with this key, or else `default`.
    pub(super) fn take_or<T>(
        &mut self,
        key: &str,
        default: T,
        read: impl FnOnce(&Field<'a>) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        self.take(key).map_or(Ok(default), |field| read(&field))
    }

    /// What `read` makes of the field with this key, where the object has it.
    pub(super) fn take_some<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Field<'a>) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.take(key).map(|field| read(&field)).transpose()
    }

    /// What `read` makes of the field with this key, which has to be there.
    pub(super) fn take_required<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Field<'a>) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        match self.take(key) {
            Some(field) => read(&field),
            None => Err(ConfigError { key: self.path_of(key), problem: "required".into() }),
        }
    }

    /// Every field that is not yet read, by its key.
    pub(super) fn take_all(&mut self) -> Vec<(&'a str, Field<'a>)> {
        let all = std::mem::take(&mut self.unread);
        all.into_iter().map(|(key, value)| (key, self.field(key, value))).collect()
    }

    /// Done reading: a key that is left over is not known.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        match self.unread.keys().next() {
            Some(key) if self.unknown == UnknownKeys::Refuse => {
                Err(ConfigError { key: self.path_of(&excerpt(key)), problem: "unknown key".into() })
            }
            _ => Ok(()),
        }
    }

    fn field(&self, key: &str, value: &'a Value) -> Field<'a> {
        Field { path: self.path_of(&excerpt(key)), value, unknown: self.unknown }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}
