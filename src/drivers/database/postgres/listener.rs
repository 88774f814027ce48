//! Hints from other processes.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::timeout;
use tracing::warn;

use crate::wake::WakeHub;

/// Between two tries to listen again.
const PAUSE: Duration = Duration::from_secs(1);
/// How long nothing is heard before the server is asked for a sign of life: a connection that only listens would never notice
/// that its other end is gone.
const QUIET: Duration = Duration::from_secs(3);
/// As the statement `announce` names it.
const CHANNEL: &str = "SELECT 'journeyman_' || md5(current_schema())";

/// Passes hints on, over a connection of its own, until it is dropped. Waits up to `longest` for what the server must answer.
pub(in crate::drivers::database) async fn listen(options: PgConnectOptions, hub: Arc<WakeHub>, longest: Duration) {
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
        let failed = match in_time(longest, listening).await {
            Ok(mut listener) => {
                was_told = false;
                if std::mem::replace(&mut has_missed, true) {
                    hub.wake_all();
                }
                loop {
                    match timeout(QUIET, listener.try_recv()).await {
                        Ok(Ok(Some(hint))) => hub.wake_named(hint.payload()),
                        Ok(Ok(None)) => hub.wake_all(),
                        Ok(Err(error)) => break error,
                        Err(_) => {
                            let asking = sqlx::query("SELECT 1").execute(&mut listener);
                            if let Err(error) = in_time(longest, asking).await {
                                break error;
                            }
                        }
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

async fn in_time<T>(longest: Duration, call: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(longest, call).await.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}
