//! One queue: where its jobs wait and where its ended ones are remembered.

use std::collections::{BTreeSet, VecDeque};

use journeyman_job::{JobId, Priority};

use crate::clock::Timestamp;
use crate::queue::{Counters, State};

/// When a delayed job is due, and its place among those due at the same moment.
pub(super) type Due = (Timestamp, i64);

#[derive(Debug, Default)]
pub(super) struct Line {
    /// By priority, lowest first; the front goes next.
    pending: [VecDeque<JobId>; 4],
    pub(super) delayed: BTreeSet<(Due, JobId)>,
    completed: VecDeque<JobId>,
    failed: VecDeque<JobId>,
    cancelled: VecDeque<JobId>,
    /// Those of `failed` that could not be decoded.
    pub(super) system_errors: u64,
    pub(super) counters: Counters,
}

impl Line {
    pub(super) fn pending(&mut self, priority: Priority) -> &mut VecDeque<JobId> {
        &mut self.pending[usize::from(priority.as_number()) - 1]
    }

    /// Every id in it, with the state of a job that stands there and, of a pending one, the priority.
    pub(super) fn places(&self) -> impl Iterator<Item = (JobId, State, Option<Priority>)> {
        let pending = Priority::DESCENDING.into_iter().flat_map(|priority| {
            let ids = &self.pending[usize::from(priority.as_number()) - 1];
            ids.iter().map(move |id| (*id, State::Pending, Some(priority)))
        });
        let delayed = self.delayed.iter().map(|(_, id)| (*id, State::Delayed, None));
        let ended =
            [(&self.completed, State::Completed), (&self.failed, State::Failed), (&self.cancelled, State::Cancelled)];
        let ended = ended.into_iter().flat_map(|(ids, state)| ids.iter().map(move |id| (*id, state, None)));
        pending.chain(delayed).chain(ended)
    }

    pub(super) fn pending_counts(&self) -> [u64; 4] {
        std::array::from_fn(|index| self.pending[index].len() as u64)
    }

    /// The ids of jobs that ended this way, the oldest first.
    pub(super) fn ended(&mut self, how: State) -> &mut VecDeque<JobId> {
        match how {
            State::Failed => &mut self.failed,
            State::Cancelled => &mut self.cancelled,
            _ => &mut self.completed,
        }
    }

    /// How many records are kept of completed, failed and cancelled jobs.
    pub(super) fn ended_counts(&self) -> [u64; 3] {
        [&self.completed, &self.failed, &self.cancelled].map(|ids| ids.len() as u64)
    }

    /// Takes the earliest delayed job out if it is due.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<JobId> {
        self.delayed.first().filter(|((due, _), _)| *due <= now)?;
        self.delayed.pop_first().map(|(_, id)| id)
    }
}
