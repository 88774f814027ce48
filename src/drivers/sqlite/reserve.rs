//! Taking jobs.

use std::time::Duration;

use journeyman_job::{Priority, QueueName};
use rusqlite::{Row, params};
use tracing::warn;

use super::error::Failure;
use super::group::{Change, Group};
use super::holds::{self, Held};
use super::rows::{self, Taken};
use super::{lease, promote};
use crate::clock::Timestamp;
use crate::queue::{CallId, Reservation, ReserveRequest, Reserved, ReservedJob, Token, WorkerId, limits};

/// A job's past is looked for only where there is one.
pub(super) const FRONT: &str =
    "SELECT w.position, w.id, j.job_id, j.unique_key IS NOT NULL, coalesce(t.attempts, 0), j.payload, t.trail
    FROM queue_pending w CROSS JOIN queue_jobs j ON j.id = w.id
        LEFT JOIN queue_trails t ON t.id = CASE WHEN w.has_trail THEN w.id END
    WHERE w.queue = ?1 AND w.priority = ?2 ORDER BY w.position LIMIT ?3";

/// The same jobs in one go: they are all there are up to that position.
pub(super) const TAKE: &str = "DELETE FROM queue_pending WHERE queue = ?1 AND priority = ?2 AND position <= ?3";

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
    let mut taken: Vec<Taken> = Vec::new();
    for hold in holds::of_call(group.connection, request.call)? {
        if hold.worker == request.worker.as_str() {
            let reserved = hold.jobs.iter().filter_map(|held| hold.reserved(group, held, &request.worker).transpose());
            taken.extend(reserved.collect::<Result<Vec<_>, _>>()?);
        }
    }
    let turn = |priority| request.order.iter().position(|listed| *listed == priority);
    let rank = |queue: &QueueName| request.queues.iter().position(|listed| listed == queue);
    taken.sort_by_key(|Taken { job, position }| {
        (turn(job.reservation.priority), rank(&job.reservation.queue), *position)
    });
    Ok(taken.into_iter().map(|taken| taken.job).collect())
}

fn take(group: &mut Group<'_>, request: &Request, jobs: &mut Vec<ReservedJob>) -> rusqlite::Result<()> {
    let open = open_queues(group, &request.queues)?;
    for priority in request.order {
        for queue in &open {
            let room = request.max - jobs.len();
            if room == 0 {
                return Ok(());
            }
            if group.entry(queue)?.is_some_and(|entry| entry.may_have(priority)) {
                take_of(group, request, queue, priority, room, jobs)?;
            }
        }
    }
    Ok(())
}

fn take_of(
    group: &mut Group<'_>,
    request: &Request,
    queue: &QueueName,
    priority: Priority,
    room: usize,
    jobs: &mut Vec<ReservedJob>,
) -> rusqlite::Result<()> {
    let mut held: Vec<Held> = Vec::with_capacity(room);
    let mut select = group.statement(FRONT)?;
    let mut front = select.query(params![queue.as_str(), priority.as_number(), rows::whole(room)])?;
    let (mut seen, mut last) = (0, None);
    while let Some(row) = front.next()? {
        seen += 1;
        last = Some(row.get::<_, i64>(0)?);
        let read = in_hand(row, group.now).and_then(|job| Ok((job, rows::bytes(row, 5)?, rows::bytes(row, 6)?)));
        // Nobody who takes the queue's jobs in turn would get past it. Its row stays where the jobs are, and waits no more.
        let Ok((job, body, trail)) = read.inspect_err(|error| warn!(%queue, %error, "a job is put aside")) else {
            continue;
        };
        jobs.push(ReservedJob {
            reservation: Reservation {
                job: job.job,
                queue: queue.clone(),
                priority,
                worker: request.worker.clone(),
                token: Token { attempt: job.attempt, call: request.call },
            },
            body,
            trail,
            reserved_at: group.now,
            lost: None,
        });
        held.push(job);
    }
    drop(front);
    let Some(entry) = group.entry(queue)? else { return Ok(()) };
    if seen < room {
        entry.drained(priority);
    }
    let Some(last) = last else { return Ok(()) };
    entry.departed(priority, rows::whole(seen));
    entry.change().reserved += rows::whole(held.len());
    group.statement(TAKE)?.execute(params![queue.as_str(), priority.as_number(), last])?;
    holds::take(group, (&request.worker, request.call), queue, priority, &held)
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
fn in_hand(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Held> {
    Ok(Held {
        row: row.get(1)?,
        job: rows::job_id(row, 2)?,
        // Counted here, so that a crash in mid-run still costs a try.
        attempt: row.get::<_, u32>(4)?.saturating_add(1),
        position: row.get(0)?,
        started_at: now.as_micros(),
        has_key: row.get(3)?,
    })
}

fn next_due(group: &mut Group<'_>, queues: &[QueueName]) -> rusqlite::Result<Option<Duration>> {
    let mut next: Option<i64> = None;
    for queue in queues {
        next = next.into_iter().chain(group.earliest(queue)?).min();
    }
    Ok(next.map(|due| Timestamp::from_micros(due).since(group.now)))
}
