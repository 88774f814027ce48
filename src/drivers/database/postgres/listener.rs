//! Hints from other processes.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tracing::warn;

use crate::wake::WakeHub;

/// Between two tries to listen again.
const PAUSE: Duration = Duration::from_secs(1);
/// As the statement `announce` names it.
const CHANNEL: &str = "SELECT 'journeyman_' || md5(current_schema())";

/// Passes hints on, over a connection of its own, until it is dropped.
pub(in crate::drivers::database) async fn listen(options: PgConnectOptions, hub: Arc<WakeHub>) {
    let (mut was_told, mut has_missed) = (false, false);
    loop {
        // Anew for each try: a connection that came back would be the next one again, to a server that may be demoted.
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            let channel: String = sqlx::query_scalar(CHANNEL).fetch_one(&mut listener).await?;
            listener.listen(&channel).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        let failed = match listening.await {
            Ok(mut listener) => {
                was_told = false;
                if std::mem::replace(&mut has_missed, true) {
                    hub.wake_all();
                }
                loop {
                    match listener.try_recv().await {
                        Ok(Some(hint)) => hub.wake_named(hint.payload()),
                        Ok(None) => hub.wake_all(),
                        Err(error) => break error,
                    }
                }
            }
            Err(error) => error,
        };
        // Without hints workers still poll, so it is worth a warning and no more.
        if !std::mem::replace(&mut was_told, true) {
            warn!(error = %failed, "cannot listen for wake-ups; workers poll until it can");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
