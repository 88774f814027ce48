//! From where on the lines of pending jobs are worth reading.
//!
//! A job that leaves its place leaves an entry in the index there, until the server has cleared it away. While jobs are
//! taken quickly, or an old transaction keeps the server from clearing, thousands of such entries stand in front of the first
//! job that waits, and each reserve would read them all.
//!
//! What is known here is only ever a hint, for a job may come to stand before the front: put back to its place, or pushed by a
//! transaction that took long to commit. So a front keeps behind what is recent, and does not grow old.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journeyman_job::{Priority, QueueName};

use super::lanes;
use super::positions::first_at;
use super::shared::Shared;
use crate::clock::{Stopwatch, Timestamp};

/// After so long the whole line is read again, or after so many times as long as that takes: the longer a read, the more it
/// is worth.
const FRESH: Duration = Duration::from_millis(200);
const TIMES_AS_LONG: u32 = 4;
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
    until: Duration,
}

/// From where on a line is read now.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) from: i64,
    lane: i64,
    whole_at: Duration,
    /// None of what is read from the beginning now.
    until: Option<Duration>,
    epoch: u64,
}

static ALL: Shared<Fronts> = Shared::new();

impl Default for Fronts {
    fn default() -> Self {
        Self { clock: Stopwatch::start(), known: Mutex::default() }
    }
}

impl Fronts {
    pub(super) fn of(store: &str) -> Arc<Self> {
        ALL.of(store)
    }

    pub(super) fn view(&self, lane: i64) -> View {
        self.view_at(lane, self.clock.elapsed())
    }

    fn view_at(&self, lane: i64, now: Duration) -> View {
        let known = self.lock();
        let whole = View { from: BEGINNING, lane, whole_at: now, until: None, epoch: known.epoch };
        let front = known.fronts.get(&lane).filter(|front| now < front.until);
        front.map_or(whole, |front| View {
            from: front.place,
            whole_at: front.whole_at,
            until: Some(front.until),
            ..whole
        })
    }

    /// The same line from its beginning.
    pub(super) fn whole(&self, view: View) -> View {
        View { from: BEGINNING, whole_at: self.clock.elapsed(), until: None, ..view }
    }

    /// As many as were asked for have been taken of what was seen, up to this place; `time` is the store's.
    pub(super) fn advance(&self, seen: View, place: i64, time: Timestamp) {
        self.advance_at(seen, place, time, self.clock.elapsed());
    }

    fn advance_at(&self, seen: View, place: i64, time: Timestamp, now: Duration) {
        let place = place.min(first_at(time.minus(RECENT)));
        let taken = now.saturating_sub(seen.whole_at);
        let until = seen.until.unwrap_or_else(|| now + FRESH.max(taken * TIMES_AS_LONG));
        let mut known = self.lock();
        let is_newer = known.fronts.get(&seen.lane).is_none_or(|front| front.whole_at <= seen.whole_at);
        if known.epoch == seen.epoch && is_newer {
            known.fronts.insert(seen.lane, Front { place, whole_at: seen.whole_at, until });
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
        let (fronts, old) = (Fronts::default(), ago(RECENT * 5));
        fronts.advance_at(fronts.view_at(LANE, 9 * MILLI), old, now(), 10 * MILLI);
        let seen = fronts.view_at(LANE, 150 * MILLI);
        assert_eq!(seen.from, old);
        fronts.advance_at(seen, old + 1, now(), 160 * MILLI);
        assert_eq!(fronts.view_at(LANE, 10 * MILLI + FRESH - MILLI).from, old + 1);
        assert_eq!(fronts.view_at(LANE, 10 * MILLI + FRESH).from, BEGINNING);
    }

    #[test]
    fn what_took_long_to_read_is_used_for_longer() {
        let (fronts, old, long) = (Fronts::default(), ago(RECENT * 5), FRESH * 2);
        fronts.advance_at(fronts.view_at(LANE, MILLI), old, now(), MILLI + long);
        assert_eq!(fronts.view_at(LANE, long * 5).from, old);
        assert_eq!(fronts.view_at(LANE, MILLI + long * 5).from, BEGINNING);
    }

    #[test]
    fn what_is_recent_is_never_passed_over() {
        let fronts = Fronts::default();
        fronts.advance_at(fronts.view_at(LANE, MILLI), ago(RECENT / 2), now(), MILLI);
        assert_eq!(fronts.view_at(LANE, MILLI).from, ago(RECENT));
    }

    #[test]
    fn what_was_seen_before_something_came_back_is_forgotten_too() {
        let (fronts, queue) = (Fronts::default(), QueueName::default());
        let lane = lanes::pending(&queue, Priority::High);
        let seen = fronts.view_at(lane, MILLI);
        fronts.forget(&queue);
        fronts.advance_at(seen, ago(RECENT * 5), now(), MILLI);
        assert_eq!(fronts.view_at(lane, MILLI).from, BEGINNING);
    }

    #[test]
    fn what_was_seen_of_an_older_front_does_not_come_back() {
        let fronts = Fronts::default();
        let place = |seconds| ago(RECENT * seconds);
        fronts.advance_at(fronts.view_at(LANE, MILLI), place(5), now(), MILLI);
        let old = fronts.view_at(LANE, 2 * MILLI);
        let later = MILLI + FRESH;
        fronts.advance_at(fronts.view_at(LANE, later), place(4), now(), later);
        fronts.advance_at(old, place(3), now(), later);
        assert_eq!(fronts.view_at(LANE, later).from, place(4));
    }
}
