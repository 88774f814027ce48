//! What to run once a job has ended.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A callback: a job type or handler name, or a URL that the outcome is posted to.
///
/// In JSON a name, an https URL, or `{"task_type": "…"}`. It runs as a durable job of its own with the payload
/// `{entity, result, operation_id}` after a success and `{entity, error, operation_id}` after a failure, where `entity` is
/// the payload of the job that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "String")]
pub enum Callback {
    /// A job type or the name of a registered handler.
    Job(String),
    /// Always https.
    Url(String),
}

/// Why something is no callback.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("a callback is a job type, a handler's name or an https URL, and this one is empty")]
    Empty,
    #[error("a callback URL must begin with https://, and this one begins with {0}")]
    Scheme(String),
    #[error("a callback of {0} characters: at most {max} are allowed", max = Callback::MAX_CHARS)]
    TooLong(usize),
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    Text(String),
    TaskType { task_type: String },
}

impl Callback {
    /// Longest name or URL, characters.
    pub const MAX_CHARS: usize = 2048;

    /// Reads a name or an https URL.
    pub fn parse(text: &str) -> Result<Self, CallbackError> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            _ if text.is_empty() => Err(CallbackError::Empty),
            _ if text.chars().count() > Self::MAX_CHARS => Err(CallbackError::TooLong(text.chars().count())),
            None => Ok(Self::Job(text.to_owned())),
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => Ok(Self::Url(text.to_owned())),
            Some(scheme) => Err(CallbackError::Scheme(format!("{}://", scheme.chars().take(20).collect::<String>()))),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Job(text) | Self::Url(text) => text,
        }
    }
}

impl TryFrom<Written> for Callback {
    type Error = CallbackError;

    fn try_from(written: Written) -> Result<Self, CallbackError> {
        match written {
            Written::Text(text) => Self::parse(&text),
            Written::TaskType { task_type } if task_type.is_empty() => Err(CallbackError::Empty),
            Written::TaskType { task_type } => Ok(Self::Job(task_type)),
        }
    }
}

impl From<Callback> for String {
    fn from(callback: Callback) -> Self {
        match callback {
            Callback::Job(text) | Callback::Url(text) => text,
        }
    }
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Callback, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn r25_a_callback_is_a_name_an_https_url_or_a_task_type() {
        assert_eq!(read(r#""record_callback""#), Ok(Callback::Job("record_callback".into())));
        assert_eq!(read(r#"{"task_type":"record_callback"}"#), Ok(Callback::Job("record_callback".into())));
        assert_eq!(read(r#""https://example.org/done?x=1""#), Ok(Callback::Url("https://example.org/done?x=1".into())));
    }

    #[test]
    fn r25_a_url_that_is_not_https_is_refused_by_its_scheme() {
        for (text, scheme) in [("http://example.org", "http://"), ("file:///etc/passwd", "file://")] {
            let error = Callback::parse(text).unwrap_err().to_string();
            assert!(error.ends_with(&format!("begins with {scheme}")), "{error}");
        }
        assert!(read("\"\"").is_err() && read("7").is_err());
        assert!(matches!(Callback::parse(&"x".repeat(3000)), Err(CallbackError::TooLong(3000))));
    }

    #[test]
    fn the_stored_form_is_the_text() {
        let text = serde_json::to_string(&Callback::Url("https://example.org".into())).unwrap();
        assert_eq!(text, r#""https://example.org""#);
    }
}
