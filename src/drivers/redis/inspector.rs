//! The reading side.

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::{ClientLike, ListInterface};
use fred::types::CustomCommand;
use futures::future::try_join_all;
use journeyman_job::{JobId, QueueName};

use super::connection::meaning;
use super::records::{self, StoredJob, StoredState};
use super::together::together;
use super::{RedisStore, StoreTime, scripts};
use crate::clock::Timestamp;
use crate::queue::{Counters, Found, Inspector, QueueStats, StoreError, WorkerId};

#[async_trait]
impl Inspector for RedisStore {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        // Most ids carry a hash of their queue, which this process often knows; then the others need not even be listed.
        let known: Vec<_> = self.registered.lock().iter().filter(|queue| id.may_be_of(queue)).cloned().collect();
        for found in together(known.iter().map(|queue| self.find_in(queue, id))).await? {
            if matches!(found, Found::Here(_)) {
                return Ok(found);
            }
        }
        // Of one that a caller chose, the claim on it tells.
        if let Some(queue) = self.queue_by_claim(id).await?
            && let Found::Here(record) = self.find_in(&queue, id).await?
        {
            return Ok(Found::Here(record));
        }
        let (likely, others): (Vec<_>, Vec<_>) =
            self.all_queues().await?.iter().cloned().partition(|queue| id.may_be_of(queue));
        let mut was_pruned = false;
        for queues in [likely, others] {
            for found in together(queues.iter().map(|queue| self.find_in(queue, id))).await? {
                match found {
                    Found::Here(record) => return Ok(Found::Here(record)),
                    Found::Expired => was_pruned = true,
                    Found::Nothing => {}
                }
            }
        }
        Ok(if was_pruned { Found::Expired } else { Found::Nothing })
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        Ok(self.all_queues().await?.to_vec())
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        together(queues.iter().map(|queue| self.stats_of(queue))).await
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        if let StoreTime::Manual(clock) = &self.time {
            return Ok(clock.now());
        }
        let client = self.connection.client().await?;
        let command = CustomCommand::new_static("TIME", None, false);
        let (seconds, micros): (i64, i64) =
            client.custom(command, Vec::<Bytes>::new()).await.map_err(|error| meaning(&error))?;
        Ok(Timestamp::from_micros(seconds * 1_000_000 + micros))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let client = self.connection.client().await?;
        client.ping::<()>(None).await.map_err(|error| meaning(&error))
    }
}

impl RedisStore {
    pub(super) async fn find_in(&self, queue: &QueueName, id: JobId) -> Result<Found, StoreError> {
        let keys =
            vec![self.keys.jobs(queue), self.keys.state(queue), self.keys.delayed(queue), self.keys.stats(queue)];
        let args = vec![Bytes::copy_from_slice(id.as_bytes()).into()];
        let mut reply = self.connection.run(&scripts::FIND, keys, args).await?;
        let (job, state, due) = (reply.optional_bytes()?, reply.optional_bytes()?, reply.optional_bytes()?);
        let Some(job) = job else {
            return Ok(if was_pruned(id, queue, reply.optional_bytes()?) { Found::Expired } else { Found::Nothing });
        };
        let state = state.map(|state| StoredState::read(&state)).transpose()?;
        let due = due.map(|due| records::time(&due, 0)).transpose()?;
        Ok(Found::Here(Box::new(records::record(id, queue.clone(), StoredJob::read(&job)?, state, due))))
    }

    async fn stats_of(&self, queue: &QueueName) -> Result<QueueStats, StoreError> {
        let mut keys = Vec::from(self.keys.all_pending(queue));
        keys.extend([self.keys.delayed(queue), self.keys.completed(queue), self.keys.failed(queue)]);
        keys.extend([self.keys.cancelled(queue), self.keys.stats(queue), self.keys.leases(queue)]);
        keys.push(self.keys.marks(queue));
        let mut reply = self.connection.run(&scripts::STATS, keys, Vec::new()).await?;
        let mut next = || reply.count();
        let mut stats = QueueStats {
            queue: queue.clone(),
            pending: [next()?, next()?, next()?, next()?],
            delayed: next()?,
            reserved: 0,
            completed: next()?,
            failed: next()?,
            cancelled: next()?,
            system_errors: 0,
            counters: Counters {
                enqueued: next()?,
                processed: next()?,
                failed: next()?,
                retried: next()?,
                timeouts: next()?,
                thread_pool_exhaustion: next()?,
            },
        };
        stats.system_errors = next()?;
        let mut workers = Vec::new();
        while !reply.is_empty() {
            workers.extend(WorkerId::new(&reply.text()?).ok());
        }
        stats.reserved = self.count_reserved(queue, &workers).await?;
        Ok(stats)
    }

    /// A script may not touch keys whose names it finds out by itself, so this takes a second round trip.
    async fn count_reserved(&self, queue: &QueueName, workers: &[WorkerId]) -> Result<u64, StoreError> {
        let client = self.connection.client().await?;
        let lengths = workers.iter().map(|worker| client.llen::<u64, _>(self.keys.reserved(queue, worker)));
        let lengths = try_join_all(lengths).await.map_err(|error| meaning(&error))?;
        Ok(lengths.into_iter().sum())
    }
}

/// Whether an id that is not there belongs to a time of which records have been pruned.
fn was_pruned(id: JobId, queue: &QueueName, pruned_until: Option<Bytes>) -> bool {
    let until = pruned_until.and_then(|until| std::str::from_utf8(&until).ok()?.parse::<u64>().ok());
    id.may_be_of(queue) && id.made_at_millis().zip(until).is_some_and(|(made_at, until)| made_at <= until)
}
