//! The notes.

use async_trait::async_trait;
use bytes::Bytes;

use super::DatabaseStore;
use super::fault::Fault;
use super::rows::whole;
use super::transaction::{Change, Transaction};
use super::value::Value;
use crate::queue::{Note, NoteKey, NoteKind, NoteRange, Notes, StoreError, limits, notes};

#[async_trait]
impl Notes for DatabaseStore {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        notes::check(notes)?;
        let mut sorted: Vec<&Note> = notes.iter().collect();
        // Two that write the same keys lock them in one order; of one key the last stays the last.
        sorted.sort_by_key(|note| (note.kind, &note.key));
        self.core.change(&Write(sorted)).await
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        self.core.change(&Read(range)).await
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        self.core.change(&Erase(kind, key)).await
    }
}

struct Write<'a>(Vec<&'a Note>);

#[async_trait]
impl Change for Write<'_> {
    type Answer = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Fault> {
        for kind in NoteKind::ALL {
            if self.0.iter().any(|note| note.kind == kind) {
                expire(tx, kind).await?;
            }
        }
        for Note { kind, key, body, keep } in &self.0 {
            let ends_at = Value::Int(tx.now.plus(*keep).as_micros());
            let values = [Value::Text(kind.as_str()), Value::Text(key.as_str()), Value::Bytes(body), ends_at];
            tx.run(&tx.sql.note_write, &values).await?;
        }
        Ok(())
    }
}

/// Removes notes of a kind whose time has passed, as many as one change may.
pub(super) async fn expire(tx: &mut Transaction<'_>, kind: NoteKind) -> Result<(), Fault> {
    let most = Value::Int(whole(limits::NOTES_EXPIRED));
    tx.run(&tx.sql.note_expire, &[Value::Text(kind.as_str()), Value::Int(tx.now.as_micros()), most]).await?;
    Ok(())
}

/// A transaction for the sake of the time that it begins with.
struct Read<'a>(&'a NoteRange);

#[async_trait]
impl Change for Read<'_> {
    type Answer = Vec<(NoteKey, Bytes)>;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Answer, Fault> {
        let NoteRange { kind, from, to, latest_first, max } = self.0;
        let statement = if *latest_first { &tx.sql.note_read_back } else { &tx.sql.note_read };
        let values = [
            Value::Text(kind.as_str()),
            Value::Text(from.as_str()),
            Value::Text(to.as_str()),
            Value::Int(tx.now.as_micros()),
            Value::Int(whole(*max)),
        ];
        let mut told = Vec::new();
        for row in tx.rows(statement, &values).await? {
            // What somebody else has put there under another name is none of ours.
            if let Ok(key) = NoteKey::new(&row.text(0)?) {
                told.push((key, row.bytes(1)?));
            }
        }
        Ok(told)
    }
}

struct Erase<'a>(NoteKind, &'a NoteKey);

#[async_trait]
impl Change for Erase<'_> {
    type Answer = bool;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<bool, Fault> {
        let values = [Value::Text(self.0.as_str()), Value::Text(self.1.as_str()), Value::Int(tx.now.as_micros())];
        Ok(tx.run(&tx.sql.note_erase, &values).await? > 0)
    }
}
