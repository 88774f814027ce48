//! Heeds what operators tell all workers, and this one.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::patience::Patience;
use super::quiet::Quiet;
use crate::queue::{NoteKey, NoteKind, NoteRange, Order, Store, StoreError, WorkerId};

/// How soon a worker hears of what it is told.
const EVERY: Duration = Duration::from_secs(1);
/// How long it may look for its own orders.
const LONGEST: Duration = Duration::from_secs(2);

/// What a worker can be told to do.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// Set before `stop` when operators want workers to start anew.
    pub(super) restart: CancellationToken,
    /// Set before `stop` when operators want this worker to leave.
    pub(super) leave: CancellationToken,
    pub(super) stop: CancellationToken,
    pub(super) quiet: Quiet,
}

/// Carries out what is told. What was told all workers before the first look was meant for those before.
pub(super) async fn heed(store: Arc<dyn Store>, worker: WorkerId, told: Told) {
    let mut patience = Patience::new("control");
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known: Option<u64> = None;
    let stop = told.stop.clone();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let Some(control) = stop.run_until_cancelled(store.control()).await else { return };
        match control {
            Ok(control) => {
                patience.succeeded();
                if known.is_some_and(|known| control.restarts > known) {
                    info!("told to restart");
                    told.restart.cancel();
                    stop.cancel();
                }
                // A store that was emptied counts from the start again.
                known = Some(control.restarts);
            }
            Err(error) => {
                stop.run_until_cancelled(tokio::time::sleep(patience.failed(&error))).await;
                continue;
            }
        }
        match stop.run_until_cancelled(timeout(LONGEST, order(store.as_ref(), &worker))).await {
            Some(Ok(Ok(order))) => told.obey(order),
            // The next look is soon.
            Some(Ok(Err(error))) => debug!(%error, "the worker could not look for its orders"),
            Some(Err(_elapsed)) => debug!("the worker could not look for its orders in time"),
            None => return,
        }
    }
}

/// The order that waits for the worker. It stays until it expires: to remove it could remove the next one in its place.
async fn order(store: &dyn Store, worker: &WorkerId) -> Result<Option<Order>, StoreError> {
    let notes = store.read_notes(&NoteRange::one(NoteKind::Order, &NoteKey::from(worker))).await?;
    Ok(notes.first().and_then(|(_, body)| Order::decode(body)))
}

impl Told {
    /// Obeyed again and again while it waits, each order is one that does no more the second time.
    fn obey(&self, order: Option<Order>) {
        match order {
            None => {}
            Some(Order::Quiet) if self.quiet.set(true) => info!("told to take no more jobs"),
            Some(Order::Resume) if self.quiet.set(false) => info!("told to take jobs again"),
            Some(Order::Quiet | Order::Resume) => {}
            Some(Order::Stop) => {
                info!("told to stop");
                self.leave.cancel();
                self.stop.cancel();
            }
        }
    }
}
