//! Whether jobs of a queue that one worker alone reserves from came out in their turn.

use std::time::Duration;

use journeyman::job::{JobId, Priority};

/// A push that took longer may become visible when jobs pushed after it have been taken already: the store's account of
/// "a moment ago" ends there. See `fronts.rs` of the database driver.
const PROMPT: Duration = Duration::from_millis(500);

/// A job that was pushed once, to run at once, and that its only holder completed.
#[derive(Debug, Clone)]
pub struct Turn {
    pub job: JobId,
    pub priority: Priority,
    /// Begin and end of the push.
    pub pushed: (Duration, Duration),
    /// Begin of the reserve that took it, and its place among all that was taken.
    pub taken: (Duration, usize),
}

/// A job goes before those of lower priority if it was there when they were taken, and before those of its own that were
/// pushed after it.
pub fn in_turn(turns: &[Turn]) -> Result<(), String> {
    for first in turns.iter().filter(|turn| turn.pushed.1 - turn.pushed.0 < PROMPT) {
        let overtakes = |other: &&Turn| {
            let was_there = first.pushed.1 < other.taken.0;
            let goes_before =
                first.priority > other.priority || first.priority == other.priority && first.pushed.1 < other.pushed.0;
            was_there && goes_before && other.taken.1 < first.taken.1
        };
        if let Some(other) = turns.iter().find(overtakes) {
            return Err(format!("{} was taken before {}:\n  {other:?}\n  {first:?}", other.job, first.job));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use journeyman::job::QueueName;

    fn turn(priority: Priority, pushed: u64, taken: (u64, usize)) -> Turn {
        let millis = Duration::from_millis;
        Turn {
            job: JobId::generate(&QueueName::default()),
            priority,
            pushed: (millis(pushed), millis(pushed + 5)),
            taken: (millis(taken.0), taken.1),
        }
    }

    #[test]
    fn first_in_is_first_out() {
        let (earlier, later) = (turn(Priority::Low, 0, (50, 0)), turn(Priority::Low, 10, (50, 1)));
        assert!(in_turn(&[earlier.clone(), later.clone()]).is_ok());
        let swapped = [Turn { taken: later.taken, ..earlier }, Turn { taken: (Duration::from_millis(50), 0), ..later }];
        assert!(in_turn(&swapped).is_err());
    }

    #[test]
    fn pushes_at_the_same_time_may_be_in_any_order() {
        let (one, other) = (turn(Priority::Low, 0, (50, 1)), turn(Priority::Low, 3, (50, 0)));
        assert!(in_turn(&[one, other]).is_ok());
    }

    #[test]
    fn a_higher_priority_goes_first_if_it_was_there() {
        let low = turn(Priority::Low, 0, (50, 0));
        assert!(in_turn(&[low.clone(), turn(Priority::High, 10, (50, 1))]).is_err());
        assert!(in_turn(&[low, turn(Priority::High, 60, (80, 1))]).is_ok());
    }
}
