//! Storing new jobs.

use std::collections::HashMap;

use journeyman_job::{JobId, When};
use rusqlite::{CachedStatement, OptionalExtension, params};

use super::error::Failure;
use super::group::{Change, Group};
use super::place::{Place, Waiting};
use super::standing;
use crate::clock::Timestamp;
use crate::queue::{Envelope, NewJob, PushOutcome, State, Unit};

/// Not one statement with the next: for an INSERT … SELECT SQLite copies every page aside before it writes to it.
const INSERT: &str =
    "INSERT INTO queue_jobs (job_id, queue, priority, position, available_at, created_at, unique_key, payload)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (job_id) DO NOTHING";

const HAS_FAILED: &str = "SELECT 1 FROM queue_failed_jobs WHERE job_id = ?1";

const HAVE_ANY_FAILED: &str = "SELECT 1 FROM queue_failed_jobs LIMIT 1";

pub(super) const COMPARE: &str = "SELECT queue = ?2 AND payload = ?3 FROM queue_jobs WHERE job_id = ?1
    UNION ALL SELECT queue = ?2 AND payload = ?3 FROM queue_failed_jobs WHERE job_id = ?1";

#[derive(Debug)]
pub(super) struct Push {
    pub(super) jobs: Vec<NewJob>,
    pub(super) unit: Unit,
}

impl Change for Push {
    type Answer = Vec<PushOutcome>;

    const MAY_BE_REFUSED: bool = true;

    fn apply(&self, group: &mut Group<'_>) -> Result<Self::Answer, Failure> {
        if self.unit == Unit::Whole {
            let in_conflict = conflicts(group, &self.jobs)?;
            if in_conflict.contains(&true) {
                let told = |is_at_fault| if is_at_fault { PushOutcome::Conflict } else { PushOutcome::Withheld };
                return Ok(in_conflict.into_iter().map(told).collect());
            }
        }
        let outcomes = store(group, &self.jobs)?;
        // Repeating a push takes no room, and is answered however full the file is.
        if outcomes.iter().any(|outcome| matches!(outcome, PushOutcome::Stored { .. })) {
            group.check_room()?;
        }
        Ok(outcomes)
    }

    fn weight(&self) -> usize {
        self.jobs.len()
    }
}

/// Which jobs bear the id of another one, stored or earlier in the same push.
fn conflicts(group: &Group<'_>, jobs: &[NewJob]) -> rusqlite::Result<Vec<bool>> {
    let mut seen: HashMap<JobId, &Envelope> = HashMap::with_capacity(jobs.len());
    let mut in_conflict = Vec::with_capacity(jobs.len());
    for NewJob { envelope, .. } in jobs {
        let is_same = match compare(group, envelope)? {
            Some(is_same) => is_same,
            None => {
                let first = *seen.entry(envelope.id).or_insert(envelope);
                first.queue == envelope.queue && first.body == envelope.body
            }
        };
        in_conflict.push(!is_same);
    }
    Ok(in_conflict)
}

/// Stores these jobs, one outcome for each, in order.
pub(super) fn store<'j>(
    group: &mut Group<'_>,
    jobs: impl IntoIterator<Item = &'j NewJob>,
) -> rusqlite::Result<Vec<PushOutcome>> {
    let (mut insert, mut has_failed) = (group.statement(INSERT)?, group.statement(HAS_FAILED)?);
    jobs.into_iter().map(|job| store_one(group, &mut insert, &mut has_failed, job)).collect()
}

fn store_one(
    group: &mut Group<'_>,
    insert: &mut CachedStatement<'_>,
    has_failed: &mut CachedStatement<'_>,
    job: &NewJob,
) -> rusqlite::Result<PushOutcome> {
    let NewJob { envelope, when, unique, .. } = job;
    let queue = &envelope.queue;
    if have_any_failed(group)? && has_failed.exists([envelope.id.as_bytes()])? {
        return known(group, envelope);
    }
    if let Some(key) = unique
        && let Some(first) = standing::key_holder(group, queue, key.as_str())?
    {
        // It may be this very job, or this one may have had its turn before that one took the key.
        let is_stored = compare(group, envelope)?.is_some();
        return if is_stored { known(group, envelope) } else { Ok(PushOutcome::Duplicate(first)) };
    }
    let place = Place::behind_all(group, queue, due_at(*when, group.now))?;
    let inserted = insert.execute(params![
        envelope.id.as_bytes(),
        queue.as_str(),
        envelope.priority.as_number(),
        place.position,
        place.due,
        group.now.as_micros(),
        unique.as_ref().map(|key| key.as_str()),
        &envelope.body[..],
    ])?;
    if inserted == 0 {
        return known(group, envelope);
    }
    let row = group.connection.last_insert_rowid();
    place.take(group, Waiting { row, queue, priority: envelope.priority, has_trail: false })?;
    group.ledger.entry(group.connection, queue)?.change().counters.enqueued += 1;
    Ok(PushOutcome::Stored { delayed: place.state == State::Delayed })
}

/// Asked once: from then on only this writer adds the first one, or another process, whose writing is noticed.
fn have_any_failed(group: &mut Group<'_>) -> rusqlite::Result<bool> {
    if let Some(known) = group.ledger.has_failed_jobs {
        return Ok(known);
    }
    let found = group.statement(HAVE_ANY_FAILED)?.exists([])?;
    group.ledger.has_failed_jobs = Some(found);
    Ok(found)
}

/// The outcome for an id that is there already.
fn known(group: &Group<'_>, envelope: &Envelope) -> rusqlite::Result<PushOutcome> {
    let is_same = compare(group, envelope)? == Some(true);
    Ok(if is_same { PushOutcome::Repeated } else { PushOutcome::Conflict })
}

/// Whether the job that is stored under this id is this one; none if there is none.
fn compare(group: &Group<'_>, envelope: &Envelope) -> rusqlite::Result<Option<bool>> {
    let found = params![envelope.id.as_bytes(), envelope.queue.as_str(), &envelope.body[..]];
    group.statement(COMPARE)?.query_row(found, |row| row.get(0)).optional()
}

fn due_at(when: When, now: Timestamp) -> Timestamp {
    match when {
        When::Now => now,
        When::After(delay) => now.plus(delay),
        When::At(time) => Timestamp::from_datetime(time).max(now),
    }
}
