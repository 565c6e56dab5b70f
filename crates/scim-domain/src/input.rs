//! Reading what operators send as JSON: each value by its key, of its type and in its range, and
//! nothing left over.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::json;
use crate::validation::excerpt;

/// A value that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// Which one, by its dotted path (`bulk.maxOperations`); empty for all of it.
    pub key: String,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.trim_end_matches(':') {
            "" => f.write_str(&self.problem),
            key => write!(f, "{key}: {}", self.problem),
        }
    }
}

impl std::error::Error for InputError {}

/// What becomes of keys that nothing reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownKeys {
    /// They are errors: a client sent them.
    Refuse,
    /// They are passed over: another version of this server stored them.
    Ignore,
}

/// A value at a path.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    path: String,
    value: &'a Value,
    unknown: UnknownKeys,
}

/// An object at a path, with the keys that are not yet read. A key whose value is `null` is as good as
/// none.
pub(crate) struct Section<'a> {
    path: String,
    unread: BTreeMap<&'a str, &'a Value>,
    unknown: UnknownKeys,
}

impl<'a> Field<'a> {
    pub(crate) fn root(value: &'a Value, unknown: UnknownKeys) -> Self {
        Self { path: String::new(), value, unknown }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// The error that says what is wrong.
    pub(crate) fn refuse(&self, problem: impl Into<String>) -> InputError {
        InputError { key: self.path.clone(), problem: problem.into() }
    }

    /// The error that says what was expected, and what there is.
    pub(crate) fn expected(&self, expected: impl fmt::Display) -> InputError {
        let got = match self.value {
            Value::String(text) => format!("{:?}", excerpt(text)),
            Value::Bool(_) | Value::Number(_) => self.value.to_string(),
            other => json::kind(other).to_owned(),
        };
        self.refuse(format!("expected {expected}, got {got}"))
    }

    pub(crate) fn boolean(&self) -> Result<bool, InputError> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    pub(crate) fn number<N>(&self, range: &RangeInclusive<N>) -> Result<N, InputError>
    where
        N: TryFrom<u64> + PartialOrd + fmt::Display,
    {
        let number = self.value.as_u64().and_then(|number| N::try_from(number).ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            self.expected(format_args!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// Text that is not empty, not longer than `longest` bytes, and without control characters.
    pub(crate) fn text(&self, longest: usize) -> Result<&'a str, InputError> {
        let fits = |text: &&str| {
            !text.is_empty() && text.len() <= longest && !text.contains(|c: char| c.is_control())
        };
        self.value
            .as_str()
            .filter(fits)
            .ok_or_else(|| self.expected(format_args!("text of 1 to {longest} bytes on one line")))
    }

    /// Text for people: any, of at most `longest` bytes.
    pub(crate) fn prose(&self, longest: usize) -> Result<&'a str, InputError> {
        // U+0000 is the one character that no text in PostgreSQL can hold.
        let fits = |text: &&str| text.len() <= longest && !text.contains('\0');
        self.value
            .as_str()
            .filter(fits)
            .ok_or_else(|| self.expected(format_args!("text of at most {longest} bytes")))
    }

    /// One of these words.
    pub(crate) fn keyword<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, InputError> {
        let text = self.value.as_str();
        words.iter().find(|(word, _)| Some(*word) == text).map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.expected(format_args!("one of '{}'", words.join("', '")))
        })
    }

    pub(crate) fn section(&self) -> Result<Section<'a>, InputError> {
        let object = self.value.as_object().ok_or_else(|| self.expected("an object"))?;
        let unread = object.iter().filter(|(_, value)| !value.is_null());
        Ok(Section {
            path: self.path.clone(),
            unread: unread.map(|(key, value)| (key.as_str(), value)).collect(),
            unknown: self.unknown,
        })
    }

    /// The elements of an array, of which there are `count`.
    pub(crate) fn items(&self, count: &RangeInclusive<usize>) -> Result<Vec<Field<'a>>, InputError> {
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
    /// The same object, named otherwise in errors. After a path that ends in a colon, a key does not
    /// look like a part of it.
    pub(crate) fn at(self, path: String) -> Self {
        Self { path, ..self }
    }

    /// The error that says what is wrong with the value at `key`.
    pub(crate) fn refuse(&self, key: &str, problem: impl Into<String>) -> InputError {
        InputError { key: self.path_of(key), problem: problem.into() }
    }

    /// The field with this key, where the object has it.
    pub(crate) fn take(&mut self, key: &str) -> Option<Field<'a>> {
        let value = self.unread.remove(key)?;
        Some(self.field(key, value))
    }

    /// What `read` makes of the field with this key, or else `default`.
    pub(crate) fn take_or<T>(
        &mut self,
        key: &str,
        default: T,
        read: impl FnOnce(&Field<'a>) -> Result<T, InputError>,
    ) -> Result<T, InputError> {
        self.take(key).map_or(Ok(default), |field| read(&field))
    }

    /// What `read` makes of the field with this key, where the object has it.
    pub(crate) fn take_some<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Field<'a>) -> Result<T, InputError>,
    ) -> Result<Option<T>, InputError> {
        self.take(key).map(|field| read(&field)).transpose()
    }

    /// What `read` makes of the field with this key, which has to be there.
    pub(crate) fn take_required<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Field<'a>) -> Result<T, InputError>,
    ) -> Result<T, InputError> {
        match self.take(key) {
            Some(field) => read(&field),
            None => Err(self.refuse(key, "required")),
        }
    }

    /// Every field that is not yet read, by its key.
    pub(crate) fn take_all(&mut self) -> Vec<(&'a str, Field<'a>)> {
        let all = std::mem::take(&mut self.unread);
        all.into_iter().map(|(key, value)| (key, self.field(key, value))).collect()
    }

    /// Done reading: a key that is left over is not known.
    pub(crate) fn finish(self) -> Result<(), InputError> {
        match self.unread.keys().next() {
            Some(key) if self.unknown == UnknownKeys::Refuse => {
                Err(self.refuse(&excerpt(key), "unknown key"))
            }
            _ => Ok(()),
        }
    }

    fn field(&self, key: &str, value: &'a Value) -> Field<'a> {
        Field { path: self.path_of(&excerpt(key)), value, unknown: self.unknown }
    }

    fn path_of(&self, key: &str) -> String {
        match self.path.chars().last() {
            None => key.to_owned(),
            Some(':') => format!("{} {key}", self.path),
            Some(_) => format!("{}.{key}", self.path),
        }
    }
}
