//! Removes records of ended jobs that need no longer be kept, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::patience::Patience;
use crate::queue::{Retention, Store, limits};

const EVERY: Duration = Duration::from_secs(1);
/// Store calls in one go: enough to keep up with the fastest drain, short enough to leave the store to others.
const CALLS: usize = 400;

pub(super) async fn run(store: Arc<dyn Store>, retention: Retention, stop: CancellationToken) {
    let mut patience = Patience::new("prune");
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        for _ in 0..CALLS {
            match store.prune(retention, limits::PER_CALL).await {
                Ok(count) => {
                    patience.succeeded();
                    if count == 0 || stop.is_cancelled() {
                        break;
                    }
                }
                Err(error) => {
                    tokio::time::sleep(patience.failed(&error)).await;
                    break;
                }
            }
        }
    }
}
