//! The notes.

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Connection, params};

use super::error::Failure;
use super::group::{Change, Group};
use super::{SqliteStore, rows};
use crate::clock::Timestamp;
use crate::queue::{Note, NoteKey, NoteKind, NoteRange, Notes, StoreError, limits, notes};

const WRITE: &str = "INSERT INTO queue_notes (kind, note_key, body, expires_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (kind, note_key) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at";

pub(super) const READ: &str = "SELECT note_key, body FROM queue_notes
    WHERE kind = ?1 AND note_key BETWEEN ?2 AND ?3 AND expires_at > ?4 ORDER BY note_key LIMIT ?5";

pub(super) const READ_BACK: &str = "SELECT note_key, body FROM queue_notes
    WHERE kind = ?1 AND note_key BETWEEN ?2 AND ?3 AND expires_at > ?4 ORDER BY note_key DESC LIMIT ?5";

pub(super) const ERASE: &str = "DELETE FROM queue_notes WHERE kind = ?1 AND note_key = ?2 AND expires_at > ?3";

pub(super) const EXPIRE: &str =
    "DELETE FROM queue_notes WHERE (kind, note_key) IN (SELECT kind, note_key FROM queue_notes
    WHERE kind = ?1 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3)";

#[async_trait]
impl Notes for SqliteStore {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        notes::check(notes)?;
        self.change(Write { notes: notes.to_vec() }).await
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        let (range, now) = (range.clone(), self.clock.now());
        self.readers.read(move |connection| read(connection, &range, now)).await
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        self.change(Erase { kind, key: key.clone() }).await
    }
}

fn read(connection: &Connection, range: &NoteRange, now: Timestamp) -> rusqlite::Result<Vec<(NoteKey, Bytes)>> {
    let NoteRange { kind, from, to, latest_first, max } = range;
    let mut select = connection.prepare_cached(if *latest_first { READ_BACK } else { READ })?;
    let values = params![kind.as_str(), from.as_str(), to.as_str(), now.as_micros(), rows::whole(*max)];
    let mut found = select.query(values)?;
    let mut told = Vec::new();
    while let Some(row) = found.next()? {
        // What somebody else has put there under another name is none of ours.
        if let Ok(key) = NoteKey::new(&row.get::<_, String>(0)?) {
            told.push((key, Bytes::from(row.get::<_, Vec<u8>>(1)?)));
        }
    }
    Ok(told)
}

#[derive(Debug)]
struct Write {
    notes: Vec<Note>,
}

impl Change for Write {
    type Answer = ();

    /// What room a full file has left is for the jobs.
    const MAY_BE_REFUSED: bool = true;

    fn apply(&self, group: &mut Group<'_>) -> Result<(), Failure> {
        for kind in NoteKind::ALL {
            if self.notes.iter().any(|note| note.kind == kind) {
                expire(group, kind)?;
            }
        }
        for Note { kind, key, body, keep } in &self.notes {
            let ends_at = group.now.plus(*keep).as_micros();
            group.statement(WRITE)?.execute(params![kind.as_str(), key.as_str(), &body[..], ends_at])?;
        }
        if self.notes.iter().any(|note| note.kind.is_refused_when_full()) {
            group.check_room()?;
        }
        Ok(())
    }

    fn weight(&self) -> usize {
        self.notes.len()
    }
}

/// Removes notes of a kind whose time has passed, as many as one change may.
pub(super) fn expire(group: &Group<'_>, kind: NoteKind) -> rusqlite::Result<()> {
    let values = params![kind.as_str(), group.now.as_micros(), rows::whole(limits::NOTES_EXPIRED)];
    group.statement(EXPIRE)?.execute(values)?;
    Ok(())
}

#[derive(Debug)]
struct Erase {
    kind: NoteKind,
    key: NoteKey,
}

impl Change for Erase {
    type Answer = bool;

    fn apply(&self, group: &mut Group<'_>) -> Result<bool, Failure> {
        let values = params![self.kind.as_str(), self.key.as_str(), group.now.as_micros()];
        Ok(group.statement(ERASE)?.execute(values)? > 0)
    }

    fn weight(&self) -> usize {
        1
    }
}
