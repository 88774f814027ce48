//! Every value that Redis may hold, read from the same bytes.

use std::fmt::Debug;

use bytes::Bytes;
use journeyman_job::{JobId, QueueName};

use super::cursor::{Anchor, Place};
use super::{packed, records};
use crate::clock::Timestamp;
use crate::queue::{CallId, Cursor, State, WorkerId};

/// Reads them as each kind of value in turn; the size of the largest thing that came of it, bytes.
pub fn read_any(bytes: &[u8]) -> usize {
    let value = Bytes::copy_from_slice(bytes);
    let (queue, worker) = (QueueName::default(), WorkerId::new("w").ok());
    let id = JobId::generate(&queue);
    let job = records::StoredJob::read(&value);
    let state = records::StoredState::read(&value);
    let mut largest = [size(&job), size(&state), size(&packed::open(id, &value)), size(&records::lost(&value))];
    if let (Ok(job), Ok(state)) = (&job, &state) {
        records::record(id, queue.clone(), job.clone(), Some(state.clone()), None);
    }
    if let Some(worker) = &worker {
        let hold = records::Hold { queue: &queue, worker, call: CallId(1), since: Timestamp::from_micros(1) };
        let (tag, rest) = bytes.split_at(bytes.len().min(23));
        largest[0] = largest[0].max(size(&hold.tagged(tag, &Bytes::copy_from_slice(rest), Bytes::new())));
    }
    let anchor = Anchor::of(bytes);
    largest[1] = largest[1].max(size(&anchor)).max(anchor.map_or(0, |anchor| anchor.packed().len()));
    if let Ok(text) = std::str::from_utf8(bytes) {
        for state in State::ALL {
            let Ok(place) = Place::read(&Cursor(text.to_owned()), state) else { continue };
            let again = Place::read(&place.write(state), state);
            assert_eq!(again.as_ref(), Ok(&place), "a place is read back as it was written");
        }
    }
    largest.into_iter().max().unwrap_or_default()
}

/// What it takes, seen by how it is shown.
fn size(value: &impl Debug) -> usize {
    // Bytes are shown in up to four characters each.
    format!("{value:?}").len() / 4
}
