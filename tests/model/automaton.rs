//! Whether what was seen of one job, by whoever called the store at the same time, can have happened.
//!
//! Each call took effect at one moment between its begin and its end. A history is explained by an order of those moments in
//! which each call did what the store said it did; if there is none, the store is wrong.

use std::collections::HashSet;
use std::time::Duration;

use journeyman::queue::{Cancelled, Hastened, Retried, Settled, State, Token};

pub const LEASE: Duration = Duration::from_millis(400);
/// How far the store's clock and ours may drift apart within a history.
const DRIFT: Duration = Duration::from_millis(30);
/// Calls about one job, by which they fit into a mask.
const MOST: usize = 128;

/// What one call had to do with the job.
#[derive(Debug, Clone)]
pub struct Call {
    pub begin: Duration,
    pub end: Duration,
    pub seen: Seen,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// To run after `delay`; else it was there already.
    Stored {
        delay: Duration,
    },
    Repeated,
    Reserved {
        worker: usize,
        token: Token,
    },
    /// By a call that was made before under the same name.
    ReservedAgain {
        worker: usize,
        token: Token,
    },
    Reclaimed {
        worker: usize,
        token: Token,
    },
    Settled {
        token: Token,
        how: How,
        outcome: Settled,
    },
    /// In a beat of its holder, who may have lost it.
    Shown {
        worker: usize,
        token: Token,
        lost: bool,
    },
    Cancelled(Cancelled),
    Hastened(Hastened),
    Retried(Retried),
    /// Nothing if there is no such job.
    Found(Option<(State, u32)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Complete,
    Fail,
    Cancel,
    Release(Duration),
    Snooze(Duration),
    Requeue,
}

/// All of a job that decides what may happen to it next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Job {
    place: Place,
    attempts: u32,
    /// The token under which it was settled last.
    settled: Option<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Absent,
    /// Not to run before this moment.
    Waiting(Duration),
    /// The lease began no earlier than `since`.
    Held {
        worker: usize,
        token: Token,
        since: Duration,
    },
    Ended(State),
}

/// The error tells what cannot be.
pub fn explain(calls: &[Call]) -> Result<(), String> {
    assert!(calls.len() <= MOST, "too many calls about one job: {}", calls.len());
    let mut calls = calls.to_vec();
    calls.sort_by_key(|call| (call.begin, call.end));
    let start = Job { place: Place::Absent, attempts: 0, settled: None };
    let all = if calls.len() == MOST { u128::MAX } else { (1 << calls.len()) - 1 };
    let mut open = vec![(0_u128, start)];
    let mut known: HashSet<(u128, Job)> = HashSet::new();
    let mut best = (0, start);
    while let Some((done, job)) = open.pop() {
        if done == all {
            return Ok(());
        }
        if !known.insert((done, job)) {
            continue;
        }
        if done.count_ones() > best.0 {
            best = (done.count_ones(), job);
        }
        let left = || (0..calls.len()).filter(|place| done & (1 << place) == 0);
        // Whatever has ended before another one began came first.
        let first_end = left().map(|place| calls[place].end).min().unwrap_or_default();
        for place in left().filter(|place| calls[*place].begin <= first_end) {
            open.extend(after(job, &calls[place]).map(|job| (done | 1 << place, job)));
        }
    }
    let listed: String = calls.iter().map(|call| format!("\n  {call:?}")).collect();
    Err(format!("after {} of these calls, as {:?}, none of the others can be explained:{listed}", best.0, best.1))
}

/// What becomes of the job by this call; nothing if the call cannot have been answered so.
fn after(job: Job, call: &Call) -> Option<Job> {
    let take = |job: Job, worker, token: Token| match job.place {
        Place::Waiting(due) if token.attempt == job.attempts + 1 && call.end + DRIFT >= due => {
            let place = Place::Held { worker, token, since: call.begin };
            Some(Job { place, attempts: token.attempt, ..job })
        }
        _ => None,
    };
    let holds = |token| matches!(job.place, Place::Held { token: of, .. } if of == token);
    let if_so = |so: bool| so.then_some(job);
    match &call.seen {
        Seen::Stored { delay } => {
            let place = Place::Waiting(call.begin + *delay);
            (job.place == Place::Absent).then_some(Job { place, ..job })
        }
        Seen::Repeated => if_so(job.place != Place::Absent),
        Seen::Reserved { worker, token } => take(job, *worker, *token),
        Seen::ReservedAgain { worker, token } if holds(*token) => if_so(is_of(job.place, *worker)),
        Seen::ReservedAgain { worker, token } => take(job, *worker, *token),
        Seen::Reclaimed { worker, token } => match job.place {
            Place::Held { worker: of, since, .. }
                if of != *worker && token.attempt == job.attempts && call.end + DRIFT >= since + LEASE =>
            {
                let place = Place::Held { worker: *worker, token: *token, since: call.begin };
                Some(Job { place, ..job })
            }
            _ => None,
        },
        Seen::Settled { token, how, outcome: Settled::Done } => {
            holds(*token).then(|| settled(job, call.begin, *token, *how))
        }
        Seen::Settled { token, outcome: Settled::Repeated, .. } => if_so(!holds(*token) && job.settled == Some(*token)),
        Seen::Settled { token, outcome: Settled::Stale, .. } => if_so(!holds(*token) && job.settled != Some(*token)),
        Seen::Shown { token, lost: true, .. } => if_so(!holds(*token)),
        Seen::Shown { worker, token, lost: false } => {
            let place = Place::Held { worker: *worker, token: *token, since: call.begin };
            (holds(*token) && is_of(job.place, *worker)).then_some(Job { place, ..job })
        }
        Seen::Cancelled(Cancelled::Done) => {
            let is_waiting = matches!(job.place, Place::Waiting(_));
            is_waiting.then_some(Job { place: Place::Ended(State::Cancelled), ..job })
        }
        Seen::Cancelled(Cancelled::Not(state)) => if_so(!is_waiting(*state) && is_in(job.place, *state)),
        Seen::Hastened(Hastened::Done) => {
            let is_waiting = matches!(job.place, Place::Waiting(_));
            is_waiting.then_some(Job { place: Place::Waiting(call.begin), ..job })
        }
        Seen::Hastened(Hastened::Not(state)) => if_so(*state != State::Delayed && is_in(job.place, *state)),
        Seen::Retried(Retried::Done) => {
            let is_open = matches!(job.place, Place::Ended(State::Failed | State::Cancelled));
            is_open.then_some(Job { place: Place::Waiting(call.begin), attempts: 0, ..job })
        }
        Seen::Retried(Retried::Not(state)) => if_so(is_in(job.place, *state)),
        Seen::Found(Some((state, attempts))) => if_so(is_in(job.place, *state) && *attempts == job.attempts),
        Seen::Found(None)
        | Seen::Cancelled(Cancelled::Nothing)
        | Seen::Hastened(Hastened::Nothing)
        | Seen::Retried(Retried::Nothing) => if_so(job.place == Place::Absent),
        // No job of these histories has a key.
        Seen::Retried(Retried::Duplicate(_)) => None,
    }
}

fn settled(job: Job, begin: Duration, token: Token, how: How) -> Job {
    let (place, refunded) = match how {
        How::Complete => (Place::Ended(State::Completed), 0),
        How::Fail => (Place::Ended(State::Failed), 0),
        How::Cancel => (Place::Ended(State::Cancelled), 0),
        How::Release(delay) => (Place::Waiting(begin + delay), 0),
        How::Snooze(delay) => (Place::Waiting(begin + delay), 1),
        How::Requeue => (Place::Waiting(begin), 1),
    };
    Job { place, attempts: job.attempts - refunded, settled: Some(token) }
}

fn is_of(place: Place, worker: usize) -> bool {
    matches!(place, Place::Held { worker: of, .. } if of == worker)
}

fn is_waiting(state: State) -> bool {
    matches!(state, State::Pending | State::Delayed)
}

fn is_in(place: Place, state: State) -> bool {
    match place {
        Place::Absent => false,
        Place::Waiting(_) => is_waiting(state),
        Place::Held { .. } => state == State::Reserved,
        Place::Ended(how) => how == state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use journeyman::queue::CallId;

    const STORED: Seen = Seen::Stored { delay: Duration::ZERO };

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn token(attempt: u32, call: u64) -> Token {
        Token { attempt, call: CallId(call) }
    }

    fn reserved(worker: usize, attempt: u32, call: u64) -> Seen {
        Seen::Reserved { worker, token: token(attempt, call) }
    }

    fn settle(attempt: u32, call: u64, how: How, outcome: Settled) -> Seen {
        Seen::Settled { token: token(attempt, call), how, outcome }
    }

    fn done(attempt: u32, call: u64, how: How) -> Seen {
        settle(attempt, call, how, Settled::Done)
    }

    /// One call after another, each of a millisecond.
    fn in_turn(seen: &[Seen]) -> Vec<Call> {
        let at = |place: usize| millis(10 * u64::try_from(place).unwrap());
        seen.iter()
            .enumerate()
            .map(|(place, seen)| Call { begin: at(place), end: at(place) + millis(1), seen: seen.clone() })
            .collect()
    }

    fn is_explained(seen: &[Seen]) -> bool {
        explain(&in_turn(seen)).is_ok()
    }

    #[test]
    fn a_life_of_everything_is_explained() {
        assert!(is_explained(&[
            Seen::Found(None),
            STORED,
            Seen::Repeated,
            Seen::Found(Some((State::Pending, 0))),
            reserved(0, 1, 1),
            Seen::ReservedAgain { worker: 0, token: token(1, 1) },
            Seen::Cancelled(Cancelled::Not(State::Reserved)),
            Seen::Shown { worker: 0, token: token(1, 1), lost: false },
            done(1, 1, How::Release(Duration::ZERO)),
            settle(1, 1, How::Complete, Settled::Repeated),
            reserved(1, 2, 2),
            settle(1, 1, How::Complete, Settled::Repeated),
            Seen::Shown { worker: 0, token: token(1, 1), lost: true },
            done(2, 2, How::Requeue),
            reserved(0, 2, 3),
            settle(1, 1, How::Complete, Settled::Stale),
            done(2, 3, How::Fail),
            Seen::Found(Some((State::Failed, 2))),
            Seen::Retried(Retried::Done),
            Seen::Retried(Retried::Not(State::Pending)),
            reserved(0, 1, 4),
            done(1, 4, How::Complete),
            Seen::Found(Some((State::Completed, 1))),
        ]));
    }

    #[test]
    fn two_holders_are_refused() {
        assert!(!is_explained(&[STORED, reserved(0, 1, 1), reserved(1, 1, 2)]));
        assert!(!is_explained(&[STORED, reserved(0, 1, 1), reserved(1, 2, 2)]));
        // Also if they took it at the same time.
        let mut calls = in_turn(&[STORED, reserved(0, 1, 1), reserved(1, 1, 2)]);
        calls[2].begin = calls[1].begin;
        assert!(explain(&calls).is_err());
    }

    #[test]
    fn a_job_is_reclaimed_only_after_its_lease() {
        let reclaimed = Seen::Reclaimed { worker: 1, token: token(1, 2) };
        let mut calls = in_turn(&[STORED, reserved(0, 1, 1), reclaimed]);
        assert!(explain(&calls).is_err());
        let late = calls[1].begin + LEASE;
        (calls[2].begin, calls[2].end) = (late, late + millis(1));
        assert!(explain(&calls).is_ok());
        let beat = Seen::Shown { worker: 0, token: token(1, 1), lost: false };
        calls.push(Call { begin: late - LEASE / 2, end: late - LEASE / 3, seen: beat });
        assert!(explain(&calls).is_err(), "a beat renews it");
    }

    #[test]
    fn a_lost_job_is_refused() {
        assert!(!is_explained(&[STORED, Seen::Found(None)]));
        assert!(!is_explained(&[
            STORED,
            reserved(0, 1, 1),
            done(1, 1, How::Release(Duration::ZERO)),
            Seen::Found(None)
        ]));
    }

    #[test]
    fn a_job_that_nobody_pushed_is_refused() {
        assert!(!is_explained(&[reserved(0, 1, 1)]));
        assert!(!is_explained(&[Seen::Found(Some((State::Pending, 0)))]));
        assert!(!is_explained(&[Seen::Repeated]));
    }

    #[test]
    fn a_job_stored_twice_is_refused() {
        assert!(!is_explained(&[STORED, STORED]));
    }

    #[test]
    fn a_stale_settle_that_is_accepted_is_refused() {
        let again = [STORED, reserved(0, 1, 1), done(1, 1, How::Release(Duration::ZERO)), reserved(1, 2, 2)];
        assert!(is_explained(&again));
        assert!(!is_explained(&[&again[..], &[done(1, 1, How::Complete)]].concat()));
        assert!(!is_explained(&[STORED, done(1, 1, How::Complete)]));
    }

    #[test]
    fn a_settle_accepted_twice_is_refused() {
        let ended = [STORED, reserved(0, 1, 1), done(1, 1, How::Complete)];
        assert!(!is_explained(&[&ended[..], &[done(1, 1, How::Complete)]].concat()));
        assert!(
            !is_explained(&[&ended[..], &[settle(1, 1, How::Complete, Settled::Stale)]].concat()),
            "it is a repetition"
        );
    }

    #[test]
    fn a_holder_that_is_turned_away_is_refused() {
        assert!(!is_explained(&[STORED, reserved(0, 1, 1), settle(1, 1, How::Complete, Settled::Stale)]));
        assert!(!is_explained(&[STORED, reserved(0, 1, 1), Seen::Shown { worker: 0, token: token(1, 1), lost: true }]));
    }

    #[test]
    fn a_skipped_or_repeated_attempt_is_refused() {
        assert!(!is_explained(&[STORED, reserved(0, 2, 1)]));
        let released = [STORED, reserved(0, 1, 1), done(1, 1, How::Release(Duration::ZERO))];
        assert!(!is_explained(&[&released[..], &[reserved(0, 1, 2)]].concat()));
        assert!(!is_explained(&[&released[..], &[reserved(0, 3, 2)]].concat()));
        let refunded = [STORED, reserved(0, 1, 1), done(1, 1, How::Snooze(Duration::ZERO))];
        assert!(!is_explained(&[&refunded[..], &[reserved(0, 2, 2)]].concat()));
    }

    #[test]
    fn an_ended_job_that_runs_again_is_refused_unless_it_was_retried() {
        let failed = [STORED, reserved(0, 1, 1), done(1, 1, How::Fail)];
        assert!(!is_explained(&[&failed[..], &[reserved(0, 2, 2)]].concat()));
        let retried = [&failed[..], &[Seen::Retried(Retried::Done), reserved(0, 1, 2)]].concat();
        assert!(is_explained(&retried));
        let completed = [STORED, reserved(0, 1, 1), done(1, 1, How::Complete), Seen::Retried(Retried::Done)];
        assert!(!is_explained(&completed));
    }

    #[test]
    fn a_job_that_runs_before_it_is_due_is_refused() {
        let mut calls = in_turn(&[Seen::Stored { delay: millis(500) }, reserved(0, 1, 1)]);
        assert!(explain(&calls).is_err());
        (calls[1].begin, calls[1].end) = (millis(500), millis(501));
        assert!(explain(&calls).is_ok());
    }

    #[test]
    fn calls_at_the_same_time_may_have_come_in_any_order() {
        let mut calls =
            in_turn(&[Seen::Found(None), STORED, reserved(0, 1, 1), Seen::Cancelled(Cancelled::Not(State::Reserved))]);
        // The look that saw nothing, and the refused cancellation, each began before or ended after what it is beside.
        calls[0].end = calls[1].end;
        (calls[3].begin, calls[3].end) = (calls[1].begin, calls[2].end);
        assert!(explain(&calls).is_ok());
        calls[0].begin = calls[1].end + millis(1);
        calls[0].end = calls[0].begin + millis(1);
        assert!(explain(&calls).is_err(), "but not if the one began after the other had ended");
    }
}
