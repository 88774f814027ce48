//! From where on the lines of pending jobs are worth reading.
//!
//! A job that leaves its place leaves an entry in the index there, until the server has cleared it away. While jobs are
//! taken quickly, thousands of such entries stand in front of the first job that waits, and each reserve would read them all.
//! What is known here is only ever a hint, and an old one counts for nothing: a job may come back to an earlier place.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journeyman_job::{Priority, QueueName};

use super::lanes;
use crate::clock::Stopwatch;

/// How long a job that came back to its place in another process can be passed over while there are others.
const FRESH: Duration = Duration::from_millis(200);

/// Before all places.
pub(super) const BEGINNING: i64 = i64::MIN;
/// Behind all places.
pub(super) const END: i64 = i64::MAX;

/// The fronts of all lines from which this process has taken something a moment ago.
#[derive(Debug, Default)]
pub(super) struct Fronts(Mutex<HashMap<i64, Front>>);

#[derive(Debug)]
struct Front {
    place: i64,
    /// The line was read from its beginning.
    since: Stopwatch,
}

impl Fronts {
    /// The place before which nothing is to be expected in a line.
    pub(super) fn of(&self, lane: i64) -> i64 {
        let mut fronts = self.lock();
        match fronts.get(&lane) {
            Some(front) if front.since.elapsed() < FRESH => front.place,
            Some(_) => {
                fronts.remove(&lane);
                BEGINNING
            }
            None => BEGINNING,
        }
    }

    /// Everything up to this place was taken, and more may stand behind it.
    pub(super) fn advance(&self, lane: i64, place: i64) {
        self.lock().entry(lane).or_insert_with(|| Front { place, since: Stopwatch::start() }).place = place;
    }

    pub(super) fn forget_lane(&self, lane: i64) {
        self.lock().remove(&lane);
    }

    /// A job has come back to its place in this queue.
    pub(super) fn forget(&self, queue: &QueueName) {
        let mut fronts = self.lock();
        for priority in Priority::DESCENDING {
            fronts.remove(&lanes::pending(queue, priority));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Front>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_does_not_grow_old() {
        let (fronts, queue) = (Fronts::default(), QueueName::default());
        let lane = lanes::pending(&queue, Priority::Normal);
        assert_eq!(fronts.of(lane), BEGINNING);
        let begun = Stopwatch::start();
        fronts.advance(lane, 7);
        while begun.elapsed() < FRESH / 2 {
            std::thread::sleep(FRESH / 8);
        }
        fronts.advance(lane, 9);
        let known = fronts.of(lane);
        assert!(known == 9 || begun.elapsed() >= FRESH);
        std::thread::sleep(FRESH / 2 + FRESH / 8);
        assert_eq!(fronts.of(lane), BEGINNING, "it counts from when the whole line was read");
    }

    #[test]
    fn what_comes_back_to_its_place_is_found_at_once() {
        let (fronts, queue) = (Fronts::default(), QueueName::default());
        let (lane, other) = (lanes::pending(&queue, Priority::High), lanes::pending(&queue, Priority::Low));
        let elsewhere = lanes::pending(&QueueName::new("elsewhere").unwrap(), Priority::High);
        for lane in [lane, other, elsewhere] {
            fronts.advance(lane, 7);
        }
        fronts.forget(&queue);
        assert_eq!([lane, other].map(|lane| fronts.of(lane)), [BEGINNING; 2]);
        assert!(fronts.0.lock().unwrap().contains_key(&elsewhere));
    }
}
