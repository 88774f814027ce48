//! Tells the store how attempts ended, in batches, until it has heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tracing::{error, warn};

use super::held::Held;
use super::options::{Happened, JobEvent, Surroundings};
use super::patience::Patience;
use crate::queue::{Settle, Settled, StoreError, limits};

/// An attempt whose settlement the store must hear of.
#[derive(Debug)]
pub(super) struct Concluded {
    pub(super) settle: Settle,
    pub(super) event: Option<JobEvent>,
}

/// The settling end of a worker. Ends when every sender is gone and everything sent is settled.
#[derive(Debug)]
pub(super) struct Settler {
    pub(super) surroundings: Surroundings,
    pub(super) held: Arc<Held>,
    /// Jobs settled so far, for `--max-jobs`.
    pub(super) settled: Arc<AtomicU64>,
}

impl Settler {
    pub(super) async fn run(self, mut concluded: mpsc::Receiver<Concluded>) {
        let mut patience = Patience::new("settle");
        let mut batch = Vec::new();
        while concluded.recv_many(&mut batch, limits::PER_CALL).await > 0 {
            let (settles, events): (Vec<_>, Vec<_>) = batch.drain(..).map(|one| (one.settle, one.event)).unzip();
            let outcomes = self.settle_all(&settles, &mut patience).await;
            self.settled.fetch_add(settles.len() as u64, Ordering::Relaxed);
            self.held.release(settles.iter().map(|settle| &settle.reservation));
            for ((settle, outcome), event) in settles.iter().zip(outcomes).zip(events) {
                self.announce(settle, outcome, event);
            }
        }
    }

    /// Repeats until the store has taken the batch: each settlement is safe to repeat under its token. The results wait
    /// in memory meanwhile, and the heartbeat keeps their leases.
    async fn settle_all(&self, batch: &[Settle], patience: &mut Patience) -> Vec<Option<Settled>> {
        loop {
            match self.surroundings.store.settle(batch).await {
                Ok(outcomes) => {
                    patience.succeeded();
                    return outcomes.into_iter().map(Some).collect();
                }
                Err(StoreError::Refused(_)) if batch.len() > 1 => return self.settle_each(batch).await,
                Err(StoreError::Refused(reason)) => {
                    error!(reason, "the store refused a settlement; the job will run again once its lease ends");
                    return vec![None; batch.len()];
                }
                Err(passing) => tokio::time::sleep(patience.failed(&passing)).await,
            }
        }
    }

    /// One settlement that the store cannot take must not hold up the others.
    async fn settle_each(&self, batch: &[Settle]) -> Vec<Option<Settled>> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for settle in batch {
            let mut patience = Patience::new("settle");
            let one = Box::pin(self.settle_all(std::slice::from_ref(settle), &mut patience)).await;
            outcomes.extend(one);
        }
        outcomes
    }

    fn announce(&self, settle: &Settle, outcome: Option<Settled>, event: Option<JobEvent>) {
        let is_refused = matches!(outcome, Some(Settled::Stale) | None);
        if is_refused {
            warn!(job.id = %settle.reservation.job, "result refused: the job is not this worker's any more");
        }
        let (Some(observer), Some(mut event)) = (&self.surroundings.observer, event) else { return };
        if is_refused {
            event.what = Happened::Refused { duration: event.what.duration() };
        }
        observer(&event);
    }
}
