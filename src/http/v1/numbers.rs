//! Numbers of jobs, as overview and queues both show them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::queue::{Counters, QueueStats};

/// Jobs by state. Ended ones count as long as their records are kept.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(super) struct Totals {
    pub(super) pending: u64,
    pub(super) delayed: u64,
    pub(super) reserved: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
}

/// Sums since the store was created.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(super) struct Sums {
    enqueued: u64,
    /// Jobs that completed or failed for good.
    processed: u64,
    /// Jobs that failed for good.
    failed: u64,
    /// Attempts that were followed by another.
    retried: u64,
    /// Attempts that ran past their timeout.
    timeouts: u64,
}

impl Totals {
    pub(super) fn of<'a>(all: impl IntoIterator<Item = &'a QueueStats>) -> Self {
        let mut totals = Self::default();
        for stats in all {
            totals.pending += stats.total_pending();
            totals.delayed += stats.delayed;
            totals.reserved += stats.reserved;
            totals.completed += stats.completed;
            totals.failed += stats.failed;
            totals.cancelled += stats.cancelled;
        }
        totals
    }
}

impl Sums {
    pub(super) fn of<'a>(all: impl IntoIterator<Item = &'a QueueStats>) -> Self {
        let mut sums = Counters::default();
        all.into_iter().for_each(|stats| sums += stats.counters);
        let Counters { enqueued, processed, failed, retried, timeouts, .. } = sums;
        Self { enqueued, processed, failed, retried, timeouts }
    }
}
