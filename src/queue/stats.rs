//! Numbers kept on write, so that reading them costs the same whatever the backlog.

use std::ops::AddAssign;
use std::time::Duration;

use journeyman_job::{Priority, QueueName};

use super::State;

/// Sums since the store was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    pub enqueued: u64,
    /// Jobs that reached an end by running: completed or failed for good.
    pub processed: u64,
    /// Jobs that failed for good.
    pub failed: u64,
    /// Attempts that were followed by another try: releases. Snoozes, requeues and cancellations count nowhere.
    pub retried: u64,
    /// Attempts that ran past their timeout.
    pub timeouts: u64,
    pub thread_pool_exhaustion: u64,
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.enqueued += other.enqueued;
        self.processed += other.processed;
        self.failed += other.failed;
        self.retried += other.retried;
        self.timeouts += other.timeouts;
        self.thread_pool_exhaustion += other.thread_pool_exhaustion;
    }
}

impl Counters {
    /// `(processed − failed) / enqueued × 100`; 0 before anything was enqueued.
    pub fn success_rate(&self) -> f64 {
        if self.enqueued == 0 {
            return 0.0;
        }
        self.processed.saturating_sub(self.failed) as f64 / self.enqueued as f64 * 100.0
    }
}

/// One queue in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueStats {
    pub queue: QueueName,
    /// Pending jobs by priority, lowest first.
    pub pending: [u64; 4],
    pub delayed: u64,
    pub reserved: u64,
    /// Ended jobs whose records are still kept.
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
    /// Those of `failed` whose record could not be decoded.
    pub system_errors: u64,
    pub counters: Counters,
}

impl QueueStats {
    pub fn empty(queue: QueueName) -> Self {
        Self {
            queue,
            pending: [0; 4],
            delayed: 0,
            reserved: 0,
            completed: 0,
            failed: 0,
            cancelled: 0,
            system_errors: 0,
            counters: Counters::default(),
        }
    }

    pub fn pending_of(&self, priority: Priority) -> u64 {
        self.pending[usize::from(priority.as_number()) - 1]
    }

    pub fn total_pending(&self) -> u64 {
        self.pending.iter().sum()
    }

    pub fn in_state(&self, state: State) -> u64 {
        match state {
            State::Pending => self.total_pending(),
            State::Delayed => self.delayed,
            State::Reserved => self.reserved,
            State::Completed => self.completed,
            State::Failed => self.failed,
            State::Cancelled => self.cancelled,
        }
    }

    /// Jobs not ended: what Laravel's `size` counts.
    pub fn size(&self) -> u64 {
        self.total_pending() + self.delayed + self.reserved
    }
}

/// How long and how many records of ended jobs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Zero = completed and cancelled jobs are not kept at all; failed ones then have no age limit.
    pub ttl: Duration,
    /// Per queue and end state.
    pub max_records: u64,
}

impl Default for Retention {
    /// Seven days, 100 000 records.
    fn default() -> Self {
        Self { ttl: Duration::from_secs(7 * 24 * 3600), max_records: 100_000 }
    }
}
