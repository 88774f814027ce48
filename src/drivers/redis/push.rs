//! Storing new jobs: by one call where they share a slot, and step by step where they do not.

use std::collections::BTreeMap;

use bytes::Bytes;
use fred::interfaces::SetsInterface;
use fred::types::Value;
use journeyman_job::{JobId, Priority, QueueName, When};

use super::connection::meaning;
use super::driver::letters;
use super::records::ClaimNumber;
use super::together::midway;
use super::{RedisStore, packed, scripts};
use crate::queue::limits::BULK;
use crate::queue::{NewJob, PushOutcome, StoreError, Unit};

/// What is known of a push over several queues: outcomes of the jobs that were answered for, and how it went.
pub(super) struct Pushed {
    pub(super) outcomes: Vec<Option<PushOutcome>>,
    pub(super) result: Result<(), StoreError>,
}

/// What became of a job in its queue's slot.
pub(super) struct Answer {
    pub(super) outcome: PushOutcome,
    /// Whether the record there is bound to the claim on the job's id.
    pub(super) keeps_claim: bool,
}

impl RedisStore {
    pub(super) async fn push_all(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        if unit == Unit::Whole && !is_one_call(jobs) {
            return self.push_whole(jobs).await;
        }
        let Pushed { outcomes, result } = self.push_each(jobs, unit).await;
        result?;
        outcomes.into_iter().map(|outcome| outcome.ok_or_else(unanswered)).collect()
    }

    /// Pushes jobs to their queues, one queue after the other, until one fails.
    pub(super) async fn push_each(&self, jobs: &[NewJob], unit: Unit) -> Pushed {
        if jobs.iter().any(|job| job.is_named) {
            return self.push_named(jobs, unit).await;
        }
        let (answers, result) = self.push_claimed(jobs, &vec![None; jobs.len()], unit).await;
        Pushed { outcomes: answers.into_iter().map(|answer| answer.map(|answer| answer.outcome)).collect(), result }
    }

    /// The same for jobs whose ids, where named, have been claimed.
    pub(super) async fn push_claimed(
        &self,
        jobs: &[NewJob],
        claims: &[Option<ClaimNumber>],
        unit: Unit,
    ) -> (Vec<Option<Answer>>, Result<(), StoreError>) {
        let mut answers: Vec<Option<Answer>> = jobs.iter().map(|_| None).collect();
        let mut has_stored = false;
        for (queue, places) in by_queue(jobs) {
            // A whole bulk fits into one call, and is one atomic unit.
            for places in places.chunks(BULK) {
                let batch: Vec<_> = places.iter().map(|&place| (&jobs[place], claims[place])).collect();
                match self.push_to(queue, &batch, unit).await {
                    Ok(of_call) => {
                        for (&place, answer) in places.iter().zip(of_call) {
                            has_stored |= matches!(answer.outcome, PushOutcome::Stored { .. });
                            answers[place] = Some(answer);
                        }
                    }
                    Err(error) => return (answers, Err(midway(error, has_stored))),
                }
            }
        }
        (answers, Ok(()))
    }

    async fn push_to(
        &self,
        queue: &QueueName,
        jobs: &[(&NewJob, Option<ClaimNumber>)],
        unit: Unit,
    ) -> Result<Vec<Answer>, StoreError> {
        self.register(queue).await?;
        if jobs.iter().all(|(job, claim)| is_plain(job) && claim.is_none())
            && let Some(answers) = self.push_plain(queue, jobs).await?
        {
            return Ok(answers);
        }
        let mut keys = Vec::from(self.keys.all_pending(queue));
        keys.extend([self.keys.delayed(queue), self.keys.jobs(queue), self.keys.stats(queue)]);
        if jobs.iter().any(|(job, claim)| job.unique.is_some() || claim.is_some()) {
            keys.extend([self.keys.unique(queue), self.keys.outbox(queue)]);
        }
        let whole = if unit == Unit::Whole { "w" } else { "-" };
        let mut args = vec![self.now(), queue.as_str().into(), self.keys.wake_channel().into(), whole.into()];
        for (job, claim) in jobs {
            args.extend([Value::from(packed::new(job, *claim)?), job.envelope.body.clone().into()]);
        }
        let mut reply = self.connection.run(&scripts::PUSH, keys, args).await?;
        let letters = letters(&mut reply, jobs.len(), Some)?;
        if reply.integer()? == 1 {
            self.register_again(queue).await?;
        }
        let mut answers = Vec::with_capacity(jobs.len());
        for letter in letters {
            let outcome = match letter {
                b'p' => PushOutcome::Stored { delayed: false },
                b'd' => PushOutcome::Stored { delayed: true },
                b'r' | b'n' => PushOutcome::Repeated,
                b'u' => PushOutcome::Duplicate(reply.id()?),
                b'w' => PushOutcome::Withheld,
                _ => PushOutcome::Conflict,
            };
            answers.push(Answer { outcome, keeps_claim: matches!(letter, b'p' | b'd' | b'n') });
        }
        Ok(answers)
    }

    /// Stores plain jobs by the smaller script, unless one of their ids is there already.
    async fn push_plain(
        &self,
        queue: &QueueName,
        jobs: &[(&NewJob, Option<ClaimNumber>)],
    ) -> Result<Option<Vec<Answer>>, StoreError> {
        if has_twice(jobs.iter().map(|(job, _)| job.id())) {
            return Ok(None);
        }
        let mut keys = vec![self.keys.jobs(queue), self.keys.stats(queue)];
        let mut args = vec![self.now(), queue.as_str().into(), self.keys.wake_channel().into()];
        let mut pairs = Vec::with_capacity(2 * jobs.len());
        for priority in Priority::DESCENDING {
            let of_priority = jobs.iter().filter(|(job, _)| job.envelope.priority == priority);
            let before = pairs.len();
            for (NewJob { envelope, .. }, _) in of_priority {
                pairs.push(Value::from(Bytes::copy_from_slice(envelope.id.as_bytes())));
                pairs.push(envelope.body.clone().into());
            }
            let count = (pairs.len() - before) / 2;
            if count > 0 {
                keys.push(self.keys.pending(queue, priority));
                args.extend([i64::from(priority.as_number()).into(), i64::try_from(count).unwrap_or(0).into()]);
            }
        }
        args.extend(pairs);
        match self.connection.run(&scripts::PUSH_PLAIN, keys, args).await?.integer()? {
            -1 => return Ok(None),
            1 => self.register_again(queue).await?,
            _ => {}
        }
        let stored = || Answer { outcome: PushOutcome::Stored { delayed: false }, keeps_claim: true };
        Ok(Some(jobs.iter().map(|_| stored()).collect()))
    }

    /// Enters a queue whose first jobs were stored just now: if all data was lost a moment ago, so was its name.
    async fn register_again(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.registered.lock().remove(queue);
        // The jobs are stored whatever comes of that; a repeat of the push tries again.
        self.register(queue).await.map_err(|error| midway(error, true))
    }

    /// Enters a queue in the set of all, before its first job, so that a housekeeper cannot miss it.
    pub(super) async fn register(&self, queue: &QueueName) -> Result<(), StoreError> {
        if self.registered.lock().contains(queue) {
            return Ok(());
        }
        let client = self.connection.client().await?;
        client.sadd::<(), _, _>(self.keys.queues(), queue.as_str()).await.map_err(|error| meaning(&error))?;
        self.registered.lock().insert(queue.clone());
        self.listed.clear();
        Ok(())
    }
}

fn is_one_call(jobs: &[NewJob]) -> bool {
    jobs.len() <= BULK && jobs.iter().all(|job| job.envelope.queue == jobs[0].envelope.queue)
}

/// Whether a job may run at once and is nothing but a body under an id.
fn is_plain(job: &NewJob) -> bool {
    job.when == When::Now && job.unique.is_none() && !job.is_named
}

pub(super) fn has_twice(ids: impl Iterator<Item = JobId>) -> bool {
    let mut ids: Vec<JobId> = ids.collect();
    ids.sort_unstable();
    ids.windows(2).any(|pair| pair[0] == pair[1])
}

/// Places of the jobs by queue, in order.
pub(super) fn by_queue(jobs: &[NewJob]) -> BTreeMap<&QueueName, Vec<usize>> {
    let mut groups: BTreeMap<&QueueName, Vec<usize>> = BTreeMap::new();
    for (place, job) in jobs.iter().enumerate() {
        groups.entry(&job.envelope.queue).or_default().push(place);
    }
    groups
}

/// For each job whether an earlier one of the same push bears its id but is another.
pub(super) fn clashes(jobs: &[NewJob]) -> Vec<bool> {
    let mut first: BTreeMap<JobId, &NewJob> = BTreeMap::new();
    let is_other = |job: &NewJob, first: &NewJob| {
        job.envelope.queue != first.envelope.queue || job.envelope.body != first.envelope.body
    };
    jobs.iter().map(|job| is_other(job, first.entry(job.id()).or_insert(job))).collect()
}

/// What a bulk is told of which one or more jobs stand in the way.
pub(super) fn withheld(in_conflict: impl IntoIterator<Item = bool>) -> Vec<PushOutcome> {
    let told = |is_at_fault| if is_at_fault { PushOutcome::Conflict } else { PushOutcome::Withheld };
    in_conflict.into_iter().map(told).collect()
}

/// Every job is answered for when no call fails.
pub(super) fn unanswered() -> StoreError {
    StoreError::Unknown("Redis did not answer for every job".to_owned())
}
