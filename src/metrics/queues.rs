//! The queues in numbers, as the store keeps them.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use journeyman_job::{Priority, QueueName};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{OTHERS, PREFIX};
use crate::queue::{Counters, QueueStats, State};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    queue: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPriority {
    queue: String,
    priority: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfQueue {
    queue: String,
}

/// Which queues have a label of their own. Once given a label stays, or a counter would seem to run backwards.
#[derive(Debug)]
pub(super) struct QueueLabels {
    most: usize,
    given: Mutex<HashSet<QueueName>>,
}

impl QueueLabels {
    pub(super) fn new(most: usize) -> Self {
        Self { most, given: Mutex::default() }
    }

    pub(super) fn registry(&self, stats: &[QueueStats]) -> Registry {
        let mut registry = Registry::with_prefix(PREFIX);
        let (states, priorities) = (Family::<OfState, Gauge>::default(), Family::<OfPriority, Gauge>::default());
        let counters = Family::<OfQueue, Counter>::default;
        let [enqueued, processed, failed, retried, timeouts, exhaustion] = std::array::from_fn(|_| counters());
        for (queue, sums) in self.by_label(stats) {
            for (state, jobs) in of_states(&sums) {
                states.get_or_create(&OfState { queue: queue.clone(), state }).set(signed(jobs));
            }
            for priority in Priority::DESCENDING {
                let labels = OfPriority { queue: queue.clone(), priority: priority.as_str() };
                priorities.get_or_create(&labels).set(signed(sums.pending_of(priority)));
            }
            let Counters { enqueued: e, processed: p, failed: f, retried: r, timeouts: t, thread_pool_exhaustion: x } =
                sums.counters;
            let of = OfQueue { queue };
            for (family, count) in
                [(&enqueued, e), (&processed, p), (&failed, f), (&retried, r), (&timeouts, t), (&exhaustion, x)]
            {
                family.get_or_create(&of).inc_by(count);
            }
        }
        registry.register("queue_jobs", "Jobs by state; ended ones as long as their records are kept", states);
        registry.register("queue_pending_jobs", "Pending jobs by priority", priorities);
        registry.register("jobs_enqueued", "Jobs that were stored, by all processes", enqueued);
        registry.register("jobs_processed", "Jobs that completed or failed for good", processed);
        registry.register("jobs_failed", "Jobs that failed for good", failed);
        registry.register("jobs_retried", "Attempts that were followed by another", retried);
        registry.register("job_timeouts", "Attempts that ran past their timeout", timeouts);
        registry.register("thread_pool_exhaustion", "Times that a job found the thread pool full", exhaustion);
        registry
    }

    /// The sums of each label.
    fn by_label(&self, stats: &[QueueStats]) -> BTreeMap<String, QueueStats> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums = BTreeMap::<String, QueueStats>::new();
        for of_queue in stats {
            if given.len() < self.most && !given.contains(&of_queue.queue) {
                given.insert(of_queue.queue.clone());
            }
            let label = if given.contains(&of_queue.queue) { of_queue.queue.as_str() } else { OTHERS };
            match sums.get_mut(label) {
                Some(sum) => add(sum, of_queue),
                None => drop(sums.insert(label.to_owned(), of_queue.clone())),
            }
        }
        sums
    }
}

fn add(sum: &mut QueueStats, other: &QueueStats) {
    sum.pending.iter_mut().zip(other.pending).for_each(|(sum, other)| *sum += other);
    sum.delayed += other.delayed;
    sum.reserved += other.reserved;
    sum.completed += other.completed;
    sum.failed += other.failed;
    sum.cancelled += other.cancelled;
    sum.system_errors += other.system_errors;
    sum.counters += other.counters;
}

fn of_states(stats: &QueueStats) -> impl Iterator<Item = (&'static str, u64)> {
    State::ALL.into_iter().map(|state| {
        let jobs = match state {
            State::Pending => stats.total_pending(),
            State::Delayed => stats.delayed,
            State::Reserved => stats.reserved,
            State::Completed => stats.completed,
            State::Failed => stats.failed,
            State::Cancelled => stats.cancelled,
        };
        (state.as_str(), jobs)
    })
}

fn signed(jobs: u64) -> i64 {
    i64::try_from(jobs).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(names: std::ops::Range<u32>) -> Vec<QueueStats> {
        let of = |name: u32| QueueStats {
            delayed: 1,
            counters: Counters { enqueued: 2, ..Counters::default() },
            ..QueueStats::empty(QueueName::new(&format!("q{name}")).unwrap())
        };
        names.map(of).collect()
    }

    #[test]
    fn r52_queues_past_the_cap_share_one_label_and_keep_what_they_have() {
        let labels = QueueLabels::new(2);
        labels.by_label(&stats(5..7));
        let sums = labels.by_label(&stats(0..7));
        assert_eq!(sums.keys().collect::<Vec<_>>(), [OTHERS, "q5", "q6"]);
        assert_eq!((sums[OTHERS].delayed, sums[OTHERS].counters.enqueued), (5, 10));
        assert_eq!(sums["q5"].delayed, 1);
    }
}
