//! Ids that callers chose. Queues live in slots of their own, so an id is claimed in a slot that follows from the id
//! alone, before its job is stored.
//!
//! A fresh claim ends by itself. The script that stores the job leaves a note in the outbox of its queue; whoever sees
//! that note makes the claim last, or ends it if the job is gone again. A job that is removed leaves a note, too.

use std::collections::HashMap;

use bytes::Bytes;
use fred::interfaces::{HashesInterface, KeysInterface};
use fred::types::Value;
use futures::future::join_all;
use journeyman_job::{JobId, QueueName};
use sha2::{Digest, Sha256};
use tracing::debug;

use super::connection::meaning;
use super::push::{Answer, Pushed, clashes, withheld};
use super::records::{ClaimNumber, StoredJob};
use super::together::together;
use super::whole::in_conflict;
use super::{RedisStore, packed, scripts};
use crate::clock::micros;
use crate::queue::{Envelope, NewJob, PushOutcome, StoreError, Unit};

/// How long a claim stands whose job may be on its way. Whoever died in between left a note that is read far sooner.
const UNCONFIRMED: std::time::Duration = std::time::Duration::from_secs(3600);

/// A claim on the id of one job of a push.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Claim {
    /// The id is nobody's choice.
    Needless,
    Mine {
        number: ClaimNumber,
        /// Whether this push made it, and may take it back.
        is_new: bool,
    },
    /// The id belongs to another job.
    Taken,
}

impl Claim {
    pub(super) fn number(self) -> Option<ClaimNumber> {
        match self {
            Self::Mine { number, .. } => Some(number),
            Self::Needless | Self::Taken => None,
        }
    }
}

impl RedisStore {
    pub(super) async fn push_named(&self, jobs: &[NewJob], unit: Unit) -> Pushed {
        let unanswered = || vec![None; jobs.len()];
        let claims = match self.claim_all(jobs).await {
            Ok(claims) => claims,
            Err(error) => return Pushed { outcomes: unanswered(), result: Err(error) },
        };
        let is_taken = |claim: &Claim| *claim == Claim::Taken;
        if unit == Unit::Whole && claims.iter().any(is_taken) {
            let known = self.known_bodies(jobs).await;
            self.settle_claims(jobs, &claims, &[], true).await;
            return match known {
                Ok(known) => {
                    let outcomes = withheld(in_conflict(jobs, &claims, &known)).into_iter().map(Some).collect();
                    Pushed { outcomes, result: Ok(()) }
                }
                Err(error) => Pushed { outcomes: unanswered(), result: Err(error) },
            };
        }
        let free: Vec<usize> = (0..jobs.len()).filter(|&place| !is_taken(&claims[place])).collect();
        let kept: Vec<NewJob> = free.iter().map(|&place| jobs[place].clone()).collect();
        let claims: Vec<Claim> = free.iter().map(|&place| claims[place]).collect();
        let numbers: Vec<_> = claims.iter().map(|claim| claim.number()).collect();
        let (answers, result) = self.push_claimed(&kept, &numbers, unit).await;
        let is_known = !matches!(result, Err(StoreError::Unknown(_)));
        self.settle_claims(&kept, &claims, &answers, is_known).await;
        let mut outcomes = vec![Some(PushOutcome::Conflict); jobs.len()];
        for (place, answer) in free.into_iter().zip(answers) {
            outcomes[place] = answer.map(|answer| answer.outcome);
        }
        Pushed { outcomes, result }
    }

    /// Claims the named ids of a push. A job that clashes with an earlier one that has its claim gets nothing.
    pub(super) async fn claim_all(&self, jobs: &[NewJob]) -> Result<Vec<Claim>, StoreError> {
        let mut first: HashMap<JobId, usize> = HashMap::new();
        let clashes = clashes(jobs);
        let mut wanted = Vec::new();
        for (place, job) in jobs.iter().enumerate().filter(|(_, job)| job.is_named) {
            first.entry(job.id()).or_insert_with(|| {
                wanted.push(&job.envelope);
                place
            });
        }
        let made = together(wanted.iter().map(|envelope| self.claim(envelope))).await?;
        let made: HashMap<JobId, Claim> = wanted.iter().map(|envelope| envelope.id).zip(made).collect();
        let mut claims = Vec::with_capacity(jobs.len());
        for (job, clashes) in jobs.iter().zip(clashes) {
            claims.push(match made.get(&job.id()) {
                _ if !job.is_named => Claim::Needless,
                // The id is another job's than the first of this push, so it may be this one's.
                Some(Claim::Taken) if clashes => self.claim(&job.envelope).await?,
                Some(&claim) if !clashes => claim,
                _ => Claim::Taken,
            });
        }
        Ok(claims)
    }

    async fn claim(&self, envelope: &Envelope) -> Result<Claim, StoreError> {
        if self.is_elsewhere(envelope).await? {
            return Ok(Claim::Taken);
        }
        let args = vec![Value::from(claimed(&envelope.queue, &envelope.body)), milliseconds()];
        let mut reply = self.connection.run(&scripts::CLAIM, vec![self.keys.claim(envelope.id)], args).await?;
        if reply.is_empty() {
            return Ok(Claim::Taken);
        }
        Ok(Claim::Mine { number: ClaimNumber::read(&reply.bytes()?)?, is_new: reply.integer()? == 1 })
    }

    /// Whether the chosen id is one that was made for a job of another queue. Such a job has no claim, but its queue's
    /// mark: one id in 65,536 bears it by chance.
    async fn is_elsewhere(&self, envelope: &Envelope) -> Result<bool, StoreError> {
        let is_likely = |queue: &&QueueName| **queue != envelope.queue && envelope.id.may_be_of(queue);
        let likely: Vec<QueueName> = self.registered.lock().iter().filter(is_likely).cloned().collect();
        let found = together(likely.iter().map(|queue| self.stored(queue, envelope.id))).await?;
        Ok(found.iter().any(Option::is_some))
    }

    /// After a push: makes the claims of stored jobs last and takes back those that this push made for nothing. What
    /// fails here is done by the next `promote`, or the claim ends by itself.
    pub(super) async fn settle_claims(
        &self,
        jobs: &[NewJob],
        claims: &[Claim],
        answers: &[Option<Answer>],
        is_known: bool,
    ) {
        let one = async |place: usize| {
            let (envelope, answer) = (&jobs[place].envelope, answers.get(place).and_then(Option::as_ref));
            let Claim::Mine { number, is_new } = claims[place] else { return };
            let done = match answer {
                Some(answer) if answer.keeps_claim => self.confirm_own(envelope, number).await,
                // The record of an earlier push without a name, another job, or none.
                Some(_) if is_new => self.release(&envelope.queue, envelope.id, number).await.map(|_| ()),
                None if is_new && is_known => self.release(&envelope.queue, envelope.id, number).await.map(|_| ()),
                Some(_) | None => Ok(()),
            };
            if let Err(error) = done {
                debug!(job.id = %envelope.id, %error, "the claim on an id is left to the next promotion");
            }
        };
        join_all((0..jobs.len()).map(one)).await;
    }

    async fn confirm_own(&self, envelope: &Envelope, number: ClaimNumber) -> Result<(), StoreError> {
        let Envelope { queue, id, body, .. } = envelope;
        let args = vec![number.to_string().into(), claimed(queue, body).into(), "-".into()];
        let lasts = self.connection.run(&scripts::CONFIRM, vec![self.keys.claim(*id)], args).await?.integer()? == 1;
        if lasts {
            self.strike(queue, [(packed::field(b'c', *id), Bytes::from(number.to_string()))]).await?;
        }
        Ok(())
    }

    /// Ends the claim on the id of a job that is not, or no longer, in this queue. True if there is a later one.
    async fn release(&self, queue: &QueueName, id: JobId, number: ClaimNumber) -> Result<bool, StoreError> {
        let args = vec![number.to_string().into(), queue.as_str().into(), milliseconds()];
        Ok(self.connection.run(&scripts::RELEASE, vec![self.keys.claim(id)], args).await?.integer()? == 1)
    }

    /// Makes the claim on an id agree with what is stored, in whatever order other processes push, confirm and release.
    pub(super) async fn reconcile(&self, queue: &QueueName, id: JobId, number: ClaimNumber) -> Result<(), StoreError> {
        // Each look comes after a write, so of two that do this at once the later one sees what the other did.
        if self.confirm_stored(queue, id).await? && self.confirm_stored(queue, id).await? {
            return Ok(());
        }
        if self.release(queue, id, number).await? {
            self.confirm_stored(queue, id).await?;
        }
        Ok(())
    }

    /// Makes the claim on a stored job's id last; false if there is no such job.
    async fn confirm_stored(&self, queue: &QueueName, id: JobId) -> Result<bool, StoreError> {
        let Some(StoredJob { claim: Some(number), body, .. }) = self.stored(queue, id).await? else { return Ok(false) };
        let args = vec![number.to_string().into(), claimed(queue, &body).into(), "e".into()];
        self.connection.run(&scripts::CONFIRM, vec![self.keys.claim(id)], args).await?;
        Ok(true)
    }

    /// Ends the claims on the ids of removed jobs, as noted in their queue's outbox. What fails is left to `promote`.
    pub(super) async fn release_all(&self, queue: &QueueName, removed: Vec<(JobId, ClaimNumber)>) {
        if removed.is_empty() {
            return;
        }
        let one = async |(id, number): (JobId, ClaimNumber)| {
            if self.release(queue, id, number).await? {
                self.confirm_stored(queue, id).await?;
            }
            Ok::<_, StoreError>((packed::field(b'r', id), Bytes::from(number.to_string())))
        };
        let done = join_all(removed.into_iter().map(one)).await;
        if let Err(error) = self.strike(queue, done.into_iter().flatten()).await {
            debug!(%queue, %error, "claims on ids are left to the next promotion");
        }
    }

    /// The queue of a job under a named id, by the claim on it.
    pub(super) async fn queue_by_claim(&self, id: JobId) -> Result<Option<QueueName>, StoreError> {
        let client = self.connection.client().await?;
        let claim: Option<Bytes> = client.get(self.keys.claim(id)).await.map_err(|error| meaning(&error))?;
        let queue = claim.as_ref().and_then(|claim| std::str::from_utf8(claim.get(48..)?).ok());
        Ok(queue.and_then(|queue| QueueName::new(queue).ok()))
    }

    /// What never changes about a job, if it is in this queue.
    pub(super) async fn stored(&self, queue: &QueueName, id: JobId) -> Result<Option<StoredJob>, StoreError> {
        let client = self.connection.client().await?;
        let field = Bytes::copy_from_slice(id.as_bytes());
        let job: Option<Bytes> = client.hget(self.keys.jobs(queue), field).await.map_err(|error| meaning(&error))?;
        job.map(|job| StoredJob::read(&job)).transpose()
    }
}

/// What is claimed: a digest of the body, by which a repeated dispatch is known, and the queue.
fn claimed(queue: &QueueName, body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let digest: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digest}{queue}")
}

fn milliseconds() -> Value {
    Value::from(micros(UNCONFIRMED) / 1000)
}
