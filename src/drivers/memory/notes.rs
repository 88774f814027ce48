//! The notes.

use async_trait::async_trait;
use bytes::Bytes;

use super::MemoryStore;
use crate::queue::{Note, NoteKey, NoteKind, NoteRange, Notes, StoreError, notes};

#[async_trait]
impl Notes for MemoryStore {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        notes::check(notes)?;
        let now = self.clock.now();
        let mut tables = self.tables();
        tables.notes.retain(|_, (ends_at, _)| *ends_at > now);
        for Note { kind, key, body, keep } in notes {
            tables.notes.insert((*kind, key.clone()), (now.plus(*keep), body.clone()));
        }
        Ok(())
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        let NoteRange { kind, from, to, latest_first, max } = range;
        let now = self.clock.now();
        let tables = self.tables();
        if from > to {
            return Ok(Vec::new());
        }
        let among = tables.notes.range((*kind, from.clone())..=(*kind, to.clone()));
        let live = among.filter(|(_, (ends_at, _))| *ends_at > now);
        let told = live.map(|((_, key), (_, body))| (key.clone(), body.clone()));
        Ok(if *latest_first { told.rev().take(*max).collect() } else { told.take(*max).collect() })
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let erased = self.tables().notes.remove(&(kind, key.clone()));
        Ok(erased.is_some_and(|(ends_at, _)| ends_at > now))
    }
}
