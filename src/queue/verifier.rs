//! Whether what a store keeps agrees with itself, and putting right what does not.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::JobId;
use serde::Serialize;

use super::StoreError;

/// What can be wrong. `docs/verify.md` says of each driver what promises it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Its queue is not in the list of queues, so no worker of all queues would ever ask for its jobs.
    QueueUnlisted,
    /// Its queue is paused, and no listing of the paused ones tells.
    PauseUnlisted,
    /// A number that is kept does not agree with what is there.
    WrongCount,
    /// The record of a job that is in no list: nobody would ever run it, or prune it.
    JobNowhere,
    /// A job that is in more than one place.
    JobTwice,
    /// A job that is not where its record says.
    WrongPlace,
    /// A job that is due, or ended, at another time than its record says.
    WrongTime,
    /// What is written down twice about a job does not agree.
    WrongCopy,
    /// A record that cannot be read.
    Unreadable,
    /// A list holds what is no job.
    EntryWithoutJob,
    /// The past of a job that is not there.
    TrailWithoutJob,
    /// Put aside because it could not be run, for a person to look at.
    Quarantined,
    /// A job in the hands of a worker that has no lease: should it die, nobody would take over.
    NoLease,
    /// A unique key is taken, and no job that has not ended has it.
    KeyWithoutOwner,
    /// A job that has not ended does not have its unique key.
    KeyNotHeld,
    /// A failed job that is not among those listed as failed.
    FailureUnlisted,
    /// One is listed as failed that has not failed.
    FailureWithoutJob,
    /// What was left to be told to another queue has been left for long.
    Undelivered,
}

/// What is looked at together, and told in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Queues,
    Jobs,
    Entries,
    Reserved,
    Keys,
    Failed,
    Outbox,
}

impl Flaw {
    pub const ALL: [Self; 18] = [
        Self::QueueUnlisted,
        Self::PauseUnlisted,
        Self::WrongCount,
        Self::JobNowhere,
        Self::JobTwice,
        Self::WrongPlace,
        Self::WrongTime,
        Self::WrongCopy,
        Self::Unreadable,
        Self::EntryWithoutJob,
        Self::TrailWithoutJob,
        Self::Quarantined,
        Self::NoLease,
        Self::KeyWithoutOwner,
        Self::KeyNotHeld,
        Self::FailureUnlisted,
        Self::FailureWithoutJob,
        Self::Undelivered,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueUnlisted => "queue_unlisted",
            Self::PauseUnlisted => "pause_unlisted",
            Self::WrongCount => "wrong_count",
            Self::JobNowhere => "job_nowhere",
            Self::JobTwice => "job_twice",
            Self::WrongPlace => "wrong_place",
            Self::WrongTime => "wrong_time",
            Self::WrongCopy => "wrong_copy",
            Self::Unreadable => "unreadable",
            Self::EntryWithoutJob => "entry_without_job",
            Self::TrailWithoutJob => "trail_without_job",
            Self::Quarantined => "quarantined",
            Self::NoLease => "no_lease",
            Self::KeyWithoutOwner => "key_without_owner",
            Self::KeyNotHeld => "key_not_held",
            Self::FailureUnlisted => "failure_unlisted",
            Self::FailureWithoutJob => "failure_without_job",
            Self::Undelivered => "undelivered",
        }
    }

    pub fn class(self) -> Class {
        match self {
            Self::QueueUnlisted | Self::PauseUnlisted | Self::WrongCount => Class::Queues,
            Self::JobNowhere
            | Self::JobTwice
            | Self::WrongPlace
            | Self::WrongTime
            | Self::WrongCopy
            | Self::Unreadable => Class::Jobs,
            Self::EntryWithoutJob | Self::TrailWithoutJob | Self::Quarantined => Class::Entries,
            Self::NoLease => Class::Reserved,
            Self::KeyWithoutOwner | Self::KeyNotHeld => Class::Keys,
            Self::FailureUnlisted | Self::FailureWithoutJob => Class::Failed,
            Self::Undelivered => Class::Outbox,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Class {
    pub const ALL: [Self; 7] =
        [Self::Queues, Self::Jobs, Self::Entries, Self::Reserved, Self::Keys, Self::Failed, Self::Outbox];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queues => "queues",
            Self::Jobs => "jobs",
            Self::Entries => "entries",
            Self::Reserved => "reserved",
            Self::Keys => "keys",
            Self::Failed => "failed",
            Self::Outbox => "outbox",
        }
    }

    /// What holds of all that were checked, if nothing else is said.
    pub fn promise(self) -> &'static str {
        match self {
            Self::Queues => "listed, with the numbers that are kept of them",
            Self::Jobs => "each readable, and in the one place that its record says",
            Self::Entries => "entries of lists, each of a job that is there",
            Self::Reserved => "each in the hands of a worker that has a lease",
            Self::Keys => "unique keys, each with one owner that has not ended",
            Self::Failed => "failed jobs, each listed as failed",
            Self::Outbox => "entries left to be told to other queues, none for long",
        }
    }
}

/// What can be done about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// What [`Verifier::repair`] would do.
    Repair(String),
    /// What a person has to decide, and how.
    ByHand(String),
}

impl Remedy {
    pub fn repair(what: impl Into<String>) -> Self {
        Self::Repair(what.into())
    }

    pub fn by_hand(what: impl Into<String>) -> Self {
        Self::ByHand(what.into())
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Repair(what) | Self::ByHand(what) => what,
        }
    }

    pub fn is_by_hand(&self) -> bool {
        matches!(self, Self::ByHand(_))
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub flaw: Flaw,
    /// Empty if it concerns no single queue.
    pub queue: String,
    pub job: Option<JobId>,
    /// What is wrong, in words.
    pub what: String,
    pub remedy: Remedy,
    /// What the store that found it needs to find it again.
    pub place: Bytes,
}

impl Finding {
    pub fn new(
        flaw: Flaw,
        queue: impl Into<String>,
        job: Option<JobId>,
        what: impl Into<String>,
        remedy: Remedy,
    ) -> Self {
        Self { flaw, queue: queue.into(), job, what: what.into(), remedy, place: Bytes::new() }
    }

    /// The same with what its store needs to find it again.
    #[must_use]
    pub fn at(mut self, place: impl Into<Bytes>) -> Self {
        self.place = place.into();
        self
    }
}

/// What a look through a store came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verified {
    /// How many were looked at, by class.
    pub checked: BTreeMap<Class, u64>,
    /// At most [`Verified::KEPT`] of each flaw.
    pub findings: Vec<Finding>,
    /// How many there are in all.
    pub totals: BTreeMap<Flaw, u64>,
}

impl Verified {
    /// Findings of one flaw that are told; however many there are, telling them takes a bounded amount of memory.
    pub const KEPT: u64 = 1000;

    pub fn count(&mut self, class: Class, more: u64) {
        *self.checked.entry(class).or_default() += more;
    }

    pub fn checked(&self, class: Class) -> u64 {
        self.checked.get(&class).copied().unwrap_or_default()
    }

    pub fn note(&mut self, finding: Finding) {
        let total = self.totals.entry(finding.flaw).or_default();
        *total += 1;
        if *total <= Self::KEPT {
            self.findings.push(finding);
        }
    }

    pub fn is_clean(&self) -> bool {
        self.totals.is_empty()
    }

    /// How many findings there are, told or not.
    pub fn total(&self) -> u64 {
        self.totals.values().sum()
    }
}

/// What became of a finding that was to be repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repaired {
    Done,
    /// It is not as it was found, so nothing was written.
    Not,
}

/// The checking side of a store.
#[async_trait]
pub trait Verifier: Debug + Send + Sync {
    /// Looks through everything, while others go on. What looks wrong is looked at again, in one step with all that it
    /// depends on: only what is wrong then is a finding. Writes nothing.
    async fn verify(&self) -> Result<Verified, StoreError>;

    /// Puts one finding right, in one step that looks again first. A job that could still run is never removed.
    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p14_every_flaw_has_a_word_of_its_own_which_is_that_of_the_json() {
        let mut words: Vec<&str> = Flaw::ALL.iter().map(|flaw| flaw.as_str()).collect();
        for flaw in Flaw::ALL {
            assert_eq!(serde_json::to_value(flaw).unwrap(), flaw.as_str());
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Flaw::ALL.len());
    }

    #[test]
    fn p14_of_very_many_findings_some_are_told_and_all_are_counted() {
        let mut verified = Verified::default();
        assert!(verified.is_clean());
        for _ in 0..Verified::KEPT + 5 {
            verified.note(Finding::new(Flaw::JobNowhere, "q", None, "lost", Remedy::repair("found")));
        }
        verified.note(Finding::new(Flaw::NoLease, "q", None, "x", Remedy::repair("y")));
        assert_eq!(verified.findings.len() as u64, Verified::KEPT + 1);
        assert_eq!(verified.total(), Verified::KEPT + 6);
    }
}
