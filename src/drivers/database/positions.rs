//! Places in a line of pending jobs.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;

/// Places for each microsecond: those of one bulk, and the years until 2255.
const PER_MICRO: i64 = 1024;

/// Those of this process.
pub(super) static POSITIONS: Positions = Positions(AtomicI64::new(0));

/// Hands out places that only grow: by the store's clock, and within this process also when that runs backwards.
#[derive(Debug, Default)]
pub(super) struct Positions(AtomicI64);

impl Positions {
    /// The first of `count` places behind all others.
    pub(super) fn take(&self, now: Timestamp, count: usize) -> i64 {
        let (earliest, count) = (now.as_micros().saturating_mul(PER_MICRO), i64::try_from(count).unwrap_or(i64::MAX));
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
