//! Leaves something alone that keeps failing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use super::{HandleFuture, HandleService, Handling};
use crate::{JobError, JobResult, Outcome};

/// How soon a job looks again while another one tries whether all is well.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// When a circuit opens, and for how long. Its state is the process's: all jobs of one type share it, or all that name the
/// same circuit.
#[derive(Debug, Clone)]
pub struct CircuitBreaker {
    threshold: u32,
    recovery: Duration,
    name: Option<&'static str>,
}

impl CircuitBreaker {
    /// Opens after `failures` failures in a row; 0 counts as 1. Recovers in 30 s.
    pub fn after(failures: u32) -> Self {
        Self { threshold: failures.max(1), recovery: Duration::from_secs(30), name: None }
    }

    /// How long it stays open. Then a single job is let through: if that completes all are, if it fails it opens again.
    #[must_use]
    pub fn recovering_in(mut self, recovery: Duration) -> Self {
        self.recovery = recovery;
        self
    }

    /// Shares the state with every type that names the same circuit: for types that call the same service.
    #[must_use]
    pub fn named(mut self, circuit: &'static str) -> Self {
        self.name = Some(circuit);
        self
    }
}

#[derive(Debug, Clone)]
pub(super) struct CircuitBreakerLayer(pub(super) CircuitBreaker);

#[derive(Debug, Clone)]
pub(super) struct Breaking {
    inner: HandleService,
    breaker: CircuitBreaker,
}

impl Layer<HandleService> for CircuitBreakerLayer {
    type Service = Breaking;

    fn layer(&self, inner: HandleService) -> Breaking {
        Breaking { inner, breaker: self.0.clone() }
    }
}

impl Service<Handling> for Breaking {
    type Response = Outcome;
    type Error = JobError;
    type Future = HandleFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), JobError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, call: Handling) -> HandleFuture {
        let CircuitBreaker { threshold, recovery, name } = self.breaker;
        let circuit = circuit(Key { name, job_type: name.is_none().then(|| call.job.typetag_name()) });
        let mut inner = self.inner.clone();
        // The one that was made ready is the one to call.
        std::mem::swap(&mut inner, &mut self.inner);
        Box::pin(async move {
            if let Err(wait) = lock(&circuit).admit(Instant::now()) {
                return Ok(Outcome::snooze(wait));
            }
            let cancellation = call.context.cancellation().clone();
            let mut watch = Watch { circuit, cancellation, threshold, recovery, result: None };
            let result = inner.call(call).await;
            watch.result = Some(Ended::of(&result));
            result
        })
    }
}

/// How a call ended, as far as the circuit is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    Badly,
    /// Says nothing about what was called.
    Otherwise,
}

impl Ended {
    fn of(result: &JobResult) -> Self {
        match result {
            Ok(Outcome::Completed(_)) => Self::Well,
            Ok(Outcome::Released { .. } | Outcome::Snoozed { .. }) => Self::Otherwise,
            // A job that no retry can mend is at fault itself.
            Err(error) if error.kind().is_final() => Self::Otherwise,
            Err(_) => Self::Badly,
        }
    }
}

/// Reports the end of a call, also of one that panics or is dropped at its time limit.
struct Watch {
    circuit: Arc<Mutex<Circuit>>,
    cancellation: CancellationToken,
    threshold: u32,
    recovery: Duration,
    result: Option<Ended>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let ended = match self.result.unwrap_or(Ended::Badly) {
            // Whoever cancels it, a stopping worker for one, is the cause of its failure.
            Ended::Badly if self.cancellation.is_cancelled() => Ended::Otherwise,
            ended => ended,
        };
        lock(&self.circuit).ended(ended, self.threshold, self.recovery, Instant::now());
    }
}

/// What a process knows of one circuit.
#[derive(Debug, Default)]
struct Circuit {
    failures: u32,
    /// Not before then; set while it is open.
    open_until: Option<Instant>,
    is_probed: bool,
}

impl Circuit {
    /// Whether a call may be made now; if not, how long to wait.
    fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        match self.open_until {
            None => Ok(()),
            Some(until) if now < until => Err(until - now),
            Some(_) if self.is_probed => Err(PROBE_WAIT),
            Some(_) => {
                self.is_probed = true;
                Ok(())
            }
        }
    }

    fn ended(&mut self, ended: Ended, threshold: u32, recovery: Duration, now: Instant) {
        match ended {
            Ended::Well => *self = Self::default(),
            Ended::Otherwise => self.is_probed = false,
            Ended::Badly => {
                self.failures = self.failures.saturating_add(1);
                if self.failures >= threshold {
                    self.open_until = Some(now + recovery);
                }
                self.is_probed = false;
            }
        }
    }
}

/// A circuit's own name or that of its only type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    name: Option<&'static str>,
    job_type: Option<&'static str>,
}

fn circuit(key: Key) -> Arc<Mutex<Circuit>> {
    static CIRCUITS: Mutex<Option<HashMap<Key, Arc<Mutex<Circuit>>>>> = Mutex::new(None);
    let mut circuits = lock(&CIRCUITS);
    Arc::clone(circuits.get_or_insert_default().entry(key).or_default())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn r59_a_circuit_opens_probes_and_closes_as_a_table_says() {
        let mut circuit = Circuit::default();
        let start = Instant::now();
        let at = |seconds: u32| start + seconds * SECOND;
        let end = |circuit: &mut Circuit, ended, seconds| circuit.ended(ended, 2, 10 * SECOND, at(seconds));

        end(&mut circuit, Ended::Badly, 0);
        end(&mut circuit, Ended::Well, 0);
        end(&mut circuit, Ended::Badly, 0);
        end(&mut circuit, Ended::Otherwise, 0);
        assert_eq!(circuit.admit(at(0)), Ok(()), "only failures in a row count");
        end(&mut circuit, Ended::Badly, 1);
        assert_eq!(circuit.admit(at(1)), Err(10 * SECOND));
        assert_eq!(circuit.admit(at(8)), Err(3 * SECOND));
        assert_eq!(circuit.admit(at(11)), Ok(()), "one probe");
        assert_eq!(circuit.admit(at(11)), Err(PROBE_WAIT), "and no other beside it");
        end(&mut circuit, Ended::Badly, 12);
        assert_eq!(circuit.admit(at(12)), Err(10 * SECOND), "the probe failed");
        assert_eq!(circuit.admit(at(22)), Ok(()));
        end(&mut circuit, Ended::Otherwise, 22);
        assert_eq!(circuit.admit(at(22)), Ok(()), "a probe that told nothing makes room for the next");
        end(&mut circuit, Ended::Well, 23);
        assert_eq!((circuit.admit(at(23)), circuit.admit(at(23))), (Ok(()), Ok(())));
    }
}
