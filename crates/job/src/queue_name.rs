//! Names of queues.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A checked queue name: `[A-Za-z0-9._-]`, 1–255 characters. Cheap to clone.
///
/// The alphabet leaves out `:`, `{` and `}`, which the stores use to build their own keys, so a name can never collide
/// with one of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueueName(Arc<str>);

/// Why a text is no queue name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueNameError {
    #[error("queue name is empty: give 1 to 255 characters of A-Z a-z 0-9 . _ -")]
    Empty,
    #[error("queue name has {0} characters: at most 255 are allowed")]
    TooLong(usize),
    #[error("queue name {name:?} contains {found:?}: only A-Z a-z 0-9 . _ - are allowed")]
    Character { name: String, found: char },
}

impl QueueName {
    /// Longest name, characters.
    pub const MAX: usize = 255;

    pub fn new(name: &str) -> Result<Self, QueueNameError> {
        if name.is_empty() {
            return Err(QueueNameError::Empty);
        }
        let length = name.chars().count();
        if length > Self::MAX {
            return Err(QueueNameError::TooLong(length));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        match name.chars().find(|&c| !allowed(c)) {
            Some(found) => Err(QueueNameError::Character { name: name.to_owned(), found }),
            None => Ok(Self(name.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for QueueName {
    fn default() -> Self {
        Self("default".into())
    }
}

impl FromStr for QueueName {
    type Err = QueueNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl TryFrom<String> for QueueName {
    type Error = QueueNameError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(&name)
    }
}

impl From<QueueName> for String {
    fn from(name: QueueName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for QueueName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r20_the_alphabet_and_the_length_are_held() {
        for good in ["default", "a", "A.b_c-9", &"q".repeat(255)] {
            assert_eq!(QueueName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", "a b", "a:b", "{a}", "ä", "a/b", "a\n", "a*", &"q".repeat(256)] {
            assert!(QueueName::new(bad).is_err(), "{bad:?}");
        }
    }
}
