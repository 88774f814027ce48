//! What can be wrong with settings.

use std::fmt;
use std::path::PathBuf;

use super::layers::Origin;

/// One thing that is wrong, as one sentence. Secrets in it are masked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error("cannot read {}: {reason}", .path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    /// Never quotes the line: it may hold a password.
    #[error("{} is malformed in line {line}: {reason}", .path.display())]
    Syntax { path: PathBuf, line: usize, reason: String },
    #[error("unknown key {key} in {}{}", .path.display(), did_you_mean(*.suggestion))]
    UnknownKey { key: String, path: PathBuf, suggestion: Option<&'static str> },
    #[error("{key} in {} has no usable type: give a text, a number, true or false, or an array of them", .path.display())]
    UnusableType { key: String, path: PathBuf },
    #[error("{flag} sets {key}, which is no setting{}", did_you_mean(*.suggestion))]
    UnknownFlag { key: String, flag: String, suggestion: Option<&'static str> },
    #[error("{key} is {value:?} ({}): {rule}", origin.in_words())]
    Invalid { key: &'static str, value: String, origin: Origin, rule: String },
    /// Each is fine by itself, but not together.
    #[error("{}: {rule}", given.join(" and "))]
    Conflict { given: Vec<String>, rule: String },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |key| format!(": did you mean {key}?"))
}

/// Everything that is wrong, one sentence a line.
#[derive(Debug)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    pub(super) fn new(errors: Vec<ConfigError>) -> Self {
        Self(errors)
    }

    /// Whether all of it was said by flags: then the command was not understood, whatever is configured.
    pub fn are_of_flags(&self) -> bool {
        let is_of_flag = |error: &ConfigError| {
            matches!(error, ConfigError::UnknownFlag { .. } | ConfigError::Invalid { origin: Origin::Flag(_), .. })
        };
        !self.0.is_empty() && self.0.iter().all(is_of_flag)
    }

    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
