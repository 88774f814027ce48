//! Every key is a function. What belongs to one queue carries the hash tag `{queue}`, so that one script can touch all of
//! it on a cluster too; queue and worker names hold no `:` or brace and cannot collide with a suffix.

use journeyman_job::{JobId, Priority, QueueName};

use crate::queue::{NoteKind, WorkerId};

/// The keys under one prefix.
#[derive(Debug, Clone)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Set of the names of all queues.
    pub fn queues(&self) -> String {
        format!("{}queues", self.prefix)
    }

    /// Channel on which queues that may have work are named.
    pub fn wake_channel(&self) -> String {
        format!("{}wake", self.prefix)
    }

    /// Set of queues that may be paused; [`Keys::marks`] says which are.
    pub fn all_paused(&self) -> String {
        format!("{}paused", self.prefix)
    }

    /// Number of signals to restart.
    pub fn restarts(&self) -> String {
        format!("{}restarts", self.prefix)
    }

    /// What notes of a kind are in: hash of their bodies, sorted set of their keys in the order of bytes, sorted set of their
    /// keys by their end, microseconds. All kinds have one slot.
    pub fn notes(&self, kind: NoteKind) -> [String; 3] {
        let of = |what| format!("{}{{notes}}:{}{what}", self.prefix, kind.as_str());
        [of(""), of(":names"), of(":ends")]
    }

    /// Claim on an id that a caller chose: number (16 digits) + digest of the body (32) + queue. It has the id's own slot.
    pub fn claim(&self, id: JobId) -> String {
        format!("{}named:{{{id}}}", self.prefix)
    }

    /// List of ids waiting at one priority, the next one at its tail.
    pub fn pending(&self, queue: &QueueName, priority: Priority) -> String {
        match priority {
            Priority::Normal => format!("{}queue:{{{queue}}}", self.prefix),
            other => self.of(queue, other.as_str()),
        }
    }

    /// The four of [`Keys::pending`], lowest priority first, as the scripts number them.
    pub fn all_pending(&self, queue: &QueueName) -> [String; 4] {
        [Priority::Low, Priority::Normal, Priority::High, Priority::Critical].map(|p| self.pending(queue, p))
    }

    /// Sorted set of priority digit + id by due time, microseconds.
    pub fn delayed(&self, queue: &QueueName) -> String {
        self.of(queue, "delayed")
    }

    /// List of ids that one worker holds, the latest at its head.
    pub fn reserved(&self, queue: &QueueName, worker: &WorkerId) -> String {
        format!("{}queue:{{{queue}}}:reserved:{worker}", self.prefix)
    }

    /// Sorted set of workers by the end of their lease, microseconds. Every worker with a reserved list is in it.
    pub fn leases(&self, queue: &QueueName) -> String {
        self.of(queue, "leases")
    }

    /// Hash of what never changes about a job, by id.
    pub fn jobs(&self, queue: &QueueName) -> String {
        self.of(queue, "jobs")
    }

    /// Hash of what changes about a job, by id; a job that no worker ever reserved is not in it.
    pub fn state(&self, queue: &QueueName) -> String {
        self.of(queue, "state")
    }

    /// List of ids of ended jobs, the latest at its head.
    pub fn completed(&self, queue: &QueueName) -> String {
        self.of(queue, "completed")
    }

    /// The same of cancelled ones.
    pub fn cancelled(&self, queue: &QueueName) -> String {
        self.of(queue, "cancelled")
    }

    /// The same of failed ones.
    pub fn failed(&self, queue: &QueueName) -> String {
        format!("{}queue:failed:{{{queue}}}", self.prefix)
    }

    /// List of ids found in a pending or reserved list without a job that may be there: for a person to look at.
    pub fn quarantine(&self, queue: &QueueName) -> String {
        self.of(queue, "quarantine")
    }

    /// Hash of the ids of jobs that have not ended, by unique key.
    pub fn unique(&self, queue: &QueueName) -> String {
        self.of(queue, "unique")
    }

    /// Hash of what other slots are still to be told: `f` + id, a job to deliver to its queue; `c` or `r` + id, a claim to
    /// confirm or release.
    pub fn outbox(&self, queue: &QueueName) -> String {
        self.of(queue, "outbox")
    }

    /// Hash of what is out of the ordinary: that the queue is paused, and ids of cancelled jobs that are still in a list.
    pub fn marks(&self, queue: &QueueName) -> String {
        self.of(queue, "marks")
    }

    /// Hash of counters.
    pub fn stats(&self, queue: &QueueName) -> String {
        self.of(queue, "stats")
    }

    /// What the keys of all queues look like, for SCAN.
    pub fn pattern(&self) -> String {
        let escaped: String =
            self.prefix.chars().flat_map(|c| "*?[]\\^".contains(c).then_some('\\').into_iter().chain([c])).collect();
        format!("{escaped}queue:*")
    }

    /// The queue that a key is of, and the worker whose reserved list it is.
    pub fn owner(&self, key: &str) -> Option<(QueueName, Option<WorkerId>)> {
        let rest = key.strip_prefix(&self.prefix)?.strip_prefix("queue:")?;
        let rest = rest.strip_prefix("failed:").unwrap_or(rest);
        let (name, what) = rest.strip_prefix('{')?.split_once('}')?;
        let worker = what.strip_prefix(":reserved:").and_then(|worker| WorkerId::new(worker).ok());
        Some((QueueName::new(name).ok()?, worker))
    }

    fn of(&self, queue: &QueueName, what: &str) -> String {
        format!("{}queue:{{{queue}}}:{what}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r32_the_names_are_those_of_the_documents() {
        let (keys, queue) = (Keys::new("journeyman:"), QueueName::new("emails").unwrap());
        let worker = WorkerId::new("host-1").unwrap();
        assert_eq!(keys.pending(&queue, Priority::Normal), "journeyman:queue:{emails}");
        assert_eq!(keys.pending(&queue, Priority::High), "journeyman:queue:{emails}:high");
        assert_eq!(keys.delayed(&queue), "journeyman:queue:{emails}:delayed");
        assert_eq!(keys.reserved(&queue, &worker), "journeyman:queue:{emails}:reserved:host-1");
        assert_eq!(keys.failed(&queue), "journeyman:queue:failed:{emails}");
        assert_eq!(Keys::new("routemq:").pending(&queue, Priority::Normal), "routemq:queue:{emails}");
    }

    #[test]
    fn r20_no_two_keys_collide_whatever_the_queues_are_called() {
        let keys = Keys::new("");
        let worker = WorkerId::new("w").unwrap();
        let id = "7d444840-9dc0-41d1-b245-5ffdce74fad2".parse().unwrap();
        let mut all = vec![keys.queues(), keys.wake_channel(), keys.all_paused(), keys.restarts(), keys.claim(id)];
        all.extend(NoteKind::ALL.into_iter().flat_map(|kind| keys.notes(kind)));
        for name in [
            "a",
            "high",
            "failed",
            "delayed",
            "reserved",
            "queues",
            "paused",
            "named",
            "a.high",
            "a-delayed",
            "7d444840-9dc0-41d1-b245-5ffdce74fad2",
        ] {
            let queue = QueueName::new(name).unwrap();
            all.extend(keys.all_pending(&queue));
            all.extend([keys.delayed(&queue), keys.reserved(&queue, &worker), keys.leases(&queue), keys.jobs(&queue)]);
            all.extend([keys.state(&queue), keys.completed(&queue), keys.cancelled(&queue), keys.failed(&queue)]);
            all.extend([keys.quarantine(&queue), keys.stats(&queue), keys.unique(&queue)]);
            all.extend([keys.outbox(&queue), keys.marks(&queue)]);
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn p14_a_key_tells_its_queue_and_its_worker() {
        let (keys, queue, worker) = (Keys::new("a[b]*:"), QueueName::new("q").unwrap(), WorkerId::new("w").unwrap());
        for key in [keys.jobs(&queue), keys.failed(&queue), keys.pending(&queue, Priority::Normal)] {
            assert_eq!(keys.owner(&key), Some((queue.clone(), None)), "{key}");
        }
        assert_eq!(keys.owner(&keys.reserved(&queue, &worker)), Some((queue, Some(worker))));
        assert_eq!(keys.owner("queue:{q}:jobs"), None, "of another prefix");
        assert_eq!(keys.pattern(), "a\\[b\\]\\*:queue:*");
    }

    #[test]
    fn all_keys_of_a_queue_share_one_hash_tag() {
        let (keys, queue) = (Keys::new("p:"), QueueName::new("q").unwrap());
        for key in [keys.leases(&queue), keys.failed(&queue), keys.pending(&queue, Priority::Low), keys.jobs(&queue)] {
            assert!(key.contains("{q}"), "{key}");
        }
        for key in [keys.unique(&queue), keys.outbox(&queue), keys.marks(&queue)] {
            assert!(key.contains("{q}"), "{key}");
        }
    }
}
