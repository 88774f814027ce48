//! Makes delayed jobs pending once they are due.
//!
//! `reserve` does so too, for the queues a worker is hungry for; this is for the others, and for honest numbers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::patience::Patience;
use crate::queue::{Store, limits};

const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(store: Arc<dyn Store>, stop: CancellationToken) {
    let mut patience = Patience::new("promote");
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        loop {
            match store.promote(limits::PER_CALL).await {
                Ok(count) => {
                    patience.succeeded();
                    if count < limits::PER_CALL || stop.is_cancelled() {
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
