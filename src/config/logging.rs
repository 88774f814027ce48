//! Settings of the log.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::reader::settings;
use super::value::{Choice, Value};

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Choice for LogFormat {
    const CHOICES: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

settings! {
    /// What is logged, and how.
    pub struct LoggingConfig in "logging" {
        /// Least level logged: off, error, warn, info, debug or trace; per module as info,journeyman::worker=debug.
        level: Directives = "info", env "LOG_LEVEL";
        /// One line for people (text) or one JSON object (json) per event.
        format: LogFormat = "text", env "JOURNEYMAN_LOGGING_FORMAT";
    }
}

/// Directives that tracing's `EnvFilter` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directives(String);

impl Directives {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Directives {
    /// An array of the file is as good as one text with commas.
    const IS_LIST: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        // tracing allows no space after a comma, people write one.
        let text = text.split(',').map(str::trim).collect::<Vec<_>>().join(",");
        // tracing takes a misspelt level for the name of a module, and would log nothing else; no text is "error" to it.
        let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
        let is_meant = |part: &str| part.contains(['=', '[']) || is_level(part);
        if text.split(',').all(is_meant) && EnvFilter::builder().parse(&text).is_ok() {
            Ok(Self(text))
        } else {
            Err("give off, error, warn, info, debug or trace, alone or per module as info,journeyman=debug".to_owned())
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r49_a_misspelt_level_is_refused_rather_than_taken_for_a_module() {
        for good in
            ["info", "WARN", "off", "info,journeyman=debug", "warn, journeyman::worker=trace", "[job{id=1}]=debug"]
        {
            assert!(Directives::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "inof", "info,", "info,journeyman", "journeyman=dbug", "warning"] {
            assert!(Directives::parse(bad).is_err(), "{bad}");
        }
    }
}
