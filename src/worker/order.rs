//! Which priority goes first in a reserve.

use std::time::Duration;

use journeyman_job::Priority;
use tokio::time::Instant;

/// How a worker chooses among priorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PriorityMode {
    /// Every more urgent job first.
    #[default]
    Strict,
    /// By lot at each reserve, so that every priority gets a share.
    Weighted,
}

/// Lots of each priority in weighted mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriorityWeights {
    pub critical: u32,
    pub high: u32,
    pub normal: u32,
    pub low: u32,
}

impl Default for PriorityWeights {
    fn default() -> Self {
        Self { critical: 8, high: 4, normal: 2, low: 1 }
    }
}

impl PriorityWeights {
    pub fn of(&self, priority: Priority) -> u32 {
        match priority {
            Priority::Critical => self.critical,
            Priority::High => self.high,
            Priority::Normal => self.normal,
            Priority::Low => self.low,
        }
    }

    pub fn set(&mut self, priority: Priority, weight: u32) {
        let lots = match priority {
            Priority::Critical => &mut self.critical,
            Priority::High => &mut self.high,
            Priority::Normal => &mut self.normal,
            Priority::Low => &mut self.low,
        };
        *lots = weight;
    }
}

/// What a worker is told about priorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ordering {
    pub mode: PriorityMode,
    pub weights: PriorityWeights,
    /// A priority that has not gone first for this long goes first once; `None` = never.
    pub aging_after: Option<Duration>,
}

/// Chooses the order of each reserve, and remembers when each priority last went first.
#[derive(Debug)]
pub(super) struct Orders {
    ordering: Ordering,
    /// By [`Priority::DESCENDING`].
    went_first: [Instant; 4],
}

impl Orders {
    pub(super) fn new(ordering: Ordering, now: Instant) -> Self {
        Self { ordering, went_first: [now; 4] }
    }

    /// The order of a reserve that begins now. `roll` gives chance, 0 to 1.
    pub(super) fn next(&mut self, now: Instant, roll: impl FnMut() -> f64) -> [Priority; 4] {
        let mut order = match self.ordering.mode {
            PriorityMode::Strict => Priority::DESCENDING,
            PriorityMode::Weighted => drawn(self.ordering.weights, roll),
        };
        if let Some(aged) = self.ordering.aging_after.and_then(|limit| self.aged(limit, now)) {
            put_first(&mut order, aged);
        }
        if let Some(at) = place(order[0]) {
            self.went_first[at] = now;
        }
        order
    }

    /// The priority that has waited longest, if that is long enough; of two alike the more urgent one.
    fn aged(&self, limit: Duration, now: Instant) -> Option<Priority> {
        let waits = Priority::DESCENDING.into_iter().zip(self.went_first);
        let waits = waits.map(|(priority, last)| (now.saturating_duration_since(last), priority));
        waits.max().filter(|(wait, _)| *wait >= limit).map(|(_, priority)| priority)
    }
}

fn place(priority: Priority) -> Option<usize> {
    Priority::DESCENDING.into_iter().position(|one| one == priority)
}

/// The others keep their order.
fn put_first(order: &mut [Priority; 4], priority: Priority) {
    if let Some(at) = order.iter().position(|one| *one == priority) {
        order[..=at].rotate_right(1);
    }
}

/// Draws one priority after the other without putting it back, each with the chance that its lots are of those left.
fn drawn(weights: PriorityWeights, mut roll: impl FnMut() -> f64) -> [Priority; 4] {
    let mut order = Priority::DESCENDING;
    for place in 0..order.len() {
        let left = &order[place..];
        let total: u32 = left.iter().map(|priority| weights.of(*priority)).sum();
        let mut lot = roll() * f64::from(total);
        let mut winner = left.len() - 1;
        for (at, priority) in left.iter().enumerate() {
            lot -= f64::from(weights.of(*priority));
            if lot < 0.0 {
                winner = at;
                break;
            }
        }
        order[place..=place + winner].rotate_right(1);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use Priority::{Critical, High, Low, Normal};

    const SECOND: Duration = Duration::from_secs(1);

    /// Rolls that fall in the middle of each of the lots, in turn.
    fn first_places(weights: PriorityWeights, lots: u32) -> Vec<(Priority, u32)> {
        let first = |lot: u32| {
            let mut rolls = [(f64::from(lot) + 0.5) / f64::from(lots), 0.0, 0.0, 0.0].into_iter();
            drawn(weights, || rolls.next().unwrap())[0]
        };
        let firsts: Vec<_> = (0..lots).map(first).collect();
        Priority::DESCENDING.map(|one| (one, firsts.iter().filter(|first| **first == one).count() as u32)).to_vec()
    }

    #[test]
    fn r17_the_first_place_is_drawn_by_weight() {
        let by_default = first_places(PriorityWeights::default(), 15);
        assert_eq!(by_default, [(Critical, 8), (High, 4), (Normal, 2), (Low, 1)]);
        let even = PriorityWeights { critical: 1, high: 1, normal: 1, low: 1 };
        assert_eq!(first_places(even, 4), [(Critical, 1), (High, 1), (Normal, 1), (Low, 1)]);
        let only_low = PriorityWeights { critical: 0, high: 0, normal: 0, low: 3 };
        assert_eq!(first_places(only_low, 3), [(Critical, 0), (High, 0), (Normal, 0), (Low, 3)]);
    }

    #[test]
    fn r17_whatever_the_rolls_every_priority_has_one_place() {
        for roll in [0.0, 0.3, 0.6, 0.999_999, 1.0] {
            for weights in [PriorityWeights::default(), PriorityWeights { critical: 0, high: 0, normal: 0, low: 0 }] {
                let mut order = drawn(weights, || roll);
                order.sort();
                assert_eq!(order, [Low, Normal, High, Critical]);
            }
        }
        assert_eq!(drawn(PriorityWeights::default(), || 0.0), Priority::DESCENDING);
        assert_eq!(drawn(PriorityWeights::default(), || 1.0), [Low, Normal, High, Critical]);
    }

    #[test]
    fn r17_strict_is_strict_for_ever_unless_aging_is_on() {
        let start = Instant::now();
        let mut strict = Orders::new(Ordering::default(), start);
        for seconds in [0, 10, 100_000] {
            assert_eq!(strict.next(start + seconds * SECOND, || 0.9), Priority::DESCENDING);
        }
    }

    #[test]
    fn r17_what_has_not_gone_first_for_long_goes_first_once() {
        let start = Instant::now();
        let ordering = Ordering { aging_after: Some(10 * SECOND), ..Ordering::default() };
        let mut orders = Orders::new(ordering, start);
        let mut at = |seconds: u32| orders.next(start + seconds * SECOND, || 0.5);
        assert_eq!(at(5), Priority::DESCENDING);
        assert_eq!(at(9), Priority::DESCENDING);
        assert_eq!(at(10), [High, Critical, Normal, Low]);
        assert_eq!(at(10), [Normal, Critical, High, Low]);
        assert_eq!(at(10), [Low, Critical, High, Normal]);
        assert_eq!(at(10), Priority::DESCENDING);
        assert_eq!(at(19), Priority::DESCENDING);
        assert_eq!(at(20), [High, Critical, Normal, Low]);
    }

    #[test]
    fn r17_in_weighted_mode_a_first_place_by_lot_starts_the_wait_anew() {
        let start = Instant::now();
        let ordering = Ordering { mode: PriorityMode::Weighted, aging_after: Some(10 * SECOND), ..Ordering::default() };
        let mut orders = Orders::new(ordering, start);
        let mut at = |seconds: u32, roll: f64| orders.next(start + seconds * SECOND, || roll)[0];
        assert_eq!(at(9, 1.0), Low);
        assert_eq!([at(12, 0.0), at(12, 0.0), at(12, 0.0), at(12, 0.0)], [Critical, High, Normal, Critical]);
        assert_eq!(at(19, 0.0), Low);
    }
}
