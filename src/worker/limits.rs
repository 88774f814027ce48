//! When a worker stops by itself.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::options::Until;

const EVERY: Duration = Duration::from_millis(50);

/// Cancels `stop` once a limit is reached. The fetcher itself sees to the number of jobs
/// and to the empty store.
pub(super) async fn watch(until: Until, stop: CancellationToken) {
    if until.max_time.is_none() && until.memory.is_none() {
        return;
    }
    let deadline = until.max_time.map(|time| Instant::now() + time);
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            info!("the worker has run as long as it was told to");
            stop.cancel();
        }
        if until.memory.is_some_and(|limit| resident_mebibytes().is_some_and(|now| now >= limit)) {
            info!("the worker has grown past its memory limit");
            stop.cancel();
        }
    }
}

/// Resident memory of this process; `None` where the system does not tell.
fn resident_mebibytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024)
}
