//! Places in a line of pending jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::shared::Shared;
use crate::clock::Timestamp;

/// Places for each microsecond: those of one bulk, and the years until 2255.
const PER_MICRO: i64 = 1024;

/// Hands out places of one store that only grow: by its clock, and within this process also when that runs backwards.
#[derive(Debug, Default)]
pub(super) struct Positions(AtomicI64);

static ALL: Shared<Positions> = Shared::new();

/// The first place of those that may be handed out at a time.
pub(super) fn first_at(time: Timestamp) -> i64 {
    time.as_micros().saturating_mul(PER_MICRO)
}

impl Positions {
    pub(super) fn of(store: &str) -> Arc<Self> {
        ALL.of(store)
    }

    /// The first of `count` places behind all others.
    pub(super) fn take(&self, now: Timestamp, count: usize) -> i64 {
        let (earliest, count) = (first_at(now), i64::try_from(count).unwrap_or(i64::MAX));
        let first = |last: i64| earliest.max(last.saturating_add(1));
        let step = |last| Some(first(last).saturating_add(count - 1));
        // The closure never declines.
        let last = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap_or_else(|last| last);
        first(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_store_has_places_of_its_own_and_its_handles_share_them() {
        let ahead = Timestamp::from_micros(2_000_000_000_000_000);
        let (one, same, other) = (Positions::of("one"), Positions::of("one"), Positions::of("other"));
        let first = one.take(ahead, 1);
        assert_eq!(same.take(Timestamp::from_micros(0), 1), first + 1);
        assert!(other.take(Timestamp::from_micros(1), 1) < first);
    }

    #[test]
    fn places_grow_with_time_and_without_it() {
        let positions = Positions::default();
        let now = Timestamp::from_micros(1_770_000_000_000_000);
        let first = positions.take(now, 1000);
        assert_eq!(first, now.as_micros() * PER_MICRO);
        assert_eq!(positions.take(now, 1), first + 1000);
        assert_eq!(positions.take(Timestamp::from_micros(0), 1), first + 1001);
        assert!(positions.take(Timestamp::from_micros(now.as_micros() + 1), 1) > first + 1001);
    }
}
