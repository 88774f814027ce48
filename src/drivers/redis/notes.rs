//! The notes. All of them are in one slot, so that a write of several kinds is one script.

use async_trait::async_trait;
use bytes::Bytes;
use fred::types::Value;

use super::driver::count;
use super::{RedisStore, scripts};
use crate::clock::micros;
use crate::queue::{Note, NoteKey, NoteKind, NoteRange, Notes, StoreError, notes};

#[async_trait]
impl Notes for RedisStore {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        notes::check(notes)?;
        if notes.is_empty() {
            return Ok(());
        }
        let has_kind = |kind: &NoteKind| notes.iter().any(|note| note.kind == *kind);
        let kinds: Vec<NoteKind> = NoteKind::ALL.into_iter().filter(has_kind).collect();
        let mut args = vec![self.now()];
        for Note { kind, key, body, keep } in notes {
            let place = kinds.iter().position(|one| one == kind).unwrap_or_default();
            args.extend([count(1 + 3 * place), key.as_str().into(), micros(*keep).into(), body.clone().into()]);
        }
        let may_be_refused = kinds.iter().any(|kind| kind.is_refused_when_full());
        let script = if may_be_refused { &scripts::LOG_NOTES } else { &scripts::WRITE_NOTES };
        self.connection.run(script, self.note_keys(&kinds), args).await.map(|_| ())
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        let NoteRange { kind, from, to, latest_first, max } = range;
        let end = if *latest_first { "l" } else { "f" };
        let args = vec![self.now(), from.as_str().into(), to.as_str().into(), Value::from(end), count(*max)];
        let mut reply = self.connection.run(&scripts::READ_NOTES, self.note_keys(&[*kind]), args).await?;
        let mut told = Vec::new();
        while !reply.is_empty() {
            let (key, body) = (reply.text()?, reply.bytes()?);
            // What somebody else has put there under another name is none of ours.
            told.extend(NoteKey::new(&key).ok().map(|key| (key, body)));
        }
        Ok(told)
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        let args = vec![self.now(), key.as_str().into()];
        let mut reply = self.connection.run(&scripts::ERASE_NOTE, self.note_keys(&[kind]), args).await?;
        Ok(reply.integer()? == 1)
    }
}

impl RedisStore {
    pub(super) async fn expire_notes(&self) -> Result<(), StoreError> {
        let keys = self.note_keys(&NoteKind::ALL);
        self.connection.run(&scripts::EXPIRE_NOTES, keys, vec![self.now()]).await.map(|_| ())
    }

    fn note_keys(&self, kinds: &[NoteKind]) -> Vec<String> {
        kinds.iter().flat_map(|kind| self.keys.notes(*kind)).collect()
    }
}
