//! Takes over the jobs of dead workers.

use std::sync::Arc;
use std::time::Duration;

use journeyman_job::Priority;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::executor::Executor;
use super::patience::Patience;
use super::pulse::Pulse;
use crate::chance;
use crate::queue::{CallId, ReserveRequest, ReservedJob, StoreError};

/// Time between sweeps: with the lease it bounds how long a dead worker's jobs wait.
const SWEEP: Duration = Duration::from_secs(1);
/// Jobs taken over at once.
const AT_ONCE: usize = 100;

pub(super) struct Reaper {
    pub(super) executor: Arc<Executor>,
    pub(super) running: TaskTracker,
    pub(super) stop: CancellationToken,
    pub(super) pulse: Arc<Pulse>,
    /// The call whose answer never came.
    pub(super) unanswered: Option<CallId>,
}

impl Reaper {
    pub(super) async fn run(mut self) {
        let mut patience = Patience::new("reclaim");
        let mut ticks = interval(SWEEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // After an outage every living worker needs the chance to renew its lease before any is taken to be dead. A
        // reaper that has just started cannot know, and neither can one that was itself held up.
        let mut barrier = Barrier::new(self.executor.options.lease, Instant::now());
        let mut misses = 0;
        while self.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            // Where a beat of its own did not get through, nor did those of others.
            let so_far = self.pulse.misses();
            if so_far != misses {
                misses = so_far;
                barrier.raise(Instant::now());
            }
            if !barrier.lets_through(Instant::now()) {
                // Asking keeps the barrier honest: it must notice a store that goes away while it is up.
                if let Err(error) = self.executor.surroundings.store.ping().await {
                    tokio::time::sleep(patience.failed(&error)).await;
                    barrier.raise(Instant::now());
                }
                continue;
            }
            match self.sweep().await {
                Ok(()) => patience.succeeded(),
                Err(error) => {
                    tokio::time::sleep(patience.failed(&error)).await;
                    barrier.raise(Instant::now());
                }
            }
        }
    }

    async fn sweep(&mut self) -> Result<(), StoreError> {
        loop {
            let jobs = self.reclaim().await?;
            let count = jobs.len();
            if count > 0 {
                warn!(jobs = count, "taking over jobs of a worker that has died or fallen silent");
            }
            if count < AT_ONCE || self.stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    async fn reclaim(&mut self) -> Result<Vec<ReservedJob>, StoreError> {
        let options = &self.executor.options;
        // After a lost answer the same call again: it hands out what it took, and their deaths are counted.
        let call = self.unanswered.unwrap_or_else(chance::call_id);
        let request = ReserveRequest {
            worker: &options.id,
            queues: &options.queues,
            order: Priority::DESCENDING,
            max: AT_ONCE,
            lease: options.lease,
            call,
            is_repeat: self.unanswered.is_some(),
        };
        let held = &self.executor.held;
        held.call_begins(call);
        let answer = self.executor.surroundings.store.reclaim(&request).await;
        if answer.is_err() {
            self.unanswered = Some(call);
            return answer;
        }
        self.unanswered = None;
        let jobs = answer?;
        for (job, revoked) in jobs.iter().cloned().zip(held.call_ends(call, &jobs)) {
            let executor = Arc::clone(&self.executor);
            self.running.spawn(async move { executor.bury_or_retry(job, revoked).await });
        }
        Ok(jobs)
    }
}

/// Holds the reaper back for one full lease after anything that may have kept living workers from beating.
struct Barrier {
    lease: Duration,
    up_until: Instant,
    last_seen: Instant,
}

impl Barrier {
    fn new(lease: Duration, now: Instant) -> Self {
        Self { lease, up_until: now + lease, last_seen: now }
    }

    fn raise(&mut self, now: Instant) {
        self.up_until = now + self.lease;
        self.last_seen = now;
    }

    /// Whether the reaper may go on at `now`. A gap of more than a third of the lease since the last look raises it:
    /// this process was stopped, and the store's network may have been too.
    fn lets_through(&mut self, now: Instant) -> bool {
        if now.duration_since(self.last_seen) > self.lease / 3 + SWEEP {
            info!("the reaper was held up; no lease ends for one full lease");
            self.up_until = now + self.lease;
        }
        self.last_seen = now;
        now >= self.up_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(9);
    const SECOND: Duration = Duration::from_secs(1);

    /// The answers of a barrier asked once a second from `from` to `to`.
    fn ask(barrier: &mut Barrier, start: Instant, from: u32, to: u32) -> Vec<bool> {
        (from..=to).map(|second| barrier.lets_through(start + second * SECOND)).collect()
    }

    #[test]
    fn p12_a_reaper_that_starts_waits_one_lease() {
        let start = Instant::now();
        let mut barrier = Barrier::new(LEASE, start);
        assert_eq!(ask(&mut barrier, start, 7, 7), [false], "a gap by itself keeps it up");
        let mut barrier = Barrier::new(LEASE, start);
        assert_eq!(ask(&mut barrier, start, 1, 10), [[false; 8].as_slice(), &[true; 2]].concat());
    }

    #[test]
    fn p12_a_gap_in_its_own_ticks_raises_it_again() {
        let start = Instant::now();
        let mut barrier = Barrier::new(LEASE, start);
        ask(&mut barrier, start, 1, 20);
        assert_eq!(ask(&mut barrier, start, 40, 50), [[false; 9].as_slice(), &[true; 2]].concat());
    }

    #[test]
    fn p12_an_outage_raises_it_again() {
        let start = Instant::now();
        let mut barrier = Barrier::new(LEASE, start);
        ask(&mut barrier, start, 1, 20);
        barrier.raise(start + 21 * SECOND);
        assert_eq!(ask(&mut barrier, start, 22, 31), [[false; 8].as_slice(), &[true; 2]].concat());
    }
}
