//! Ending attempts.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{JobError, JobId, Priority, QueueName};

use super::fault::Fault;
use super::lanes;
use super::ledger::is_system_error;
use super::push::push;
use super::rows::{self, queue_name, state};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value, pieces};
use crate::queue::{CallId, Counted, NewJob, Reservation, Settle, Settled, Settlement, State, Unit};

#[derive(Debug)]
pub(super) struct SettleBatch<'a> {
    pub(super) batch: &'a [Settle],
    /// Tells what it stored from what others did.
    call: CallId,
    /// Not every job was held as its settlement says: they are looked at first from now on.
    is_in_doubt: AtomicBool,
}

/// What the store knows of a job that is to be settled.
#[derive(Debug)]
struct Stored {
    queue: QueueName,
    /// Who holds it, and under which token.
    worker: Option<String>,
    token: Option<(i64, u64)>,
    /// The token of its last settlement.
    settled: Option<(i64, u64)>,
}

/// Where a job goes.
#[derive(Debug)]
struct Move<'a> {
    item: &'a Settle,
    state: State,
    lane: i64,
    /// None for where it was.
    place: Option<i64>,
    available_at: Option<i64>,
    ended_at: Option<i64>,
    refund: u32,
}

impl<'a> SettleBatch<'a> {
    pub(super) fn new(batch: &'a [Settle], call: CallId) -> Self {
        Self { batch, call, is_in_doubt: AtomicBool::new(false) }
    }
}

/// Nearly always every job is held as its settlement says, and the write itself sees to that it is. Only when it was not
/// the jobs are looked at one by one, in a second try.
#[async_trait]
impl Change for SettleBatch<'_> {
    type Answer = Vec<Settled>;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Answer, Fault> {
        let Self { batch, call, is_in_doubt } = self;
        let outcomes = if is_in_doubt.load(Ordering::Relaxed) || has_twice(batch) {
            judge_all(tx, batch).await?
        } else {
            vec![Settled::Done; batch.len()]
        };
        let done = batch.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Settled::Done);
        let mut moves: Vec<Move<'_>> = done.map(|(item, _)| Move::of(tx, item)).collect();
        // The order in which every batch locks its jobs.
        moves.sort_unstable_by_key(|moved| moved.item.reservation.job);
        for piece in pieces(&moves, |moved| moved.item.trail.len() + 200) {
            if write(tx, piece).await? != piece.len() {
                is_in_doubt.store(true, Ordering::Relaxed);
                return Err(Fault::Contended("not every job was held as its settlement says".into()));
            }
        }
        let failed: Vec<(JobId, &JobError)> = moves.iter().filter_map(Move::failure).collect();
        for piece in pieces(&failed, |(_, error)| error.message().len() + 100) {
            record_failed(tx, piece).await?;
        }
        moves.iter().for_each(|moved| moved.count(tx));
        let done = batch.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Settled::Done);
        let then: Vec<&NewJob> = done.flat_map(|(item, _)| &item.then).collect();
        if !then.is_empty() {
            // Whatever is there already was stored by an earlier try.
            push(tx, then.into_iter(), Unit::Queue, *call).await?;
        }
        Ok(outcomes)
    }
}

fn has_twice(batch: &[Settle]) -> bool {
    let mut seen = HashSet::with_capacity(batch.len());
    !batch.iter().all(|item| seen.insert(item.reservation.job))
}

/// Locks the jobs, and tells of each whether it is settled now.
async fn judge_all(tx: &mut Transaction<'_>, batch: &[Settle]) -> Result<Vec<Settled>, Fault> {
    let mut stored = lock(tx, batch).await?;
    Ok(batch.iter().map(|item| judge(&mut stored, &item.reservation)).collect())
}

/// Locks the jobs in the order of their ids, as every batch does, and tells whose they are.
async fn lock(tx: &mut Transaction<'_>, batch: &[Settle]) -> Result<HashMap<JobId, Stored>, Fault> {
    let ids: BTreeSet<JobId> = batch.iter().map(|item| item.reservation.job).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = tx.rows(&tx.sql.tokens, &[Value::Rows(&Rows::default().ids(ids))]).await?;
    let token = |attempt: Option<i64>, number: Option<i64>| attempt.zip(number.map(|number| rows::call(number).0));
    found
        .iter()
        .map(|row| {
            let is_reserved = state(row.as_ref(), 2)? == State::Reserved;
            let held = token(Some(row.int(3)?), row.maybe_int(4)?).filter(|_| is_reserved);
            let settled = token(row.maybe_int(5)?, row.maybe_int(6)?);
            let (queue, worker) = (queue_name(row.as_ref(), 1)?, row.maybe_text(9)?);
            Ok((row.job_id(0)?, Stored { queue, worker, token: held, settled }))
        })
        .collect()
}

/// Whether the reservation holds. If so it does no longer: one job is settled once in a batch.
fn judge(stored: &mut HashMap<JobId, Stored>, reservation: &Reservation) -> Settled {
    let token = Some((i64::from(reservation.token.attempt), reservation.token.call.0));
    match stored.get_mut(&reservation.job) {
        Some(job) if job.token == token && job.is_of(reservation) => {
            job.settled = job.token.take();
            Settled::Done
        }
        Some(job) if job.settled == token => Settled::Repeated,
        _ => Settled::Stale,
    }
}

impl Stored {
    fn is_of(&self, reservation: &Reservation) -> bool {
        self.queue == reservation.queue && self.worker.as_deref() == Some(reservation.worker.as_str())
    }
}

/// Writes as far as the jobs are held as the settlements say; how many that were.
async fn write(tx: &mut Transaction<'_>, moves: &[Move<'_>]) -> Result<usize, Fault> {
    let reservations = || moves.iter().map(|moved| &moved.item.reservation);
    let tokens = || moves.iter().map(|moved| moved.item.reservation.token);
    let rows = Rows::default()
        .ids(moves.iter().map(|moved| moved.item.reservation.job))
        .ints(tokens().map(|token| i64::from(token.attempt)))
        .ints(tokens().map(|token| token.call.0.cast_signed()))
        .texts(moves.iter().map(|moved| moved.state.as_str()))
        .ints(moves.iter().map(|moved| moved.lane))
        .ints(moves.iter().map(|moved| moved.place))
        .ints(moves.iter().map(|moved| i64::from(moved.item.reservation.token.attempt.saturating_sub(moved.refund))))
        .ints(moves.iter().map(|moved| moved.available_at))
        .ints(moves.iter().map(|moved| moved.ended_at))
        .ints(moves.iter().map(|moved| i64::from(moved.failure().is_some_and(|(_, error)| is_system_error(error)))))
        .texts(reservations().map(|reservation| reservation.queue.as_str()))
        .texts(reservations().map(|reservation| reservation.worker.as_str()))
        .bytes(moves.iter().map(|moved| Bytes::clone(&moved.item.trail)));
    let written = tx.run(&tx.sql.settle, &[Value::Rows(&rows)]).await?;
    Ok(usize::try_from(written).unwrap_or(usize::MAX))
}

async fn record_failed(tx: &mut Transaction<'_>, failed: &[(JobId, &JobError)]) -> Result<(), Fault> {
    // PostgreSQL has no text with a zero in it.
    let said = |error: &JobError| format!("{}: {}", error.kind(), error.message()).replace('\0', "\u{fffd}");
    let rows =
        Rows::default().ids(failed.iter().map(|(job, _)| *job)).texts(failed.iter().map(|(_, error)| said(error)));
    tx.run(&tx.sql.fail, &[Value::Int(tx.now.as_micros()), Value::Rows(&rows)]).await?;
    Ok(())
}

impl<'a> Move<'a> {
    fn of(tx: &Transaction<'_>, item: &'a Settle) -> Self {
        match &item.settlement {
            Settlement::Complete => Self::end(tx, item, State::Completed),
            Settlement::Cancel => Self::end(tx, item, State::Cancelled),
            Settlement::Fail { .. } => Self::end(tx, item, State::Failed),
            Settlement::Release { delay } => Self::back(tx, item, *delay, 0),
            Settlement::Snooze { delay } => Self::back(tx, item, *delay, 1),
            Settlement::Requeue => {
                // To where it was: in front of all that was not taken before it.
                let lane = lanes::pending(&item.reservation.queue, item.reservation.priority);
                let (place, available_at, ended_at) = (None, None, None);
                Self { item, state: State::Pending, lane, place, available_at, ended_at, refund: 1 }
            }
        }
    }

    fn end(tx: &Transaction<'_>, item: &'a Settle, state: State) -> Self {
        let lane = lanes::ended(&item.reservation.queue, state);
        let now = Some(tx.now.as_micros());
        Self { item, state, lane, place: now, available_at: None, ended_at: now, refund: 0 }
    }

    fn back(tx: &Transaction<'_>, item: &'a Settle, delay: Duration, refund: u32) -> Self {
        let Reservation { queue, priority, .. } = &item.reservation;
        let due = tx.now.plus(delay);
        let (state, lane, place) = if due > tx.now {
            (State::Delayed, lanes::delayed(queue), due.as_micros())
        } else {
            (State::Pending, lanes::pending(queue, *priority), tx.positions(1))
        };
        Self { item, state, lane, place: Some(place), available_at: Some(due.as_micros()), ended_at: None, refund }
    }

    fn failure(&self) -> Option<(JobId, &'a JobError)> {
        match &self.item.settlement {
            Settlement::Fail { error } => Some((self.item.reservation.job, error)),
            _ => None,
        }
    }

    fn priority(&self) -> Priority {
        self.item.reservation.priority
    }

    fn count(&self, tx: &mut Transaction<'_>) {
        let entry = tx.ledger.entry(&self.item.reservation.queue);
        entry.reserved -= 1;
        match self.item.counted {
            Some(Counted::Timeout) => entry.counters.timeouts += 1,
            Some(Counted::PoolExhausted) => entry.counters.thread_pool_exhaustion += 1,
            None => {}
        }
        match self.state {
            _ if matches!(self.item.settlement, Settlement::Requeue) => entry.returned(self.priority()),
            State::Pending | State::Reserved => entry.arrived(self.priority()),
            State::Delayed => entry.delayed(),
            ended => entry.add_ended(ended, 1),
        }
        match &self.item.settlement {
            Settlement::Complete => entry.counters.processed += 1,
            Settlement::Fail { error } => {
                entry.system_errors += i64::from(is_system_error(error));
                entry.counters.processed += 1;
                entry.counters.failed += 1;
            }
            Settlement::Release { .. } => entry.counters.retried += 1,
            Settlement::Cancel | Settlement::Snooze { .. } | Settlement::Requeue => {}
        }
    }
}
