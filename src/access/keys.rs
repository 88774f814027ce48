//! All keys in force.

use std::sync::{Arc, PoisonError, RwLock};

use subtle::Choice;

use super::ApiKey;
use super::key::digest;
use crate::clock::Timestamp;

/// Shortest key, bytes: 128 random bits in hexadecimal. Whatever is shorter is none, also where somebody has configured its
/// hash, for it could be guessed.
const SHORTEST: usize = 32;

/// The keys in force, which can be exchanged while the server runs. Cheap to clone; clones share the keys.
#[derive(Debug, Clone, Default)]
pub struct Keys(Arc<RwLock<Arc<[ApiKey]>>>);

/// Why a presented key is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    Unknown,
    Expired,
}

impl Keys {
    /// Names must differ: they are what the log and the limits tell keys apart by. The error is the name given twice.
    pub fn new(keys: Vec<ApiKey>) -> Result<Self, String> {
        let fresh = Self::default();
        fresh.replace(keys)?;
        Ok(fresh)
    }

    /// From now on these and no others.
    pub fn replace(&self, keys: Vec<ApiKey>) -> Result<(), String> {
        let is_twice = |(at, key): (usize, &ApiKey)| keys[..at].iter().any(|other| other.name() == key.name());
        if let Some(at) = keys.iter().enumerate().position(is_twice) {
            return Err(format!("key {} is there twice: give each key a name of its own", keys[at].name()));
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
        Ok(())
    }

    /// The key that was presented. Takes as long for a wrong key as for a right one: every digest is compared in full.
    pub fn find(&self, presented: &str, now: Timestamp) -> Result<ApiKey, Stranger> {
        let keys = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let is_long = presented.len() >= SHORTEST;
        let presented = digest(presented);
        let mut found = None;
        for key in keys.iter() {
            let is_it: Choice = key.matches(&presented);
            if bool::from(is_it) {
                found = Some(key);
            }
        }
        match found.filter(|_| is_long) {
            Some(key) if key.expires().is_some_and(|expires| expires <= now) => Err(Stranger::Expired),
            Some(key) => Ok(key.clone()),
            None => Err(Stranger::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::access::Scopes;

    const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);

    fn key(name: &str, byte: u8, expires: Option<Timestamp>) -> (String, ApiKey) {
        ApiKey::generate(name, Scopes::ALL, expires, [byte; 32]).unwrap()
    }

    #[test]
    fn r45_a_key_is_known_until_it_expires_or_is_taken_away() {
        let (text, first) = key("first", 1, None);
        let (expiring, second) = key("second", 2, Some(NOW.plus(Duration::from_secs(1))));
        let keys = Keys::new(vec![first.clone(), second]).unwrap();
        assert_eq!(keys.find(&text, NOW), Ok(first));
        assert_eq!(keys.find(&expiring, NOW).unwrap().name(), "second");
        assert_eq!(keys.find(&expiring, NOW.plus(Duration::from_secs(1))), Err(Stranger::Expired));
        for wrong in ["", "jmk_", &text[..text.len() - 1], &text.to_uppercase()] {
            assert_eq!(keys.find(wrong, NOW), Err(Stranger::Unknown), "{wrong}");
        }
        keys.replace(Vec::new()).unwrap();
        assert_eq!(keys.find(&text, NOW), Err(Stranger::Unknown));
    }

    #[test]
    fn two_keys_of_one_name_are_refused() {
        let error = Keys::new(vec![key("ci", 1, None).1, key("ci", 2, None).1]).unwrap_err();
        assert!(error.contains("ci is there twice"), "{error}");
    }
}
