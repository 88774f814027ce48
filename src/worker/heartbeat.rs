//! Signs of life, on a thread and a runtime of their own: a job that hogs every async thread must not cost the worker
//! its leases.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::held::Held;
use super::options::WorkerOptions;
use super::patience::Patience;
use super::presence::Teller;
use super::pulse::Pulse;
use crate::queue::{Beat, BeatReply, Connect, ReservedJob, Settle, Settlement, Store, StoreError};

/// How long the last beat may take.
pub(super) const FAREWELL: Duration = Duration::from_millis(150);

/// Beats until `stop`, then once more, to give back what a lost answer may have left behind, and takes its leave.
pub(super) fn start(
    options: WorkerOptions,
    connect: Connect,
    signs: Signs,
    teller: Teller,
    stop: CancellationToken,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let heart = Heart { options, signs, teller, stop };
    std::thread::Builder::new().name("heartbeat".into()).spawn(move || runtime.block_on(heart.run(connect)))
}

/// What it tells the store, and what it tells of the store.
pub(super) struct Signs {
    pub(super) held: Arc<Held>,
    pub(super) pulse: Arc<Pulse>,
}

struct Heart {
    options: WorkerOptions,
    signs: Signs,
    teller: Teller,
    stop: CancellationToken,
}

impl Heart {
    async fn run(self, connect: Connect) {
        let Some(store) = self.connected(&connect).await else { return };
        let store = store.as_ref();
        tokio::join!(self.beat_on(store), self.teller.run(store, &self.stop));
        let farewell = async {
            self.beat(store).await?;
            store.retire(&self.options.id).await
        };
        match tokio::time::timeout(FAREWELL, farewell).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the worker left without telling the store; its lease will run out"),
            Err(_) => warn!("the worker left without telling the store, which did not answer; its lease will run out"),
        }
        self.teller.leave(store).await;
    }

    async fn beat_on(&self, store: &dyn Store) {
        let mut patience = Patience::new("heartbeat");
        let mut wait = self.options.heartbeat;
        while self.stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = match self.beat(store).await {
                Ok(()) => {
                    patience.succeeded();
                    self.options.heartbeat
                }
                // Sooner than the next regular beat: a lease may be running out.
                Err(error) => {
                    self.signs.pulse.failed(&error);
                    patience.failed(&error).min(self.options.heartbeat)
                }
            };
        }
    }

    async fn connected(&self, connect: &Connect) -> Option<Arc<dyn Store>> {
        let mut patience = Patience::new("heartbeat connection");
        loop {
            match connect().await {
                Ok(store) => return Some(store),
                Err(error) => {
                    self.signs.pulse.failed(&error);
                    let wait = patience.failed(&error);
                    self.stop.run_until_cancelled(tokio::time::sleep(wait)).await?;
                }
            }
        }
    }

    async fn beat(&self, store: &dyn Store) -> Result<(), StoreError> {
        let reservations = self.signs.held.beat_begins();
        let beat = Beat { worker: &self.options.id, lease: self.options.lease, held: &reservations };
        let BeatReply { lost, unknown } = store.extend(&beat).await?;
        for reservation in &lost {
            if self.signs.held.revoke(reservation) {
                warn!(job.id = %reservation.job, "lease lost: another worker has the job");
            }
        }
        let strays: Vec<Settle> =
            unknown.into_iter().filter(|job| self.signs.held.is_stray(&job.reservation)).map(given_back).collect();
        if !strays.is_empty() {
            info!(jobs = strays.len(), "giving back jobs that a lost answer had handed out");
            store
                .settle(&strays)
                .await
                .inspect_err(|error| error!(%error, "strays not given back; next beat again"))?;
        }
        Ok(())
    }
}

/// It never ran here: its past stays as it was.
fn given_back(job: ReservedJob) -> Settle {
    Settle {
        reservation: job.reservation,
        settlement: Settlement::Requeue,
        trail: job.trail,
        counted: None,
        then: Vec::new(),
    }
}
