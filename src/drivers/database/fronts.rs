//! From where on the lines of pending jobs are worth reading.
//!
//! A job that leaves its place leaves an entry in the index there, until the server has cleared it away. While jobs are
//! taken quickly, or an old transaction keeps the server from clearing, thousands of such entries stand in front of the first
//! job that waits, and each reserve would read them all.
//!
//! What is known here is only ever a hint, for a job may come to stand before the front: put back to its place, or pushed by a
//! transaction that took long to commit. So a front keeps behind what is recent, and does not grow old.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journeyman_job::{Priority, QueueName};

use super::lanes;
use super::positions::first_at;
use crate::clock::{Stopwatch, Timestamp};

/// After so long the whole line is read again.
const FRESH: Duration = Duration::from_millis(200);
/// No front is nearer than this to the present: what was pushed since may not have been committed yet.
const RECENT: Duration = Duration::from_secs(1);
/// Before all places, which are times.
pub(super) const BEGINNING: i64 = 0;

/// The fronts of all lines from which this process has taken something a moment ago.
#[derive(Debug)]
pub(super) struct Fronts {
    clock: Stopwatch,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    fronts: HashMap<i64, Front>,
    /// How often something was forgotten: what was seen before says nothing any more.
    epoch: u64,
}

/// A place before which nothing is to be expected.
#[derive(Debug, Clone, Copy)]
struct Front {
    place: i64,
    /// When the line was last read from its beginning.
    whole_at: Duration,
}

/// From where on a line is read now.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) from: i64,
    lane: i64,
    whole_at: Duration,
    epoch: u64,
}

/// Every handle of this process on one store shares that store's.
static ALL: LazyLock<Mutex<HashMap<String, Arc<Fronts>>>> = LazyLock::new(Mutex::default);

impl Fronts {
    pub(super) fn of_store(store: &str) -> Arc<Self> {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(store.to_owned()).or_insert_with(|| Arc::new(Self::new())))
    }

    fn new() -> Self {
        Self { clock: Stopwatch::start(), known: Mutex::default() }
    }

    pub(super) fn view(&self, lane: i64) -> View {
        self.view_at(lane, self.clock.elapsed())
    }

    fn view_at(&self, lane: i64, now: Duration) -> View {
        let known = self.lock();
        let front = known.fronts.get(&lane).filter(|front| now.saturating_sub(front.whole_at) < FRESH);
        let Front { place, whole_at } = front.copied().unwrap_or(Front { place: BEGINNING, whole_at: now });
        View { from: place, lane, whole_at, epoch: known.epoch }
    }

    /// The same line from its beginning.
    pub(super) fn whole(&self, view: View) -> View {
        View { from: BEGINNING, whole_at: self.clock.elapsed(), ..view }
    }

    /// As many as were asked for have been taken of what was seen, up to this place; `now` is the store's time.
    pub(super) fn advance(&self, seen: View, place: i64, now: Timestamp) {
        let place = place.min(first_at(now.minus(RECENT)));
        let mut known = self.lock();
        let is_newer = known.fronts.get(&seen.lane).is_none_or(|front| front.whole_at <= seen.whole_at);
        if known.epoch == seen.epoch && is_newer {
            known.fronts.insert(seen.lane, Front { place, whole_at: seen.whole_at });
        }
    }

    pub(super) fn forget_lane(&self, lane: i64) {
        let mut known = self.lock();
        known.epoch += 1;
        known.fronts.remove(&lane);
    }

    /// A job has come back to its place in this queue.
    pub(super) fn forget(&self, queue: &QueueName) {
        Priority::DESCENDING.into_iter().for_each(|priority| self.forget_lane(lanes::pending(queue, priority)));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: i64 = 7;
    const MILLI: Duration = Duration::from_millis(1);

    fn now() -> Timestamp {
        Timestamp::from_micros(1_770_000_000_000_000)
    }

    /// A place so long ago.
    fn ago(age: Duration) -> i64 {
        first_at(now().minus(age))
    }

    #[test]
    fn what_is_known_counts_from_when_the_whole_line_was_read() {
        let fronts = Fronts::new();
        let old = ago(RECENT * 5);
        fronts.advance(fronts.view_at(LANE, 10 * MILLI), old, now());
        let seen = fronts.view_at(LANE, 150 * MILLI);
        assert_eq!(seen.from, old);
        fronts.advance(seen, old + 1, now());
        assert_eq!(fronts.view_at(LANE, 10 * MILLI + FRESH - MILLI).from, old + 1);
        assert_eq!(fronts.view_at(LANE, 10 * MILLI + FRESH).from, BEGINNING);
    }

    #[test]
    fn what_is_recent_is_never_passed_over() {
        let fronts = Fronts::new();
        fronts.advance(fronts.view_at(LANE, MILLI), ago(RECENT / 2), now());
        assert_eq!(fronts.view_at(LANE, MILLI).from, ago(RECENT));
    }

    #[test]
    fn what_was_seen_before_something_came_back_is_forgotten_too() {
        let (fronts, queue) = (Fronts::new(), QueueName::default());
        let lane = lanes::pending(&queue, Priority::High);
        let seen = fronts.view_at(lane, MILLI);
        fronts.forget(&queue);
        fronts.advance(seen, ago(RECENT * 5), now());
        assert_eq!(fronts.view_at(lane, MILLI).from, BEGINNING);
    }

    #[test]
    fn what_was_seen_of_an_older_front_does_not_come_back() {
        let fronts = Fronts::new();
        fronts.advance(fronts.view_at(LANE, MILLI), ago(RECENT * 5), now());
        let old = fronts.view_at(LANE, 2 * MILLI);
        let whole = fronts.view_at(LANE, MILLI + FRESH);
        fronts.advance(whole, ago(RECENT * 4), now());
        fronts.advance(old, ago(RECENT * 3), now());
        assert_eq!(fronts.view_at(LANE, MILLI + FRESH).from, ago(RECENT * 4));
    }
}
