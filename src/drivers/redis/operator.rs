//! The operator's side. What knows only an id looks for its queue first; the script then looks again.

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::{HashesInterface, KeysInterface, SetsInterface};
use fred::types::Value;
use journeyman_job::{JobId, Priority, QueueName};

use super::connection::meaning;
use super::driver::count;
use super::prune::released;
use super::records::{self, StoredState};
use super::together::{Joined, each, midway};
use super::{RedisStore, scripts};
use crate::queue::limits::PER_CALL;
use crate::queue::{
    Cancelled, Control, Forgotten, Found, Hastened, Inspector, Listing, Operator, Page, Retried, Retry, State,
    StoreError,
};

#[async_trait]
impl Operator for RedisStore {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        self.page_of(listing).await
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        let Some(queue) = self.queue_of(job).await? else { return Ok(Cancelled::Nothing) };
        let mut keys = Vec::from(self.keys.all_pending(&queue));
        keys.extend([self.keys.delayed(&queue), self.keys.jobs(&queue), self.keys.state(&queue)]);
        keys.extend([self.keys.cancelled(&queue), self.keys.unique(&queue), self.keys.marks(&queue)]);
        let mut reply = self.connection.run(&scripts::CANCEL, keys, vec![self.now(), packed_id(job)]).await?;
        Ok(match &reply.bytes()?[..] {
            b"D" => Cancelled::Done,
            b"N" => Cancelled::Nothing,
            other => Cancelled::Not(state(other)?),
        })
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        let Some(queue) = self.queue_of(job).await? else { return Ok(Hastened::Nothing) };
        let mut keys = Vec::from(self.keys.all_pending(&queue));
        keys.extend([self.keys.delayed(&queue), self.keys.jobs(&queue), self.keys.state(&queue)]);
        let args = vec![self.now(), queue.as_str().into(), self.keys.wake_channel().into(), packed_id(job)];
        let mut reply = self.connection.run(&scripts::HASTEN, keys, args).await?;
        Ok(match &reply.bytes()?[..] {
            b"D" => Hastened::Done,
            b"N" => Hastened::Nothing,
            other => Hastened::Not(state(other)?),
        })
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        let Some(queue) = self.queue_of(retry.job).await? else { return Ok(Retried::Nothing) };
        let mut keys = Vec::from(self.keys.all_pending(&queue));
        keys.extend([self.keys.jobs(&queue), self.keys.state(&queue), self.keys.failed(&queue)]);
        keys.extend([self.keys.cancelled(&queue), self.keys.unique(&queue), self.keys.stats(&queue)]);
        keys.push(self.keys.delayed(&queue));
        let mut args = vec![self.now(), queue.as_str().into(), self.keys.wake_channel().into()];
        args.extend([packed_id(retry.job), retry.trail.clone().into()]);
        let mut reply = self.connection.run(&scripts::RETRY, keys, args).await?;
        Ok(match &reply.bytes()?[..] {
            b"D" => Retried::Done,
            b"N" => Retried::Nothing,
            b"U" => Retried::Duplicate(reply.id()?),
            other => Retried::Not(state(other)?),
        })
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        let Some(queue) = self.queue_of(job).await? else { return Ok(Forgotten::Nothing) };
        let mut keys = vec![self.keys.jobs(&queue), self.keys.state(&queue), self.keys.completed(&queue)];
        keys.extend([self.keys.failed(&queue), self.keys.cancelled(&queue), self.keys.stats(&queue)]);
        keys.extend([self.keys.outbox(&queue), self.keys.delayed(&queue)]);
        let mut reply = self.connection.run(&scripts::FORGET, keys, vec![packed_id(job)]).await?;
        Ok(match &reply.bytes()?[..] {
            b"D" => {
                self.release_all(&queue, released(reply)?).await;
                Forgotten::Done
            }
            b"N" => Forgotten::Nothing,
            other => Forgotten::Not(state(other)?),
        })
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        let all = Priority::DESCENDING;
        let wanted = all.iter().filter(|&&one| priority.is_none_or(|priority| priority == one));
        let wanted: String = wanted.map(|one| char::from(b'0' + one.as_number())).collect();
        let (mut purged, mut passed) = (0, 0);
        while purged < max {
            let room = (max - purged).min(PER_CALL);
            let of_call = self.purge_some(queue, &wanted, room, passed).await;
            let of_call = of_call.map_err(|error| midway(error, purged > 0))?;
            purged += of_call.purged;
            passed += of_call.passed;
            if of_call.is_all {
                break;
            }
        }
        Ok(purged)
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        // First the set that is listed from, so that no queue is ever paused without being seen there.
        self.enlist_paused(queue, true).await?;
        self.flag_paused(queue, true).await.map_err(|error| midway(error, true))
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.flag_paused(queue, false).await?;
        self.enlist_paused(queue, false).await.map_err(|error| midway(error, true))
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        self.connection.run(&scripts::RESTART, vec![self.keys.restarts()], Vec::new()).await.map(|_| ())
    }

    async fn control(&self) -> Result<Control, StoreError> {
        let client = self.connection.client().await?;
        let (restarts, paused): (Option<u64>, Vec<String>) =
            tokio::try_join!(client.get(self.keys.restarts()), client.smembers(self.keys.all_paused()))
                .map_err(|error| meaning(&error))?;
        let mut paused: Vec<QueueName> = paused.iter().filter_map(|name| QueueName::new(name).ok()).collect();
        paused.sort();
        // A pause or its end may have been cut short: only the mark counts.
        let are_paused = each(&paused, async |queue| {
            client.hexists::<bool, _, _>(self.keys.marks(queue), "paused").await.map_err(|error| meaning(&error))
        });
        let Joined { done, failure } = are_paused.await;
        let paused = done.into_iter().filter(|(_, is_paused)| *is_paused).map(|(queue, _)| queue.clone()).collect();
        failure.map_or(Ok(()), Err)?;
        Ok(Control { restarts: restarts.unwrap_or(0), paused })
    }
}

/// What one call of a purge did.
struct Purge {
    purged: usize,
    /// Delayed jobs of other priorities that it went past.
    passed: usize,
    is_all: bool,
}

impl RedisStore {
    async fn queue_of(&self, job: JobId) -> Result<Option<QueueName>, StoreError> {
        Ok(match self.find(job).await? {
            Found::Here(record) => Some(record.queue),
            Found::Expired | Found::Nothing => None,
        })
    }

    async fn purge_some(
        &self,
        queue: &QueueName,
        priorities: &str,
        max: usize,
        passed: usize,
    ) -> Result<Purge, StoreError> {
        let mut keys = Vec::from(self.keys.all_pending(queue));
        keys.extend([self.keys.delayed(queue), self.keys.jobs(queue), self.keys.state(queue)]);
        keys.extend([self.keys.unique(queue), self.keys.outbox(queue), self.keys.marks(queue)]);
        let args = vec![count(max), priorities.into(), count(passed)];
        let mut reply = self.connection.run(&scripts::PURGE, keys, args).await?;
        let mut number = || reply.count().map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let purge = Purge { purged: number()?, passed: number()?, is_all: number()? == 1 };
        self.release_all(queue, released(reply)?).await;
        Ok(purge)
    }

    async fn flag_paused(&self, queue: &QueueName, is_paused: bool) -> Result<(), StoreError> {
        let args = vec![flag(is_paused), queue.as_str().into(), self.keys.wake_channel().into()];
        self.connection.run(&scripts::FLAG, vec![self.keys.marks(queue)], args).await.map(|_| ())
    }

    async fn enlist_paused(&self, queue: &QueueName, is_paused: bool) -> Result<(), StoreError> {
        let args = vec![flag(is_paused), queue.as_str().into()];
        self.connection.run(&scripts::ENLIST, vec![self.keys.all_paused()], args).await.map(|_| ())
    }
}

fn flag(is_set: bool) -> Value {
    Value::from(if is_set { "1" } else { "0" })
}

fn packed_id(id: JobId) -> Value {
    Value::from(Bytes::copy_from_slice(id.as_bytes()))
}

/// The state that a script names by its letter.
fn state(letter: &[u8]) -> Result<State, StoreError> {
    letter.first().and_then(|&letter| StoredState::named(letter)).ok_or_else(records::damaged)
}
