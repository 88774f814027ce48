//! Housekeeping over every queue: a cheap look at all of them at the same time, then a call where there is something.

use fred::interfaces::SetsInterface;
use fred::types::Value;
use journeyman_job::QueueName;

use super::connection::meaning;
use super::driver::count;
use super::together::{midway, together};
use super::{RedisStore, records, scripts};
use crate::clock::{Timestamp, micros};
use crate::queue::limits::PER_CALL;
use crate::queue::{Beat, ReserveRequest, ReservedJob, Retention, StoreError, WorkerId};

/// What the housekeepers have to do in one queue.
struct Chores {
    queue: QueueName,
    due: u64,
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
        let mut promoted = 0;
        for chores in self.look_around().await?.into_iter().filter(|chores| chores.due > 0) {
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

    pub(super) async fn prune_everywhere(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        let ttl = micros(retention.ttl);
        // Without retention completed and cancelled jobs go at once, and failed ones stay as long as there is room.
        let failed_ttl = if ttl == 0 { -1 } else { ttl };
        let mut pruned = 0;
        for queue in self.all_queues().await? {
            let lists = [
                (self.keys.completed(&queue), ttl),
                (self.keys.failed(&queue), failed_ttl),
                (self.keys.cancelled(&queue), ttl),
            ];
            for (list, ttl) in lists {
                while pruned < max {
                    let limit = (max - pruned).min(PER_CALL);
                    let of_call = self.prune_list(&queue, list.clone(), ttl, retention.max_records, limit).await?;
                    pruned += of_call;
                    if of_call < limit {
                        break;
                    }
                }
            }
        }
        Ok(pruned)
    }

    async fn look_around(&self) -> Result<Vec<Chores>, StoreError> {
        let queues = self.all_queues().await?;
        together(queues.into_iter().map(|queue| self.chores_of(queue))).await
    }

    async fn chores_of(&self, queue: QueueName) -> Result<Chores, StoreError> {
        let keys = vec![self.keys.delayed(&queue), self.keys.leases(&queue)];
        let mut reply = self.connection.run(&scripts::SWEEP, keys, vec![self.now()]).await?;
        let due = reply.count()?;
        let mut dead = Vec::new();
        while !reply.is_empty() {
            // A name put there by hand that is none holds nothing either.
            dead.extend(WorkerId::new(&reply.text()?).ok());
        }
        Ok(Chores { queue, due, dead })
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

    /// Removes from one list of ended jobs what is older than `ttl` microseconds (-1: however old) or beyond `keep`.
    async fn prune_list(
        &self,
        queue: &QueueName,
        list: String,
        ttl: i64,
        keep: u64,
        max: usize,
    ) -> Result<usize, StoreError> {
        let keys = vec![list, self.keys.jobs(queue), self.keys.state(queue), self.keys.stats(queue)];
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let args: Vec<Value> = vec![self.now(), ttl.into(), keep.into(), count(max)];
        let pruned = self.connection.run(&scripts::PRUNE, keys, args).await?.count()?;
        Ok(usize::try_from(pruned).unwrap_or(max))
    }
}
