//! When to leave a store alone: the rules, without any clock or call.

use std::time::Duration;

/// Whether calls reach the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// They do.
    Closed,
    /// They do not.
    Open,
    /// One of them may, to see.
    HalfOpen,
}

impl Phase {
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How a call that was let through ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The store answered, even if it refused.
    Answered,
    Failed,
    /// Nobody waited for its end.
    Abandoned,
}

/// A call that was let through. Of the calls of an earlier phase nothing is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    era: u64,
    /// Failures in a row when it was let through.
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    /// No call before `until`, then one.
    Open {
        until: Duration,
    },
    /// The one call is under way.
    Probing,
}

/// Why a call is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// No call is, for so long.
    Back(Duration),
    /// One call is finding out whether the store is back.
    ByProbe,
}

/// Counts failures in a row, each of a call that began after the one before it had failed. Times are durations since some moment that only the caller knows.
#[derive(Debug)]
pub(super) struct Breaker {
    threshold: u32,
    recovery: Duration,
    state: State,
    era: u64,
    opened: u64,
}

impl Breaker {
    pub(super) fn new(threshold: u32, recovery: Duration) -> Self {
        Self { threshold: threshold.max(1), recovery, state: State::Closed { failures: 0 }, era: 0, opened: 0 }
    }

    /// Lets a call through, or says why not.
    pub(super) fn ask(&mut self, now: Duration) -> Result<Pass, Held> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until } if until <= now => self.enter(State::Probing),
            State::Open { until } => return Err(Held::Back(until.saturating_sub(now))),
            State::Probing => return Err(Held::ByProbe),
        }
        Ok(self.pass())
    }

    /// A call that is never held back: it tells as much as any other while the breaker is closed.
    pub(super) fn sign_of_life(&self) -> Pass {
        self.pass()
    }

    pub(super) fn ended(&mut self, pass: Pass, how: Ended, now: Duration) {
        if pass.era != self.era {
            return;
        }
        match (self.state, how) {
            (State::Closed { .. }, Ended::Answered) => self.state = State::Closed { failures: 0 },
            // Calls that were under way together fail together when a connection is lost: that is one failure, not many.
            (State::Closed { failures }, Ended::Failed) if failures != pass.failures => {}
            (State::Closed { failures }, Ended::Failed) if failures + 1 >= self.threshold => self.open(now),
            (State::Closed { failures }, Ended::Failed) => self.state = State::Closed { failures: failures + 1 },
            (State::Closed { .. } | State::Open { .. }, _) => {}
            (State::Probing, Ended::Answered) => self.enter(State::Closed { failures: 0 }),
            (State::Probing, Ended::Failed) => self.open(now),
            // It has shown nothing: the next call is the probe.
            (State::Probing, Ended::Abandoned) => self.enter(State::Open { until: now }),
        }
    }

    /// The store has answered a call that was not held back: there is no use in waiting any longer to try another.
    pub(super) fn has_seen_life(&mut self, now: Duration) {
        if let State::Open { until } = &mut self.state {
            *until = now.min(*until);
        }
    }

    pub(super) fn phase(&self, now: Duration) -> Phase {
        match self.state {
            State::Closed { .. } => Phase::Closed,
            State::Open { until } if until > now => Phase::Open,
            State::Open { .. } | State::Probing => Phase::HalfOpen,
        }
    }

    /// Time until a call may try; zero unless it is open.
    pub(super) fn remaining(&self, now: Duration) -> Duration {
        match self.state {
            State::Open { until } => until.saturating_sub(now),
            State::Closed { .. } | State::Probing => Duration::ZERO,
        }
    }

    /// Times it has opened.
    pub(super) fn opened(&self) -> u64 {
        self.opened
    }

    fn pass(&self) -> Pass {
        let failures = if let State::Closed { failures } = self.state { failures } else { 0 };
        Pass { era: self.era, failures }
    }

    fn open(&mut self, now: Duration) {
        self.opened += 1;
        self.enter(State::Open { until: now.saturating_add(self.recovery) });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECOVERY: Duration = Duration::from_secs(30);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A breaker that has seen `failures` at second 0.
    fn failed(failures: u32) -> Breaker {
        let mut breaker = Breaker::new(5, RECOVERY);
        for _ in 0..failures {
            let pass = breaker.ask(at(0)).unwrap();
            breaker.ended(pass, Ended::Failed, at(0));
        }
        breaker
    }

    #[test]
    fn r35_it_opens_at_the_fifth_failure_in_a_row_and_not_before() {
        for failures in 0..5 {
            assert_eq!(failed(failures).phase(at(0)), Phase::Closed, "{failures}");
        }
        let mut breaker = failed(5);
        assert_eq!((breaker.phase(at(0)), breaker.opened()), (Phase::Open, 1));
        assert_eq!(breaker.ask(at(10)), Err(Held::Back(at(20))));
        assert_eq!(breaker.remaining(at(29)), at(1));
    }

    #[test]
    fn r35_an_answer_in_between_starts_the_count_anew() {
        let mut breaker = failed(4);
        let pass = breaker.ask(at(0)).unwrap();
        breaker.ended(pass, Ended::Answered, at(0));
        for _ in 0..4 {
            let pass = breaker.ask(at(0)).unwrap();
            breaker.ended(pass, Ended::Failed, at(0));
        }
        assert_eq!(breaker.phase(at(0)), Phase::Closed);
    }

    #[test]
    fn r35_calls_that_fail_together_are_one_failure() {
        let mut breaker = failed(0);
        let under_way: Vec<Pass> = (0..50).map(|_| breaker.ask(at(0)).unwrap()).collect();
        for pass in under_way {
            breaker.ended(pass, Ended::Failed, at(1));
        }
        assert_eq!(breaker.phase(at(1)), Phase::Closed);
        for second in 2..6 {
            assert_eq!(breaker.phase(at(second)), Phase::Closed);
            let pass = breaker.ask(at(second)).unwrap();
            breaker.ended(pass, Ended::Failed, at(second));
        }
        assert_eq!(breaker.phase(at(6)), Phase::Open);
    }

    #[test]
    fn r35_after_the_recovery_time_exactly_one_call_tries() {
        let mut breaker = failed(5);
        assert!(breaker.ask(at(29)).is_err());
        assert_eq!(breaker.phase(at(30)), Phase::HalfOpen);
        let probe = breaker.ask(at(30)).unwrap();
        for second in [30, 31, 90] {
            assert_eq!(breaker.ask(at(second)), Err(Held::ByProbe), "{second}");
        }
        breaker.ended(probe, Ended::Answered, at(91));
        assert_eq!(breaker.phase(at(91)), Phase::Closed);
        assert!(breaker.ask(at(91)).is_ok() && breaker.ask(at(91)).is_ok());
    }

    #[test]
    fn r35_a_probe_that_fails_opens_it_for_the_whole_time_again() {
        let mut breaker = failed(5);
        let probe = breaker.ask(at(30)).unwrap();
        breaker.ended(probe, Ended::Failed, at(35));
        assert_eq!((breaker.ask(at(35)), breaker.opened()), (Err(Held::Back(at(30))), 2));
        assert!(breaker.ask(at(65)).is_ok());
    }

    #[test]
    fn r35_a_probe_that_nobody_waits_for_leaves_its_place_to_the_next() {
        let mut breaker = failed(5);
        let probe = breaker.ask(at(30)).unwrap();
        breaker.ended(probe, Ended::Abandoned, at(31));
        assert!(breaker.ask(at(31)).is_ok());
        assert!(breaker.ask(at(31)).is_err());
    }

    #[test]
    fn r35_calls_of_an_earlier_phase_change_nothing() {
        let mut breaker = failed(4);
        let [early, late] = [breaker.ask(at(0)).unwrap(), breaker.ask(at(0)).unwrap()];
        breaker.ended(early, Ended::Failed, at(0));
        breaker.ended(late, Ended::Answered, at(1));
        assert_eq!(breaker.phase(at(1)), Phase::Open, "an answer to what was asked before it opened");
        let probe = breaker.ask(at(30)).unwrap();
        breaker.ended(late, Ended::Failed, at(30));
        breaker.ended(probe, Ended::Answered, at(30));
        breaker.ended(probe, Ended::Failed, at(31));
        assert_eq!(breaker.phase(at(31)), Phase::Closed);
    }

    #[test]
    fn r35_a_sign_of_life_lets_the_next_call_try_at_once_and_closes_nothing() {
        let mut breaker = failed(5);
        let beat = breaker.sign_of_life();
        breaker.ended(beat, Ended::Failed, at(2));
        assert_eq!(breaker.ask(at(2)), Err(Held::Back(at(28))), "one that fails does not make it longer");
        breaker.has_seen_life(at(3));
        assert_eq!(breaker.phase(at(3)), Phase::HalfOpen);
        let probe = breaker.ask(at(3)).unwrap();
        assert!(breaker.ask(at(3)).is_err());
        breaker.has_seen_life(at(4));
        breaker.ended(probe, Ended::Failed, at(4));
        assert_eq!(breaker.ask(at(4)), Err(Held::Back(at(30))), "only the probe decides");
    }
}
