//! The rows of the notes. The queue's name, which is the cell's own, is part of their keys.

use std::time::Duration;

use journeyman::queue::{Note, NoteKey, NoteKind, NoteRange};

use super::cell::Cell;

const KIND: NoteKind = NoteKind::Order;

fn note(cell: &Cell<'_>, name: &str, body: &'static str) -> Note {
    let key = NoteKey::new(&format!("{}{}:{name}", cell.place.mark, cell.queue)).unwrap();
    Note { kind: KIND, key, body: body.into(), keep: Duration::from_secs(3600) }
}

async fn bodies(cell: &Cell<'_>, notes: &[Note]) -> Vec<Option<bytes::Bytes>> {
    let mut bodies = Vec::new();
    for note in notes {
        let found = cell.clean().read_notes(&NoteRange::one(note.kind, &note.key)).await.unwrap();
        bodies.push(found.into_iter().next().map(|(_, body)| body));
    }
    bodies
}

pub async fn write_notes(cell: &Cell<'_>) {
    let (before, notes) = (note(cell, "a", "before"), [note(cell, "a", "1"), note(cell, "b", "2")]);
    cell.clean().write_notes(&[before]).await.unwrap();
    cell.insist(async |_| cell.faulty().write_notes(&notes).await).await;
    assert_eq!(bodies(cell, &notes).await, [Some("1".into()), Some("2".into())], "{cell:?}");
}

pub async fn erase_note(cell: &Cell<'_>) {
    let notes = [note(cell, "a", "1"), note(cell, "b", "2")];
    cell.clean().write_notes(&notes).await.unwrap();
    let told = cell.insist(async |_| cell.faulty().erase_note(KIND, &notes[0].key).await).await;
    told.is_once(cell, &true, &false);
    assert_eq!(bodies(cell, &notes).await, [None, Some("2".into())], "{cell:?}");
}

pub async fn read_notes(cell: &Cell<'_>) {
    let written = note(cell, "a", "1");
    cell.clean().write_notes(std::slice::from_ref(&written)).await.unwrap();
    let range = NoteRange::beginning_with(KIND, &written.key, 9);
    let told = cell.insist(async |_| cell.faulty().read_notes(&range).await).await;
    assert_eq!(told.answer, [(written.key, written.body)], "{cell:?}");
}
