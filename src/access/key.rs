//! One API key as it is kept: its name, what it is good for, and a digest. The key itself is never kept.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::Scopes;
use crate::clock::Timestamp;

/// What every key begins with, so that scanners for leaked secrets can find it.
const PREFIX: &str = "jmk_";
/// Longest name, characters: it is a label of the log.
const MAX_NAME: usize = 64;

/// A key as it is configured: `name:scopes:sha256[:expires]`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    name: String,
    scopes: Scopes,
    digest: [u8; 32],
    /// From then on it is refused.
    expires: Option<Timestamp>,
}

/// Why a line is no key. Never quotes the line, which may hold the key itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyLineError {
    #[error("give name:scopes:sha256, as `journeyman key new` prints it")]
    Shape,
    #[error("a name has 1 to 64 of A-Z a-z 0-9 . _ -")]
    Name,
    #[error("key {name}: {reason}")]
    Scopes { name: String, reason: String },
    #[error("key {name}: its third part is the key itself; keep that secret and give its SHA-256 here")]
    Naked { name: String },
    #[error("key {name}: the third part is the SHA-256 of the key, 64 digits 0-9 a-f")]
    Digest { name: String },
    #[error("key {name}: the fourth part is when it expires, a time such as 2030-01-01T00:00:00Z")]
    Expires { name: String },
}

impl ApiKey {
    /// The text of a fresh key, made of `random`, and what to keep of it.
    pub fn generate(
        name: &str,
        scopes: Scopes,
        expires: Option<Timestamp>,
        random: [u8; 32],
    ) -> Result<(String, Self), KeyLineError> {
        let text = format!("{PREFIX}{}", hex(&random));
        let name = checked_name(name)?;
        let digest = digest(&text);
        Ok((text, Self { name, scopes, digest, expires }))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Compares in a time that does not depend on where the digests differ.
    pub(super) fn matches(&self, presented: &[u8; 32]) -> Choice {
        self.digest.as_slice().ct_eq(presented)
    }

    /// The line to configure.
    pub fn line(&self) -> String {
        let expires = self.expires.map_or_else(String::new, |time| format!(":{}", seconds(time)));
        format!("{}:{}:{}{expires}", self.name, self.scopes, hex(&self.digest))
    }

    /// The line without the digest, for people.
    pub fn masked(&self) -> String {
        let expires = self.expires.map_or_else(String::new, |time| format!(":{}", seconds(time)));
        format!("{}:{}:***{expires}", self.name, self.scopes)
    }
}

/// What is kept of a key, and what a presented one is compared by.
pub(super) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.masked())
    }
}

impl FromStr for ApiKey {
    type Err = KeyLineError;

    fn from_str(line: &str) -> Result<Self, KeyLineError> {
        // The time has colons of its own.
        let mut parts = line.trim().splitn(4, ':');
        let (Some(name), Some(scopes), Some(hash)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyLineError::Shape);
        };
        let name = checked_name(name)?;
        let scopes =
            scopes.parse().map_err(|error| KeyLineError::Scopes { name: name.clone(), reason: format!("{error}") })?;
        if hash.starts_with(PREFIX) {
            return Err(KeyLineError::Naked { name });
        }
        let Some(digest) = bytes(hash) else { return Err(KeyLineError::Digest { name }) };
        let expires = match parts.next().map(DateTime::parse_from_rfc3339) {
            None => None,
            Some(Ok(time)) => Some(Timestamp::from_datetime(time.to_utc())),
            Some(Err(_)) => return Err(KeyLineError::Expires { name }),
        };
        Ok(Self { name, scopes, digest, expires })
    }
}

pub(crate) fn checked_name(name: &str) -> Result<String, KeyLineError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_good = (1..=MAX_NAME).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with(PREFIX);
    if is_good { Ok(name.to_owned()) } else { Err(KeyLineError::Name) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = is_hex.then(|| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()).flatten()?;
    }
    Some(bytes)
}

fn seconds(time: Timestamp) -> String {
    DateTime::<Utc>::from_timestamp_micros(time.as_micros())
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scope;

    const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn r45_a_fresh_key_is_long_and_only_its_digest_is_kept() {
        let scopes = Scopes::new(&[Scope::Enqueue, Scope::Read]).unwrap();
        let (text, key) = ApiKey::generate("ci", scopes, None, [7; 32]).unwrap();
        assert_eq!(text.len(), 4 + 64);
        let line = key.line();
        assert!(line.starts_with("ci:enqueue+read:"), "{line}");
        assert!(!line.contains(&text[4..]) && !format!("{key:?}").contains(&line[16..]), "{line} {key:?}");
        assert_eq!(line.parse::<ApiKey>().unwrap(), key);
    }

    #[test]
    fn r45_a_line_reads_back_with_its_expiry() {
        let line = format!("deploy.bot-1:admin:{DIGEST}:2030-01-01T00:00:00Z");
        let key: ApiKey = line.parse().unwrap();
        assert_eq!((key.name(), key.line()), ("deploy.bot-1", line));
        assert_eq!(key.masked(), "deploy.bot-1:admin:***:2030-01-01T00:00:00Z");
        assert_eq!(key.expires().unwrap().to_rfc3339(), "2030-01-01T00:00:00.000000Z");
    }

    #[test]
    fn r45_a_line_that_is_no_key_is_told_why_and_never_quoted() {
        let naked = format!("ci:read:jmk_{DIGEST}");
        for (line, words) in [
            ("", "name:scopes:sha256"),
            ("ci:read", "name:scopes:sha256"),
            (&format!("c i:read:{DIGEST}"), "a name has"),
            (&format!("ci:write:{DIGEST}"), "key ci: \"write\" is no scope"),
            (&format!("ci:read:{}", DIGEST.to_uppercase()), "64 digits"),
            ("ci:read:secret", "64 digits"),
            (&naked, "the key itself"),
            (&format!("jmk_{DIGEST}:read:x"), "a name has"),
            (&format!("ci:read:{DIGEST}:soon"), "expires"),
        ] {
            let error = line.parse::<ApiKey>().unwrap_err().to_string();
            assert!(error.contains(words), "{line}: {error}");
            assert!(!error.contains(DIGEST) && !error.contains("secret:"), "{error}");
        }
    }
}
