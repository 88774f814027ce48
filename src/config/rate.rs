//! Kinds of value that only the HTTP server has: a rate, a host's name, an API key.

use std::num::NonZeroU32;

use super::secret::MASK;
use super::value::Value;
use crate::access::ApiKey;

/// Requests a second, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    Off,
    PerSecond(NonZeroU32),
}

impl Value for RateLimit {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self::Off);
        }
        let rate = text.parse().ok().filter(|rate: &NonZeroU32| rate.get() <= 1_000_000);
        rate.map(Self::PerSecond).ok_or_else(|| "give a whole number from 1 to 1000000, or off".to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            Self::Off => "off".to_owned(),
            Self::PerSecond(rate) => rate.to_string(),
        })
    }
}

/// A name that may stand in a request's Host header, in lower case and without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for HostName {
    fn parse(text: &str) -> Result<Self, String> {
        let name = text.trim().to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !name.is_empty() && name.len() <= 253 && name.chars().all(allowed) {
            Ok(Self(name))
        } else {
            Err("give names such as jobs.internal, without a port".to_owned())
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// Shown without its digest.
impl Value for ApiKey {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: crate::access::KeyLineError| error.to_string())
    }

    fn show(&self) -> Option<String> {
        Some(self.masked())
    }

    fn mask(_text: &str) -> String {
        MASK.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r43_a_rate_is_a_number_or_off() {
        for (text, shown) in [("off", "off"), ("OFF", "off"), (" 1000 ", "1000")] {
            assert_eq!(RateLimit::parse(text).unwrap().show().unwrap(), shown);
        }
        for bad in ["", "0", "-1", "1.5", "none", "1000001"] {
            assert!(RateLimit::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn r45_keys_are_listed_with_commas_and_shown_without_digests() {
        let digest = "0123456789abcdef".repeat(4);
        let text = format!("ci:enqueue+read:{digest}, ops:admin:{digest}:2030-01-01T00:00:00Z");
        let keys = Vec::<ApiKey>::parse(&text).unwrap();
        assert_eq!(keys.show().unwrap(), "ci:enqueue+read:***,ops:admin:***:2030-01-01T00:00:00Z");
    }
}
