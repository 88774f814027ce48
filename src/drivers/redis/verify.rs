//! Whether the structures of each queue agree, while jobs move.
//!
//! First lists and records are compared page by page. What does not agree is compared again a few times, which clears what
//! was merely on its way; what is left is looked at one id after another, each in one script that sees all of its queue.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::{HashesInterface, ListInterface, SetsInterface};
use fred::types::Value;
use journeyman_job::{JobId, QueueName};

use super::connection::meaning;
use super::repair::Place;
use super::scan::Found;
use super::survey::{Survey, Told, adapted};
use super::{RedisStore, packed, records, scripts};
use crate::clock::micros;
use crate::queue::{Class, Finding, Flaw, Remedy, Repaired, StoreError, Verified, Verifier, WorkerId};

/// Comparisons before suspects are looked at one by one, however many they are.
const ROUNDS: usize = 5;
/// So few are looked at one by one at once: with so many keys that costs about as much as a comparison.
const FEW: usize = 50;
/// After so long an entry of an outbox is no longer on its way: every process that serves looks there each second.
const LONG: Duration = Duration::from_secs(60);

#[async_trait]
impl Verifier for RedisStore {
    async fn verify(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let found = self.scan().await?;
        self.listed(&found, &mut verified).await?;
        for (queue, workers) in found {
            match self.verify_queue(&queue, workers, &mut verified).await {
                Ok(()) => {}
                // One of its keys is of another type, most likely; no other queue suffers from it.
                Err(StoreError::Refused(reason)) => {
                    let what = format!("it cannot be looked through: {reason}");
                    let remedy = Remedy::by_hand("look at its keys with TYPE, and remove the one that is none of ours");
                    verified.note(Finding::new(Flaw::Unreadable, queue.as_str(), None, what, remedy));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(verified)
    }

    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        if finding.remedy.is_by_hand() {
            return Ok(Repaired::Not);
        }
        self.mend(finding).await
    }
}

impl RedisStore {
    /// Whether the queues that have keys are in the lists of queues and of paused ones.
    async fn listed(&self, found: &Found, verified: &mut Verified) -> Result<(), StoreError> {
        let client = self.connection.client().await?;
        // Read after the keys: a queue is listed before its first job is stored.
        let listed: HashSet<String> = client.smembers(self.keys.queues()).await.map_err(|error| meaning(&error))?;
        verified.count(Class::Queues, listed.len() as u64);
        for queue in found.keys() {
            if !listed.contains(queue.as_str()) && self.has_jobs(queue).await? {
                let what = "it has jobs and is not in the list of queues";
                let remedy = Remedy::repair("list the queue");
                verified.note(Finding::new(Flaw::QueueUnlisted, queue.as_str(), None, what, remedy));
            }
            if self.is_paused_unseen(queue).await? {
                let what = "it is paused and not in the list of paused queues";
                let remedy = Remedy::repair("list it as paused; `journeyman resume` ends the pause");
                verified.note(Finding::new(Flaw::PauseUnlisted, queue.as_str(), None, what, remedy));
            }
        }
        Ok(())
    }

    async fn has_jobs(&self, queue: &QueueName) -> Result<bool, StoreError> {
        let client = self.connection.client().await?;
        for key in [self.keys.jobs(queue), self.keys.outbox(queue)] {
            // Of another type than a hash it is told of later.
            if client.hlen::<u64, _>(key).await.unwrap_or_default() > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The mark is read before and after: a pause begins with the list and ends with it, so a mark that stays is listed.
    pub(super) async fn is_paused_unseen(&self, queue: &QueueName) -> Result<bool, StoreError> {
        let client = self.connection.client().await?;
        let marked = async || client.hexists::<bool, _, _>(self.keys.marks(queue), "paused").await.unwrap_or_default();
        if !marked().await {
            return Ok(false);
        }
        let listed: bool =
            client.sismember(self.keys.all_paused(), queue.as_str()).await.map_err(|error| meaning(&error))?;
        Ok(!listed && marked().await)
    }

    async fn verify_queue(
        &self,
        queue: &QueueName,
        workers: impl IntoIterator<Item = WorkerId> + Send,
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        // Those that have a lease, and those that have a list.
        let mut workers: std::collections::BTreeSet<WorkerId> = workers.into_iter().collect();
        workers.extend(self.leased(queue).await?);
        self.verify_leases(queue, workers.iter(), verified).await?;
        let survey = Survey::of(self, queue, workers);
        let before = self.failures(queue).await?;
        let places = survey.places(None, verified).await?;
        let mut told = survey.compare(places, None).await?;
        verified.count(Class::Jobs, told.jobs);
        self.verify_failures(queue, before, &told, verified).await?;
        let (with_trail, mut rounds) = (told.with_trail, 1);
        while told.suspects.len() > FEW && rounds < ROUNDS {
            let places = survey.places(Some(&told.suspects), verified).await?;
            told = survey.compare(places, Some(&told.suspects)).await?;
            rounds += 1;
        }
        let mut suspects: Vec<Bytes> = told.suspects.into_iter().collect();
        suspects.sort_unstable();
        for id in suspects {
            self.verify_one(&survey, id, verified).await?;
        }
        self.verify_trails(&survey, with_trail, verified).await?;
        self.verify_keys(queue, verified).await?;
        self.verify_outbox(queue, verified).await
    }

    async fn verify_leases(
        &self,
        queue: &QueueName,
        workers: impl Iterator<Item = &WorkerId> + Send,
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        for worker in workers {
            let held = self.held_without_lease(queue, worker, None).await?;
            if held > 0 {
                let what = format!("worker {worker} holds {held} jobs, and has no lease");
                let remedy = Remedy::repair("give it a lease of a minute: it renews that, or its jobs are taken over");
                let finding = Finding::new(Flaw::NoLease, queue.as_str(), None, what, remedy);
                verified.note(finding.at(worker.as_str().to_owned()));
            }
        }
        Ok(())
    }

    /// How many failed jobs there are, and how many of them are kept as system errors.
    async fn failures(&self, queue: &QueueName) -> Result<(u64, u64), StoreError> {
        let client = self.connection.client().await?;
        let length = client.llen(self.keys.failed(queue)).await.map_err(|error| meaning(&error))?;
        let kept: Option<u64> =
            client.hget(self.keys.stats(queue), "system_errors").await.map_err(|error| meaning(&error))?;
        Ok((length, kept.unwrap_or_default()))
    }

    /// The number of system errors is kept. It can be compared with the jobs if none has failed or been forgotten meanwhile.
    async fn verify_failures(
        &self,
        queue: &QueueName,
        before: (u64, u64),
        told: &Told,
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        let (length, kept) = before;
        if kept == told.system_errors || self.failures(queue).await? != before {
            return Ok(());
        }
        let real = told.system_errors;
        let what = format!("system_errors is kept as {kept} and is {real}");
        let finding = Finding::new(Flaw::WrongCount, queue.as_str(), None, what, Remedy::repair("correct the number"));
        verified.note(finding.at(format!("{length} {kept} {real}")));
        Ok(())
    }

    async fn verify_one(&self, survey: &Survey<'_>, id: Bytes, verified: &mut Verified) -> Result<(), StoreError> {
        let place = Place { id, workers: survey.workers.clone() };
        let (mut reply, place) = self.examine(survey.queue, place, None).await?;
        let job = JobId::from_slice(&place.id);
        while !reply.is_empty() {
            let (code, what) = (reply.text()?, reply.text()?);
            let Some(flaw) = Flaw::ALL.into_iter().find(|flaw| flaw.as_str() == code) else { continue };
            let (what, remedy) = match (flaw, what.as_str()) {
                (Flaw::KeyNotHeld, "rival") => (
                    "it has not ended, and another job has its unique key".to_owned(),
                    Remedy::by_hand("cancel one of the two, or let both run"),
                ),
                (Flaw::Quarantined, what) if !what.starts_with("it is where") => {
                    (what.to_owned(), Remedy::by_hand(self.way_out_of_quarantine(survey.queue, &place.id)))
                }
                (flaw, what) => (what.to_owned(), Remedy::repair(remedy(flaw))),
            };
            let finding = Finding::new(flaw, survey.queue.as_str(), job, what, remedy);
            verified.note(finding.at(place.written()));
        }
        Ok(())
    }

    fn way_out_of_quarantine(&self, queue: &QueueName, id: &[u8]) -> String {
        let shown: String = id.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        format!(
            "correct its values in {} and {}, and a repair puts it back; or LREM {} 0 \"{shown}\"",
            self.keys.jobs(queue),
            self.keys.state(queue),
            self.keys.quarantine(queue)
        )
    }

    /// States of no job: only looked for if there are more states than jobs have.
    async fn verify_trails(
        &self,
        survey: &Survey<'_>,
        with_trail: u64,
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        let client = self.connection.client().await?;
        let states: u64 = client.hlen(self.keys.state(survey.queue)).await.map_err(|error| meaning(&error))?;
        if states <= with_trail {
            return Ok(());
        }
        let (mut cursor, mut count) = ("0".to_owned(), 20_i64);
        loop {
            let keys = vec![self.keys.state(survey.queue), self.keys.jobs(survey.queue)];
            let args = vec![Value::from(cursor), Value::from(count)];
            let mut reply = self.connection.run(&scripts::STRAYS, keys, args).await?;
            let (next, bytes) = (reply.text()?, reply.count()?);
            while !reply.is_empty() {
                let id = reply.bytes()?;
                // One that is in a list as well was looked at already.
                let is_known = verified.findings.iter().any(|finding| {
                    finding.flaw == Flaw::TrailWithoutJob
                        && Place::read(&finding.place).is_some_and(|place| place.id == id)
                });
                if !is_known {
                    self.verify_one(survey, id, verified).await?;
                }
            }
            if next == "0" {
                return Ok(());
            }
            cursor = next;
            count = adapted(count.cast_unsigned(), bytes).cast_signed();
        }
    }

    async fn verify_keys(&self, queue: &QueueName, verified: &mut Verified) -> Result<(), StoreError> {
        let mut cursor = "0".to_owned();
        loop {
            let keys = vec![self.keys.unique(queue), self.keys.jobs(queue), self.keys.state(queue)];
            let args = vec![Value::from(cursor), Value::from(100)];
            let mut reply = self.connection.run(&scripts::LOCKS, keys, args).await?;
            cursor = reply.text()?;
            verified.count(Class::Keys, reply.count()?);
            while !reply.is_empty() {
                let (key, id) = (reply.bytes()?, reply.bytes()?);
                let job = JobId::from_slice(&id);
                let is_known = verified.findings.iter().any(|finding| {
                    finding.flaw == Flaw::KeyWithoutOwner && finding.job == job && finding.queue == queue.as_str()
                });
                if !is_known || job.is_none() {
                    let what = "a unique key is taken for it, and it has ended, is gone, or has another key";
                    let finding =
                        Finding::new(Flaw::KeyWithoutOwner, queue.as_str(), job, what, Remedy::repair("free the key"));
                    verified.note(finding.at(key));
                }
            }
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    async fn verify_outbox(&self, queue: &QueueName, verified: &mut Verified) -> Result<(), StoreError> {
        let (now, mut cursor) = (self.time_now().await?, "0".to_owned());
        loop {
            let args = vec![Value::from(cursor), Value::from(20)];
            let mut reply = self.connection.run(&scripts::LEFT, vec![self.keys.outbox(queue)], args).await?;
            cursor = reply.text()?;
            while !reply.is_empty() {
                let (field, value) = (reply.bytes()?, reply.bytes()?);
                verified.count(Class::Outbox, 1);
                let job = field.get(1..).and_then(JobId::from_slice);
                if !is_entry(&field, job, &value) {
                    let remedy = Remedy::by_hand(format!("look at it in {}, and HDEL it", self.keys.outbox(queue)));
                    let what = "an entry of its outbox cannot be read";
                    verified.note(Finding::new(Flaw::Unreadable, queue.as_str(), job, what, remedy));
                } else if field[0] == b'f' && records::time(&value, 0)?.plus(LONG) <= now {
                    let what = format!("it was left to be stored more than {} s ago", LONG.as_secs());
                    let remedy = Remedy::repair("store it now; a running server or worker does so by itself");
                    verified.note(Finding::new(Flaw::Undelivered, queue.as_str(), job, what, remedy));
                }
            }
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    /// Microseconds of a lease that a repair gives: long enough for a living worker to renew it.
    pub(super) fn grace() -> i64 {
        micros(LONG)
    }
}

fn is_entry(field: &Bytes, job: Option<JobId>, value: &Bytes) -> bool {
    match (field.first(), job) {
        (Some(b'f'), Some(job)) => packed::open(job, value).is_ok(),
        (Some(b'c' | b'r'), Some(_)) => records::ClaimNumber::read(value).is_ok(),
        _ => false,
    }
}

fn remedy(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::EntryWithoutJob => "move the id into quarantine: there is nothing to run",
        Flaw::TrailWithoutJob => "remove the state",
        Flaw::Unreadable => "move it into quarantine, where no worker meets it",
        Flaw::Quarantined => "take it out of quarantine",
        Flaw::JobNowhere => "put it where its record says",
        Flaw::JobTwice => "leave it in one place, the one that its record says",
        Flaw::WrongPlace => "move it to where its record says",
        Flaw::WrongTime => "let it be due when its record says",
        Flaw::WrongCopy => "count those entries anew",
        Flaw::KeyNotHeld => "take the key for it",
        Flaw::KeyWithoutOwner => "free the key",
        _ => "put it right",
    }
}
