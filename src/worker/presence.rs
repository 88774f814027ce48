//! Tells of the worker, beside its heart: never at the cost of a beat.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::options::{Share, WorkerOptions};
use super::quiet::Quiet;
use crate::clock::Timestamp;
use crate::queue::{Note, NoteKey, NoteKind, PoolPresence, Presence, Store, StoreError, WorkerState};

/// Longest that telling may take.
const LONGEST: Duration = Duration::from_secs(2);
/// How long the note of a worker that leaves may take to go.
const FAREWELL: Duration = Duration::from_millis(100);

/// What it tells of.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    pub(super) options: WorkerOptions,
    pub(super) quiet: Quiet,
    pub(super) running: TaskTracker,
    /// How the slots are shared out, and what runs in each share.
    pub(super) shares: Vec<(Share, TaskTracker)>,
    /// Set when the worker takes no more jobs for good.
    pub(super) stop: CancellationToken,
}

impl Teller {
    /// Tells at the start, at every turn and whenever the state changes, until `left`.
    pub(super) async fn run(&self, store: &dyn Store, left: &CancellationToken) {
        let mut quiet = self.quiet.changes();
        let mut started_at = None;
        let mut is_stopping = false;
        loop {
            let next = Instant::now() + self.options.presence;
            let telling = timeout(LONGEST.min(self.options.presence), self.tell(store, &mut started_at));
            match left.run_until_cancelled(telling).await {
                None => return,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => debug!(%error, "the worker could not tell of itself"),
                Some(Err(_elapsed)) => debug!("the worker could not tell of itself in time"),
            }
            tokio::select! {
                () = left.cancelled() => return,
                () = self.stop.cancelled(), if !is_stopping => is_stopping = true,
                _ = quiet.changed() => {}
                () = sleep_until(next) => {}
            }
        }
    }

    async fn tell(&self, store: &dyn Store, started_at: &mut Option<Timestamp>) -> Result<(), StoreError> {
        let WorkerOptions { id, lease, presence, .. } = &self.options;
        let now = store.time().await?;
        let told = Presence {
            worker: id.to_string(),
            host: crate::host::name(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            queues: self.shares.iter().flat_map(|(share, _)| share.queues.iter().cloned()).collect(),
            all_queues: self.shares.iter().any(|(share, _)| share.all_queues),
            slots: self.options.total_slots(),
            busy: self.running.len(),
            pools: self.shares.iter().map(pool).collect(),
            started_at: *started_at.get_or_insert(now),
            seen_at: now,
            due_at: now.plus(*presence + *lease),
            state: self.state(),
        };
        let note =
            Note { kind: NoteKind::Worker, key: NoteKey::from(id), body: told.encode(), keep: *presence * 3 + *lease };
        store.write_notes(&[note]).await
    }

    fn state(&self) -> WorkerState {
        match (self.stop.is_cancelled(), self.quiet.is_on()) {
            (true, _) => WorkerState::Stopping,
            (false, true) => WorkerState::Quiet,
            (false, false) => WorkerState::Running,
        }
    }

    /// Takes back what was told.
    pub(super) async fn leave(&self, store: &dyn Store) {
        let key = NoteKey::from(&self.options.id);
        if !matches!(timeout(FAREWELL, store.erase_note(NoteKind::Worker, &key)).await, Ok(Ok(_))) {
            debug!("the worker left without taking back what it told of itself; that will expire");
        }
    }
}

fn pool((share, running): &(Share, TaskTracker)) -> PoolPresence {
    let Share { queues, all_queues, slots, .. } = share.clone();
    PoolPresence { queues, all_queues, slots, busy: running.len() }
}
