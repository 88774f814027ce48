//! Heeds what operators tell all workers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::patience::Patience;
use crate::queue::Store;

/// How soon a worker hears of a restart.
const EVERY: Duration = Duration::from_secs(1);

/// Cancels `restart` and `stop` once workers are told to restart. What was told before the first look was meant for
/// those before.
pub(super) async fn heed(store: Arc<dyn Store>, restart: CancellationToken, stop: CancellationToken) {
    let mut patience = Patience::new("control");
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known: Option<u64> = None;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let Some(control) = stop.run_until_cancelled(store.control()).await else { return };
        match control {
            Ok(control) => {
                patience.succeeded();
                if known.is_some_and(|known| control.restarts > known) {
                    info!("told to restart");
                    restart.cancel();
                    stop.cancel();
                }
                // A store that was emptied counts from the start again.
                known = Some(control.restarts);
            }
            Err(error) => {
                stop.run_until_cancelled(tokio::time::sleep(patience.failed(&error))).await;
            }
        }
    }
}
