//! The verbs.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{ErrorKind, JobId, QueueName, When};

use super::MemoryStore;
use super::tables::{Entry, Tables};
use crate::clock::Timestamp;
use crate::queue::{
    Beat, BeatReply, Counted, Driver, Envelope, Lost, NewJob, PushOutcome, ReserveRequest, Reserved, ReservedJob,
    Retention, Settle, Settled, Settlement, State, StoreError, Unit, WorkerId,
};
use crate::wake::Wakeups;

#[async_trait]
impl Driver for MemoryStore {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        let now = self.clock.now();
        let outcomes = {
            let mut tables = self.tables();
            push_all(&mut tables, jobs, unit, now)
        };
        let stored = jobs.iter().zip(&outcomes).filter(|(_, outcome)| matches!(outcome, PushOutcome::Stored { .. }));
        self.wake(stored.map(|(job, _)| &job.envelope.queue));
        Ok(outcomes)
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        let now = self.clock.now();
        Ok(reserve(&mut self.tables(), request, now))
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        let ends_at = self.clock.now().plus(beat.lease);
        let mut tables = self.tables();
        tables.renew(beat.worker, ends_at);
        let mut unknown = tables.held_by(beat.worker);
        let (known, lost): (Vec<_>, Vec<_>) =
            beat.held.iter().cloned().partition(|claim| unknown.iter().any(|job| job.reservation == *claim));
        unknown.retain(|job| !known.contains(&job.reservation));
        Ok(BeatReply { lost, unknown })
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        let now = self.clock.now();
        let outcomes = {
            let mut tables = self.tables();
            let outcomes: Vec<_> = batch.iter().map(|item| settle(&mut tables, item, now)).collect();
            // The last first: so those given back together keep their order.
            let done = batch.iter().zip(&outcomes).rev().filter(|(_, outcome)| **outcome == Settled::Done);
            done.for_each(|(item, _)| give_back(&mut tables, item));
            let done = batch.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Settled::Done);
            for job in done.flat_map(|(item, _)| &item.then) {
                push(&mut tables, job, now);
            }
            outcomes
        };
        let again = batch.iter().filter(|item| returns(&item.settlement)).map(|item| &item.reservation.queue);
        let then = batch.iter().flat_map(|item| &item.then).map(|job| &job.envelope.queue);
        self.wake(again.chain(then));
        Ok(outcomes)
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let (mut moved, mut woken) = (0, Vec::new());
        {
            let mut tables = self.tables();
            let queues: Vec<QueueName> = tables.lines.keys().cloned().collect();
            for queue in queues {
                let of_queue = tables.promote(&queue, now, max - moved);
                if of_queue > 0 {
                    woken.push(queue);
                }
                moved += of_queue;
            }
        }
        self.wake(woken.iter());
        Ok(moved)
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        let now = self.clock.now();
        Ok(reclaim(&mut self.tables(), request, now))
    }

    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if tables.leases.get(worker).is_some_and(|lease| lease.held.is_empty()) {
            tables.leases.remove(worker);
        }
        Ok(())
    }

    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut tables = self.tables();
        tables.notes.retain(|_, (ends_at, _)| *ends_at > now);
        Ok(prune(&mut tables, retention, max, now))
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.hub.listen(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        Ok("memory only: jobs are lost when the process ends".into())
    }
}

impl MemoryStore {
    pub(super) fn wake<'a>(&self, queues: impl Iterator<Item = &'a QueueName>) {
        queues.collect::<BTreeSet<_>>().into_iter().for_each(|queue| self.hub.wake(queue));
    }
}

fn push_all(tables: &mut Tables, jobs: &[NewJob], unit: Unit, now: Timestamp) -> Vec<PushOutcome> {
    let in_conflict = conflicts(tables, jobs);
    if unit == Unit::Whole && in_conflict.contains(&true) {
        let told = |is_at_fault| if is_at_fault { PushOutcome::Conflict } else { PushOutcome::Withheld };
        return in_conflict.into_iter().map(told).collect();
    }
    jobs.iter().map(|job| push(tables, job, now)).collect()
}

/// Which jobs bear the id of another one, stored or earlier in the same push.
fn conflicts(tables: &Tables, jobs: &[NewJob]) -> Vec<bool> {
    let mut seen: HashMap<JobId, &Envelope> = HashMap::new();
    let mut in_conflict = Vec::with_capacity(jobs.len());
    for NewJob { envelope, .. } in jobs {
        let stored = tables.jobs.get(&envelope.id).map(|entry| &entry.envelope);
        let known = stored.unwrap_or(seen.entry(envelope.id).or_insert(envelope));
        in_conflict.push(!is_same(known, envelope));
    }
    in_conflict
}

fn is_same(known: &Envelope, pushed: &Envelope) -> bool {
    known.body == pushed.body && known.queue == pushed.queue
}

fn push(tables: &mut Tables, job: &NewJob, now: Timestamp) -> PushOutcome {
    let id = job.id();
    if let Some(known) = tables.jobs.get(&id) {
        let is_repeat = is_same(&known.envelope, &job.envelope);
        return if is_repeat { PushOutcome::Repeated } else { PushOutcome::Conflict };
    }
    if let Some(key) = &job.unique {
        let lock = (job.envelope.queue.clone(), key.clone());
        if let Some(first) = tables.locks.get(&lock) {
            return PushOutcome::Duplicate(*first);
        }
        tables.locks.insert(lock, id);
    }
    let due = match job.when {
        When::Now => now,
        When::After(delay) => now.plus(delay),
        When::At(time) => Timestamp::from_datetime(time).max(now),
    };
    let entry = Entry {
        envelope: job.envelope.clone(),
        state: State::Pending,
        attempts: 0,
        created_at: now,
        available_at: due,
        started_at: None,
        ended_at: None,
        holder: None,
        settled: None,
        trail: Bytes::new(),
        is_system_error: false,
        unique: job.unique.clone(),
        place: 0,
        end: 0,
    };
    tables.jobs.insert(id, entry);
    tables.line(&job.envelope.queue).counters.enqueued += 1;
    PushOutcome::Stored { delayed: tables.line_up(id, due, now) == State::Delayed }
}

fn reserve(tables: &mut Tables, request: &ReserveRequest<'_>, now: Timestamp) -> Reserved {
    tables.renew(request.worker, now.plus(request.lease));
    for queue in request.queues {
        tables.promote(queue, now, usize::MAX);
    }
    let mut jobs = repeated(tables, request);
    if jobs.is_empty() {
        jobs = take(tables, request, now);
    }
    let due = |queue| tables.lines.get(queue)?.delayed.first().map(|((due, _), _)| due.since(now));
    Reserved { jobs, next_due: request.queues.iter().filter_map(due).min() }
}

/// What the first call under this id took, when this one repeats it.
fn repeated(tables: &Tables, request: &ReserveRequest<'_>) -> Vec<ReservedJob> {
    if request.is_repeat { tables.taken_by(request.worker, request.call) } else { Vec::new() }
}

fn take(tables: &mut Tables, request: &ReserveRequest<'_>, now: Timestamp) -> Vec<ReservedJob> {
    let mut ids = Vec::new();
    for priority in request.order {
        for queue in request.queues {
            if tables.paused.contains(queue) {
                continue;
            }
            let Some(line) = tables.lines.get_mut(queue) else { continue };
            let pending = line.pending(priority);
            let count = pending.len().min(request.max - ids.len());
            ids.extend(pending.drain(..count));
        }
    }
    for id in &ids {
        if let Some(entry) = tables.jobs.get_mut(id) {
            entry.attempts += 1;
            entry.started_at = Some(now);
        }
    }
    ids.into_iter().filter_map(|id| tables.hand(id, request.worker, request.call, now)).collect()
}

fn settle(tables: &mut Tables, item: &Settle, now: Timestamp) -> Settled {
    let Settle { reservation, settlement, trail, counted, .. } = item;
    let Some(entry) = tables.jobs.get_mut(&reservation.job) else { return Settled::Stale };
    if entry.holder.as_ref().is_none_or(|holder| holder.token != reservation.token) {
        let is_repeat = entry.settled == Some(reservation.token);
        return if is_repeat { Settled::Repeated } else { Settled::Stale };
    }
    entry.settled = Some(reservation.token);
    entry.trail = trail.clone();
    if matches!(settlement, Settlement::Snooze { .. } | Settlement::Requeue) {
        entry.attempts = entry.attempts.saturating_sub(1);
    }
    tables.let_go(reservation.job);
    count(tables, item);
    apply(tables, item, now);
    let counters = &mut tables.line(&reservation.queue).counters;
    match counted {
        Some(Counted::Timeout) => counters.timeouts += 1,
        Some(Counted::PoolExhausted) => counters.thread_pool_exhaustion += 1,
        None => {}
    }
    Settled::Done
}

fn count(tables: &mut Tables, item: &Settle) {
    let counters = &mut tables.line(&item.reservation.queue).counters;
    match &item.settlement {
        Settlement::Complete => counters.processed += 1,
        Settlement::Fail { .. } => {
            counters.processed += 1;
            counters.failed += 1;
        }
        Settlement::Release { .. } => counters.retried += 1,
        Settlement::Snooze { .. } | Settlement::Requeue | Settlement::Cancel => {}
    }
}

/// Moves a job that is in no list to where its settlement says.
fn apply(tables: &mut Tables, item: &Settle, now: Timestamp) {
    let id = item.reservation.job;
    match &item.settlement {
        Settlement::Release { delay } | Settlement::Snooze { delay } => _ = tables.line_up(id, now.plus(*delay), now),
        // Its place depends on the others of the batch: see `give_back`.
        Settlement::Requeue => {}
        Settlement::Complete => tables.end(id, State::Completed, now, false),
        Settlement::Cancel => tables.end(id, State::Cancelled, now, false),
        Settlement::Fail { error } => tables.end(id, State::Failed, now, error.kind() == ErrorKind::Undecodable),
    }
}

fn give_back(tables: &mut Tables, item: &Settle) {
    if item.settlement == Settlement::Requeue {
        tables.give_back(item.reservation.job);
    }
}

fn returns(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::Release { .. } | Settlement::Snooze { .. } | Settlement::Requeue)
}

fn reclaim(tables: &mut Tables, request: &ReserveRequest<'_>, now: Timestamp) -> Vec<ReservedJob> {
    // The call is itself a sign of life: a reaper never takes from its own worker.
    tables.renew(request.worker, now.plus(request.lease));
    let again = repeated(tables, request);
    if !again.is_empty() {
        return again;
    }
    let lost: Vec<_> = tables
        .leases
        .values()
        .filter(|lease| lease.ends_at <= now)
        .flat_map(|lease| lease.held.iter().copied())
        .take(request.max)
        .collect();
    let left: Vec<_> = lost.iter().map(|id| left_behind(tables, *id)).collect();
    lost.iter().for_each(|id| tables.let_go(*id));
    tables.leases.retain(|_, lease| lease.ends_at > now || !lease.held.is_empty());
    let handed = lost.into_iter().map(|id| tables.hand(id, request.worker, request.call, now));
    handed.zip(left).filter_map(|(job, lost)| Some(ReservedJob { lost, ..job? })).collect()
}

fn left_behind(tables: &Tables, id: JobId) -> Option<Lost> {
    let entry = tables.jobs.get(&id)?;
    Some(Lost { worker: entry.holder.as_ref()?.worker.to_string(), started_at: entry.started_at? })
}

fn prune(tables: &mut Tables, retention: Retention, max: usize, now: Timestamp) -> usize {
    let mut pruned = Vec::new();
    for line in tables.lines.values_mut() {
        for how in [State::Completed, State::Failed, State::Cancelled] {
            while pruned.len() < max
                && let Some(oldest) = line.ended(how).front().copied()
                && let Some(entry) = tables.jobs.get(&oldest)
                && (line.ended(how).len() as u64 > retention.max_records || is_too_old(entry, retention, now))
            {
                line.ended(how).pop_front();
                line.system_errors -= u64::from(entry.is_system_error);
                pruned.push(oldest);
            }
        }
    }
    pruned.iter().for_each(|id| tables.forget(*id));
    pruned.len()
}

fn is_too_old(entry: &Entry, retention: Retention, now: Timestamp) -> bool {
    if retention.ttl.is_zero() {
        return entry.state != State::Failed;
    }
    entry.ended_at.is_some_and(|ended_at| ended_at.plus(retention.ttl) <= now)
}
