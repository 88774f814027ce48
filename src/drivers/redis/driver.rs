//! The verbs of a job's life, and the worker's beat.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use fred::types::Value;
use journeyman_job::QueueName;

use super::records::Hold;
use super::together::{Joined, each, midway};
use super::wire::Reply;
use super::{RedisStore, packed, records, scripts};
use crate::clock::micros;
use crate::queue::limits::PER_CALL;
use crate::queue::{
    Beat, BeatReply, Driver, NewJob, PushOutcome, Reservation, ReserveRequest, Reserved, ReservedJob, Retention,
    Settle, Settled, StoreError, Unit, WorkerId,
};
use crate::wake::Wakeups;

/// Beats within which a stray is found in any queue: three beats make a lease.
const STRAY_TURNS: usize = 2;

#[async_trait]
impl Driver for RedisStore {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        self.push_all(jobs, unit).await
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        self.reserve_across(request).await
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        let mut of_queue: BTreeMap<QueueName, Vec<&Reservation>> = BTreeMap::new();
        // A lost answer may have left jobs with this worker in a queue of which it knows nothing.
        let all = self.all_queues().await?;
        for queue in self.rotas.beat.pick(&all, STRAY_TURNS).queues {
            of_queue.insert(queue.clone(), Vec::new());
        }
        for held in beat.held {
            of_queue.entry(held.queue.clone()).or_default().push(held);
        }
        let beats = each(of_queue.keys(), async |queue| {
            let reply = self.beat_on(queue, beat, &of_queue[queue]).await?;
            self.rotas.beat.found(queue, of_queue[queue].is_empty() && reply.unknown.is_empty());
            Ok(reply)
        });
        let Joined { done, failure } = beats.await;
        let mut whole = BeatReply::default();
        for (_, reply) in done {
            whole.lost.extend(reply.lost);
            whole.unknown.extend(reply.unknown);
        }
        failure.map_or(Ok(whole), Err)
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        self.settle_all(batch).await
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
        let pruned = self.prune_everywhere(retention, max).await?;
        self.expire_notes().await.map_err(|error| midway(error, pruned > 0))?;
        Ok(pruned)
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.hub.listen(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        self.describe_durability().await
    }
}

impl RedisStore {
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
        args.extend(held.iter().map(|reservation| Value::from(Bytes::from(packed::held(reservation)))));
        let mut reply = self.connection.run(&scripts::BEAT, keys, args).await?;
        let marks = letters(&mut reply, held.len(), |letter| Some(letter == b'h'))?;
        let lost = held.iter().zip(marks).filter(|(_, holds)| !holds).map(|(held, _)| (*held).clone()).collect();
        let mut unknown = Vec::new();
        while !reply.is_empty() {
            let (tag, job, trail, token) = (reply.bytes()?, reply.bytes()?, reply.bytes()?, reply.bytes()?);
            let (call, since) = token.split_at_checked(16).unwrap_or_default();
            let read = || {
                let (call, since) = (records::call(call)?, records::time(since, 0)?);
                Hold { queue, worker: beat.worker, call, since }.tagged(&tag, &job, trail)
            };
            unknown.extend(records::readable(queue, read()));
        }
        Ok(BeatReply { lost, unknown })
    }
}

/// A number as an argument.
pub(super) fn count(number: usize) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Reads an answer of one letter per item.
pub(super) fn letters<T>(
    reply: &mut Reply,
    expected: usize,
    read: impl Fn(u8) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let letters = reply.bytes()?;
    let read: Option<Vec<T>> = letters.iter().map(|&letter| read(letter)).collect();
    read.filter(|outcomes| outcomes.len() == expected)
        .ok_or_else(|| StoreError::Refused(format!("Redis gave {} outcomes for {expected} jobs", letters.len())))
}
