//! One breaker for all of a process's connections to one store, and a deadline for each call.
//!
//! No call is ever repeated here. A call past its deadline is given up, not undone: a read is `Unavailable`, a write is
//! `Unknown`. Whoever asks again does so by the contract of the store's verbs, each of which can be repeated without
//! harm.

mod breaker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

pub use breaker::Phase;

use crate::clock::Stopwatch;
use crate::queue::StoreError;
use breaker::{Breaker, Ended, Held, Pass};

/// How long a call waits, at the most, for another one to find out whether the store is back.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// How patient to be with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitOptions {
    /// Longest that one call may take.
    pub deadline: Duration,
    /// Calls in a row without an answer, after which the store is left alone.
    pub threshold: u32,
    /// For how long.
    pub recovery: Duration,
}

impl Default for CircuitOptions {
    /// 5 s; after 5 failures 30 s.
    fn default() -> Self {
        Self { deadline: Duration::from_secs(5), threshold: 5, recovery: Duration::from_secs(30) }
    }
}

/// How a call is taken while the store is left alone, and past its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Read,
    Write,
    /// Goes through even when the breaker is open, as it is rare, small, and harm comes of its absence: a beat that is
    /// held back loses the worker its jobs, and readiness must be true.
    SignOfLife {
        writes: bool,
    },
}

/// A breaker, to share and to look at. Cheap to clone; clones are the same breaker.
#[derive(Debug, Clone)]
pub struct Circuit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    deadline: Duration,
    since: Stopwatch,
    breaker: Mutex<Breaker>,
    /// Told when a probe has ended.
    verdict: Notify,
}

impl Circuit {
    pub fn new(options: CircuitOptions) -> Self {
        let breaker = Mutex::new(Breaker::new(options.threshold, options.recovery));
        Self(Arc::new(Inner { deadline: options.deadline, since: Stopwatch::start(), breaker, verdict: Notify::new() }))
    }

    pub fn phase(&self) -> Phase {
        self.breaker().phase(self.now())
    }

    /// Time until a call may try; zero unless it is open.
    pub fn remaining(&self) -> Duration {
        self.breaker().remaining(self.now())
    }

    /// Times it has opened since the start.
    pub fn opened(&self) -> u64 {
        self.breaker().opened()
    }

    /// Makes one call under the deadline, unless the store is left alone.
    pub async fn call<T>(
        &self,
        verb: Verb,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut under_way = self.admit(verb).await?;
        let answer = match timeout(self.0.deadline, call).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(overrun(verb, self.0.deadline)),
        };
        under_way.ended(&answer);
        answer
    }

    /// An open breaker refuses at once. While one call finds out whether the store is back, the others wait for what it
    /// says: a server that has just called itself ready must not refuse the next request.
    async fn admit(&self, verb: Verb) -> Result<UnderWay<'_>, StoreError> {
        let patience = Instant::now() + PROBE_PATIENCE.min(self.0.deadline);
        loop {
            let verdict = self.0.verdict.notified();
            tokio::pin!(verdict);
            // Before the breaker is asked: a verdict in between must be heard.
            verdict.as_mut().enable();
            match self.ask(verb) {
                Ok(under_way) => return Ok(under_way),
                Err(Held::Back(remaining)) => return Err(left_alone(remaining)),
                Err(Held::ByProbe) => {
                    timeout_at(patience, verdict).await.map_err(|_elapsed| left_alone(Duration::ZERO))?;
                }
            }
        }
    }

    fn ask(&self, verb: Verb) -> Result<UnderWay<'_>, Held> {
        let now = self.now();
        let mut breaker = self.breaker();
        let pass = match verb {
            Verb::SignOfLife { .. } => breaker.sign_of_life(),
            Verb::Read | Verb::Write => breaker.ask(now)?,
        };
        Ok(UnderWay { circuit: self, pass, is_sign_of_life: matches!(verb, Verb::SignOfLife { .. }), ended: false })
    }

    fn note(&self, pass: Pass, how: Ended, is_sign_of_life: bool) {
        let now = self.now();
        let mut breaker = self.breaker();
        let before = breaker.phase(now);
        match how {
            Ended::Answered if is_sign_of_life && before != Phase::Closed => breaker.has_seen_life(now),
            // The probe is another call's.
            _ if is_sign_of_life && before != Phase::Closed => {}
            how => breaker.ended(pass, how, now),
        }
        let after = breaker.phase(now);
        if after != before || before == Phase::HalfOpen {
            self.0.verdict.notify_waiters();
        }
        match (before, after) {
            (Phase::Closed, Phase::Open) => warn!(
                seconds = breaker.remaining(now).as_secs_f64(),
                "the store has not answered several times in a row: it is left alone for a while"
            ),
            (Phase::HalfOpen | Phase::Open, Phase::Closed) => info!("the store answers again"),
            _ => {}
        }
    }

    fn now(&self) -> Duration {
        self.0.since.elapsed()
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.0.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let through. Dropped before its end, as a handler is whose client has gone, it gives its place back.
struct UnderWay<'a> {
    circuit: &'a Circuit,
    pass: Pass,
    is_sign_of_life: bool,
    ended: bool,
}

impl UnderWay<'_> {
    fn ended<T>(&mut self, answer: &Result<T, StoreError>) {
        self.ended = true;
        let how = match answer {
            Ok(_) | Err(StoreError::Refused(_) | StoreError::Full(_)) => Ended::Answered,
            Err(StoreError::Unavailable(_) | StoreError::Unknown(_)) => Ended::Failed,
        };
        self.circuit.note(self.pass, how, self.is_sign_of_life);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.circuit.note(self.pass, Ended::Abandoned, self.is_sign_of_life);
        }
    }
}

fn left_alone(remaining: Duration) -> StoreError {
    StoreError::Unavailable(format!(
        "it has not answered several times in a row and is left alone for {:.1} s more",
        remaining.as_secs_f64()
    ))
}

fn overrun(verb: Verb, deadline: Duration) -> StoreError {
    let told = format!("no answer within {} s", deadline.as_secs_f64());
    match verb {
        Verb::Write | Verb::SignOfLife { writes: true } => StoreError::Unknown(told),
        Verb::Read | Verb::SignOfLife { writes: false } => StoreError::Unavailable(told),
    }
}
