//! What workers hold.
//!
//! Jobs that one call took of one queue and priority lie together in few rows, so that taking them is one insertion and
//! settling them one deletion, and no index has an entry for each.

use bytes::BufMut as _;
use journeyman_job::{JobId, Priority, QueueName};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use tracing::warn;

use super::group::Group;
use super::rows::{self, Taken};
use crate::clock::Timestamp;
use crate::queue::{CallId, JobRecord, Reservation, ReservedJob, Token, WorkerId};

/// Jobs in one row: it then fits into a page, and rewriting it when one of them has ended costs no more.
const JOBS: usize = 85;
/// Length of one job there.
pub(super) const BYTES: usize = 45;

const COLUMNS: &str = "id, worker, call, queue, priority, reserved_at, jobs";

const INSERT: &str = "INSERT INTO queue_holds (worker, call, queue, priority, reserved_at, jobs)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const SHRINK: &str = "UPDATE queue_holds SET jobs = ?2 WHERE id = ?1";

const REMOVE: &str = "DELETE FROM queue_holds WHERE id = ?1";

const HALVES: &str =
    "SELECT j.payload, t.trail FROM queue_jobs j LEFT JOIN queue_trails t ON t.id = j.id WHERE j.id = ?1";

/// A job in a worker's hands, as its hold knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Its row in `queue_jobs`.
    pub(super) row: i64,
    pub(super) job: JobId,
    pub(super) attempt: u32,
    pub(super) position: i64,
    /// When the attempt began, in whosever hands; microseconds.
    pub(super) started_at: i64,
    /// Whether a unique key becomes free when it ends.
    pub(super) has_key: bool,
}

impl Held {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_i64(self.row);
        bytes.put_slice(self.job.as_bytes());
        bytes.put_u32(self.attempt);
        bytes.put_i64(self.position);
        bytes.put_i64(self.started_at);
        bytes.put_u8(self.has_key.into());
    }

    /// Adds to a record what is known of the attempt under way.
    pub(super) fn show_in(&self, record: &mut JobRecord, worker: String) {
        record.attempts = self.attempt;
        record.started_at = Some(Timestamp::from_micros(self.started_at));
        record.worker = Some(worker);
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (row, rest) = bytes.split_first_chunk()?;
        let (job, rest) = rest.split_at_checked(16)?;
        let (attempt, rest) = rest.split_first_chunk()?;
        let (position, rest) = rest.split_first_chunk()?;
        let (started_at, rest) = rest.split_first_chunk()?;
        let [has_key] = *rest else { return None };
        Some(Self {
            row: i64::from_be_bytes(*row),
            job: JobId::from_slice(job)?,
            attempt: u32::from_be_bytes(*attempt),
            position: i64::from_be_bytes(*position),
            started_at: i64::from_be_bytes(*started_at),
            has_key: has_key != 0,
        })
    }
}

/// Jobs that were taken together.
#[derive(Debug)]
pub(super) struct Hold {
    id: i64,
    pub(super) worker: String,
    pub(super) call: CallId,
    pub(super) queue: QueueName,
    pub(super) priority: Priority,
    /// Microseconds.
    pub(super) reserved_at: i64,
    /// In the order in which they were taken.
    pub(super) jobs: Vec<Held>,
}

impl Hold {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let bytes = row.get_ref(6)?.as_blob()?;
        let jobs: Vec<Held> = bytes.chunks(BYTES).map_while(Held::read).collect();
        let id = row.get(0)?;
        if jobs.len() * BYTES != bytes.len() {
            // The others are whole, and their worker lives.
            warn!(hold = id, "what a worker holds is damaged; a job of it is passed over");
        }
        Ok(Self {
            id,
            worker: row.get(1)?,
            call: rows::call_id(row.get(2)?),
            queue: rows::queue_name(row, 3)?,
            priority: rows::priority(row, 4)?,
            reserved_at: row.get(5)?,
            jobs,
        })
    }

    /// Writes back what is left of it.
    pub(super) fn store(&self, group: &Group<'_>) -> rusqlite::Result<()> {
        if self.jobs.is_empty() {
            group.statement(REMOVE)?.execute([self.id])?;
        } else {
            group.statement(SHRINK)?.execute(params![self.id, written(&self.jobs)])?;
        }
        Ok(())
    }

    /// One of its jobs as its worker gets it; none if the file holds no such job, which no driver has written.
    pub(super) fn reserved(
        &self,
        group: &Group<'_>,
        held: &Held,
        worker: &WorkerId,
    ) -> rusqlite::Result<Option<Taken>> {
        let halves = |row: &Row<'_>| Ok((rows::bytes(row, 0)?, rows::bytes(row, 1)?));
        let Some((body, trail)) = group.statement(HALVES)?.query_row([held.row], halves).optional()? else {
            warn!(hold = self.id, "what a worker holds names a job that is not there");
            return Ok(None);
        };
        let reservation = Reservation {
            job: held.job,
            queue: self.queue.clone(),
            priority: self.priority,
            worker: worker.clone(),
            token: Token { attempt: held.attempt, call: self.call },
        };
        let reserved_at = Timestamp::from_micros(self.reserved_at);
        let job = ReservedJob { reservation, body, trail, reserved_at, lost: None };
        Ok(Some(Taken { job, position: held.position }))
    }
}

/// Puts jobs of one queue and priority into the hands of a worker.
pub(super) fn take(
    group: &Group<'_>,
    (worker, call): (&WorkerId, CallId),
    queue: &QueueName,
    priority: Priority,
    jobs: &[Held],
) -> rusqlite::Result<()> {
    let mut insert = group.statement(INSERT)?;
    for jobs in jobs.chunks(JOBS) {
        insert.execute(params![
            worker.as_str(),
            rows::call_column(call),
            queue.as_str(),
            priority.as_number(),
            group.now.as_micros(),
            written(jobs),
        ])?;
    }
    Ok(())
}

/// All that this worker holds, in the order in which it was taken.
pub(super) fn of_worker(connection: &Connection, worker: &str) -> rusqlite::Result<Vec<Hold>> {
    read(connection, "worker = ?1 ORDER BY reserved_at, priority DESC, id", [worker])
}

/// All that this call took and that has not been settled.
pub(super) fn of_call(connection: &Connection, call: CallId) -> rusqlite::Result<Vec<Hold>> {
    read(connection, "call = ?1 ORDER BY id", [rows::call_column(call)])
}

/// All that was taken of a queue from this time on. Looks at every hold, of which there are few.
pub(super) fn of_queue(connection: &Connection, queue: &str, since: i64) -> rusqlite::Result<Vec<Hold>> {
    read(connection, "queue = ?1 AND reserved_at >= ?2", params![queue, since])
}

/// The hold that a job is in.
pub(super) fn of_job(connection: &Connection, job: JobId) -> rusqlite::Result<Option<(Hold, Held)>> {
    let holds = read(connection, "instr(jobs, ?1)", [job.as_bytes()])?;
    let found = |hold: Hold| {
        let held = hold.jobs.iter().copied().find(|held| held.job == job)?;
        Some((hold, held))
    };
    Ok(holds.into_iter().find_map(found))
}

fn read(connection: &Connection, which: &str, values: impl Params) -> rusqlite::Result<Vec<Hold>> {
    let sql = format!("SELECT {COLUMNS} FROM queue_holds WHERE {which}");
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query(values)?;
    let mut holds = Vec::new();
    while let Some(row) = rows.next()? {
        let read = Hold::read(row).inspect_err(|error| warn!(%error, "what a worker holds is passed over"));
        holds.extend(read.ok());
    }
    Ok(holds)
}

/// The jobs in the bytes of a row; none if they cannot be read.
pub(super) fn jobs_in(bytes: &[u8]) -> Option<Vec<Held>> {
    bytes.chunks(BYTES).map(Held::read).collect()
}

pub(super) fn written(jobs: &[Held]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(jobs.len() * BYTES);
    jobs.iter().for_each(|held| held.write(&mut bytes));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_job_is_read_as_it_was_written() {
        let job = JobId::generate(&QueueName::default());
        let held = Held { row: 1 << 40, job, attempt: u32::MAX, position: -7, started_at: 1, has_key: true };
        let bytes = written(&[held]);
        assert_eq!((bytes.len(), Held::read(&bytes)), (BYTES, Some(held)));
        for length in 0..BYTES {
            assert_eq!(Held::read(&bytes[..length]), None, "{length}");
        }
    }
}
