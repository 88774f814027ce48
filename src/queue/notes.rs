//! Notes: small documents beside the jobs. What workers tell of themselves, what they are told, what has been.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{StoreError, WorkerId, limits};

/// What a note is about; its word is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoteKind {
    /// What a worker tells of itself, by its name.
    Worker,
    /// What a worker is told, by its name.
    Order,
    /// Numbers of a stretch of time.
    History,
    /// What somebody has done.
    Audit,
}

impl NoteKind {
    pub const ALL: [Self; 4] = [Self::Worker, Self::Order, Self::History, Self::Audit];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Order => "order",
            Self::History => "history",
            Self::Audit => "audit",
        }
    }

    /// Whether a store that is full refuses such notes, as it does new jobs. The others are few, and replace one another.
    pub fn is_refused_when_full(self) -> bool {
        matches!(self, Self::History | Self::Audit)
    }
}

/// A note's name among those of its kind: 1 to 255 of `A-Za-z0-9._:-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoteKey(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("note key {0:?} is not 1 to 255 characters of A-Z a-z 0-9 . _ : -")]
pub struct NoteKeyError(String);

impl NoteKey {
    pub const LONGEST: usize = 255;
    /// The character that sorts behind all others.
    const LAST: &'static str = "z";

    pub fn new(key: &str) -> Result<Self, NoteKeyError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        if key.is_empty() || key.len() > Self::LONGEST || !key.chars().all(is_allowed) {
            let quoted = key.chars().take(Self::LONGEST).collect();
            return Err(NoteKeyError(quoted));
        }
        Ok(Self(key.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&WorkerId> for NoteKey {
    /// A worker's name has none but characters that a key may have.
    fn from(worker: &WorkerId) -> Self {
        Self(worker.as_str().into())
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A note to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub kind: NoteKind,
    pub key: NoteKey,
    /// At most [`limits::NOTE`] bytes.
    pub body: Bytes,
    /// How long it is there, by the store's clock.
    pub keep: Duration,
}

/// Which notes to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRange {
    pub kind: NoteKind,
    /// The first key that belongs to it.
    pub from: NoteKey,
    /// The last one.
    pub to: NoteKey,
    /// Whether to read from the end.
    pub latest_first: bool,
    pub max: usize,
}

impl NoteRange {
    /// All of a kind.
    pub fn all(kind: NoteKind, max: usize) -> Self {
        Self { kind, from: NoteKey("-".into()), to: last_with(""), latest_first: false, max }
    }

    /// Those whose keys begin with this one.
    pub fn beginning_with(kind: NoteKind, key: &NoteKey, max: usize) -> Self {
        Self { kind, from: key.clone(), to: last_with(key.as_str()), latest_first: false, max }
    }

    /// The one of this key.
    pub fn one(kind: NoteKind, key: &NoteKey) -> Self {
        Self { kind, from: key.clone(), to: key.clone(), latest_first: false, max: 1 }
    }

    #[must_use]
    pub fn latest_first(self) -> Self {
        Self { latest_first: true, ..self }
    }
}

fn last_with(beginning: &str) -> NoteKey {
    let rest = NoteKey::LAST.repeat(NoteKey::LONGEST - beginning.len());
    NoteKey(format!("{beginning}{rest}").into())
}

/// The notes of a store. They are no jobs: nothing counts or verifies them, and losing one harms nothing but a view.
///
/// A note is gone once its time has passed on the store's clock. Whatever is left of such notes is removed bit by bit
/// whenever one of their kind is written, and by `prune`.
#[async_trait]
pub trait Notes: Debug + Send + Sync {
    /// Writes notes, each over the one of its kind and key, all or none. Refused if they are beyond what [`check`] allows.
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError>;

    /// Those in a range, in the byte order of their keys.
    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError>;

    /// Removes a note; whether it was there.
    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError>;
}

/// Refuses what no store takes in one call: every driver asks before it writes anything.
pub fn check(notes: &[Note]) -> Result<(), StoreError> {
    if notes.len() > limits::NOTES {
        let refusal = format!("{} notes at once: at most {} are allowed", notes.len(), limits::NOTES);
        return Err(StoreError::Refused(refusal));
    }
    if let Some(note) = notes.iter().find(|note| note.body.len() > limits::NOTE) {
        let (kind, key, length) = (note.kind.as_str(), &note.key, note.body.len());
        let refusal = format!("the {kind} note {key} has {length} bytes: at most {} are allowed", limits::NOTE);
        return Err(StoreError::Refused(refusal));
    }
    let length: usize = notes.iter().map(|note| note.body.len()).sum();
    if length > limits::NOTES_BYTES {
        let refusal = format!("notes of {length} bytes at once: at most {} are allowed", limits::NOTES_BYTES);
        return Err(StoreError::Refused(refusal));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_few_characters_and_not_long() {
        for key in ["a", "m:0001:host-7.x_Z", &"k".repeat(255)] {
            assert_eq!(NoteKey::new(key).unwrap().as_str(), key);
        }
        for key in ["", "a b", "a/b", "a\n", "ä", "{a}", &"k".repeat(256)] {
            assert!(NoteKey::new(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_range_of_all_holds_every_key() {
        let range = NoteRange::all(NoteKind::Audit, 1);
        for key in ["-", "--", ".", "0", ":", "Z", "_", "z", &"z".repeat(255)] {
            let key = NoteKey::new(key).unwrap();
            assert!(range.from <= key && key <= range.to, "{key}");
        }
        let of_m = NoteRange::beginning_with(NoteKind::History, &NoteKey::new("m:").unwrap(), 1);
        for (key, is_in) in [("m:", true), ("m:7", true), ("m:zz", true), ("l:zz", false), ("mz", false), ("n", false)]
        {
            let key = NoteKey::new(key).unwrap();
            assert_eq!(of_m.from <= key && key <= of_m.to, is_in, "{key}");
        }
    }
}
