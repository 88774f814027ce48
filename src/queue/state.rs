//! Every state a job can be in and every move between them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Where a job is. The same words in the store, the API, the command line and the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waiting to be reserved.
    Pending,
    /// Waiting for its time.
    Delayed,
    /// Held by a worker under a lease.
    Reserved,
    Completed,
    Failed,
    Cancelled,
}

impl State {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Delayed, Self::Reserved, Self::Completed, Self::Failed, Self::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delayed => "delayed",
            Self::Reserved => "reserved",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will happen to the job any more by itself.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// A word that is no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown state {0:?}: give pending, delayed, reserved, completed, failed or cancelled")]
pub struct UnknownState(String);

/// What moves a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    Promote,
    /// An operator ends a delay.
    Hasten,
    Reserve,
    /// A dead worker's job passes to the reaper, which then settles it like any other.
    Reclaim,
    Complete,
    Release,
    Snooze,
    Requeue,
    Fail,
    Cancel,
    /// An operator puts an ended job back.
    Retry,
}

/// Who may make a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Any process: the move is guarded by the state alone.
    Anyone,
    /// Only the holder of the reservation's token.
    Holder,
    /// The reaper, and only once the holder's lease has ended.
    Reaper,
}

/// What a move does to the number of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptEffect {
    Keeps,
    /// Counted at reserve, so that a crash in mid-run still costs a try.
    Counts,
    /// Gives back the one that reserve counted.
    Refunds,
    /// Counts from the start again.
    Resets,
}

/// One permitted move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub from: State,
    pub to: State,
    pub verb: Verb,
    pub owner: Owner,
    pub attempts: AttemptEffect,
}

/// All moves of a stored job. A job enters as `Pending` or `Delayed` by a push. It leaves from an ended state by pruning or
/// forgetting, and from a waiting one by a purge.
pub const MOVES: &[Move] = {
    use AttemptEffect::{Counts, Keeps, Refunds, Resets};
    use Owner::{Anyone, Holder, Reaper};
    use State::{Cancelled, Completed, Delayed, Failed, Pending, Reserved};
    use Verb::{Cancel, Complete, Fail, Hasten, Promote, Reclaim, Release, Requeue, Reserve, Retry, Snooze};

    const fn row(from: State, to: State, verb: Verb, owner: Owner, attempts: AttemptEffect) -> Move {
        Move { from, to, verb, owner, attempts }
    }
    &[
        row(Delayed, Pending, Promote, Anyone, Keeps),
        row(Delayed, Pending, Hasten, Anyone, Keeps),
        row(Pending, Reserved, Reserve, Anyone, Counts),
        row(Reserved, Reserved, Reclaim, Reaper, Keeps),
        row(Reserved, Completed, Complete, Holder, Keeps),
        row(Reserved, Pending, Release, Holder, Keeps),
        row(Reserved, Delayed, Release, Holder, Keeps),
        row(Reserved, Pending, Snooze, Holder, Refunds),
        row(Reserved, Delayed, Snooze, Holder, Refunds),
        row(Reserved, Pending, Requeue, Holder, Refunds),
        row(Reserved, Failed, Fail, Holder, Keeps),
        row(Reserved, Cancelled, Cancel, Holder, Keeps),
        row(Pending, Cancelled, Cancel, Anyone, Keeps),
        row(Delayed, Cancelled, Cancel, Anyone, Keeps),
        row(Failed, Pending, Retry, Anyone, Resets),
        row(Cancelled, Pending, Retry, Anyone, Resets),
    ]
};

/// Whether some move leads from one state to the other.
pub fn may_become(from: State, to: State) -> bool {
    MOVES.iter().any(|step| step.from == from && step.to == to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn may_become_holds_for_exactly_these_pairs() {
        use State::{Cancelled, Completed, Delayed, Failed, Pending, Reserved};
        let allowed = [
            (Delayed, Pending),
            (Pending, Reserved),
            (Reserved, Reserved),
            (Reserved, Pending),
            (Reserved, Delayed),
            (Reserved, Completed),
            (Reserved, Failed),
            (Reserved, Cancelled),
            (Pending, Cancelled),
            (Delayed, Cancelled),
            (Failed, Pending),
            (Cancelled, Pending),
        ];
        for from in State::ALL {
            for to in State::ALL {
                assert_eq!(may_become(from, to), allowed.contains(&(from, to)), "{from} -> {to}");
            }
        }
    }

    #[test]
    fn only_an_operators_retry_leaves_an_ended_state_and_never_a_completed_one() {
        assert!(MOVES.iter().all(|step| step.from.is_ended() == (step.verb == Verb::Retry)));
        assert!(MOVES.iter().all(|step| step.from != State::Completed));
    }

    #[test]
    fn only_a_holder_moves_a_reserved_job_to_another_state() {
        for step in MOVES.iter().filter(|step| step.from == State::Reserved && step.to != State::Reserved) {
            assert_eq!(step.owner, Owner::Holder, "{step:?}");
        }
    }

    #[test]
    fn only_reserve_counts_and_only_a_return_unused_refunds() {
        for step in MOVES {
            let expected = match step.verb {
                Verb::Reserve => AttemptEffect::Counts,
                Verb::Snooze | Verb::Requeue => AttemptEffect::Refunds,
                Verb::Retry => AttemptEffect::Resets,
                _ => AttemptEffect::Keeps,
            };
            assert_eq!(step.attempts, expected, "{step:?}");
        }
    }
}
