//! How it was: what all workers have run, by minute, queue and type.
//!
//! Each process counts what its own workers run and leaves it as notes, under a name that no other start of a process has:
//! by minute for two hours, by ten minutes for a day, by hour for two weeks. Each note is written whole, over the one
//! before it, so that writing once more is harmless; who reads adds up those of all processes.

mod cells;
mod histogram;
mod reader;
mod recorder;

use std::time::Duration;

pub use cells::{Cell, Cells};
pub use histogram::{Histogram, Percentiles};
pub use reader::{History, MOST_MINUTES, OfType, Point, Wanted, read};
pub use recorder::Recorder;

use crate::clock::Timestamp;
use crate::queue::{NoteKey, NoteKeyError};

/// Pairs of queue and type that one stretch of one process tells apart; all further ones are [`OTHERS`](super::OTHERS).
pub const MOST_PAIRS: usize = 200;

/// How finely time is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scale {
    Minute,
    TenMinutes,
    Hour,
}

impl Scale {
    pub const ALL: [Self; 3] = [Self::Minute, Self::TenMinutes, Self::Hour];

    /// The coarseness that shows that many minutes in few points, and is kept for as long.
    pub fn of(minutes: u64) -> Self {
        match minutes {
            0..=120 => Self::Minute,
            121..=1440 => Self::TenMinutes,
            _ => Self::Hour,
        }
    }

    pub fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::TenMinutes => 600,
            Self::Hour => 3600,
        }
    }

    /// A little longer than the longest view of it, so that its beginning is there.
    fn keep(self) -> Duration {
        Duration::from_secs(match self {
            Self::Minute => 125 * 60,
            Self::TenMinutes => 26 * 3600,
            Self::Hour => 15 * 24 * 3600,
        })
    }

    fn letter(self) -> char {
        match self {
            Self::Minute => 'm',
            Self::TenMinutes => 't',
            Self::Hour => 'h',
        }
    }

    /// When the stretch begins that this moment is in; seconds.
    fn begin(self, at: Timestamp) -> i64 {
        let seconds = at.as_micros().div_euclid(1_000_000);
        seconds - seconds.rem_euclid(self.seconds())
    }

    /// The key of a stretch of one process, or what all keys of that stretch begin with.
    fn key(self, begin: i64, process: &str) -> Result<NoteKey, NoteKeyError> {
        NoteKey::new(&format!("{}:{:012}:{process}", self.letter(), begin.max(0)))
    }

    fn begin_in(self, key: &NoteKey) -> Option<i64> {
        let rest = key.as_str().strip_prefix(self.letter())?.strip_prefix(':')?;
        rest.split_once(':')?.0.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r52_a_key_tells_its_stretch_and_sorts_by_time() {
        let at = Timestamp::from_micros(1_770_000_119_999_999);
        assert_eq!(Scale::ALL.map(|scale| scale.begin(at)), [1_770_000_060, 1_770_000_000, 1_769_997_600]);
        for scale in Scale::ALL {
            let (now, later) = (scale.begin(at), scale.begin(at) + scale.seconds());
            let (first, second) = (scale.key(now, "z").unwrap(), scale.key(later, "a").unwrap());
            assert!(first < second);
            assert_eq!((scale.begin_in(&first), scale.begin_in(&second)), (Some(now), Some(later)));
        }
        assert_eq!(Scale::Minute.begin_in(&Scale::Hour.key(3600, "p").unwrap()), None);
    }
}
