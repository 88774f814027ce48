//! Ids of jobs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::QueueName;

/// A job's id: a UUIDv7, known to callers as `task_id`, `operation_id` and `job_id` alike.
///
/// The last two bytes of an id made here carry a hash of the queue's name. A store that keeps each queue apart (a slot of
/// a cluster) finds the queue of an id by it, without an index that every push would have to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl JobId {
    /// A fresh id for a job of `queue`: ascending within the process, unique everywhere.
    pub fn generate(queue: &QueueName) -> Self {
        let mut bytes = Uuid::now_v7().into_bytes();
        bytes[14..].copy_from_slice(&queue_tag(queue).to_be_bytes());
        Self(Uuid::from_bytes(bytes))
    }

    /// The id of the job that follows from this one by `step`: always the same, so that making it twice is harmless.
    #[must_use]
    pub fn derived(&self, step: &str, queue: &QueueName) -> Self {
        let mut bytes = *self.as_bytes();
        // The time stays the parent's; what follows it was random and becomes a hash of all of it and the step.
        let hash = fnv1a_64(&[&bytes, step.as_bytes()]).to_be_bytes();
        bytes[6..14].copy_from_slice(&hash);
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        bytes[14..].copy_from_slice(&queue_tag(queue).to_be_bytes());
        Self(Uuid::from_bytes(bytes))
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id written as 16 bytes, if that is what `bytes` are.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self)
    }

    pub fn as_uuid(&self) -> Uuid {
        self.0
    }

    /// Whether this id may have been made for `queue`: always true for one that was, rarely for another.
    pub fn may_be_of(&self, queue: &QueueName) -> bool {
        self.as_bytes()[14..] == queue_tag(queue).to_be_bytes()
    }

    /// When the id was made, in milliseconds since 1970 by the maker's clock; `None` if it is no UUIDv7.
    pub fn made_at_millis(&self) -> Option<u64> {
        if self.0.get_version_num() != 7 {
            return None;
        }
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&self.as_bytes()[..6]);
        Some(u64::from_be_bytes(millis))
    }
}

impl From<Uuid> for JobId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// FNV-1a in 64 bits: ids of callbacks follow from it, so it may never change.
fn fnv1a_64(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// FNV-1a folded to 16 bits: it is stored inside ids, so it may never change.
fn queue_tag(queue: &QueueName) -> u16 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in queue.as_str().bytes() {
        hash ^= u32::from(byte);
        hash = hash.wrapping_mul(0x0100_0193);
    }
    let [a, b, c, d] = hash.to_be_bytes();
    u16::from_be_bytes([a ^ c, b ^ d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_and_know_their_queue() {
        let (emails, reports) = (QueueName::new("emails").unwrap(), QueueName::new("reports").unwrap());
        let ids: Vec<JobId> = (0..10_000).map(|_| JobId::generate(&emails)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.may_be_of(&emails) && !id.may_be_of(&reports)));
        assert!(ids.iter().all(|id| id.as_uuid().get_version_num() == 7));
    }

    #[test]
    fn an_id_derived_twice_is_the_same_and_of_its_queue() {
        let (emails, reports) = (QueueName::new("emails").unwrap(), QueueName::new("reports").unwrap());
        let parent = JobId::generate(&emails);
        let derived = parent.derived("failure/0", &reports);
        assert_eq!(derived, parent.derived("failure/0", &reports));
        assert_ne!(derived, parent.derived("failure/1", &reports));
        assert_ne!(derived, JobId::generate(&emails).derived("failure/0", &reports));
        assert!(derived.may_be_of(&reports) && derived.made_at_millis() == parent.made_at_millis());
        assert_eq!(derived.as_uuid().get_variant(), uuid::Variant::RFC4122);
    }

    #[test]
    fn the_queue_tag_never_changes() {
        assert_eq!(queue_tag(&QueueName::default()), 0xc8e5);
    }
}
