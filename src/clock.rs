//! The one home of "now".
//!
//! A store's clock decides when jobs are due and leases end (see `docs/design.md`). Redis and the SQL servers bring
//! their own; the embedded stores use [`SystemClock`], and tests use a manual one (feature `testing`).

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A point of a store's time: microseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    pub fn from_datetime(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }

    /// RFC 3339 in UTC with microseconds, as the API writes times.
    pub fn to_rfc3339(self) -> String {
        DateTime::from_timestamp_micros(self.0)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// Time from `earlier` to here; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A duration as whole microseconds, capped at what a [`Timestamp`] can hold.
pub fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A duration in its two or three largest units.
pub fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let kept = match seconds {
        0..3600 => seconds,
        3600..86_400 => seconds / 60 * 60,
        _ => seconds / 3600 * 3600,
    };
    humantime::format_duration(Duration::from_secs(kept)).to_string()
}

/// Something that tells a store's time.
pub trait Clock: Debug + Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock, held still rather than let run backwards.
#[derive(Debug, Default)]
pub struct SystemClock(AtomicI64);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is its home")]
    fn now(&self) -> Timestamp {
        let read = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros);
        Timestamp(self.0.fetch_max(read, Ordering::Relaxed).max(read))
    }
}

/// A stopwatch on this process's own clock: it measures durations and decides nothing.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this is its home")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The moment `duration` after the start, to compare with `Instant`s.
    pub fn after(&self, duration: Duration) -> Option<std::time::Instant> {
        self.0.checked_add(duration)
    }
}

/// A clock that moves when a test says so.
#[cfg(feature = "testing")]
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

#[cfg(feature = "testing")]
impl ManualClock {
    pub fn starting_at(time: Timestamp) -> Self {
        Self(AtomicI64::new(time.0))
    }

    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(micros(by), Ordering::SeqCst);
    }

    /// Sets the time, backwards too, as a badly kept server might.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.0, Ordering::SeqCst);
    }
}

#[cfg(feature = "testing")]
impl Default for ManualClock {
    /// Some day in 2026.
    fn default() -> Self {
        Self::starting_at(Timestamp::from_micros(1_770_000_000_000_000))
    }
}

#[cfg(feature = "testing")]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_microseconds() {
        assert_eq!(Timestamp::from_micros(1_770_000_000_000_001).to_rfc3339(), "2026-02-02T02:40:00.000001Z");
    }

    #[test]
    fn the_system_clock_never_runs_backwards() {
        let clock = SystemClock(AtomicI64::new(i64::MAX - 1));
        assert_eq!(clock.now().as_micros(), i64::MAX - 1);
    }
}
