//! The small documents beside the jobs.

use bytes::Bytes;
use journeyman::queue::{Note, NoteKey, NoteKind, NoteRange, Retention, StoreError, limits};

use super::harness::Harness;
use super::jobs::seconds;

const KIND: NoteKind = NoteKind::History;

fn key(key: &str) -> NoteKey {
    NoteKey::new(key).unwrap()
}

/// Kept for a minute.
fn note(name: &str, body: impl Into<Bytes>) -> Note {
    Note { kind: KIND, key: key(name), body: body.into(), keep: seconds(60) }
}

async fn told(h: &Harness, range: &NoteRange) -> Vec<String> {
    let notes = h.store.read_notes(range).await.unwrap();
    notes.into_iter().map(|(key, _)| key.to_string()).collect()
}

async fn all(h: &Harness) -> Vec<String> {
    told(h, &NoteRange::all(KIND, 10_000)).await
}

async fn body(h: &Harness, kind: NoteKind, name: &str) -> Option<Bytes> {
    let mut notes = h.store.read_notes(&NoteRange::one(kind, &key(name))).await.unwrap();
    assert!(notes.iter().all(|(found, _)| found.as_str() == name));
    notes.pop().map(|(_, body)| body)
}

/// P10, R34: whatever its bytes are, and by whatever handle it is read.
pub async fn a_note_comes_back_byte_for_byte(h: &Harness) {
    let every: Bytes = (0..=255).collect::<Vec<u8>>().into();
    h.store.write_notes(&[note("every", every.clone()), note("none", "")]).await.unwrap();
    assert_eq!(body(h, KIND, "every").await, Some(every.clone()));
    assert_eq!(body(h, KIND, "none").await, Some(Bytes::new()));
    assert_eq!(body(h, KIND, "ever").await, None);
    let second = h.second().await;
    assert_eq!(second.read_notes(&NoteRange::one(KIND, &key("every"))).await.unwrap(), [(key("every"), every)]);
}

/// R34: the last write counts, within one write too.
pub async fn a_note_is_written_over_the_one_of_its_key(h: &Harness) {
    h.store.write_notes(&[note("a", "1"), note("b", "1")]).await.unwrap();
    h.store.write_notes(&[note("a", "2"), note("c", "1"), note("a", "3")]).await.unwrap();
    assert_eq!(all(h).await, ["a", "b", "c"]);
    assert_eq!(body(h, KIND, "a").await, Some("3".into()));
    h.store.write_notes(&[]).await.unwrap();
    assert_eq!(all(h).await, ["a", "b", "c"]);
}

/// R34: no language's order, but that of the bytes, from either end.
pub async fn notes_come_in_the_order_of_their_bytes(h: &Harness) {
    let longest = "z".repeat(NoteKey::LONGEST);
    let sorted =
        ["-", "-a", ".", "0", "10", "9", ":", "A", "Z", "Za", "_", "a", "a-b", "a:b", "aa", "z", longest.as_str()];
    let mut notes: Vec<Note> = sorted.iter().map(|name| note(name, (*name).to_owned())).collect();
    notes.rotate_left(7);
    h.store.write_notes(&notes).await.unwrap();
    assert_eq!(all(h).await, sorted);
    let mut backwards = sorted;
    backwards.reverse();
    assert_eq!(told(h, &NoteRange::all(KIND, 100).latest_first()).await, backwards);
    assert_eq!(body(h, KIND, &longest).await, Some(longest.clone().into()));
}

/// R34: both its ends belong to a range; the first `max` are told, from whichever end it is read.
pub async fn a_range_of_notes_is_told_up_to_its_max(h: &Harness) {
    let notes: Vec<Note> = ["a", "b", "c", "d", "e"].iter().map(|name| note(name, "")).collect();
    h.store.write_notes(&notes).await.unwrap();
    let range = |from, to, max| NoteRange { kind: KIND, from: key(from), to: key(to), latest_first: false, max };
    assert_eq!(told(h, &range("b", "d", 9)).await, ["b", "c", "d"]);
    assert_eq!(told(h, &range("b", "d", 2)).await, ["b", "c"]);
    assert_eq!(told(h, &range("b", "d", 2).latest_first()).await, ["d", "c"]);
    assert_eq!(told(h, &range("bb", "cz", 9)).await, ["c"]);
    assert!(told(h, &range("d", "b", 9)).await.is_empty());
    assert!(told(h, &range("a", "e", 0)).await.is_empty());
    assert!(told(h, &range("f", "z", 9)).await.is_empty());
}

/// R34: notes of two kinds never meet, though one call may write both.
pub async fn kinds_of_notes_are_apart(h: &Harness) {
    let of = |kind: NoteKind| Note { kind, ..note("same", kind.as_str()) };
    h.store.write_notes(&NoteKind::ALL.map(of)).await.unwrap();
    for kind in NoteKind::ALL {
        assert_eq!(body(h, kind, "same").await, Some(kind.as_str().into()));
        assert_eq!(h.store.read_notes(&NoteRange::all(kind, 9)).await.unwrap().len(), 1);
    }
    assert!(h.store.erase_note(NoteKind::Worker, &key("same")).await.unwrap());
    assert_eq!(body(h, NoteKind::Worker, "same").await, None);
    assert_eq!(body(h, NoteKind::Order, "same").await, Some("order".into()));
}

/// P10: the store's clock decides, to the microsecond.
pub async fn a_note_is_gone_once_its_time_has_passed(h: &Harness) {
    let longer = Note { keep: seconds(90), ..note("longer", "") };
    h.store.write_notes(&[note("short", ""), longer, Note { keep: seconds(0), ..note("never", "") }]).await.unwrap();
    assert_eq!(all(h).await, ["longer", "short"]);
    h.advance(seconds(60) - std::time::Duration::from_micros(1));
    assert_eq!(all(h).await, ["longer", "short"]);
    h.advance(std::time::Duration::from_micros(1));
    assert_eq!(all(h).await, ["longer"]);
    assert_eq!(told(h, &NoteRange::all(KIND, 1)).await, ["longer"]);
    assert!(!h.store.erase_note(KIND, &key("short")).await.unwrap());
}

/// P10: time counts from the latest write, and what has expired can be written anew.
pub async fn a_note_that_is_written_again_is_kept_anew(h: &Harness) {
    h.store.write_notes(&[note("a", "1"), note("b", "1")]).await.unwrap();
    h.advance(seconds(40));
    h.store.write_notes(&[note("a", "2")]).await.unwrap();
    h.advance(seconds(40));
    assert_eq!(all(h).await, ["a"]);
    h.store.write_notes(&[note("b", "3"), Note { keep: seconds(1), ..note("a", "3") }]).await.unwrap();
    h.advance(seconds(2));
    assert_eq!(all(h).await, ["b"]);
    assert_eq!(body(h, KIND, "b").await, Some("3".into()));
}

/// R34
pub async fn an_erased_note_is_gone(h: &Harness) {
    h.store.write_notes(&[note("a", ""), note("b", "")]).await.unwrap();
    assert!(h.store.erase_note(KIND, &key("a")).await.unwrap());
    assert!(!h.store.erase_note(KIND, &key("a")).await.unwrap());
    assert!(!h.store.erase_note(KIND, &key("never")).await.unwrap());
    assert_eq!(all(h).await, ["b"]);
    h.store.write_notes(&[note("a", "2")]).await.unwrap();
    assert_eq!(all(h).await, ["a", "b"]);
}

/// S8: many come and go; what has expired stands in nobody's way, and pruning is none the poorer for it.
pub async fn many_notes_come_and_go(h: &Harness) {
    let names: Vec<String> = (0..500).map(|number| format!("m:{number:04}")).collect();
    for some in names.chunks(limits::NOTES) {
        let notes: Vec<Note> = some.iter().map(|name| note(name, vec![b'x'; 1000])).collect();
        h.store.write_notes(&notes).await.unwrap();
    }
    assert_eq!(all(h).await, names);
    assert_eq!(told(h, &NoteRange::beginning_with(KIND, &key("m:03"), 1000)).await, names[300..400]);
    assert_eq!(told(h, &NoteRange::all(KIND, 3).latest_first()).await, ["m:0499", "m:0498", "m:0497"]);
    h.advance(seconds(60));
    h.store.write_notes(&[note("m:0250", "new")]).await.unwrap();
    assert_eq!(all(h).await, ["m:0250"]);
    for _ in 0..4 {
        assert_eq!(h.store.prune(Retention { ttl: seconds(9), max_records: 9 }, 100).await.unwrap(), 0);
    }
    assert_eq!(all(h).await, ["m:0250"]);
    assert_eq!(body(h, KIND, "m:0250").await, Some("new".into()));
}

/// R45, S8: what is too large is refused in a sentence, and nothing of it is written.
pub async fn notes_that_are_too_large_are_refused(h: &Harness) {
    let largest = note("a", vec![b'x'; limits::NOTE]);
    h.store.write_notes(std::slice::from_ref(&largest)).await.unwrap();
    assert_eq!(body(h, KIND, "a").await, Some(largest.body.clone()));
    let too_large = note("b", vec![b'x'; limits::NOTE + 1]);
    let too_many: Vec<Note> = (0..=limits::NOTES).map(|number| note(&format!("c{number}"), "")).collect();
    let together: Vec<Note> =
        (0..5).map(|number| Note { key: key(&format!("d{number}")), ..largest.clone() }).collect();
    for refused in [vec![note("b0", ""), too_large], too_many, together] {
        let error = h.store.write_notes(&refused).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused(told) if told.contains("at most")), "{error}");
    }
    assert_eq!(all(h).await, ["a"]);
}

/// P5: of two that write at once the one or the other counts, whole; and nobody fails for it.
pub async fn notes_written_at_once_are_each_whole(h: &Harness) {
    let writers = [h.store.clone(), h.second().await, h.second().await].into_iter().enumerate();
    let writers = writers.map(|(number, store)| {
        tokio::spawn(async move {
            for round in 0..20 {
                let body = format!("{number} {round}");
                let notes = [note("b", body.clone()), note("a", body.clone()), note(&format!("own:{number}"), body)];
                store.write_notes(&notes).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(all(h).await, ["a", "b", "own:0", "own:1", "own:2"]);
    assert_eq!(body(h, KIND, "a").await, body(h, KIND, "b").await);
    assert_eq!(body(h, KIND, "own:1").await, Some("1 19".into()));
}
