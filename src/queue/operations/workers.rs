//! The workers: who is there, and what they are told.

use super::Operations;
use crate::queue::{Note, NoteKey, NoteKind, NoteRange, Order, StoreError, WorkerId, WorkerView};

/// More than there are in any fleet.
const MOST: usize = 10_000;

impl Operations {
    /// Every worker that has told of itself, by name, also one that was lost a moment ago.
    pub async fn workers(&self) -> Result<Vec<WorkerView>, StoreError> {
        let notes = self.store.read_notes(&NoteRange::all(NoteKind::Worker, MOST)).await?;
        // After the notes: one that was written in between is not overdue.
        let now = self.store.time().await?;
        Ok(notes.iter().map(|(key, body)| WorkerView::read(key.as_str(), body, now)).collect())
    }

    /// Leaves an order for a worker, over the one before it; the worker heeds it within a second or two. `false` if there is
    /// no such worker, or it has left.
    pub async fn tell_worker(&self, worker: &WorkerId, order: Order) -> Result<bool, StoreError> {
        let key = NoteKey::from(worker);
        if self.store.read_notes(&NoteRange::one(NoteKind::Worker, &key)).await?.is_empty() {
            return Ok(false);
        }
        let note = Note { kind: NoteKind::Order, key, body: order.encode(), keep: Order::KEPT };
        self.store.write_notes(&[note]).await?;
        Ok(true)
    }
}
