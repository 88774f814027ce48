//! Reading jobs from rows.

use std::cmp::Reverse;

use journeyman_job::{Priority, QueueName};

use super::fault::Fault;
use super::link::Row;
use crate::clock::Timestamp;
use crate::queue::{CallId, JobRecord, Lost, Reservation, ReservedJob, State, Token, Trail, WorkerId};

/// A job in a worker's hands, and what to sort it by.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) job: ReservedJob,
    pub(super) place: i64,
    pub(super) started_at: Timestamp,
}

impl Taken {
    /// Reads what the statements `held_by_…` and `left_behind` tell.
    pub(super) fn read(row: &dyn Row, worker: &WorkerId) -> Result<Self, Fault> {
        let reservation = Reservation {
            job: row.job_id(0)?,
            queue: queue_name(row, 5)?,
            priority: priority(row, 6)?,
            worker: worker.clone(),
            token: Token { attempt: attempts(row, 1)?, call: call(row.int(8)?) },
        };
        let reserved_at = Timestamp::from_micros(row.int(2)?);
        let job = ReservedJob { reservation, body: row.bytes(4)?, trail: row.bytes(3)?, reserved_at, lost: None };
        let started_at = row.maybe_int(9)?.map_or(reserved_at, Timestamp::from_micros);
        Ok(Self { job, place: row.int(7)?, started_at })
    }

    /// The order in which a worker took its jobs.
    pub(super) fn order(&self) -> impl Ord + use<> {
        (self.job.reserved_at, Reverse(self.job.reservation.priority), self.place)
    }

    /// As it is once `call` has taken it over from a dead worker.
    pub(super) fn taken_over(self, from: &str, call: CallId, now: Timestamp) -> ReservedJob {
        let mut job = self.job;
        job.reservation.token.call = call;
        job.lost = Some(Lost { worker: from.to_owned(), started_at: self.started_at });
        job.reserved_at = now;
        job
    }
}

/// Reads what the statement `find` tells.
pub(super) fn record(row: &dyn Row) -> Result<JobRecord, Fault> {
    Ok(JobRecord {
        id: row.job_id(0)?,
        queue: queue_name(row, 1)?,
        priority: priority(row, 2)?,
        state: state(row, 3)?,
        attempts: attempts(row, 4)?,
        body: row.bytes(5)?,
        created_at: Timestamp::from_micros(row.int(6)?),
        available_at: Timestamp::from_micros(row.int(7)?),
        started_at: row.maybe_int(8)?.map(Timestamp::from_micros),
        worker: row.maybe_text(9)?,
        trail: Trail::decode(&row.bytes(10)?),
    })
}

pub(super) fn queue_name(row: &dyn Row, column: usize) -> Result<QueueName, Fault> {
    QueueName::new(&row.text(column)?).map_err(|error| Fault::unreadable("a queue's name", error))
}

pub(super) fn priority(row: &dyn Row, column: usize) -> Result<Priority, Fault> {
    Priority::from_number(number(row, column)?).map_err(|error| Fault::unreadable("a priority", error))
}

pub(super) fn state(row: &dyn Row, column: usize) -> Result<State, Fault> {
    let word = row.text(column)?;
    let known = State::ALL.into_iter().find(|state| state.as_str() == word);
    known.ok_or_else(|| Fault::unreadable("a state", word))
}

pub(super) fn attempts(row: &dyn Row, column: usize) -> Result<u32, Fault> {
    // A number that no driver wrote must not keep the jobs behind it from being taken.
    Ok(u32::try_from(row.int(column)?.clamp(0, u32::MAX.into())).unwrap_or(u32::MAX))
}

/// The servers' integers are signed; the bits are what counts.
pub(super) fn call(column: i64) -> CallId {
    CallId(column.cast_unsigned())
}

/// A count as a server takes it.
pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A number that cannot be below zero, for readers.
pub(super) fn number(row: &dyn Row, column: usize) -> Result<u64, Fault> {
    Ok(u64::try_from(row.int(column)?).unwrap_or(0))
}
