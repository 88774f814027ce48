//! Retry arithmetic with numbers that nobody means.

use std::time::Duration;

use journeyman::clock::Timestamp;
use journeyman::job::{Backoff, ErrorKind, JobError, JobOptions, Outcome, Strategy, seconds};
use journeyman::queue::{Attempted, Policy, Settlement, Trail, decide};

/// Numbers out of bytes; zero once there are none left.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn long(&mut self) -> u64 {
        let extremes = [0, 1, 1 << 31, u64::from(u32::MAX), 1 << 53, 1 << 62, i64::MAX.cast_unsigned(), u64::MAX];
        match self.byte() {
            which @ 0..8 => extremes[usize::from(which)],
            _ => u64::from_be_bytes([(); 8].map(|()| self.byte())),
        }
    }

    fn count(&mut self) -> u32 {
        u32::try_from(self.long() & u64::from(u32::MAX)).unwrap_or(u32::MAX)
    }

    fn duration(&mut self) -> Duration {
        Duration::new(self.long(), self.count() % 1_000_000_000)
    }

    /// Any number at all, those that are none included.
    fn float(&mut self) -> f64 {
        f64::from_bits(self.long())
    }

    fn error(&mut self) -> JobError {
        let kinds = [
            ErrorKind::Error,
            ErrorKind::Panic,
            ErrorKind::Timeout,
            ErrorKind::PoolExhausted,
            ErrorKind::WorkerLost,
            ErrorKind::Fatal,
        ];
        JobError::of(kinds[usize::from(self.byte()) % kinds.len()], "boom")
    }
}

/// Never panics; waits that the job did not ask for itself are bounded; the last try is the last.
pub fn policy(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let strategy = match numbers.byte() % 3 {
        0 => Strategy::Fixed { delay: numbers.duration() },
        1 => Strategy::Exponential {
            base: numbers.float(),
            min_delay: numbers.duration(),
            max_delay: numbers.duration(),
        },
        _ => Backoff::custom((0..numbers.byte() % 5).map(|_| numbers.duration())).strategy,
    };
    let backoff = Backoff { strategy, jitter: numbers.byte() % 2 == 0 };
    let options = JobOptions {
        max_tries: numbers.count(),
        retry_for: (numbers.byte() % 2 == 0).then(|| numbers.duration()),
        backoff,
        ..JobOptions::default()
    };
    let time = |numbers: &mut Numbers<'_>| Timestamp::from_micros(numbers.long().cast_signed());
    let trail = Trail {
        requeues: numbers.count(),
        crashes: numbers.count(),
        first_started_at: (numbers.byte() % 2 == 0).then(|| time(&mut numbers)),
        ..Trail::default()
    };
    let policy = Policy {
        max_crashes: numbers.count(),
        max_tries: (numbers.byte() % 2 == 0).then(|| numbers.count()),
        max_requeues: numbers.count(),
    };
    let facts =
        Attempted { options: &options, trail: &trail, attempt: numbers.count(), now: time(&mut numbers), policy };
    // Chance is from 0 to 1; what lies outside is taken as the end it lies beyond.
    let roll = Some(numbers.float()).filter(|roll| !roll.is_nan()).unwrap_or(0.5);
    let result = match numbers.byte() % 4 {
        0 => Ok(Outcome::done()),
        1 => Ok(Outcome::Released { delay: numbers.duration() }),
        2 => Ok(Outcome::Snoozed { delay: numbers.duration() }),
        _ => Err(numbers.error()),
    };
    let settlement = decide(&facts, &result, roll);
    assert_eq!(settlement, decide(&facts, &result, roll), "chance comes in as an argument alone");
    let longest = match &result {
        Ok(Outcome::Released { delay } | Outcome::Snoozed { delay }) => *delay,
        _ => seconds::MAX,
    };
    let max_tries = policy.max_tries.unwrap_or(options.max_tries);
    match settlement {
        Settlement::Release { delay } => {
            assert!(delay <= longest, "{delay:?}");
            assert!(max_tries == 0 || facts.attempt < max_tries, "a try after the last");
        }
        Settlement::Snooze { delay } => assert!(delay <= longest, "{delay:?}"),
        Settlement::Complete => assert!(matches!(result, Ok(Outcome::Completed(_)))),
        Settlement::Fail { .. } => assert!(!matches!(result, Ok(Outcome::Completed(_)))),
        other @ (Settlement::Cancel | Settlement::Requeue) => panic!("nobody asked for {other:?}"),
    }
}
