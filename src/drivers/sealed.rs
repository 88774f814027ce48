//! The codec that seals whole bodies, as Laravel's encrypted jobs are.

use bytes::Bytes;
use journeyman_job::JobId;
use journeyman_job::secret::{KeyRing, Unsealed};
use tracing::error;

use crate::queue::{Codec, CodecError};

/// Seals each body with the first key of a ring; opens those of every key, and leaves plain ones alone.
#[derive(Debug)]
pub struct Sealed {
    keys: KeyRing,
}

/// Stores bodies as they are, and opens sealed ones: other processes may seal theirs.
#[derive(Debug)]
pub struct Plain {
    keys: Option<Sealed>,
}

impl Plain {
    pub fn new(keys: Option<KeyRing>) -> Self {
        Self { keys: keys.map(Sealed::new) }
    }
}

impl Codec for Plain {
    fn encode(&self, _: JobId, body: &Bytes) -> Bytes {
        body.clone()
    }

    fn is_plain(&self) -> bool {
        true
    }

    fn decode(&self, id: JobId, stored: &Bytes) -> Result<Bytes, CodecError> {
        match (&self.keys, std::str::from_utf8(stored)) {
            (Some(keys), _) => keys.decode(id, stored),
            (None, Ok(text)) if KeyRing::is_sealed(text) => Err(CodecError::MissingKey { key: key_named_in(text) }),
            (None, _) => Ok(stored.clone()),
        }
    }
}

/// A sealed text names its key behind the prefix of two words and the version.
fn key_named_in(text: &str) -> String {
    text.split(':').nth(3).unwrap_or_default().to_owned()
}

impl Sealed {
    pub fn new(keys: KeyRing) -> Self {
        Self { keys }
    }
}

/// Bound to its job: a sealed body put under another job's id does not open.
fn purpose(id: JobId) -> String {
    format!("body of job {id}")
}

impl Codec for Sealed {
    fn encode(&self, id: JobId, body: &Bytes) -> Bytes {
        match self.keys.seal(&purpose(id), body) {
            Ok(text) => Bytes::from(text),
            // Nothing of the limits' size is too large for the cipher; and an empty body is none that could be read.
            Err(reason) => {
                error!(job.id = %id, %reason, "a job could not be sealed");
                Bytes::new()
            }
        }
    }

    fn decode(&self, id: JobId, stored: &Bytes) -> Result<Bytes, CodecError> {
        let Ok(text) = std::str::from_utf8(stored) else { return Ok(stored.clone()) };
        if !KeyRing::is_sealed(text) {
            return Ok(stored.clone());
        }
        match self.keys.open(&purpose(id), text) {
            Ok(body) => Ok(Bytes::copy_from_slice(&body)),
            Err(Unsealed::NoSuchKey { id }) => Err(CodecError::MissingKey { key: id }),
            Err(reason) => Err(CodecError::Damaged(format!("the sealed body of job {id} cannot be opened: {reason}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use journeyman_job::QueueName;
    use journeyman_job::secret::generate_key;

    fn ring(keys: &[&str]) -> Sealed {
        Sealed::new(KeyRing::parse(&keys.join(",")).unwrap())
    }

    fn body() -> Bytes {
        Bytes::from_static(br#"{"type":"noop","data":[ 1 ],"v":1}"#)
    }

    fn id() -> JobId {
        JobId::generate(&QueueName::default())
    }

    /// R58
    #[test]
    fn what_is_stored_shows_nothing_and_comes_back_as_it_was() {
        let (sealed, id) = (ring(&[&generate_key().unwrap()]), id());
        let stored = sealed.encode(id, &body());
        assert!(!String::from_utf8_lossy(&stored).contains("noop"));
        assert_eq!(sealed.decode(id, &stored), Ok(body()));
        assert_eq!(sealed.encode(id, &body()), stored, "a repeated dispatch is known by its bytes");
    }

    /// R58: keys rotate while jobs wait, and a codec can be switched on while plain ones do.
    #[test]
    fn older_keys_and_plain_bodies_are_still_read() {
        let (old, new, id) = (generate_key().unwrap(), generate_key().unwrap(), id());
        let stored = ring(&[&old]).encode(id, &body());
        assert_eq!(ring(&[&new, &old]).decode(id, &stored), Ok(body()));
        assert_eq!(ring(&[&new]).decode(id, &body()), Ok(body()));
        let (key, _) = old.split_once(':').unwrap();
        assert_eq!(ring(&[&new]).decode(id, &stored), Err(CodecError::MissingKey { key: key.into() }));
    }

    /// R58, R28: a process that seals nothing waits for one that can read what another has sealed.
    #[test]
    fn a_process_without_the_codec_knows_a_sealed_body_and_its_key() {
        let (key, id) = (generate_key().unwrap(), id());
        let stored = ring(&[&key]).encode(id, &body());
        let (name, _) = key.split_once(':').unwrap();
        assert_eq!(Plain::new(None).decode(id, &stored), Err(CodecError::MissingKey { key: name.into() }));
        assert_eq!(Plain::new(Some(KeyRing::parse(&key).unwrap())).decode(id, &stored), Ok(body()));
        assert_eq!(Plain::new(None).decode(id, &body()), Ok(body()));
        assert_eq!(Plain::new(None).encode(id, &body()), body());
    }

    /// R58, R12
    #[test]
    fn a_sealed_body_opens_only_under_its_own_id() {
        let sealed = ring(&[&generate_key().unwrap()]);
        let stored = sealed.encode(id(), &body());
        assert!(matches!(sealed.decode(id(), &stored), Err(CodecError::Damaged(_))));
    }
}
