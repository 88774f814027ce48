//! Tells the store how attempts ended, in batches, until it has heard.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use journeyman_job::JobId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{error, warn};

use super::held::Held;
use super::options::{Happened, JobEvent, Surroundings};
use super::patience::Patience;
use crate::queue::{Settle, Settled, StoreError, limits};

/// Calls under way: while the store works on one, the next is on its way there. They are told of in their order.
const AT_ONCE: usize = 2;

/// An attempt whose settlement the store must hear of.
#[derive(Debug)]
pub(super) struct Concluded {
    pub(super) settle: Settle,
    pub(super) event: Option<JobEvent>,
}

/// What the store said of a settlement.
struct Told {
    job: JobId,
    outcome: Settled,
    event: Option<JobEvent>,
}

/// The settling end of a worker. Ends when every sender is gone and everything sent is settled.
#[derive(Debug, Clone)]
pub(super) struct Settler {
    pub(super) surroundings: Surroundings,
    pub(super) held: Arc<Held>,
    /// Most settlements of one call.
    pub(super) most: usize,
}

/// Settlements of one call, and those that may wait for the next, for a worker of so many slots. All that has ended and is
/// not settled runs again if the worker dies: a worker that the store keeps waiting must not pile up more and more of it.
pub(super) fn backlog(slots: usize) -> usize {
    (2 * slots + 16).min(limits::PER_CALL)
}

impl Settler {
    pub(super) async fn run(self, mut concluded: mpsc::Receiver<Concluded>) {
        let mut batch = Vec::new();
        let (mut under_way, mut refused) = (FuturesOrdered::new(), JoinSet::new());
        loop {
            tokio::select! {
                Some(ended) = under_way.next() => self.after(ended, &mut refused),
                count = concluded.recv_many(&mut batch, self.most), if under_way.len() < AT_ONCE => {
                    if count == 0 {
                        break;
                    }
                    gather(&mut concluded, &mut batch, self.most).await;
                    under_way.extend(in_parts(std::mem::take(&mut batch)).into_iter().map(|part| self.settle(part)));
                }
            }
        }
        while let Some(ended) = under_way.next().await {
            self.after(ended, &mut refused);
        }
        while refused.join_next().await.is_some() {}
    }

    /// Tells of what is settled. One settlement that the store cannot take must not hold up the others.
    fn after(&self, ended: Result<Vec<Told>, Vec<Concluded>>, refused: &mut JoinSet<()>) {
        match ended {
            Ok(told) => told.into_iter().for_each(|told| self.announce(told)),
            Err(batch) => {
                for one in batch {
                    refused.spawn(self.clone().insist(one));
                }
            }
        }
    }

    /// Repeats until the store has taken the batch: each settlement is safe to repeat under its token. The results wait
    /// in memory meanwhile, and the heartbeat keeps their leases. Gives the batch back if the store refuses it.
    async fn settle(&self, batch: Vec<Concluded>) -> Result<Vec<Told>, Vec<Concluded>> {
        let mut patience = Patience::new("settle");
        let (settles, events): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.settle, one.event)).unzip();
        loop {
            match self.surroundings.store.settle(&settles).await {
                Ok(outcomes) => {
                    patience.succeeded();
                    self.held.release(settles.iter().map(|settle| &settle.reservation));
                    let told = settles.iter().zip(outcomes).zip(events);
                    return Ok(told
                        .map(|((settle, outcome), event)| Told { job: settle.reservation.job, outcome, event })
                        .collect());
                }
                Err(StoreError::Refused(reason)) => {
                    error!(reason, jobs = settles.len(), "the store refuses settlements; they are tried one by one");
                    let concluded = settles.into_iter().zip(events);
                    return Err(concluded.map(|(settle, event)| Concluded { settle, event }).collect());
                }
                Err(passing) => tokio::time::sleep(patience.failed(&passing)).await,
            }
        }
    }

    /// As long as this worker lives it keeps the result and the lease: whatever ails the store may be mended.
    async fn insist(self, one: Concluded) {
        let mut patience = Patience::new("settle what was refused");
        let mut batch = vec![one];
        loop {
            match self.settle(batch).await {
                Ok(told) => return told.into_iter().for_each(|told| self.announce(told)),
                Err(refused) => batch = refused,
            }
            tokio::time::sleep(patience.failed(&StoreError::Refused("see above".into()))).await;
        }
    }

    fn announce(&self, Told { job, outcome, event }: Told) {
        if outcome == Settled::Stale {
            warn!(job.id = %job, "result refused: the job is not this worker's any more");
        }
        let (Some(observer), Some(mut event)) = (&self.surroundings.observer, event) else { return };
        if outcome == Settled::Stale {
            event.what = Happened::Refused { duration: event.what.duration() };
        }
        observer(&event);
    }
}

/// What ends at the same time goes in one call. As in the fetcher, time is no part of it: a job that ends alone is told of
/// at once.
async fn gather(concluded: &mut mpsc::Receiver<Concluded>, batch: &mut Vec<Concluded>, most: usize) {
    let mut before = 0;
    while before < batch.len() && batch.len() < most {
        before = batch.len();
        tokio::task::yield_now().await;
        while batch.len() < most
            && let Ok(one) = concluded.try_recv()
        {
            batch.push(one);
        }
    }
}

/// Cuts a batch where it grows too heavy for one call: such a call would never be answered in time, however often repeated.
fn in_parts(batch: Vec<Concluded>) -> Vec<Vec<Concluded>> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for one in batch {
        let weight = weight(&one.settle);
        if bytes + weight > limits::CALL_BYTES && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += weight;
        part.push(one);
    }
    parts.push(part);
    parts
}

fn weight(settle: &Settle) -> usize {
    settle.trail.len() + settle.then.iter().map(|job| job.envelope.body.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{CallId, Reservation, Settlement, Token, WorkerId};
    use bytes::Bytes;
    use journeyman_job::{Priority, QueueName};

    fn concluded(bytes: usize) -> Concluded {
        let queue = QueueName::default();
        let reservation = Reservation {
            job: JobId::generate(&queue),
            queue,
            priority: Priority::Normal,
            worker: WorkerId::new("w").unwrap(),
            token: Token { attempt: 1, call: CallId(1) },
        };
        let trail = Bytes::from(vec![b' '; bytes]);
        let settle = Settle { reservation, settlement: Settlement::Complete, trail, counted: None, then: Vec::new() };
        Concluded { settle, event: None }
    }

    #[test]
    fn a_batch_is_cut_by_weight_and_nothing_is_left_out() {
        let sizes = |weights: &[usize]| {
            let batch = weights.iter().map(|&bytes| concluded(bytes)).collect();
            in_parts(batch).iter().map(Vec::len).collect::<Vec<_>>()
        };
        let large = limits::CALL_BYTES;
        assert_eq!(sizes(&[10; 500]), [500]);
        assert_eq!(sizes(&[large / 2, large / 2, 1, large * 2, 1, 1]), [2, 1, 1, 2]);
    }
}
