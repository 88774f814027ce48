//! Taking jobs.

use std::cmp::Reverse;
use std::time::Duration;

use journeyman_job::{Priority, QueueName};
use rusqlite::{OptionalExtension, Row, params};

use super::error::Failure;
use super::group::{Change, Group};
use super::rows::{self, RESERVED_COLUMNS, Taken};
use super::{lease, promote};
use crate::clock::Timestamp;
use crate::queue::{CallId, Reservation, ReserveRequest, Reserved, ReservedJob, Token, WorkerId, limits};

/// Two statements rather than one with RETURNING, for which SQLite would copy every payload into a table of its own.
pub(super) const FRONT: &str = "SELECT id, job_id, attempts, trail, payload FROM queue_jobs
    WHERE state = 'pending' AND queue = ?1 AND priority = ?2 ORDER BY position LIMIT ?3";

const TAKE: &str = "UPDATE queue_jobs
    SET state = 'reserved', attempts = ?2, reserved_at = ?3, started_at = ?3, worker = ?4, call = ?5
    WHERE id = ?1";

pub(super) const NEXT_DUE: &str = "SELECT available_at FROM queue_jobs
    WHERE state = 'delayed' AND queue = ?1 ORDER BY available_at LIMIT 1";

/// A [`ReserveRequest`] that can travel to the writer.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) worker: WorkerId,
    pub(super) queues: Vec<QueueName>,
    pub(super) max: usize,
    pub(super) lease: Duration,
    pub(super) call: CallId,
    pub(super) is_repeat: bool,
}

impl From<&ReserveRequest<'_>> for Request {
    fn from(request: &ReserveRequest<'_>) -> Self {
        let ReserveRequest { worker, queues, order: _, max, lease, call, is_repeat } = *request;
        Self { worker: worker.clone(), queues: queues.to_vec(), max, lease, call, is_repeat }
    }
}

#[derive(Debug)]
pub(super) struct Reserve(pub(super) Request);

impl Change for Reserve {
    type Answer = Reserved;

    fn apply(&self, group: &mut Group<'_>) -> Result<Reserved, Failure> {
        let Self(request) = self;
        for queue in &request.queues {
            promote::promote_queue(group, queue, limits::PER_CALL)?;
        }
        let mut jobs = if request.is_repeat { taken_by_call(group, request)? } else { Vec::new() };
        if jobs.is_empty() {
            take(group, request, &mut jobs)?;
        }
        // A look that finds nothing writes nothing, unless there is a hold to renew.
        if !jobs.is_empty() || lease::holds_any(group, &request.worker)? {
            lease::renew(group, &request.worker, request.lease)?;
        }
        let next_due = next_due(group, &request.queues)?;
        Ok(Reserved { jobs, next_due })
    }

    fn weight(&self) -> usize {
        self.0.max.min(limits::PER_CALL)
    }
}

/// What the call took when it was first made.
pub(super) fn taken_by_call(group: &Group<'_>, request: &Request) -> rusqlite::Result<Vec<ReservedJob>> {
    let sql =
        format!("SELECT {RESERVED_COLUMNS} FROM queue_jobs WHERE state = 'reserved' AND worker = ?1 AND call = ?2");
    let mut select = group.statement(&sql)?;
    let found = params![request.worker.as_str(), rows::call_column(request.call)];
    let mut taken: Vec<Taken> =
        select.query_map(found, |row| rows::reserved_job(row, &request.worker))?.collect::<Result<_, _>>()?;
    let rank = |queue: &QueueName| request.queues.iter().position(|listed| listed == queue);
    taken.sort_by_key(|Taken { job, position }| {
        (Reverse(job.reservation.priority), rank(&job.reservation.queue), *position)
    });
    Ok(taken.into_iter().map(|taken| taken.job).collect())
}

fn take(group: &mut Group<'_>, request: &Request, jobs: &mut Vec<ReservedJob>) -> rusqlite::Result<()> {
    let (mut select, mut update) = (group.statement(FRONT)?, group.statement(TAKE)?);
    let (now, worker, call) = (group.now.as_micros(), request.worker.as_str(), rows::call_column(request.call));
    for priority in Priority::DESCENDING {
        for queue in &request.queues {
            let room = rows::whole(request.max - jobs.len());
            if room == 0 {
                return Ok(());
            }
            let front: Vec<(i64, ReservedJob)> = select
                .query_map(params![queue.as_str(), priority.as_number(), room], |row| {
                    Ok((row.get(0)?, in_hand(row, request, queue, priority, group.now)?))
                })?
                .collect::<Result<_, _>>()?;
            let Some(entry) = group.entry(queue)?.filter(|_| !front.is_empty()) else { continue };
            let count = rows::whole(front.len());
            entry.add_pending(priority, -count);
            entry.reserved += count;
            for (id, job) in front {
                update.execute(params![id, job.reservation.token.attempt, now, worker, call])?;
                jobs.push(job);
            }
        }
    }
    Ok(())
}

/// A row of [`FRONT`] as it will be once it is taken.
fn in_hand(
    row: &Row<'_>,
    request: &Request,
    queue: &QueueName,
    priority: Priority,
    reserved_at: Timestamp,
) -> rusqlite::Result<ReservedJob> {
    let reservation = Reservation {
        job: rows::job_id(row, 1)?,
        queue: queue.clone(),
        priority,
        worker: request.worker.clone(),
        // Counted here, so that a crash in mid-run still costs a try.
        token: Token { attempt: row.get::<_, u32>(2)? + 1, call: request.call },
    };
    Ok(ReservedJob { reservation, body: rows::bytes(row, 4)?, trail: rows::bytes(row, 3)?, reserved_at, lost: None })
}

fn next_due(group: &Group<'_>, queues: &[QueueName]) -> rusqlite::Result<Option<Duration>> {
    let mut select = group.statement(NEXT_DUE)?;
    let mut earliest: Option<i64> = None;
    for queue in queues {
        let due: Option<i64> = select.query_row([queue.as_str()], |row| row.get(0)).optional()?;
        earliest = earliest.into_iter().chain(due).min();
    }
    Ok(earliest.map(|due| Timestamp::from_micros(due).since(group.now)))
}
