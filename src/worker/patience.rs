//! Waiting out a store that does not answer.

use std::time::Duration;

use tracing::{debug, info, warn};

use crate::queue::StoreError;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Counts the failures in a row of one activity, spaces them out, and logs an outage once at its start and its end.
#[derive(Debug)]
pub(super) struct Patience {
    activity: &'static str,
    failures: u32,
}

impl Patience {
    pub(super) fn new(activity: &'static str) -> Self {
        Self { activity, failures: 0 }
    }

    pub(super) fn succeeded(&mut self) {
        if self.failures > 0 {
            info!(activity = self.activity, failures = self.failures, "the store answers again");
            self.failures = 0;
        }
    }

    /// Notes a failure and says how long to wait before the next try.
    pub(super) fn failed(&mut self, error: &StoreError) -> Duration {
        if self.failures == 0 {
            warn!(activity = self.activity, %error, "the store does not do its part; trying until it does");
        } else {
            debug!(activity = self.activity, %error, failures = self.failures, "the store still fails");
        }
        let wait = SHORTEST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_two_seconds_and_start_anew_after_a_success() {
        let mut patience = Patience::new("test");
        let error = StoreError::Unavailable("gone".into());
        let waits: Vec<u128> = (0..7).map(|_| patience.failed(&error).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1600, 2000]);
        patience.succeeded();
        assert_eq!(patience.failed(&error).as_millis(), 50);
    }
}
