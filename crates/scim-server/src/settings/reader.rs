//! Where a setting comes from, and what is wrong with it.

use std::fmt;
use std::path::Path;

use toml::{Table, Value};

use super::{Effective, Environment, Flags, Key, NOT_BUILT_IN, keys};

/// Something wrong with the settings: one line that names the setting, what it held and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads settings one after the other and gathers what is wrong.
pub(super) struct Reader<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    file: Table,
    faults: Vec<Fault>,
    effective: Vec<Effective>,
}

/// A value as it was given.
struct Given {
    name: String,
    value: String,
    source: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(flags: &'a Flags, environment: &'a Environment) -> Self {
        let mut faults = Vec::new();
        let file = match flags.config.as_deref().map(read_file).transpose() {
            Ok(file) => file.unwrap_or_default(),
            Err(fault) => {
                faults.push(fault);
                Table::new()
            }
        };
        let mut reader = Self { flags, environment, file, faults, effective: Vec::new() };
        reader.refuse_unknown();
        reader
    }

    /// The setting, or its default.
    pub(super) fn or_default<T: ToString>(
        &mut self,
        key: &Key,
        takes: &str,
        parse: impl Fn(&str) -> Option<T>,
        default: T,
    ) -> T {
        self.or_default_shown(key, takes, parse, default, T::to_string)
    }

    /// The setting, or its default, for a type that has its own way to be shown.
    pub(super) fn or_default_shown<T>(
        &mut self,
        key: &Key,
        takes: &str,
        parse: impl Fn(&str) -> Option<T>,
        default: T,
        show: impl Fn(&T) -> String,
    ) -> T {
        let fallback = show(&default);
        self.optional(key, takes, parse, show, &fallback).unwrap_or(default)
    }

    /// The setting, where it is given. `absent` says what holds where it is not.
    pub(super) fn optional<T>(
        &mut self,
        key: &Key,
        takes: &str,
        parse: impl Fn(&str) -> Option<T>,
        show: impl Fn(&T) -> String,
        absent: &str,
    ) -> Option<T> {
        let Some(given) = self.given(key) else {
            let value = absent.to_owned();
            self.effective.push(Effective { key: key.key, value, source: "the default".to_owned() });
            return None;
        };
        let Given { name, value, source } = given;
        let parsed = parse(&value);
        match &parsed {
            Some(parsed) => {
                let source = format!("from {source}, {name}");
                self.effective.push(Effective { key: key.key, value: show(parsed), source });
            }
            None => {
                let value = if key.is_secret { "***" } else { &value };
                self.faults.push(Fault(format!("{name}: got '{value}' from {source}; expected {takes}")));
            }
        }
        parsed
    }

    /// Whether the setting is given, whatever its value.
    pub(super) fn is_given(&self, key: &Key) -> bool {
        self.given(key).is_some()
    }

    /// Something wrong that no setting shows by itself.
    pub(super) fn fault(&mut self, told: String) {
        self.faults.push(Fault(told));
    }

    /// What was read, or every fault.
    pub(super) fn finish(self) -> Result<Vec<Effective>, Vec<Fault>> {
        if self.faults.is_empty() { Ok(self.effective) } else { Err(self.faults) }
    }

    fn given(&self, key: &Key) -> Option<Given> {
        if let Some(value) = self.flags.get(key.key) {
            let name = format!("--{}", key.key.replace('_', "-"));
            return Some(Given { name, value: value.to_owned(), source: "the command line".to_owned() });
        }
        for name in std::iter::once(key.name).chain(key.alias) {
            if let Some(value) = self.environment.get(name) {
                let source = "the environment".to_owned();
                return Some(Given { name: name.to_owned(), value: value.to_owned(), source });
            }
        }
        let value = match self.file.get(key.key)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(Given { name: key.key.to_owned(), value, source: self.file_name() })
    }

    /// What cannot be set is refused, wherever it is set.
    fn refuse_unknown(&mut self) {
        for name in NOT_BUILT_IN {
            if self.environment.get(name).is_some() {
                self.faults.push(not_built_in(name, "the environment"));
            }
        }
        let file_name = self.file_name();
        for key in self.file.keys() {
            if keys::ALL.iter().any(|known| known.key == key) {
                continue;
            }
            let is_later = NOT_BUILT_IN.iter().any(|name| name.to_lowercase() == *key);
            self.faults.push(if is_later {
                not_built_in(key, &file_name)
            } else {
                Fault(format!("{key}: unknown key in {file_name}"))
            });
        }
    }

    fn file_name(&self) -> String {
        self.flags.config.as_deref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}

fn not_built_in(name: &str, source: &str) -> Fault {
    Fault(format!("{name}: set in {source}; what it configures is not built in"))
}

fn read_file(path: &Path) -> Result<Table, Fault> {
    let file = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Fault(format!("--config: cannot read {file}: {error}")))?;
    text.parse::<Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        let message = error.message().replace('\n', ", ");
        Fault(format!("--config: {file}, line {line}: {message}"))
    })
}
