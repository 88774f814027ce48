//! The layers a setting is looked for in, and where its value was found.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::ConfigError;
use super::sources::{Sources, line_at};

/// Where a value came from. Written as one text, `environment WORKER_COUNT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    /// A variable of `.env`.
    DotEnv(&'static str),
    /// A variable of the process.
    Environment(&'static str),
    Flag(String),
}

impl Origin {
    /// As a sentence puts it.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Default => "the default".to_owned(),
            given => format!("from {given}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::DotEnv(name) => write!(f, ".env {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value as it was written. No `Debug`: it may be a secret.
pub(super) struct Raw {
    pub text: String,
    /// Whether it was an array of the file; its elements are joined by commas.
    pub is_list: bool,
    pub origin: Origin,
}

/// All layers above the defaults. No `Debug`: any value may be a secret.
pub(super) struct Layers<'a> {
    path: &'a Path,
    file: BTreeMap<String, FileValue>,
    dotenv: HashMap<&'a str, &'a str>,
    environment: HashMap<&'a str, &'a str>,
    flags: HashMap<&'a str, (&'a str, &'a str)>,
}

struct FileValue {
    text: String,
    is_list: bool,
}

impl<'a> Layers<'a> {
    /// The layers, and what was wrong with the file.
    pub fn new(sources: &'a Sources) -> (Self, Vec<ConfigError>) {
        let mut layers = Self {
            path: sources.file.as_deref().unwrap_or(Path::new("")),
            file: BTreeMap::new(),
            dotenv: variables(&sources.dotenv),
            environment: variables(&sources.environment),
            flags: sources.flags.iter().map(|(key, flag, value)| (&**key, (&**flag, &**value))).collect(),
        };
        let mut errors = Vec::new();
        if let Some(path) = &sources.file {
            match read_file(path) {
                Ok(table) => layers.flatten("", &table, &mut errors),
                Err(error) => errors.push(error),
            }
        }
        (layers, errors)
    }

    /// The value of the highest layer that has one.
    pub fn find(&self, key: &str, env: &'static str) -> Option<Raw> {
        let plain = |text: &str, origin| Some(Raw { text: text.to_owned(), is_list: false, origin });
        if let Some((flag, text)) = self.flags.get(key) {
            return plain(text, Origin::Flag((*flag).to_owned()));
        }
        if let Some(text) = self.environment.get(env) {
            return plain(text, Origin::Environment(env));
        }
        if let Some(text) = self.dotenv.get(env) {
            return plain(text, Origin::DotEnv(env));
        }
        let FileValue { text, is_list } = self.file.get(key)?;
        Some(Raw { text: text.clone(), is_list: *is_list, origin: Origin::File(self.path.to_owned()) })
    }

    /// An error for each key of the file and of the flags that is not in `known`.
    pub fn unknown(&self, known: &[(&'static str, &'static str)]) -> Vec<ConfigError> {
        let is_unknown = |key: &str| known.iter().all(|(name, _)| *name != key);
        let in_file = self.file.keys().filter(|key| is_unknown(key)).map(|key| ConfigError::UnknownKey {
            key: key.clone(),
            path: self.path.to_owned(),
            suggestion: closest(key, known),
        });
        let in_flags =
            self.flags.iter().filter(|(key, _)| is_unknown(key)).map(|(key, (flag, _))| ConfigError::UnknownFlag {
                key: (*key).to_owned(),
                flag: (*flag).to_owned(),
                suggestion: closest(key, known),
            });
        in_file.chain(in_flags).collect()
    }

    /// Brings `[worker] count = 5` into the form `worker.count`.
    fn flatten(&mut self, prefix: &str, table: &toml::Table, errors: &mut Vec<ConfigError>) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if let toml::Value::Table(inner) = value {
                self.flatten(&key, inner, errors);
            } else if let Some(value) = text_of(value) {
                self.file.insert(key, value);
            } else {
                errors.push(ConfigError::UnusableType { key, path: self.path.to_owned() });
            }
        }
    }
}

/// By name; an empty value is none, since `.env` files keep lines such as `REDIS_PASSWORD=`.
fn variables(pairs: &[(String, String)]) -> HashMap<&str, &str> {
    let given = pairs.iter().filter(|(_, value)| !value.trim().is_empty());
    // Backwards, so that the first of a repeated name stays.
    given.rev().map(|(name, value)| (&**name, &**value)).collect()
}

fn read_file(path: &Path) -> Result<toml::Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })?;
    text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
        path: path.to_owned(),
        line: line_at(&text, error.span().map_or(0, |span| span.start)),
        // Not its `Display`, which quotes the line.
        reason: error.message().to_owned(),
    })
}

fn text_of(value: &toml::Value) -> Option<FileValue> {
    let single = |text: String| Some(FileValue { text, is_list: false });
    match value {
        toml::Value::String(text) => single(text.clone()),
        toml::Value::Integer(number) => single(number.to_string()),
        // `{:?}` keeps the point of 5.0, so that a whole number stays one.
        toml::Value::Float(number) => single(format!("{number:?}")),
        toml::Value::Boolean(truth) => single(truth.to_string()),
        toml::Value::Array(items) => {
            let items = items.iter().map(|item| text_of(item).filter(|item| !item.is_list).map(|item| item.text));
            let text = items.collect::<Option<Vec<_>>>()?.join(",");
            Some(FileValue { text, is_list: true })
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// The known key that `key` was probably meant to be: by its own name, by its name without the section, and by its
/// variable, because the documents write `worker_count`.
fn closest(key: &str, known: &[(&'static str, &'static str)]) -> Option<&'static str> {
    let likeness = |&(name, env): &(&'static str, &'static str)| {
        let short = name.rsplit('.').next().unwrap_or(name);
        let variable = env.to_ascii_lowercase();
        let best = [name, short, &variable].map(|known| strsim::normalized_damerau_levenshtein(key, known));
        (best.into_iter().fold(0.0, f64::max), name)
    };
    let (score, name) = known.iter().map(likeness).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score >= 0.7).then_some(name)
}
