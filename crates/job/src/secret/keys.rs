//! The keys that secrets are sealed with, and the text that comes of it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What every sealed text begins with. Version, key id, nonce and ciphertext follow: `…:1:<id>:<base64>`.
const PREFIX: &str = "journeyman:secret:";
/// The same as a JSON string begins with it.
pub(super) const QUOTED_PREFIX: &str = "\"journeyman:secret:";
const VERSION: &str = "1";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const MAX_ID: usize = 32;

/// Keys by their ids: the first one seals, every one opens. So a new key is put first, and an old one stays behind it until
/// nothing that it sealed is left.
///
/// ```
/// use journeyman_job::secret::{KeyRing, generate_key};
///
/// let old = generate_key()?; // "k1f03a2b9:…", an entry of JOURNEYMAN_KEYS
/// let new = generate_key()?;
/// let before = KeyRing::parse(&old)?;
/// let rotated = KeyRing::parse(&format!("{new},{old}"))?;
/// let sealed = before.seal("charge_card", b"4111")?;
/// assert_eq!(rotated.open("charge_card", &sealed)?.as_slice(), b"4111");
/// assert!(rotated.open("another_type", &sealed).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRing(Vec<NamedKey>);

#[derive(Clone, PartialEq, Eq)]
struct NamedKey {
    id: String,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

/// Why a text is no ring of keys. It never quotes what might be a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    #[error("give at least one key, as id:key with the key's 32 bytes in base64")]
    Empty,
    #[error("key {place} has no id: write it as id:key")]
    NoId { place: usize },
    #[error("the id of key {place} is not 1 to {MAX_ID} characters of A-Z a-z 0-9 . _ -")]
    BadId { place: usize },
    #[error("two keys are called {id:?}: give each an id of its own")]
    Repeated { id: String },
    #[error("key {id:?} is not base64")]
    NotBase64 { id: String },
    #[error("key {id:?} is {bytes} bytes long: give {KEY_BYTES}")]
    Length { id: String, bytes: usize },
    #[error("key {id:?} is all zeros, which anybody could guess: make one with `journeyman key secret`")]
    Blank { id: String },
}

/// Why nothing could be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(String),
    #[error("a secret is too large to be sealed")]
    TooLarge,
    #[error("there is no key to seal a secret with")]
    NoKey,
}

/// Why a sealed text could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsealed {
    /// Another process may have the key.
    #[error(
        "it is sealed with key {id:?}, which is not among this process's keys: add it to security.keys (JOURNEYMAN_KEYS)"
    )]
    NoSuchKey { id: String },
    #[error("it is sealed in form {0:?}, which this build does not know")]
    Version(String),
    #[error("the sealed text is damaged, or was sealed for another type of job or with another key of the same id")]
    Damaged,
}

/// A fresh key under a fresh id, as an entry of `security.keys`.
pub fn generate_key() -> Result<String, SealError> {
    let no_randomness = |error: &dyn fmt::Display| SealError::NoRandomness(error.to_string());
    let key = Key::try_generate().map_err(|error| no_randomness(&error))?;
    let id = u32::try_generate().map_err(|error| no_randomness(&error))?;
    Ok(format!("k{id:08x}:{}", STANDARD.encode(key)))
}

impl KeyRing {
    /// Reads `id:key,id:key,…`, each key 32 bytes in base64.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<NamedKey> = Vec::new();
        for (index, entry) in text.split(',').map(str::trim).enumerate() {
            if entry.is_empty() && text.trim().is_empty() {
                return Err(KeyRingError::Empty);
            }
            let key = NamedKey::parse(entry, index + 1)?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(KeyRingError::Repeated { id: key.id });
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }

    /// Ids of the keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// Whether a text claims to be sealed.
    pub fn is_sealed(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Seals `plain` with the first key, for `purpose`: only [`open`](Self::open) with the same one gives it back.
    ///
    /// The same text comes of the same value, purpose and key. Whoever reads the store can tell that two values are the
    /// same, and nothing else of them; a purpose that occurs once keeps that from them too.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<String, SealError> {
        self.seal_on("", purpose, plain)
    }

    /// Seals it so that nobody can tell which values are the same: each time it is another text.
    pub fn seal_afresh(&self, purpose: &str, plain: &[u8]) -> Result<String, SealError> {
        let nonce = XNonce::try_generate().map_err(|error| SealError::NoRandomness(error.to_string()))?;
        self.seal_with(&nonce, purpose, plain)
    }

    /// Seals what the same value on the same `occasion` always turns into the same text, and into another one on any other.
    pub(super) fn seal_on(&self, occasion: &str, purpose: &str, plain: &[u8]) -> Result<String, SealError> {
        let NamedKey { key, .. } = self.first()?;
        // It follows from all that is sealed, by a key of its own: no nonce serves two different texts.
        let own_key = authenticated(key.as_slice(), &[b"journeyman nonce"]);
        let hash = authenticated(own_key.as_slice(), &[occasion.as_bytes(), purpose.as_bytes(), plain]);
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&hash[..NONCE_BYTES]);
        self.seal_with(&XNonce::from(nonce), purpose, plain)
    }

    fn seal_with(&self, nonce: &XNonce, purpose: &str, plain: &[u8]) -> Result<String, SealError> {
        let NamedKey { id, key } = self.first()?;
        let aad = bound_to(id, purpose);
        let payload = Payload { msg: plain, aad: aad.as_bytes() };
        let ciphertext = cipher(key).encrypt(nonce, payload).map_err(|_| SealError::TooLarge)?;
        let mut bytes = nonce.to_vec();
        bytes.extend(ciphertext);
        Ok(format!("{PREFIX}{VERSION}:{id}:{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    fn first(&self) -> Result<&NamedKey, SealError> {
        // `parse` makes no ring without a key.
        self.0.first().ok_or(SealError::NoKey)
    }

    /// Opens what [`seal`](Self::seal) made for the same `purpose`, whichever of the keys it was sealed with.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Unsealed> {
        let (version, id, text) = parts(sealed).ok_or(Unsealed::Damaged)?;
        if version != VERSION {
            return Err(Unsealed::Version(version.to_owned()));
        }
        let no_such_key = || Unsealed::NoSuchKey { id: id.to_owned() };
        let NamedKey { key, .. } = self.0.iter().find(|key| key.id == id).ok_or_else(no_such_key)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unsealed::Damaged)?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or(Unsealed::Damaged)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| Unsealed::Damaged)?;
        let aad = bound_to(id, purpose);
        let payload = Payload { msg: ciphertext, aad: aad.as_bytes() };
        cipher(key).decrypt(&nonce, payload).map(Zeroizing::new).map_err(|_| Unsealed::Damaged)
    }
}

impl Unsealed {
    /// There are no keys at all.
    pub(super) fn no_key(sealed: &str) -> Self {
        let id = parts(sealed).map_or_else(String::new, |(_, id, _)| id.to_owned());
        Self::NoSuchKey { id }
    }
}

impl NamedKey {
    fn parse(entry: &str, place: usize) -> Result<Self, KeyRingError> {
        let (id, text) = entry.split_once(':').ok_or(KeyRingError::NoId { place })?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !(1..=MAX_ID).contains(&id.len()) || !id.chars().all(allowed) {
            return Err(KeyRingError::BadId { place });
        }
        let id = id.to_owned();
        let Ok(bytes) = STANDARD.decode(text.trim()).map(Zeroizing::new) else {
            return Err(KeyRingError::NotBase64 { id });
        };
        match <[u8; KEY_BYTES]>::try_from(bytes.as_slice()) {
            Ok(key) if key.iter().all(|byte| *byte == 0) => Err(KeyRingError::Blank { id }),
            Ok(key) => Ok(Self { id, key: Zeroizing::new(key) }),
            Err(_) => Err(KeyRingError::Length { id, bytes: bytes.len() }),
        }
    }
}

fn cipher(key: &[u8; KEY_BYTES]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

/// HMAC-SHA256 of parts that do not run into one another.
fn authenticated(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // HMAC takes a key of any length, so that a failure cannot be.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key) else { return Zeroizing::default() };
    for part in parts {
        hmac.update(&(part.len() as u64).to_be_bytes());
        hmac.update(part);
    }
    Zeroizing::new(hmac.finalize().into_bytes().into())
}

/// Version, key id and the rest.
fn parts(sealed: &str) -> Option<(&str, &str, &str)> {
    let (version, rest) = sealed.strip_prefix(PREFIX)?.split_once(':')?;
    let (id, text) = rest.split_once(':')?;
    Some((version, id, text))
}

/// Associated data: what cannot be changed without the key. The purpose comes last, so nothing runs into it.
fn bound_to(id: &str, purpose: &str) -> String {
    format!("{PREFIX}{VERSION}:{id}:{purpose}")
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(ids: &[&str]) -> KeyRing {
        let key = |id: &&str| format!("{id}:{}", STANDARD.encode([id.len() as u8; KEY_BYTES]));
        KeyRing::parse(&ids.iter().map(key).collect::<Vec<_>>().join(", ")).unwrap()
    }

    #[test]
    fn r12_the_first_key_seals_and_every_one_opens() {
        let (old, rotated, without) = (ring(&["a"]), ring(&["bb", "a"]), ring(&["bb"]));
        let sealed = old.seal("pay", b"hunter2").unwrap();
        assert!(sealed.starts_with("journeyman:secret:1:a:") && !sealed.contains("hunter2"), "{sealed}");
        assert_eq!(rotated.open("pay", &sealed).unwrap().as_slice(), b"hunter2");
        assert!(rotated.seal("pay", b"x").unwrap().starts_with("journeyman:secret:1:bb:"));
        assert_eq!(without.open("pay", &sealed), Err(Unsealed::NoSuchKey { id: "a".into() }));
        assert_eq!(old.seal("pay", b"hunter2").unwrap(), sealed, "a repeated dispatch is known by it");
        let nonce_of = |purpose: &str, plain: &[u8]| {
            let sealed = old.seal(purpose, plain).unwrap();
            URL_SAFE_NO_PAD.decode(sealed.rsplit_once(':').unwrap().1).unwrap()[..NONCE_BYTES].to_vec()
        };
        assert_ne!(nonce_of("pay", b"hunter2"), nonce_of("pay", b"hunter3"));
        assert_ne!(nonce_of("pay", b"hunter2"), nonce_of("refund", b"hunter2"));
        assert_ne!(old.seal_afresh("pay", b"hunter2").unwrap(), old.seal_afresh("pay", b"hunter2").unwrap());
    }

    #[test]
    fn r12_on_one_occasion_the_same_value_is_the_same_text_and_on_another_it_is_not() {
        let (ring, rotated) = (ring(&["a"]), ring(&["bb", "a"]));
        let sealed = ring.seal_on("id-1", "pay", b"hunter2").unwrap();
        assert_eq!(ring.seal_on("id-1", "pay", b"hunter2").unwrap(), sealed);
        assert_eq!(rotated.open("pay", &sealed).unwrap().as_slice(), b"hunter2");
        let others = [("id-2", "pay", "hunter2"), ("id-1", "refund", "hunter2"), ("id-1", "pay", "hunter3")];
        let nonce = |sealed: &str| {
            let text = sealed.rsplit(':').next().unwrap();
            URL_SAFE_NO_PAD.decode(text).unwrap()[..NONCE_BYTES].to_vec()
        };
        for (occasion, purpose, plain) in others {
            let other = ring.seal_on(occasion, purpose, plain.as_bytes()).unwrap();
            assert_ne!(nonce(&other), nonce(&sealed), "{occasion} {purpose} {plain}");
        }
        assert_ne!(rotated.seal_on("id-1", "pay", b"hunter2").unwrap(), sealed);
        assert_ne!(nonce(&ring.seal_on("ab", "c", b"").unwrap()), nonce(&ring.seal_on("a", "bc", b"").unwrap()));
    }

    #[test]
    fn r12_a_sealed_text_opens_only_unchanged_and_for_its_own_type() {
        let ring = ring(&["a", "bb"]);
        let sealed = ring.seal("pay", b"hunter2").unwrap();
        assert_eq!(ring.open("refund", &sealed), Err(Unsealed::Damaged));
        let (head, text) = sealed.rsplit_once(':').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let changed = format!("{head}:{}", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(ring.open("pay", &changed), Err(Unsealed::Damaged), "byte {at}");
            bytes[at] ^= 1;
        }
        for broken in [
            "journeyman:secret:",
            "journeyman:secret:1:a",
            "journeyman:secret:1:a:",
            "journeyman:secret:1:a:AAAA",
            "journeyman:secret:1:a:not base64",
            &sealed.replace(":a:", ":bb:"),
        ] {
            assert_eq!(ring.open("pay", broken), Err(Unsealed::Damaged), "{broken}");
        }
        let newer = sealed.replace("secret:1:", "secret:2:");
        assert_eq!(ring.open("pay", &newer), Err(Unsealed::Version("2".into())));
    }

    #[test]
    fn r12_each_misfit_of_a_ring_is_told_without_quoting_a_key() {
        let canary = STANDARD.encode([7; KEY_BYTES]);
        let long_id = "i".repeat(MAX_ID + 1);
        for (text, expected) in [
            (String::new(), KeyRingError::Empty),
            (" ".into(), KeyRingError::Empty),
            (canary.clone(), KeyRingError::NoId { place: 1 }),
            (format!("a:{canary},{canary}"), KeyRingError::NoId { place: 2 }),
            (format!("a:{canary},"), KeyRingError::NoId { place: 2 }),
            (format!(":{canary}"), KeyRingError::BadId { place: 1 }),
            (format!("{canary}:a"), KeyRingError::BadId { place: 1 }),
            (format!("{long_id}:{canary}"), KeyRingError::BadId { place: 1 }),
            (format!("a:{canary},a:{canary}"), KeyRingError::Repeated { id: "a".into() }),
            (format!("a:{canary}?"), KeyRingError::NotBase64 { id: "a".into() }),
            ("a:AAAA".into(), KeyRingError::Length { id: "a".into(), bytes: 3 }),
            (format!("a:{}", STANDARD.encode([0; KEY_BYTES])), KeyRingError::Blank { id: "a".into() }),
        ] {
            let error = KeyRing::parse(&text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains(&canary), "{error}");
        }
        let shown = format!("{:?}", KeyRing::parse(&format!("a:{canary}")).unwrap());
        assert_eq!(shown, r#"["a"]"#);
    }

    #[test]
    fn r12_a_generated_key_is_an_entry_of_its_own() {
        let (one, other) = (generate_key().unwrap(), generate_key().unwrap());
        let ring = KeyRing::parse(&format!("{one},{other}")).unwrap();
        assert_eq!(ring.ids().count(), 2);
    }
}
