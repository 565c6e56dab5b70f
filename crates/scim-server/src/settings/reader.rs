//! Where a setting comes from, and what is wrong with it.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::{Table, Value};

use super::keys::{self, FILE_SUFFIX, Key};
use super::{Effective, Environment, Flags};

/// The most bytes of a file that holds a secret.
const MAX_SECRET_FILE: u64 = 64 * 1024;

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

/// Where settings are given; the first that has one counts.
#[derive(Clone, Copy)]
enum Place {
    CommandLine,
    Environment,
    File,
}

/// A setting where it is given: as it is, by a file that holds it, or, by mistake, both.
enum Found {
    Value(Given),
    InFile(Given),
    Both(Given, Given),
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
        let given = match self.find(key).map(Found::resolve).transpose() {
            Ok(given) => given,
            Err(fault) => {
                self.faults.push(fault);
                return None;
            }
        };
        let Some(Given { name, value, source }) = given else {
            let value = absent.to_owned();
            self.effective.push(Effective { key: key.key, value, source: "the default".to_owned() });
            return None;
        };
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
        self.find(key).is_some()
    }

    /// Something wrong that no setting shows by itself.
    pub(super) fn fault(&mut self, told: String) {
        self.faults.push(Fault(told));
    }

    /// What was read, or every fault.
    pub(super) fn finish(self) -> Result<Vec<Effective>, Vec<Fault>> {
        if self.faults.is_empty() { Ok(self.effective) } else { Err(self.faults) }
    }

    /// The setting where it is given. A secret may be in a file instead, which `{NAME}_FILE` names.
    fn find(&self, key: &Key) -> Option<Found> {
        [Place::CommandLine, Place::Environment, Place::File].into_iter().find_map(|place| {
            let in_file = if key.is_secret { self.given(place, key, FILE_SUFFIX) } else { None };
            match (self.given(place, key, ""), in_file) {
                (None, None) => None,
                (Some(value), None) => Some(Found::Value(value)),
                (None, Some(path)) => Some(Found::InFile(path)),
                (Some(value), Some(path)) => Some(Found::Both(value, path)),
            }
        })
    }

    /// What is given in one place for the setting, or for its namesake with a suffix.
    fn given(&self, place: Place, key: &Key, suffix: &str) -> Option<Given> {
        let spelled = [key.key, suffix].concat();
        match place {
            Place::CommandLine => {
                let value = self.flags.get(&spelled)?.to_owned();
                let name = format!("--{}", spelled.replace('_', "-"));
                Some(Given { name, value, source: "the command line".to_owned() })
            }
            Place::Environment => std::iter::once(key.name).chain(key.alias).find_map(|name| {
                let name = [name, &suffix.to_uppercase()].concat();
                let value = self.environment.get(&name)?.to_owned();
                Some(Given { name, value, source: "the environment".to_owned() })
            }),
            Place::File => {
                let value = match self.file.get(&spelled)? {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                Some(Given { name: spelled, value, source: self.file_name() })
            }
        }
    }

    /// What cannot be set is refused, wherever it is set.
    fn refuse_unknown(&mut self) {
        for name in keys::all_not_built_in() {
            if self.environment.get(&name).is_some() {
                self.faults.push(not_built_in(&name, "the environment"));
            }
        }
        let file_name = self.file_name();
        for key in self.file.keys() {
            if keys::ALL.iter().any(|known| known.is_spelled(key)) {
                continue;
            }
            let is_later = keys::all_not_built_in().any(|name| name.to_lowercase() == *key);
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

impl Found {
    /// The value, without the end of the line where a file holds it.
    fn resolve(self) -> Result<Given, Fault> {
        let Given { name, value: path, source } = match self {
            Self::Value(given) => return Ok(given),
            Self::InFile(given) => given,
            Self::Both(value, file) => {
                let (name, source) = (value.name, value.source);
                let told = format!("{name}: set in {source}, and so is {}; expected one of them", file.name);
                return Err(Fault(told));
            }
        };
        let mut value = String::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_SECRET_FILE).read_to_string(&mut value));
        if let Err(error) = read {
            return Err(Fault(format!("{name}: cannot read '{path}', which {source} names: {error}")));
        }
        if value.ends_with('\n') {
            value.pop();
            if value.ends_with('\r') {
                value.pop();
            }
        }
        Ok(Given { name, value, source: path })
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
