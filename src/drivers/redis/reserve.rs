//! Taking jobs: strictly by priority, then queue, then age, although no script may touch two queues.

use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use journeyman_job::{Priority, QueueName};
use tracing::warn;

use super::driver::count;
use super::records::{Hold, damaged};
use super::rota::{Pick, TURNS};
use super::together::{Joined, each, midway};
use super::wire::Reply;
use super::{RedisStore, records, scripts};
use crate::clock::{Timestamp, micros};
use crate::queue::limits::{CALL_BYTES, PER_CALL};
use crate::queue::{ReserveRequest, Reserved, ReservedJob, StoreError};

/// What waits in one queue.
struct Waiting {
    next_due: Option<Duration>,
    /// By priority, lowest first.
    lengths: [u64; 4],
}

/// One call to make: a queue and the priorities to take from it, in order.
#[derive(Debug, PartialEq)]
struct Step {
    queue: usize,
    priorities: Vec<Priority>,
}

impl RedisStore {
    /// One call for one queue. For several a look at each, all at the same time, then a call per queue and priority
    /// that has something, in the worker's order until `max` are taken.
    pub(super) async fn reserve_across(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        if request.is_repeat {
            let taken = self.recall(request, self.rotas.reserve.busy(request.queues)).await?;
            if !taken.is_empty() {
                let (looks, _) = self.looks(request).await?;
                let next_due = looks.iter().filter_map(|(_, look)| look.next_due).min();
                return Ok(Reserved { jobs: taken, next_due });
            }
        }
        let max = request.max.min(PER_CALL);
        if let [queue] = request.queues {
            return self.reserve_from(queue, request, max, &request.order).await;
        }
        let (looks, is_part) = self.looks(request).await?;
        let mut next_due: Vec<Option<Duration>> = looks.iter().map(|(_, look)| look.next_due).collect();
        let mut jobs = Vec::new();
        for step in plan(request.order, &looks.iter().map(|(_, look)| look.lengths).collect::<Vec<_>>()) {
            if jobs.len() >= max || bytes(&jobs) >= CALL_BYTES {
                break;
            }
            let (queue, room) = (looks[step.queue].0, max - jobs.len());
            match self.reserve_from(queue, request, room, &step.priorities).await {
                Ok(taken) => {
                    jobs.extend(taken.jobs);
                    next_due[step.queue] = taken.next_due;
                }
                // The jobs taken so far are found again by a repeat of this call.
                Err(error) if error.is_passing() => return Err(midway(error, !jobs.is_empty())),
                Err(error) => warn!(%queue, %error, "a queue is passed over"),
            }
        }
        // Where not every queue could be looked at yet, something may be due now.
        let unseen = is_part.then_some(Duration::ZERO);
        Ok(Reserved { jobs, next_due: next_due.into_iter().flatten().chain(unseen).min() })
    }

    /// What waits in the queues that may have something, in their order, and whether there are more to be looked at soon.
    async fn looks<'a>(
        &self,
        request: &ReserveRequest<'a>,
    ) -> Result<(Vec<(&'a QueueName, Waiting)>, bool), StoreError> {
        let Pick { queues, is_part } = self.rotas.reserve.pick(request.queues, TURNS);
        let looks = each(queues, async |queue| {
            let look = self.look(queue, PER_CALL).await?;
            self.rotas.reserve.found(queue, look.next_due.is_none() && look.lengths == [0; 4]);
            Ok(look)
        });
        let Joined { done, failure } = looks.await.unless_all_failed()?;
        if let Some(error) = failure {
            warn!(%error, "queues are passed over");
        }
        Ok((done, is_part))
    }

    /// What an earlier call of this name took from these queues, in the order to run it.
    pub(super) async fn recall(
        &self,
        request: &ReserveRequest<'_>,
        queues: Vec<&QueueName>,
    ) -> Result<Vec<ReservedJob>, StoreError> {
        // What one queue does not tell now is given back by a beat.
        let Joined { done, failure } = each(queues, |queue| self.recall_from(queue, request)).await;
        let mut jobs: Vec<ReservedJob> = done.into_iter().flat_map(|(_, jobs)| jobs).collect();
        if let Some(error) = failure.filter(|_| jobs.is_empty()) {
            return Err(error);
        }
        jobs.sort_by_key(|job| request.order.iter().position(|&priority| priority == job.reservation.priority));
        Ok(jobs)
    }

    async fn recall_from(
        &self,
        queue: &QueueName,
        request: &ReserveRequest<'_>,
    ) -> Result<Vec<ReservedJob>, StoreError> {
        let keys = vec![self.keys.reserved(queue, request.worker), self.keys.jobs(queue), self.keys.state(queue)];
        let args = vec![Value::from(request.call.to_string()), count(PER_CALL)];
        let mut reply = self.connection.run(&scripts::RECALL, keys, args).await?;
        let mut jobs = Vec::new();
        while !reply.is_empty() {
            let (tag, job, trail, since) = (reply.bytes()?, reply.bytes()?, reply.bytes()?, reply.bytes()?);
            let read = || hold(queue, request, records::time(&since, 0)?).tagged(&tag, &job, trail);
            jobs.extend(records::readable(queue, read()));
        }
        Ok(jobs)
    }

    /// Promotes what is due and tells what waits.
    async fn look(&self, queue: &QueueName, max_promoted: usize) -> Result<Waiting, StoreError> {
        self.promote_on(queue, max_promoted).await.map(|(_, waiting)| waiting)
    }

    /// Promotes what is due in one queue; also tells what waits there.
    async fn promote_on(&self, queue: &QueueName, max: usize) -> Result<(usize, Waiting), StoreError> {
        let mut keys = Vec::from(self.keys.all_pending(queue));
        keys.push(self.keys.delayed(queue));
        let args = vec![self.now(), count(max), queue.as_str().into(), self.keys.wake_channel().into()];
        let mut reply = self.connection.run(&scripts::PROMOTE, keys, args).await?;
        let promoted = usize::try_from(reply.count()?).unwrap_or(usize::MAX);
        let next_due = due(reply.integer()?);
        let lengths = [reply.count()?, reply.count()?, reply.count()?, reply.count()?];
        Ok((promoted, Waiting { next_due, lengths }))
    }

    /// Makes due jobs of one queue pending.
    pub(super) async fn promote_in(&self, queue: &QueueName, max: usize) -> Result<usize, StoreError> {
        self.promote_on(queue, max).await.map(|(promoted, _)| promoted)
    }

    async fn reserve_from(
        &self,
        queue: &QueueName,
        request: &ReserveRequest<'_>,
        max: usize,
        priorities: &[Priority],
    ) -> Result<Reserved, StoreError> {
        let mut keys = Vec::from(self.keys.all_pending(queue));
        keys.extend([self.keys.delayed(queue), self.keys.jobs(queue), self.keys.state(queue)]);
        keys.extend([self.keys.leases(queue), self.keys.reserved(queue, request.worker), self.keys.quarantine(queue)]);
        keys.push(self.keys.marks(queue));
        let order: String = priorities.iter().map(|&priority| char::from(b'0' + priority.as_number())).collect();
        let args: Vec<Value> = vec![
            self.now(),
            micros(request.lease).into(),
            request.call.to_string().into(),
            count(max),
            order.into(),
            request.worker.as_str().into(),
            count(PER_CALL),
            queue.as_str().into(),
            self.keys.wake_channel().into(),
            count(CALL_BYTES),
        ];
        let mut reply = self.connection.run(&scripts::RESERVE, keys, args).await?;
        let now = Timestamp::from_micros(reply.integer()?);
        let next_due = due(reply.integer()?);
        let mut jobs = Vec::new();
        while !reply.is_empty() {
            hand_over(reply.array()?, &hold(queue, request, now), &mut jobs)?;
        }
        Ok(Reserved { jobs, next_due })
    }
}

/// Jobs that the reserving script took in one go.
fn hand_over(mut batch: Reply, hold: &Hold<'_>, jobs: &mut Vec<ReservedJob>) -> Result<(), StoreError> {
    let digit = batch.bytes()?;
    let mark = *digit.first().ok_or_else(damaged)?;
    let (mut ids, mut values) = (batch.array()?, batch.array()?);
    let mut pasts = if batch.is_empty() { None } else { Some(batch.array()?) };
    while !ids.is_empty() {
        let (id, value) = (ids.bytes()?, values.bytes()?);
        let mut past = pasts.as_mut().map_or(Ok(Bytes::from_static(FIRST)), Reply::bytes)?;
        let attempts = past.split_to(past.len().min(FIRST.len()));
        jobs.extend(records::readable(hold.queue, hold.job(&id, mark, &attempts, (&value, past))));
    }
    Ok(())
}

/// Attempts of a job that is reserved for the first time; behind them stands its trail.
const FIRST: &[u8] = b"000001";

fn hold<'a>(queue: &'a QueueName, request: &ReserveRequest<'a>, since: Timestamp) -> Hold<'a> {
    Hold { queue, worker: request.worker, call: request.call, since }
}

/// The calls to make, in this order; neighbours of one queue become one call.
fn plan(order: [Priority; 4], lengths: &[[u64; 4]]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for priority in order {
        for (queue, of_queue) in lengths.iter().enumerate() {
            if of_queue[usize::from(priority.as_number()) - 1] == 0 {
                continue;
            }
            match steps.last_mut() {
                Some(last) if last.queue == queue => last.priorities.push(priority),
                _ => steps.push(Step { queue, priorities: vec![priority] }),
            }
        }
    }
    steps
}

/// What these jobs weigh.
fn bytes(jobs: &[ReservedJob]) -> usize {
    jobs.iter().map(|job| job.body.len() + job.trail.len()).sum()
}

/// How long until the next delayed job, as the scripts tell it.
fn due(micros: i64) -> Option<Duration> {
    u64::try_from(micros).ok().map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: Priority = Priority::Low;
    const HIGH: Priority = Priority::High;

    fn steps(order: [Priority; 4], lengths: &[[u64; 4]]) -> Vec<(usize, Vec<Priority>)> {
        plan(order, lengths).into_iter().map(|step| (step.queue, step.priorities)).collect()
    }

    #[test]
    fn r17_the_plan_goes_by_priority_then_by_queue() {
        let order = steps(Priority::DESCENDING, &[[1, 0, 2, 0], [0, 0, 3, 4], [0; 4]]);
        assert_eq!(order, [(1, vec![Priority::Critical]), (0, vec![HIGH]), (1, vec![HIGH]), (0, vec![LOW])]);
    }

    #[test]
    fn r17_the_plan_is_in_the_workers_order() {
        let mut order = Priority::DESCENDING;
        order.reverse();
        let steps = steps(order, &[[1, 0, 2, 0], [0, 0, 3, 0]]);
        assert_eq!(steps, [(0, vec![LOW, HIGH]), (1, vec![HIGH])]);
    }

    #[test]
    fn a_lone_busy_queue_takes_one_call() {
        let steps = steps(Priority::DESCENDING, &[[0; 4], [5, 0, 6, 7]]);
        assert_eq!(steps, [(1, vec![Priority::Critical, HIGH, LOW])]);
    }
}
