//! How notes lie in the file.

use std::time::Duration;

use rusqlite::Connection;

use super::super::SqliteOptions;
use super::{Place, jobs};
use crate::queue::{Driver, Note, NoteKey, NoteKind, Notes, Retention, StoreError, Unit, limits};

fn note(kind: NoteKind, number: usize, keep: Duration) -> Note {
    let key = NoteKey::new(&format!("n{number}")).unwrap();
    Note { kind, key, body: vec![b'x'; 1000].into(), keep }
}

fn stored(place: &Place) -> i64 {
    let file = Connection::open(place.path()).unwrap();
    file.query_row("SELECT count(*) FROM queue_notes", [], |row| row.get(0)).unwrap()
}

/// S8: what has expired leaves the file, faster than it can come in.
#[tokio::test]
async fn expired_notes_leave_the_file_with_the_next_write_of_their_kind_or_a_pruning() {
    let place = Place::new();
    let store = place.open();
    for round in 0..5 {
        let notes: Vec<Note> =
            (0..limits::NOTES).map(|number| note(NoteKind::History, round * 1000 + number, Duration::ZERO)).collect();
        store.write_notes(&notes).await.unwrap();
    }
    assert_eq!(stored(&place), i64::try_from(limits::NOTES).unwrap(), "those of the last write");
    store.write_notes(&[note(NoteKind::Worker, 1, Duration::ZERO)]).await.unwrap();
    store.write_notes(&[note(NoteKind::History, 1, Duration::from_secs(60))]).await.unwrap();
    assert_eq!(stored(&place), 2, "those of another kind stay for now");
    store.prune(Retention::default(), 1).await.unwrap();
    assert_eq!(stored(&place), 1);
}

/// R32: what piles up is refused as jobs are; what a worker tells of itself is not.
#[tokio::test]
async fn a_full_file_takes_what_workers_tell_and_no_history() {
    let place = Place::new();
    let store = place.open_with(SqliteOptions { max_bytes: Some(1024 * 1024), ..SqliteOptions::default() });
    let minute = Duration::from_secs(60);
    while store.push(&jobs(20), Unit::Queue).await.is_ok() {}
    let mut taken = 0;
    for kind in [NoteKind::History, NoteKind::Audit] {
        // What a whole batch of jobs had no room in may have some for a note.
        let refused = loop {
            match store.write_notes(&[note(kind, taken, minute)]).await {
                Ok(()) => taken += 1,
                Err(refused) => break refused,
            }
            assert!(taken < 1000, "it never gets full");
        };
        assert!(matches!(refused, StoreError::Full(_)), "{kind:?}: {refused:?}");
    }
    for number in 0..50 {
        store.write_notes(&[note(NoteKind::Worker, number % 3, minute)]).await.unwrap();
    }
    assert_eq!(stored(&place), i64::try_from(taken).unwrap() + 3);
}
