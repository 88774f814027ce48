//! Settings of callbacks that go out over HTTPS.

use std::path::PathBuf;
use std::time::Duration;

use super::reader::settings;
use super::value::Value;

settings! {
    /// How outcomes of jobs are posted to URLs.
    pub struct CallbacksConfig in "callbacks" {
        /// Longest that one post may take, from the look-up of the name to the answer's status.
        timeout: Duration = "10", env "CALLBACKS_TIMEOUT",
            within Duration::from_millis(100)..=Duration::from_secs(300);
        /// Hosts that may be posted to, such as hooks.example.org or *.example.org; not set: every public one.
        hosts: Option<Vec<HostPattern>> = "", env "CALLBACKS_HOSTS";
        /// Whether private, loopback and link-local addresses, and any port, may be posted to.
        allow_private: bool = "false", env "CALLBACKS_ALLOW_PRIVATE";
        /// PEM file with certificate authorities to trust besides the system's.
        ca_file: Option<PathBuf> = "", env "CALLBACKS_CA_FILE";
        /// Whether the API takes jobs of the type webhook; else they only follow from on_success and on_failure.
        from_api: bool = "false", env "CALLBACKS_FROM_API";
    }
}

/// A host, or with `*.` at the start every host below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(String);

impl HostPattern {
    /// Reads it as the setting is written.
    pub fn read(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }

    /// Whether the host, in lower case, is meant.
    pub fn covers(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            // The rest begins with a point, so that `*.example.org` does not mean `badexample.org`.
            Some(below) => host.len() > below.len() && host.ends_with(below),
            None => host == self.0,
        }
    }
}

impl Value for HostPattern {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let name = text.strip_prefix("*.").unwrap_or(&text);
        let is_name =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if is_name {
            Ok(Self(text))
        } else {
            Err("give host names such as hooks.example.org or *.example.org".to_owned())
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
    fn r25_a_pattern_covers_what_is_below_it_and_nothing_beside() {
        let below = HostPattern::parse("*.Example.org").unwrap();
        assert!(below.covers("a.example.org") && below.covers("a.b.example.org"));
        assert!(!below.covers("example.org") && !below.covers("badexample.org") && !below.covers(".example.org.evil"));
        assert!(HostPattern::parse("a.example.org").unwrap().covers("a.example.org"));
        for bad in ["", "*", "*.", "https://a", "a:443", "*.*.a"] {
            assert!(HostPattern::parse(bad).is_err(), "{bad}");
        }
    }
}
