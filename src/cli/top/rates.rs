//! How fast it goes: from what the counters have grown between two looks.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::look::Look;
use crate::clock::Timestamp;

/// The longest stretch that is told of.
const MINUTE: Duration = Duration::from_secs(60);
/// What a single queue's rate is taken of: single jobs make it jump less than between two looks.
const SOON: Duration = Duration::from_secs(10);

/// The counters of the last minute's looks.
#[derive(Debug, Default)]
pub(super) struct Rates {
    samples: VecDeque<Sample>,
}

#[derive(Debug)]
struct Sample {
    at: Timestamp,
    processed: u64,
    failed: u64,
    by_queue: BTreeMap<String, u64>,
}

/// Jobs a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    pub(super) processed: f64,
    pub(super) failed: f64,
    /// What it was taken of.
    pub(super) over: Duration,
}

impl Rates {
    pub(super) fn note(&mut self, look: &Look) {
        let sum = |count: fn(&super::look::QueueLine) -> u64| look.queues.iter().map(count).sum();
        self.samples.push_back(Sample {
            at: look.at,
            processed: sum(|queue| queue.counters.processed),
            failed: sum(|queue| queue.counters.failed),
            by_queue: look.queues.iter().map(|queue| (queue.name.clone(), queue.counters.processed)).collect(),
        });
        // The last two stay, however far they lie apart.
        while self.samples.len() > 2 && look.at.since(self.samples[1].at) >= MINUTE {
            self.samples.pop_front();
        }
    }

    /// Between the last two looks.
    pub(super) fn now(&self) -> Option<Pace> {
        self.between(self.samples.len().checked_sub(2)?)
    }

    /// Over the last minute, or what is known of it.
    pub(super) fn lately(&self) -> Option<Pace> {
        self.between(0)
    }

    /// Of one queue, jobs a second.
    pub(super) fn of(&self, queue: &str) -> Option<f64> {
        let last = self.samples.back()?;
        let first = self.samples.iter().find(|sample| last.at.since(sample.at) <= SOON)?;
        // Looks that are further apart than that.
        let first = if first.at == last.at { self.samples.get(self.samples.len().checked_sub(2)?)? } else { first };
        let count = |sample: &Sample| sample.by_queue.get(queue).copied().unwrap_or_default();
        per_second(count(first), count(last), last.at.since(first.at))
    }

    fn between(&self, first: usize) -> Option<Pace> {
        let (first, last) = (self.samples.get(first)?, self.samples.back()?);
        let over = last.at.since(first.at);
        Some(Pace {
            processed: per_second(first.processed, last.processed, over)?,
            failed: per_second(first.failed, last.failed, over)?,
            over,
        })
    }
}

/// `None` where no time has passed.
fn per_second(before: u64, after: u64, over: Duration) -> Option<f64> {
    // A store that was emptied counts anew.
    (!over.is_zero()).then(|| after.saturating_sub(before) as f64 / over.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::super::look::QueueLine;
    use super::*;
    use crate::queue::Counters;

    fn look(second: i64, counts: &[(&str, u64, u64)]) -> Look {
        let queue = |(name, processed, failed): &(&str, u64, u64)| QueueLine {
            name: (*name).to_owned(),
            counters: Counters { processed: *processed, failed: *failed, ..Counters::default() },
            ..QueueLine::default()
        };
        Look {
            at: Timestamp::from_micros(second * 1_000_000),
            queues: counts.iter().map(queue).collect(),
            ..Look::default()
        }
    }

    #[test]
    fn rates_are_of_the_last_two_looks_and_of_the_last_minute() {
        let mut rates = Rates::default();
        assert_eq!((rates.now(), rates.lately(), rates.of("a")), (None, None, None));
        for second in 0..=90 {
            let fast = if second > 80 { (second - 80) * 10 } else { 0 };
            rates.note(&look(second, &[("a", second as u64 + fast as u64, 0), ("b", 7, second as u64 / 30)]));
        }
        let pace = |processed, failed, seconds| Some(Pace { processed, failed, over: Duration::from_secs(seconds) });
        assert_eq!(rates.now(), pace(11.0, 1.0, 1));
        assert_eq!(rates.lately(), pace(160.0 / 60.0, 2.0 / 60.0, 60));
        assert_eq!((rates.of("a"), rates.of("b"), rates.of("c")), (Some(11.0), Some(0.0), Some(0.0)));
    }

    #[test]
    fn looks_that_are_far_apart_or_no_time_at_all_and_counters_that_fall_do_no_harm() {
        let mut rates = Rates::default();
        rates.note(&look(0, &[("a", 0, 0)]));
        rates.note(&look(600, &[("a", 60, 0)]));
        assert_eq!((rates.now().map(|pace| pace.processed), rates.of("a")), (Some(0.1), Some(0.1)));
        rates.note(&look(600, &[("a", 70, 0)]));
        assert_eq!((rates.now(), rates.of("a")), (None, None));
        rates.note(&look(601, &[("a", 0, 0)]));
        assert_eq!(rates.now().map(|pace| pace.processed), Some(0.0));
    }
}
