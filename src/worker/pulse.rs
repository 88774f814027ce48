//! Whether this worker's own beats get through.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::queue::StoreError;

/// Counts the beats that the store did not take. What kept them from it has kept the beats of others too: a store can
/// answer whoever asks, and refuse all that writes.
#[derive(Debug, Default)]
pub(super) struct Pulse(AtomicU64);

impl Pulse {
    /// A beat that is refused for good says nothing of those of others: one damaged queue must not end all takeovers.
    pub(super) fn failed(&self, error: &StoreError) {
        if error.is_passing() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many so far.
    pub(super) fn misses(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p12_beats_that_did_not_get_through_are_counted_and_those_refused_for_good_are_not() {
        let pulse = Pulse::default();
        for error in [StoreError::Unavailable, StoreError::Unknown, StoreError::Full, StoreError::Refused] {
            pulse.failed(&error("x".to_owned()));
        }
        assert_eq!(pulse.misses(), 3);
    }
}
