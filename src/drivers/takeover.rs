//! A takeover that comes late would rob the living.

use std::time::Duration;

use crate::clock::Stopwatch;
use crate::queue::ReserveRequest;

/// What to say of one that took nothing.
pub(super) const TOO_LATE: &str =
    "the store was busy or away for so long that living workers may have missed their beats: no job is taken over";

/// A `reclaim` under way, since when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Takeover {
    asked: Stopwatch,
    lease: Duration,
}

impl Takeover {
    pub(super) fn begins(request: &ReserveRequest<'_>) -> Self {
        Self { asked: Stopwatch::start(), lease: request.lease }
    }

    /// Whether it has waited for the store for so long that, as far as it knows, no worker was able to beat. They beat three
    /// times a lease: half of one is less than a living worker has left, and more than a slow store takes.
    pub(super) fn is_too_late(&self) -> bool {
        self.asked.elapsed() > self.lease / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p12_a_takeover_is_late_after_half_a_lease() {
        let takeover = |lease| Takeover { asked: Stopwatch::start(), lease };
        assert!(!takeover(Duration::from_secs(3600)).is_too_late());
        assert!(takeover(Duration::ZERO).is_too_late());
    }
}
