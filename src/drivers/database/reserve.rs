//! Taking jobs.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use journeyman_job::{Priority, QueueName};

use super::fault::Fault;
use super::fronts::{BEGINNING, Fronts, View};
use super::link::Row;
use super::promote::Manners;
use super::rows::{Taken, attempts, whole};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};
use super::{Core, lanes, lease, promote};
use crate::clock::Timestamp;
use crate::queue::{Reservation, ReserveRequest, Reserved, ReservedJob, StoreError, Token, limits};

/// The number that `take` counts up to, the largest of its column.
const MOST_ATTEMPTS: u32 = i32::MAX.cast_unsigned();

/// What was seen of a line in which more may stand, and the place of the last job taken there.
type Seen = (View, i64);

/// The first places of the lines of some queues.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// Lines of pending jobs that are not empty.
    pending: HashSet<i64>,
    due: Vec<FirstDue>,
}

/// The first delayed job of a queue.
#[derive(Debug)]
struct FirstDue {
    queue: QueueName,
    place: i64,
    /// Until it is due, from now on.
    wait: Duration,
}

/// A line and the place from which on it is looked at.
struct Line<'a> {
    lane: i64,
    queue: &'a QueueName,
    from: i64,
}

/// The lines of delayed jobs.
fn delayed_lines(queues: &[QueueName]) -> impl Iterator<Item = Line<'_>> {
    queues.iter().map(|queue| Line { lane: lanes::delayed(queue), queue, from: BEGINNING })
}

/// Those of pending jobs, from their fronts on.
fn pending_lines<'a>(queues: &'a [QueueName], fronts: &Fronts) -> impl Iterator<Item = Line<'a>> {
    let of_queue =
        |queue| Priority::DESCENDING.into_iter().map(move |priority| (lanes::pending(queue, priority), queue));
    queues.iter().flat_map(of_queue).map(|(lane, queue)| Line { lane, queue, from: fronts.view(lane).from })
}

fn as_rows(lines: &[Line<'_>]) -> Rows {
    Rows::default()
        .ints(lines.iter().map(|line| line.lane))
        .texts(lines.iter().map(|line| line.queue.as_str()))
        .ints(lines.iter().map(|line| line.from))
}

impl Heads {
    pub(super) fn read(
        queues: &[QueueName],
        rows: &[Box<dyn Row>],
        time: impl Fn(i64) -> Timestamp,
    ) -> Result<Self, Fault> {
        let mut heads = Self::default();
        for row in rows {
            let (lane, place) = (row.int(0)?, row.int(1)?);
            match queues.iter().find(|queue| lanes::delayed(queue) == lane) {
                Some(queue) => {
                    let wait = Timestamp::from_micros(place).since(time(row.int(2)?));
                    heads.due.push(FirstDue { queue: queue.clone(), place, wait });
                }
                None => {
                    heads.pending.insert(lane);
                }
            }
        }
        Ok(heads)
    }

    /// Whether a job can be taken now.
    fn has_work(&self) -> bool {
        !self.pending.is_empty() || !self.due_queues().is_empty()
    }

    /// Queues with delayed jobs that have come due, and the place of the first of them. By name: in the order in which
    /// everyone locks them.
    pub(super) fn due_queues(&self) -> BTreeMap<&QueueName, i64> {
        self.due.iter().filter(|first| first.wait.is_zero()).map(|first| (&first.queue, first.place)).collect()
    }

    /// Whoever can take other jobs meanwhile does not wait for another who promotes some.
    fn manners(&self, head: i64) -> Manners {
        if self.pending.is_empty() { Manners::Waits } else { Manners::GivesWay { head } }
    }

    fn next_due(&self) -> Option<Duration> {
        self.due.iter().map(|first| first.wait).min()
    }
}

impl Core {
    /// Looks before it locks: an idle worker costs one statement that writes nothing, unless there is a hold to renew.
    pub(super) async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        let heads = self.look(request.queues).await?;
        if !request.is_repeat && (request.max == 0 || !heads.has_work()) {
            self.change(&lease::RenewIfHolding { worker: request.worker, lease: request.lease }).await?;
            return Ok(Reserved { jobs: Vec::new(), next_due: heads.next_due() });
        }
        let reserve = Reserve { request, heads: &heads, fronts: &self.fronts };
        let (reserved, seen, now) = self.change(&reserve).await?;
        seen.into_iter().for_each(|(view, place)| self.fronts.advance(view, place, now));
        Ok(reserved)
    }

    async fn look(&self, queues: &[QueueName]) -> Result<Heads, StoreError> {
        let mut lines: Vec<Line<'_>> = pending_lines(queues, &self.fronts).chain(delayed_lines(queues)).collect();
        let heads = self.look_at(queues, &lines).await?;
        // Before a line counts as empty all of it is looked at.
        let is_used_up = |line: &&mut Line<'_>| line.from > BEGINNING && !heads.pending.contains(&line.lane);
        let used_up = lines.iter_mut().filter(is_used_up).map(|line| {
            line.from = BEGINNING;
            self.fronts.forget_lane(line.lane);
        });
        if used_up.count() == 0 { Ok(heads) } else { self.look_at(queues, &lines).await }
    }

    async fn look_at(&self, queues: &[QueueName], lines: &[Line<'_>]) -> Result<Heads, StoreError> {
        let found = self.read(&self.sql.look, &[Value::Int(1), Value::Rows(&as_rows(lines))]).await?;
        Ok(Heads::read(queues, &found, |told| self.time.told(told))?)
    }
}

#[derive(Debug)]
struct Reserve<'a> {
    request: &'a ReserveRequest<'a>,
    heads: &'a Heads,
    fronts: &'a Fronts,
}

#[async_trait]
impl Change for Reserve<'_> {
    /// The time is the store's.
    type Answer = (Reserved, Vec<Seen>, Timestamp);

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Answer, Fault> {
        let Self { request, heads, .. } = self;
        let mut seen = Vec::new();
        let mut jobs = if request.is_repeat { taken_by_call(tx, request).await? } else { Vec::new() };
        let mut next_due = heads.next_due();
        if jobs.is_empty() {
            let promoted = heads.due_queues();
            for (queue, head) in &promoted {
                promote::promote_queue(tx, queue, limits::PER_CALL, heads.manners(*head)).await?;
            }
            seen = self.take(tx, &promoted, &mut jobs).await?;
            if !promoted.is_empty() {
                next_due = look_at_delayed(tx, request.queues, true).await?.next_due();
            }
        }
        if jobs.is_empty() {
            lease::renew_if_holding(tx, request.worker, request.lease).await?;
        } else {
            lease::renew(tx, request.worker, request.lease).await?;
        }
        Ok((Reserved { jobs, next_due }, seen, tx.now))
    }
}

impl Reserve<'_> {
    /// From the lines in which something stood a moment ago, or may stand now that due jobs were promoted.
    async fn take(
        &self,
        tx: &mut Transaction<'_>,
        promoted: &BTreeMap<&QueueName, i64>,
        jobs: &mut Vec<ReservedJob>,
    ) -> Result<Vec<Seen>, Fault> {
        let request = self.request;
        let mut seen = Vec::new();
        for priority in request.order {
            for queue in request.queues {
                let room = request.max - jobs.len();
                let lane = lanes::pending(queue, priority);
                if room == 0 || !(self.heads.pending.contains(&lane) || promoted.contains_key(&queue)) {
                    continue;
                }
                let (view, front) = self.front(tx, lane, queue, room).await?;
                let count = whole(front.len());
                if front.len() == room
                    && let Some(last) = front.last()
                {
                    seen.push((view, last.int(4)?));
                }
                for row in front {
                    jobs.push(in_hand(row.as_ref(), request, queue, priority, tx.now)?);
                }
                if count > 0 {
                    let entry = tx.ledger.entry(queue);
                    entry.add_pending(priority, -count);
                    entry.reserved += count;
                }
            }
        }
        if jobs.is_empty() {
            return Ok(seen);
        }
        let ids = Rows::default().ids(jobs.iter().map(|job| job.reservation.job));
        let values = [
            Value::Int(tx.now.as_micros()),
            Value::Text(request.worker.as_str()),
            Value::Int(lanes::held_by(request.worker)),
            Value::Int(request.call.0.cast_signed()),
            Value::Rows(&ids),
        ];
        tx.run(&tx.sql.take, &values).await?;
        Ok(seen)
    }

    /// Locks up to `room` jobs of a line, in their order. Where those from its front on do not do, all of it is read.
    async fn front(
        &self,
        tx: &mut Transaction<'_>,
        lane: i64,
        queue: &QueueName,
        room: usize,
    ) -> Result<(View, Vec<Box<dyn Row>>), Fault> {
        let values = |from| [Value::Int(lane), Value::Text(queue.as_str()), Value::Int(whole(room)), Value::Int(from)];
        let view = self.fronts.view(lane);
        let front = tx.rows(&tx.sql.front, &values(view.from)).await?;
        if front.len() == room || view.from == BEGINNING {
            return Ok((view, front));
        }
        let view = self.fronts.whole(view);
        let all = tx.rows(&tx.sql.front, &values(view.from)).await?;
        if !front.is_empty() && all.len() == room {
            // Some of the first read may be locked now and not taken, and others who looked have passed them over.
            tx.ledger.entry(queue).wakes();
        }
        Ok((view, all))
    }
}

/// A row of the statement `front` as it will be once it is taken.
fn in_hand(
    row: &dyn Row,
    request: &ReserveRequest<'_>,
    queue: &QueueName,
    priority: Priority,
    reserved_at: Timestamp,
) -> Result<ReservedJob, Fault> {
    let reservation = Reservation {
        job: row.job_id(0)?,
        queue: queue.clone(),
        priority,
        worker: request.worker.clone(),
        // Counted here, so that a crash in mid-run still costs a try.
        token: Token { attempt: attempts(row, 1)?.min(MOST_ATTEMPTS - 1) + 1, call: request.call },
    };
    Ok(ReservedJob { reservation, body: row.bytes(3)?, trail: row.bytes(2)?, reserved_at, lost: None })
}

/// What the call took when it was first made.
pub(super) async fn taken_by_call(
    tx: &mut Transaction<'_>,
    request: &ReserveRequest<'_>,
) -> Result<Vec<ReservedJob>, Fault> {
    let worker = request.worker;
    let values =
        [Value::Int(lanes::held_by(worker)), Value::Text(worker.as_str()), Value::Int(request.call.0.cast_signed())];
    let rows = tx.rows(&tx.sql.held_by_call, &values).await?;
    let mut taken = rows.iter().map(|row| Taken::read(row.as_ref(), worker)).collect::<Result<Vec<_>, _>>()?;
    let rank = |queue: &QueueName| request.queues.iter().position(|listed| listed == queue);
    let urgency = |priority| request.order.iter().position(|listed| *listed == priority);
    taken.sort_by_key(|Taken { job: ReservedJob { reservation, .. }, place, .. }| {
        (urgency(reservation.priority), rank(&reservation.queue), *place)
    });
    Ok(taken.into_iter().map(|taken| taken.job).collect())
}

/// When the first delayed jobs are due. `heeds_pauses` if those of paused queues are not wanted.
pub(super) async fn look_at_delayed(
    tx: &mut Transaction<'_>,
    queues: &[QueueName],
    heeds_pauses: bool,
) -> Result<Heads, Fault> {
    let rows = as_rows(&delayed_lines(queues).collect::<Vec<_>>());
    let found = tx.rows(&tx.sql.look, &[Value::Int(i64::from(heeds_pauses)), Value::Rows(&rows)]).await?;
    let now = tx.now;
    Heads::read(queues, &found, |_| now)
}
