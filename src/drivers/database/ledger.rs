//! The numbers of the queues that one transaction touches: gathered here, written once, at its end.

use std::collections::BTreeMap;

use journeyman_job::{ErrorKind, JobError, JobId, Priority, QueueName};

use super::value::Rows;
use crate::queue::{Counters, State};

/// What a transaction does to the numbers of one queue.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pending: [i64; 4],
    pub(super) delayed: i64,
    pub(super) reserved: i64,
    pub(super) completed: i64,
    pub(super) failed: i64,
    pub(super) cancelled: i64,
    pub(super) system_errors: i64,
    pub(super) counters: Counters,
    /// Milliseconds; see the column.
    pruned_until: Option<i64>,
    has_arrivals: bool,
    has_returns: bool,
}

/// The entries of one transaction, by queue: the order in which all transactions lock the rows of the numbers.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<QueueName, Entry>);

impl Entry {
    /// A job joined those that wait for a worker.
    pub(super) fn arrived(&mut self, priority: Priority) {
        self.add_pending(priority, 1);
        self.wakes();
    }

    /// There may be work for others.
    pub(super) fn wakes(&mut self) {
        self.has_arrivals = true;
    }

    /// A job is back at the place at which it waited before.
    pub(super) fn returned(&mut self, priority: Priority) {
        self.add_pending(priority, 1);
        self.returned_by_hand();
    }

    /// A job may be back at any place of the queue.
    pub(super) fn returned_by_hand(&mut self) {
        self.wakes();
        self.has_returns = true;
    }

    /// A job joined those that wait for their time, perhaps before all others.
    pub(super) fn delayed(&mut self) {
        self.delayed += 1;
        self.wakes();
    }

    pub(super) fn add_pending(&mut self, priority: Priority, jobs: i64) {
        self.pending[usize::from(priority.as_number()) - 1] += jobs;
    }

    /// Jobs that waited do so no longer.
    pub(super) fn left(&mut self, state: State, priority: Priority, jobs: i64) {
        match state {
            State::Delayed => self.delayed -= jobs,
            _ => self.add_pending(priority, -jobs),
        }
    }

    /// Records of ended jobs came or went.
    pub(super) fn add_ended(&mut self, state: State, jobs: i64) {
        match state {
            State::Failed => self.failed += jobs,
            State::Cancelled => self.cancelled += jobs,
            _ => self.completed += jobs,
        }
    }

    /// A record is no more. An id that somebody chose, and that says nothing of its time and queue, counts for nothing.
    pub(super) fn gone(&mut self, id: JobId, queue: &QueueName) {
        let made_at = id.made_at_millis().filter(|_| id.may_be_of(queue));
        self.pruned_until = self.pruned_until.max(made_at.map(|millis| i64::try_from(millis).unwrap_or(i64::MAX)));
    }

    /// In the order of the columns.
    fn numbers(&self) -> [i64; 17] {
        let [low, normal, high, critical] = self.pending;
        let Counters { enqueued, processed, failed, retried, timeouts, thread_pool_exhaustion } = self.counters;
        let sums = [enqueued, processed, failed, retried, timeouts, thread_pool_exhaustion].map(u64::cast_signed);
        let [enqueued, processed, total_failed, retried, timeouts, exhausted] = sums;
        [
            low,
            normal,
            high,
            critical,
            self.delayed,
            self.reserved,
            self.completed,
            self.failed,
            self.cancelled,
            self.system_errors,
            enqueued,
            processed,
            total_failed,
            retried,
            timeouts,
            exhausted,
            self.pruned_until.unwrap_or(-1),
        ]
    }
}

impl Ledger {
    pub(super) fn entry(&mut self, queue: &QueueName) -> &mut Entry {
        self.0.entry(queue.clone()).or_default()
    }

    /// What is to be written; none if nothing changed.
    pub(super) fn rows(&self) -> Option<Rows> {
        if self.0.is_empty() {
            return None;
        }
        let numbers: Vec<[i64; 17]> = self.0.values().map(Entry::numbers).collect();
        let rows = Rows::default().texts(self.0.keys().map(QueueName::as_str));
        Some((0..17).fold(rows, |rows, column| rows.ints(numbers.iter().map(|numbers| numbers[column]))))
    }

    /// The queues in which something may stand in front of what was the first.
    pub(super) fn with_returns(&self) -> impl Iterator<Item = &QueueName> {
        self.0.iter().filter(|(_, entry)| entry.has_returns).map(|(queue, _)| queue)
    }

    /// The queues that may have work now.
    pub(super) fn woken(&self) -> Vec<QueueName> {
        self.0.iter().filter(|(_, entry)| entry.has_arrivals).map(|(queue, _)| queue.clone()).collect()
    }
}

/// Whether the error says that the record itself is at fault.
pub(super) fn is_system_error(error: &JobError) -> bool {
    error.kind() == ErrorKind::Undecodable
}
