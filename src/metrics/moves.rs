//! Which values have moved far enough to be worth a line of the log.

use std::collections::HashMap;

/// Remembers each value as it was last told.
#[derive(Debug)]
pub(super) struct Moves {
    /// As a share of the value that was last told.
    threshold: f64,
    told: HashMap<&'static str, f64>,
}

impl Moves {
    pub(super) fn new(threshold: f64) -> Self {
        Self { threshold, told: HashMap::new() }
    }

    /// The value last told, if this one is far enough from it to be told. Where a value begins is not a move; from
    /// zero, everything is.
    pub(super) fn moved(&mut self, name: &'static str, value: f64) -> Option<f64> {
        let Some(told) = self.told.get_mut(name) else {
            self.told.insert(name, value);
            return None;
        };
        let before = *told;
        let is_far = (value - before).abs() > self.threshold * before.abs();
        is_far.then(|| {
            *told = value;
            before
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r52_a_value_is_told_when_it_has_moved_by_more_than_the_threshold_since_it_was_last_told() {
        let mut moves = Moves::new(0.1);
        let told: Vec<_> =
            [100.0, 105.0, 110.0, 111.0, 122.0, 123.0, 100.0].map(|value| moves.moved("enqueued", value)).into();
        assert_eq!(told, [None, None, None, Some(100.0), None, Some(111.0), Some(123.0)]);
    }

    #[test]
    fn r52_from_zero_every_move_is_told_and_each_value_moves_alone() {
        let mut moves = Moves::new(0.1);
        assert_eq!([0.0, 0.0, 1.0].map(|value| moves.moved("failed", value)), [None, None, Some(0.0)]);
        assert_eq!(moves.moved("retried", 5.0), None);
        let mut all = Moves::new(0.0);
        assert_eq!([1.0, 1.0, 1.5].map(|value| all.moved("failed", value)), [None, None, Some(1.0)]);
    }
}
