//! The four priorities.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How urgent a job is. JSON takes the number 1–4 or the name in any case, and writes the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Priority {
    Low = 1,
    #[default]
    Normal = 2,
    High = 3,
    Critical = 4,
}

/// A priority that is neither a name nor a number of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown priority {0}: give low, normal, high, critical or 1, 2, 3, 4")]
pub struct PriorityError(String);

impl Priority {
    /// The most urgent first: the order in which a worker looks.
    pub const DESCENDING: [Self; 4] = [Self::Critical, Self::High, Self::Normal, Self::Low];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The number of the API, 1 (low) to 4 (critical).
    pub fn as_number(self) -> u8 {
        self as u8
    }

    pub fn from_number(number: u64) -> Result<Self, PriorityError> {
        match number {
            1 => Ok(Self::Low),
            2 => Ok(Self::Normal),
            3 => Ok(Self::High),
            4 => Ok(Self::Critical),
            other => Err(PriorityError(other.to_string())),
        }
    }
}

impl FromStr for Priority {
    type Err = PriorityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::DESCENDING.into_iter().find(|p| p.as_str().eq_ignore_ascii_case(text));
        match (found, text.parse::<u64>()) {
            (Some(priority), _) => Ok(priority),
            (None, Ok(number)) => Self::from_number(number),
            (None, Err(_)) => Err(PriorityError(format!("{text:?}"))),
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Priority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PriorityVisitor)
    }
}

struct PriorityVisitor;

impl Visitor<'_> for PriorityVisitor {
    type Value = Priority;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("low, normal, high, critical or 1, 2, 3, 4")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Priority, E> {
        Priority::from_number(number).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Priority, E> {
        u64::try_from(number)
            .map_err(|_| PriorityError(number.to_string()))
            .and_then(Priority::from_number)
            .map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Priority, E> {
        // A quoted number is a string the sender did not mean.
        Priority::DESCENDING
            .into_iter()
            .find(|p| p.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| E::custom(PriorityError(format!("{name:?}"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_the_number_or_the_name_in_any_case() {
        for (json, expected) in [
            ("1", Priority::Low),
            ("2", Priority::Normal),
            ("\"HIGH\"", Priority::High),
            ("\"Critical\"", Priority::Critical),
        ] {
            assert_eq!(serde_json::from_str::<Priority>(json).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn r16_anything_else_is_refused() {
        for json in ["0", "5", "-1", "2.0", "\"urgent\"", "\"2\"", "\"\"", "null", "true", "[]", "{}"] {
            assert!(serde_json::from_str::<Priority>(json).is_err(), "{json}");
        }
    }
}
