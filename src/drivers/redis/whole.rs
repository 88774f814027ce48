//! Bulks over several queues, all or none, although no script may touch two queues.
//!
//! First every conflict is looked for. Then the whole bulk is written once, into the outbox of one of its queues, and from
//! then on it is stored: what is not delivered from there at once is delivered by the next `promote`.

use std::collections::BTreeSet;

use bytes::Bytes;
use fred::interfaces::HashesInterface;
use journeyman_job::QueueName;

use super::claims::Claim;
use super::connection::meaning;
use super::push::{by_queue, clashes, unanswered, withheld};
use super::records::StoredJob;
use super::together::together;
use super::{RedisStore, packed};
use crate::queue::{NewJob, PushOutcome, StoreError, Unit};

/// Records read at once: each may hold a whole body.
const READ_AT_ONCE: usize = 50;

impl RedisStore {
    pub(super) async fn push_whole(&self, jobs: &[NewJob]) -> Result<Vec<PushOutcome>, StoreError> {
        let claims = self.claim_all(jobs).await?;
        let known = match self.known_bodies(jobs).await {
            Ok(known) => known,
            Err(error) => {
                self.settle_claims(jobs, &claims, &[], true).await;
                return Err(error);
            }
        };
        let in_conflict = in_conflict(jobs, &claims, &known);
        if in_conflict.contains(&true) {
            self.settle_claims(jobs, &claims, &[], true).await;
            return Ok(withheld(in_conflict));
        }
        let fresh: Vec<&NewJob> =
            jobs.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(job, _)| job).collect();
        let home = fresh.first().map(|job| &job.envelope.queue);
        if let Some(home) = home
            && let Err(error) = self.entrust(home, &fresh).await
        {
            self.settle_claims(jobs, &claims, &[], !matches!(error, StoreError::Unknown(_))).await;
            return Err(error);
        }
        let numbers: Vec<_> = claims.iter().map(|claim| claim.number()).collect();
        let (answers, result) = self.push_claimed(jobs, &numbers, Unit::Queue).await;
        // From here on the bulk is stored, so no claim is taken back for want of an answer.
        self.settle_claims(jobs, &claims, &answers, false).await;
        if let Some(home) = home {
            let delivered: BTreeSet<_> =
                jobs.iter().zip(&answers).filter(|(_, answer)| answer.is_some()).map(|(job, _)| job.id()).collect();
            // Should this fail, they are delivered once more, which changes nothing.
            let _ = self.strike(home, delivered.into_iter().map(|id| (packed::field(b'f', id), Bytes::new()))).await;
        }
        result
            .map_err(|error| StoreError::Unknown(format!("the bulk is stored, but not yet in every queue: {error}")))?;
        answers.into_iter().map(|answer| answer.map(|answer| answer.outcome).ok_or_else(unanswered)).collect()
    }

    /// The bodies of those jobs whose ids are in their queues already.
    pub(super) async fn known_bodies(&self, jobs: &[NewJob]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let groups = by_queue(jobs);
        let parts =
            groups.iter().flat_map(|(queue, places)| places.chunks(READ_AT_ONCE).map(move |part| (*queue, part)));
        let parts: Vec<(&QueueName, &[usize])> = parts.collect();
        let read = together(parts.iter().map(|(queue, places)| self.bodies_in(queue, places, jobs))).await?;
        let mut known = vec![None; jobs.len()];
        for ((_, places), bodies) in parts.iter().zip(read) {
            places.iter().zip(bodies).for_each(|(&place, body)| known[place] = body);
        }
        Ok(known)
    }

    async fn bodies_in(
        &self,
        queue: &QueueName,
        places: &[usize],
        jobs: &[NewJob],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let ids: Vec<Bytes> = places.iter().map(|&place| Bytes::copy_from_slice(jobs[place].id().as_bytes())).collect();
        let client = self.connection.client().await?;
        let found: Vec<Option<Bytes>> =
            client.hmget(self.keys.jobs(queue), ids).await.map_err(|error| meaning(&error))?;
        found.iter().map(|job| job.as_ref().map(|job| Ok(StoredJob::read(job)?.body)).transpose()).collect()
    }
}

/// Which jobs bear the id of another one: that is stored, or else comes first in the same push.
pub(super) fn in_conflict(jobs: &[NewJob], claims: &[Claim], known: &[Option<Bytes>]) -> Vec<bool> {
    let is_other = |place: usize, clashes| match &known[place] {
        Some(body) => *body != jobs[place].envelope.body,
        None => clashes,
    };
    let clashes = clashes(jobs).into_iter().enumerate();
    clashes.map(|(place, clashes)| claims[place] == Claim::Taken || is_other(place, clashes)).collect()
}
