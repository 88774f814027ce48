//! Housekeeping over every queue: a cheap look at all of them at the same time, then a call where there is something.

use std::sync::Arc;

use fred::interfaces::SetsInterface;
use fred::types::Value;
use futures::future::join_all;
use journeyman_job::QueueName;
use tracing::warn;

use super::connection::meaning;
use super::driver::count;
use super::records::Hold;
use super::rota::TURNS;
use super::together::{Joined, each};
use super::{RedisStore, records, scripts};
use crate::clock::{Timestamp, micros};
use crate::drivers::takeover::{TOO_LATE, Takeover};
use crate::queue::limits::PER_CALL;
use crate::queue::{Beat, ReserveRequest, ReservedJob, StoreError, WorkerId};

/// What the housekeepers have to do in one queue.
struct Chores {
    queue: QueueName,
    due: u64,
    /// Entries in the outbox.
    untold: u64,
    /// Whether there may be something to do without any hint.
    is_idle: bool,
    /// Workers whose lease has ended.
    dead: Vec<WorkerId>,
}

impl RedisStore {
    /// Every queue that was ever pushed to, by name. A name put there by hand that is none is left out. Of very many the list
    /// may be a second old: to read it takes longer than most of what is done with it.
    pub(super) async fn all_queues(&self) -> Result<Arc<[QueueName]>, StoreError> {
        if let Some(listed) = self.listed.recent() {
            return Ok(listed);
        }
        let client = self.connection.client().await?;
        let names: Vec<String> = client.smembers(self.keys.queues()).await.map_err(|error| meaning(&error))?;
        let mut queues: Vec<QueueName> = names.iter().filter_map(|name| QueueName::new(name).ok()).collect();
        queues.sort();
        self.registered.lock().extend(queues.iter().cloned());
        let queues: Arc<[QueueName]> = queues.into();
        self.listed.set(Arc::clone(&queues));
        Ok(queues)
    }

    pub(super) async fn promote_everywhere(&self, max: usize) -> Result<usize, StoreError> {
        let (chores, mut failure) = self.look_around().await?;
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
                match self.promote_in(&chores.queue, limit).await {
                    Ok(of_call) => {
                        promoted += of_call;
                        if of_call < limit {
                            break;
                        }
                    }
                    Err(error) => {
                        warn!(queue = %chores.queue, %error, "due jobs are left to the next promotion");
                        failure = failure.or(Some(error).filter(StoreError::is_passing));
                        break;
                    }
                }
            }
        }
        failure.map_or(Ok(promoted), Err)
    }

    pub(super) async fn reclaim_everywhere(
        &self,
        request: &ReserveRequest<'_>,
    ) -> Result<Vec<ReservedJob>, StoreError> {
        if request.is_repeat {
            let queues = self.all_queues().await?;
            let taken = self.recall(request, self.rotas.sweep.busy(&queues)).await?;
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
        let mut jobs = Vec::new();
        let takeover = Takeover::begins(request);
        let (chores, mut failure) = self.look_around().await?;
        for chores in chores {
            for dead in &chores.dead {
                let taken = if dead == request.worker {
                    // The call is itself a sign of life: a reaper never takes from its own worker.
                    let beat = Beat { worker: dead, lease: request.lease, held: &[] };
                    self.beat_on(&chores.queue, &beat, &[]).await.map(|_| Vec::new())
                } else if takeover.is_too_late() {
                    Err(StoreError::Unavailable(TOO_LATE.to_owned()))
                } else if jobs.len() < request.max {
                    self.reclaim_from(&chores.queue, dead, request, request.max - jobs.len()).await
                } else {
                    continue;
                };
                match taken {
                    Ok(taken) => jobs.extend(taken),
                    Err(error) => {
                        warn!(queue = %chores.queue, %error, "jobs of a dead worker are left to the next sweep");
                        failure = failure.or(Some(error).filter(StoreError::is_passing));
                    }
                }
            }
        }
        match failure {
            // Told even though other queues were swept: where workers could not beat, none is to be taken for dead.
            Some(error) if jobs.is_empty() => Err(error),
            // What was taken comes first; the next sweep tells. Jobs of a lost answer are given back by a beat.
            _ => Ok(jobs),
        }
    }

    pub(super) async fn retire_everywhere(&self, worker: &WorkerId) -> Result<(), StoreError> {
        let queues = self.all_queues().await?;
        let retired = each(queues.iter(), |queue| {
            let keys = vec![self.keys.leases(queue), self.keys.reserved(queue, worker)];
            self.connection.run(&scripts::RETIRE, keys, vec![worker.as_str().into()])
        });
        retired.await.failure.map_or(Ok(()), Err)
    }

    /// What is to be done in the queues whose turn it is, and the error of one that could not be looked at.
    async fn look_around(&self) -> Result<(Vec<Chores>, Option<StoreError>), StoreError> {
        let queues = self.all_queues().await?;
        let looks = each(self.rotas.sweep.pick(&queues, TURNS).queues, async |queue| {
            let chores = self.chores_of(queue.clone()).await?;
            self.rotas.sweep.found(queue, chores.is_idle);
            Ok(chores)
        });
        let Joined { done, failure } = looks.await.unless_all_failed()?;
        let chores = done.into_iter().map(|(_, chores)| chores).collect();
        Ok((chores, failure))
    }

    async fn chores_of(&self, queue: QueueName) -> Result<Chores, StoreError> {
        let keys = vec![self.keys.delayed(&queue), self.keys.leases(&queue), self.keys.outbox(&queue)];
        let mut reply = self.connection.run(&scripts::SWEEP, keys, vec![self.now()]).await?;
        let (due, untold, is_idle) = (reply.count()?, reply.count()?, reply.count()? == 0);
        let mut dead = Vec::new();
        while !reply.is_empty() {
            // A name put there by hand that is none holds nothing either.
            dead.extend(WorkerId::new(&reply.text()?).ok());
        }
        Ok(Chores { queue, due, untold, is_idle, dead })
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
        let hold = Hold { queue, worker: request.worker, call: request.call, since: now };
        let mut jobs = Vec::new();
        while !reply.is_empty() {
            let (tag, job, trail) = (reply.bytes()?, reply.bytes()?, reply.bytes()?);
            let lost = reply.bytes()?;
            let read = || {
                let taken = hold.tagged(&tag, &job, trail)?;
                Ok(ReservedJob { lost: Some(records::lost(&lost)?), ..taken })
            };
            jobs.extend(records::readable(queue, read()));
        }
        Ok(jobs)
    }
}
