//! When which fault strikes whom: all of it follows from the seed.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use crate::arguments::Storm;

/// Workers are missed after that long: the default.
pub const LEASE: Duration = Duration::from_secs(10);

/// Enough for every worker to have some.
const SLOW_JOBS: u64 = 24;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    KillWorker,
    KillServer,
    /// The store is killed and stays away that long, every fifth time for longer than the lease; meanwhile another fault may
    /// strike.
    KillStore {
        away: Duration,
        meanwhile: Option<Meanwhile>,
    },
    FreezeWorker {
        lasting: Duration,
    },
    /// The same once it has a slow job in hand, which another one is at when it wakes up.
    WakeLate {
        lasting: Duration,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    KillWorker,
    KillServer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stroke {
    /// It strikes once so many jobs have been pushed.
    pub after: u64,
    pub fault: Fault,
    /// Picks the victim among those there are.
    pub victim: usize,
    /// Waited before it strikes, so that it may hit any point of the system's own rhythm.
    pub pause: Duration,
}

pub fn schedule(options: &Storm) -> Vec<Stroke> {
    let mut dice = SmallRng::seed_from_u64(options.seed);
    let mut faults = vec![Fault::KillWorker; options.worker_kills];
    faults.extend(vec![Fault::KillServer; options.server_kills]);
    for kill in 0..options.store_kills {
        // Every fifth outage outlasts the lease, the first one among them.
        let away = if kill % 5 == 0 {
            LEASE + Duration::from_millis(dice.random_range(500..5_000))
        } else {
            Duration::from_millis(dice.random_range(50..3_000))
        };
        let meanwhile = match dice.random_range(0..4) {
            0 => Some(Meanwhile::KillWorker),
            1 => Some(Meanwhile::KillServer),
            _ => None,
        };
        faults.push(Fault::KillStore { away, meanwhile });
    }
    for _ in 0..options.freezes {
        let over = Duration::from_millis(dice.random_range(500..1_500));
        faults.push(Fault::FreezeWorker { lasting: LEASE + over });
    }
    for _ in 0..options.late_wakers {
        let over = Duration::from_millis(dice.random_range(1_500..2_500));
        faults.push(Fault::WakeLate { lasting: LEASE + over });
    }
    faults.shuffle(&mut dice);
    let count = faults.len() as u64;
    let strokes = faults.into_iter().zip(1..).map(|(fault, place)| Stroke {
        after: options.jobs * place / (count + 1),
        fault,
        victim: dice.random_range(0..1000),
        pause: Duration::from_millis(dice.random_range(0..400)),
    });
    strokes.collect()
}

/// The jobs that are pushed for the freezes that need slow ones, a range for each in the order of the schedule. They come
/// behind the `jobs` that the clients push.
pub fn slow_jobs(jobs: u64, strokes: &[Stroke]) -> Vec<Range<u64>> {
    let late = strokes.iter().filter(|stroke| matches!(stroke.fault, Fault::WakeLate { .. }));
    (0..).zip(late).map(|(place, _)| jobs + place * SLOW_JOBS..jobs + (place + 1) * SLOW_JOBS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Kind;

    #[test]
    fn a_schedule_follows_from_its_seed_and_holds_every_fault_asked_for() {
        let mut options = Storm {
            store: Kind::Sqlite,
            jobs: 1_000,
            seed: 3,
            worker_kills: 5,
            server_kills: 4,
            store_kills: 3,
            freezes: 2,
            late_wakers: 1,
            ledger: None,
        };
        let strokes = schedule(&options);
        assert_eq!(strokes, schedule(&options));
        let count = |is_it: fn(&Fault) -> bool| strokes.iter().filter(|stroke| is_it(&stroke.fault)).count();
        assert_eq!(count(|fault| *fault == Fault::KillWorker), 5);
        assert_eq!(count(|fault| *fault == Fault::KillServer), 4);
        assert_eq!(count(|fault| matches!(fault, Fault::KillStore { .. })), 3);
        assert_eq!(count(|fault| matches!(fault, Fault::FreezeWorker { lasting } if *lasting > LEASE)), 2);
        assert_eq!(slow_jobs(1_000, &strokes), vec![Range { start: 1_000, end: 1_024 }]);
        assert!(strokes.is_sorted_by_key(|stroke| stroke.after) && strokes.last().unwrap().after < 1_000);
        options.seed = 4;
        assert_ne!(strokes, schedule(&options));
    }
}
