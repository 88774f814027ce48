//! Taking jobs.

use std::time::Duration;

use journeyman_job::{Priority, QueueName};
use rusqlite::{Row, params};

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

/// A [`ReserveRequest`] that can travel to the writer.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) worker: WorkerId,
    pub(super) queues: Vec<QueueName>,
    pub(super) order: [Priority; 4],
    pub(super) max: usize,
    pub(super) lease: Duration,
    pub(super) call: CallId,
    pub(super) is_repeat: bool,
}

impl From<&ReserveRequest<'_>> for Request {
    fn from(request: &ReserveRequest<'_>) -> Self {
        let ReserveRequest { worker, queues, order, max, lease, call, is_repeat } = *request;
        Self { worker: worker.clone(), queues: queues.to_vec(), order, max, lease, call, is_repeat }
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
    let turn = |priority| request.order.iter().position(|listed| *listed == priority);
    let rank = |queue: &QueueName| request.queues.iter().position(|listed| listed == queue);
    taken.sort_by_key(|Taken { job, position }| {
        (turn(job.reservation.priority), rank(&job.reservation.queue), *position)
    });
    Ok(taken.into_iter().map(|taken| taken.job).collect())
}

fn take(group: &mut Group<'_>, request: &Request, jobs: &mut Vec<ReservedJob>) -> rusqlite::Result<()> {
    let (mut select, mut update) = (group.statement(FRONT)?, group.statement(TAKE)?);
    let (now, worker, call) = (group.now.as_micros(), request.worker.as_str(), rows::call_column(request.call));
    let open = open_queues(group, &request.queues)?;
    for priority in request.order {
        for queue in &open {
            let room = request.max - jobs.len();
            if room == 0 {
                return Ok(());
            }
            if !group.entry(queue)?.is_some_and(|entry| entry.may_have(priority)) {
                continue;
            }
            let front: Vec<(i64, ReservedJob)> = select
                .query_map(params![queue.as_str(), priority.as_number(), rows::whole(room)], |row| {
                    Ok((row.get(0)?, in_hand(row, request, queue, priority, group.now)?))
                })?
                .collect::<Result<_, _>>()?;
            let Some(entry) = group.entry(queue)? else { continue };
            if front.len() < room {
                entry.drained(priority);
            }
            if front.is_empty() {
                continue;
            }
            entry.departed(priority, rows::whole(front.len()));
            entry.change().reserved += rows::whole(front.len());
            for (id, job) in front {
                update.execute(params![id, job.reservation.token.attempt, now, worker, call])?;
                jobs.push(job);
            }
        }
    }
    Ok(())
}

fn open_queues<'r>(group: &mut Group<'_>, queues: &'r [QueueName]) -> rusqlite::Result<Vec<&'r QueueName>> {
    let mut open = Vec::with_capacity(queues.len());
    for queue in queues {
        if !group.ledger.is_paused(group.connection, queue)? {
            open.push(queue);
        }
    }
    Ok(open)
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

fn next_due(group: &mut Group<'_>, queues: &[QueueName]) -> rusqlite::Result<Option<Duration>> {
    let mut next: Option<i64> = None;
    for queue in queues {
        next = next.into_iter().chain(group.earliest(queue)?).min();
    }
    Ok(next.map(|due| Timestamp::from_micros(due).since(group.now)))
}
