//! The verbs of a job's life; the housekeeping ones are in `sweep`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::SetsInterface;
use fred::types::Value;
use journeyman_job::QueueName;

use super::connection::meaning;
use super::together::{midway, together};
use super::wire::Reply;
use super::{RedisStore, records, scripts};
use crate::clock::micros;
use crate::queue::limits::{BULK, PER_CALL};
use crate::queue::{
    Beat, BeatReply, Driver, NewJob, PushOutcome, Reservation, ReserveRequest, Reserved, ReservedJob, Retention,
    Settle, Settled, StoreError, Unit, WorkerId,
};
use crate::wake::Wakeups;

#[async_trait]
impl Driver for RedisStore {
    async fn push(&self, jobs: &[NewJob], _unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        let mut outcomes = vec![PushOutcome::Conflict; jobs.len()];
        for (queue, places) in grouped(jobs, |job| &job.envelope.queue) {
            // A whole bulk fits into one call, and is one atomic unit.
            for places in places.chunks(BULK) {
                let batch: Vec<&NewJob> = places.iter().map(|&place| &jobs[place]).collect();
                let changed = outcomes.iter().any(|outcome| matches!(outcome, PushOutcome::Stored { .. }));
                let answers = self.push_to(queue, &batch).await.map_err(|error| midway(error, changed))?;
                places.iter().zip(answers).for_each(|(&place, outcome)| outcomes[place] = outcome);
            }
        }
        Ok(outcomes)
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        self.reserve_across(request).await
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        let mut of_queue: BTreeMap<QueueName, Vec<&Reservation>> = BTreeMap::new();
        // A lost answer may have left jobs with this worker in a queue of which it knows nothing.
        for queue in self.all_queues().await? {
            of_queue.insert(queue, Vec::new());
        }
        for held in beat.held {
            of_queue.entry(held.queue.clone()).or_default().push(held);
        }
        let beats = of_queue.iter().map(|(queue, held)| self.beat_on(queue, beat, held));
        let mut whole = BeatReply::default();
        for reply in together(beats).await? {
            whole.lost.extend(reply.lost);
            whole.unknown.extend(reply.unknown);
        }
        Ok(whole)
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        let mut outcomes = vec![Settled::Stale; batch.len()];
        let holder = |item: &Settle| (item.reservation.queue.clone(), item.reservation.worker.clone());
        let mut groups: BTreeMap<(QueueName, WorkerId), Vec<usize>> = BTreeMap::new();
        for (place, item) in batch.iter().enumerate() {
            groups.entry(holder(item)).or_default().push(place);
        }
        for ((queue, worker), places) in groups {
            for places in places.chunks(PER_CALL) {
                let part: Vec<&Settle> = places.iter().map(|&place| &batch[place]).collect();
                let changed = outcomes.contains(&Settled::Done);
                let answers = self.settle_on(&queue, &worker, &part).await.map_err(|error| midway(error, changed))?;
                places.iter().zip(answers).for_each(|(&place, outcome)| outcomes[place] = outcome);
            }
        }
        Ok(outcomes)
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        self.promote_everywhere(max).await
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        self.reclaim_everywhere(request).await
    }

    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError> {
        self.retire_everywhere(worker).await
    }

    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        self.prune_everywhere(retention, max).await
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.hub.listen(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        self.describe_durability().await
    }
}

impl RedisStore {
    async fn push_to(&self, queue: &QueueName, jobs: &[&NewJob]) -> Result<Vec<PushOutcome>, StoreError> {
        self.register(queue).await?;
        let mut keys = Vec::from(self.keys.all_pending(queue));
        keys.extend([self.keys.delayed(queue), self.keys.jobs(queue), self.keys.stats(queue)]);
        let mut args = vec![self.now(), queue.as_str().into(), self.keys.wake_channel().into()];
        for job in jobs {
            args.extend([records::pack_new(job).into(), job.envelope.body.clone().into()]);
        }
        let mut reply = self.connection.run(&scripts::PUSH, keys, args).await?;
        let outcomes = letters(&mut reply, jobs.len(), |letter| match letter {
            b'p' => Some(PushOutcome::Stored { delayed: false }),
            b'd' => Some(PushOutcome::Stored { delayed: true }),
            b'r' => Some(PushOutcome::Repeated),
            b'c' => Some(PushOutcome::Conflict),
            _ => None,
        })?;
        if reply.integer()? == 1 {
            // The queue began just now; if all data was lost a moment ago, so was its name.
            self.registered.lock().remove(queue);
            self.register(queue).await?;
        }
        Ok(outcomes)
    }

    /// Enters a queue in the set of all, before its first job, so that a housekeeper cannot miss it.
    async fn register(&self, queue: &QueueName) -> Result<(), StoreError> {
        if self.registered.lock().contains(queue) {
            return Ok(());
        }
        let client = self.connection.client().await?;
        client.sadd::<(), _, _>(self.keys.queues(), queue.as_str()).await.map_err(|error| meaning(&error))?;
        self.registered.lock().insert(queue.clone());
        Ok(())
    }

    async fn settle_on(
        &self,
        queue: &QueueName,
        worker: &WorkerId,
        batch: &[&Settle],
    ) -> Result<Vec<Settled>, StoreError> {
        let mut keys = Vec::from(self.keys.all_pending(queue));
        keys.extend([self.keys.delayed(queue), self.keys.state(queue), self.keys.stats(queue)]);
        keys.extend([self.keys.completed(queue), self.keys.cancelled(queue), self.keys.failed(queue)]);
        keys.push(self.keys.reserved(queue, worker));
        let channel = self.keys.wake_channel();
        let mut args = vec![self.now(), queue.as_str().into(), channel.into(), worker.as_str().into()];
        for item in batch {
            args.extend([records::pack_settle(item).into(), item.trail.clone().into()]);
        }
        let mut reply = self.connection.run(&scripts::SETTLE, keys, args).await?;
        letters(&mut reply, batch.len(), |letter| match letter {
            b'd' => Some(Settled::Done),
            b'r' => Some(Settled::Repeated),
            b's' => Some(Settled::Stale),
            _ => None,
        })
    }

    /// Every beat compares each held token: one `HMGET` of what the worker holds, which its slots bound. Only when the
    /// store's list is longer than what agrees are its members looked at.
    pub(super) async fn beat_on(
        &self,
        queue: &QueueName,
        beat: &Beat<'_>,
        held: &[&Reservation],
    ) -> Result<BeatReply, StoreError> {
        let keys = vec![
            self.keys.state(queue),
            self.keys.leases(queue),
            self.keys.reserved(queue, beat.worker),
            self.keys.jobs(queue),
        ];
        let lease = Value::from(micros(beat.lease));
        let mut args = vec![self.now(), lease, beat.worker.as_str().into(), count(PER_CALL)];
        args.extend(held.iter().map(|reservation| Value::from(Bytes::from(records::pack_held(reservation)))));
        let mut reply = self.connection.run(&scripts::BEAT, keys, args).await?;
        let marks = letters(&mut reply, held.len(), |letter| Some(letter == b'h'))?;
        let lost = held.iter().zip(marks).filter(|(_, holds)| !holds).map(|(held, _)| (*held).clone()).collect();
        let mut unknown = Vec::new();
        while !reply.is_empty() {
            let (tag, job, trail, token) = (reply.bytes()?, reply.bytes()?, reply.bytes()?, reply.bytes()?);
            let (call, since) = token.split_at_checked(16).unwrap_or_default();
            let (call, since) = (records::call(call)?, records::time(since, 0)?);
            unknown.push(records::reserved_job(&tag, &job, trail, (queue, beat.worker), call, since)?);
        }
        Ok(BeatReply { lost, unknown })
    }
}

/// A number as an argument.
pub(super) fn count(number: usize) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Places of the items by queue, in order.
fn grouped<'a, T>(items: &'a [T], queue: impl Fn(&'a T) -> &'a QueueName) -> BTreeMap<&'a QueueName, Vec<usize>> {
    let mut groups: BTreeMap<&QueueName, Vec<usize>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        groups.entry(queue(item)).or_default().push(place);
    }
    groups
}

/// Reads an answer of one letter per item.
fn letters<T>(reply: &mut Reply, expected: usize, read: impl Fn(u8) -> Option<T>) -> Result<Vec<T>, StoreError> {
    let letters = reply.bytes()?;
    let read: Option<Vec<T>> = letters.iter().map(|&letter| read(letter)).collect();
    read.filter(|outcomes| outcomes.len() == expected)
        .ok_or_else(|| StoreError::Refused(format!("Redis gave {} outcomes for {expected} jobs", letters.len())))
}
