//! A moment as it is said on the command line: a time, or so long ago.

use std::str::FromStr;
use std::time::Duration;

use chrono::DateTime;
use journeyman_job::seconds;

use crate::clock::Timestamp;

/// A moment of the store's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    At(Timestamp),
    Ago(Duration),
}

impl When {
    /// When it was, or will be, as seen from `now`.
    pub(super) fn seen_from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(duration) => now.minus(duration),
        }
    }
}

/// What is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a time such as 2030-01-01T09:00:00Z, or how long ago: 30m, 2h, 7d")]
pub(super) struct NoMoment;

impl FromStr for When {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(Timestamp::from_datetime(time.to_utc())));
        }
        let ago = humantime::parse_duration(text).ok().filter(|duration| *duration <= seconds::MAX);
        ago.map(Self::Ago).ok_or(NoMoment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r51_a_moment_is_a_time_or_so_long_ago() {
        let now = Timestamp::from_micros(1_770_000_000_000_000);
        for (text, seen) in [
            ("2026-02-02T02:40:00Z", "2026-02-02T02:40:00.000000Z"),
            ("2026-02-02T03:40:00.5+01:00", "2026-02-02T02:40:00.500000Z"),
            ("30m", "2026-02-02T02:10:00.000000Z"),
            ("1h 30m", "2026-02-02T01:10:00.000000Z"),
            ("7d", "2026-01-26T02:40:00.000000Z"),
        ] {
            assert_eq!(text.parse::<When>().unwrap().seen_from(now).to_rfc3339(), seen, "{text}");
        }
        for bad in ["", "30", "yesterday", "-2h", "2026-02-02", "2026-02-02 02:40", "1000years"] {
            assert_eq!(bad.parse::<When>(), Err(NoMoment), "{bad}");
        }
    }
}
