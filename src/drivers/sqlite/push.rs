//! Storing new jobs.

use journeyman_job::When;
use rusqlite::{CachedStatement, OptionalExtension, params};

use super::error::Failure;
use super::group::{Change, Group};
use crate::clock::Timestamp;
use crate::queue::{NewJob, PushOutcome};

/// Not one statement with the next: for an INSERT … SELECT SQLite copies every page aside before it writes to it.
const INSERT: &str =
    "INSERT INTO queue_jobs (job_id, queue, priority, state, position, available_at, created_at, payload)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (job_id) DO NOTHING";

const HAS_FAILED: &str = "SELECT 1 FROM queue_failed_jobs WHERE job_id = ?1";

pub(super) const COMPARE: &str = "SELECT queue = ?2 AND payload = ?3 FROM queue_jobs WHERE job_id = ?1
    UNION ALL SELECT queue = ?2 AND payload = ?3 FROM queue_failed_jobs WHERE job_id = ?1";

#[derive(Debug)]
pub(super) struct Push {
    pub(super) jobs: Vec<NewJob>,
}

impl Change for Push {
    type Answer = Vec<PushOutcome>;

    const ADDS_JOBS: bool = true;

    fn apply(&self, group: &mut Group<'_>) -> Result<Self::Answer, Failure> {
        let (mut insert, mut has_failed) = (group.statement(INSERT)?, group.statement(HAS_FAILED)?);
        let push = |job| push_one(group, &mut insert, &mut has_failed, job);
        let outcomes = self.jobs.iter().map(push).collect::<Result<_, _>>()?;
        group.check_room()?;
        Ok(outcomes)
    }

    fn weight(&self) -> usize {
        self.jobs.len()
    }
}

fn push_one(
    group: &mut Group<'_>,
    insert: &mut CachedStatement<'_>,
    has_failed: &mut CachedStatement<'_>,
    job: &NewJob,
) -> Result<PushOutcome, rusqlite::Error> {
    let envelope = &job.envelope;
    let (queue, now) = (&envelope.queue, group.now);
    let due = due_at(job.when, now);
    let delayed = due > now;
    group.ledger.register(group.connection, queue)?;
    if has_failed.exists([envelope.id.as_bytes()])? {
        return compare(group, job);
    }
    if delayed {
        group.ledger.will_be_due(group.connection, queue, due.as_micros())?;
    }
    let Some(entry) = group.entry(queue)? else { return Err(rusqlite::Error::QueryReturnedNoRows) };
    let inserted = insert.execute(params![
        envelope.id.as_bytes(),
        queue.as_str(),
        envelope.priority.as_number(),
        if delayed { "delayed" } else { "pending" },
        entry.next_position(),
        due.as_micros(),
        now.as_micros(),
        &envelope.body[..],
    ])?;
    if inserted == 0 {
        return compare(group, job);
    }
    entry.counters.enqueued += 1;
    if delayed {
        entry.delayed += 1;
    } else {
        entry.arrived(envelope.priority);
    }
    Ok(PushOutcome::Stored { delayed })
}

fn compare(group: &Group<'_>, job: &NewJob) -> Result<PushOutcome, rusqlite::Error> {
    let envelope = &job.envelope;
    let found = params![envelope.id.as_bytes(), envelope.queue.as_str(), &envelope.body[..]];
    let is_same = group.statement(COMPARE)?.query_row(found, |row| row.get::<_, bool>(0)).optional()?;
    Ok(if is_same == Some(true) { PushOutcome::Repeated } else { PushOutcome::Conflict })
}

fn due_at(when: When, now: Timestamp) -> Timestamp {
    match when {
        When::Now => now,
        When::After(delay) => now.plus(delay),
        When::At(time) => Timestamp::from_datetime(time).max(now),
    }
}
