//! Faults by chance, the same ones each time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::Fault;

/// Latest that a late answer comes, milliseconds.
const LATEST: u64 = 3;

/// Which calls fail, and how: before, after or late, each as often. Several stores may share it; as long as they are called
/// one after the other, a seed always makes the same calls fail.
#[derive(Debug)]
pub struct Odds {
    share: f64,
    random: Mutex<StdRng>,
    calls: AtomicU64,
    faults: AtomicU64,
}

impl Odds {
    /// `share` of all calls fail; 0.05 is one in twenty.
    pub fn new(share: f64, seed: u64) -> Self {
        let random = Mutex::new(StdRng::seed_from_u64(seed));
        Self { share, random, calls: AtomicU64::new(0), faults: AtomicU64::new(0) }
    }

    /// Calls made so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Those of them that failed or were late.
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::SeqCst)
    }

    /// What goes wrong with the next call.
    pub(super) fn draw(&self) -> Option<Fault> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        if random.random::<f64>() >= self.share {
            return None;
        }
        self.faults.fetch_add(1, Ordering::SeqCst);
        Some(match random.random_range(0..3) {
            0 => Fault::Before,
            1 => Fault::After,
            _ => Fault::Late(Duration::from_millis(random.random_range(1..=LATEST))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(seed: u64) -> Vec<Option<Fault>> {
        let odds = Odds::new(0.05, seed);
        (0..10_000).map(|_| odds.draw()).collect()
    }

    #[test]
    fn one_call_in_twenty_fails_in_each_way_alike() {
        let drawn = draws(1);
        let of = |wanted: fn(&Fault) -> bool| drawn.iter().flatten().filter(|fault| wanted(fault)).count();
        let before = of(|fault| *fault == Fault::Before);
        let after = of(|fault| *fault == Fault::After);
        let late = of(|fault| matches!(fault, Fault::Late(_)));
        for share in [before, after, late] {
            assert!((120..=220).contains(&share), "{before} {after} {late}");
        }
        assert_eq!(before + after + late, drawn.iter().flatten().count());
    }

    #[test]
    fn a_seed_is_a_course_of_events() {
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }
}
