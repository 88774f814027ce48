//! Housekeeping over every queue: a cheap look at all of them at the same time, then a call where there is something.

use fred::interfaces::SetsInterface;
use fred::types::Value;
use futures::future::join_all;
use journeyman_job::QueueName;
use tracing::warn;

use super::connection::meaning;
use super::driver::count;
use super::together::{midway, together};
use super::{RedisStore, records, scripts};
use crate::clock::{Timestamp, micros};
use crate::queue::limits::PER_CALL;
use crate::queue::{Beat, ReserveRequest, ReservedJob, StoreError, WorkerId};

/// What the housekeepers have to do in one queue.
struct Chores {
    queue: QueueName,
    due: u64,
    /// Entries in the outbox.
    untold: u64,
    /// Workers whose lease has ended.
    dead: Vec<WorkerId>,
}

impl RedisStore {
    /// Every queue that was ever pushed to, by name. A name put there by hand that is none is left out.
    pub(super) async fn all_queues(&self) -> Result<Vec<QueueName>, StoreError> {
        let client = self.connection.client().await?;
        let names: Vec<String> = client.smembers(self.keys.queues()).await.map_err(|error| meaning(&error))?;
        let mut queues: Vec<QueueName> = names.iter().filter_map(|name| QueueName::new(name).ok()).collect();
        queues.sort();
        self.registered.lock().extend(queues.iter().cloned());
        Ok(queues)
    }

    pub(super) async fn promote_everywhere(&self, max: usize) -> Result<usize, StoreError> {
        let chores = self.look_around().await?;
        // What one queue's outbox holds keeps no other queue waiting.
        let left = chores.iter().filter(|chores| chores.untold > 0);
        for relayed in join_all(left.map(|chores| self.relay(&chores.queue))).await {
            if let Err(error) = relayed {
                warn!(%error, "an outbox is left to the next promotion");
            }
        }
        let mut promoted = 0;
        for chores in chores.into_iter().filter(|chores| chores.due > 0) {
            // A call touches a bounded number of jobs, however many may be promoted in all.
            while promoted < max {
                let limit = (max - promoted).min(PER_CALL);
                let of_call = self.promote_in(&chores.queue, limit).await?;
                promoted += of_call;
                if of_call < limit {
                    break;
                }
            }
        }
        Ok(promoted)
    }

    pub(super) async fn reclaim_everywhere(
        &self,
        request: &ReserveRequest<'_>,
    ) -> Result<Vec<ReservedJob>, StoreError> {
        if request.is_repeat {
            let taken = self.recall(request, &self.all_queues().await?).await?;
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
        let mut jobs = Vec::new();
        for chores in self.look_around().await? {
            for dead in &chores.dead {
                if dead == request.worker {
                    // The call is itself a sign of life: a reaper never takes from its own worker.
                    let beat = Beat { worker: dead, lease: request.lease, held: &[] };
                    self.beat_on(&chores.queue, &beat, &[]).await?;
                } else if jobs.len() < request.max {
                    let room = request.max - jobs.len();
                    let taken = self.reclaim_from(&chores.queue, dead, request, room).await;
                    jobs.extend(taken.map_err(|error| midway(error, !jobs.is_empty()))?);
                }
            }
        }
        Ok(jobs)
    }

    pub(super) async fn retire_everywhere(&self, worker: &WorkerId) -> Result<(), StoreError> {
        let queues = self.all_queues().await?;
        let calls = queues.iter().map(|queue| {
            let keys = vec![self.keys.leases(queue), self.keys.reserved(queue, worker)];
            self.connection.run(&scripts::RETIRE, keys, vec![worker.as_str().into()])
        });
        together(calls).await.map(|_| ())
    }

    async fn look_around(&self) -> Result<Vec<Chores>, StoreError> {
        let queues = self.all_queues().await?;
        together(queues.into_iter().map(|queue| self.chores_of(queue))).await
    }

    async fn chores_of(&self, queue: QueueName) -> Result<Chores, StoreError> {
        let keys = vec![self.keys.delayed(&queue), self.keys.leases(&queue), self.keys.outbox(&queue)];
        let mut reply = self.connection.run(&scripts::SWEEP, keys, vec![self.now()]).await?;
        let (due, untold) = (reply.count()?, reply.count()?);
        let mut dead = Vec::new();
        while !reply.is_empty() {
            // A name put there by hand that is none holds nothing either.
            dead.extend(WorkerId::new(&reply.text()?).ok());
        }
        Ok(Chores { queue, due, untold, dead })
    }

    async fn reclaim_from(
        &self,
        queue: &QueueName,
        dead: &WorkerId,
        request: &ReserveRequest<'_>,
        max: usize,
    ) -> Result<Vec<ReservedJob>, StoreError> {
        let keys = vec![
            self.keys.leases(queue),
            self.keys.reserved(queue, dead),
            self.keys.reserved(queue, request.worker),
            self.keys.jobs(queue),
            self.keys.state(queue),
            self.keys.quarantine(queue),
        ];
        let args: Vec<Value> = vec![
            self.now(),
            micros(request.lease).into(),
            request.call.to_string().into(),
            count(max.min(PER_CALL)),
            request.worker.as_str().into(),
            dead.as_str().into(),
        ];
        let mut reply = self.connection.run(&scripts::RECLAIM, keys, args).await?;
        let now = Timestamp::from_micros(reply.integer()?);
        let mut jobs = Vec::new();
        while !reply.is_empty() {
            let (tag, job, trail) = (reply.bytes()?, reply.bytes()?, reply.bytes()?);
            let taken = records::reserved_job(&tag, &job, trail, (queue, request.worker), request.call, now)?;
            jobs.push(ReservedJob { lost: Some(records::lost(&reply.bytes()?)?), ..taken });
        }
        Ok(jobs)
    }
}
