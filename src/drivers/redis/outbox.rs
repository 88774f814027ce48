//! What one slot has decided and others are still to be told. It is written in the very step that decides it, told right
//! after, and struck out when told; if that was cut short, the next `promote` of any process does it. Each entry can be
//! done twice without harm.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use journeyman_job::{JobId, QueueName};
use tracing::warn;

use super::push::{Pushed, by_queue};
use super::records::ClaimNumber;
use super::{RedisStore, packed, scripts};
use crate::clock::micros;
use crate::queue::{NewJob, PushOutcome, StoreError, Unit};

/// Entries read at once: each may hold a whole body.
const READ_AT_ONCE: i64 = 20;
/// A younger entry is being delivered by whoever wrote it. Delivering it a second time, after the job has run and its record
/// is gone, would run it again.
const FRESH: Duration = Duration::from_secs(10);
/// Entries of one outbox that one promotion looks at.
const PER_PROMOTION: usize = 500;

/// A job in the outbox of a queue.
#[derive(Debug, Clone)]
pub(super) struct Entrusted {
    pub(super) home: QueueName,
    pub(super) job: NewJob,
}

/// An entry that was read back.
enum Entry {
    Deliver(NewJob),
    Reconcile { field: Bytes, value: Bytes, id: JobId, number: ClaimNumber },
}

impl RedisStore {
    /// Writes jobs into the outbox of a queue, all or none.
    pub(super) async fn entrust(&self, home: &QueueName, jobs: &[&NewJob]) -> Result<(), StoreError> {
        // A promotion must come by.
        self.register(home).await?;
        let mut args = vec![self.now()];
        for job in jobs {
            args.extend([Value::from(packed::field(b'f', job.id())), packed::letter(job).into()]);
        }
        self.connection.run(&scripts::ENTRUST, vec![self.keys.outbox(home)], args).await.map(|_| ())
    }

    /// Stores jobs in their own queues and strikes them out. What fails is left to the next promotion.
    pub(super) async fn deliver(&self, entrusted: Vec<Entrusted>) {
        let mut by_home: BTreeMap<QueueName, Vec<NewJob>> = BTreeMap::new();
        for Entrusted { home, job } in entrusted {
            by_home.entry(home).or_default().push(job);
        }
        for (home, jobs) in by_home {
            if let Err(error) = self.deliver_from(&home, &jobs).await {
                warn!(queue = %home, %error, "jobs that were to follow are left to the next promotion");
            }
        }
    }

    /// The same for one outbox. One queue that takes no jobs does not keep the others from theirs.
    async fn deliver_from(&self, home: &QueueName, jobs: &[NewJob]) -> Result<usize, StoreError> {
        let (mut delivered, mut failure) = (Vec::new(), Ok(()));
        for places in by_queue(jobs).into_values() {
            let of_queue: Vec<NewJob> = places.iter().map(|&place| jobs[place].clone()).collect();
            let Pushed { outcomes, result } = self.push_each(&of_queue, Unit::Queue).await;
            delivered.extend(answered(&of_queue, &outcomes));
            match result {
                Ok(()) => {}
                Err(error @ (StoreError::Unavailable(_) | StoreError::Unknown(_))) => {
                    failure = Err(error);
                    break;
                }
                Err(error) => {
                    let queue = &of_queue[0].envelope.queue;
                    warn!(%queue, from = %home, %error, "jobs that were to follow are left to the next promotion");
                }
            }
        }
        let struck = self.strike(home, delivered.into_iter().map(|id| (packed::field(b'f', id), Bytes::new()))).await?;
        failure.map(|()| struck)
    }

    /// Strikes entries out of an outbox: fields, each with what it must say or nothing. Returns how many it was.
    pub(super) async fn strike(
        &self,
        home: &QueueName,
        entries: impl IntoIterator<Item = (Bytes, Bytes)>,
    ) -> Result<usize, StoreError> {
        let args: Vec<Value> = entries.into_iter().flat_map(|(field, value)| [field.into(), value.into()]).collect();
        if args.is_empty() {
            return Ok(0);
        }
        let struck = self.connection.run(&scripts::STRIKE, vec![self.keys.outbox(home)], args).await?.count()?;
        Ok(usize::try_from(struck).unwrap_or(usize::MAX))
    }

    /// Does what was left in an outbox, up to a limit, and returns after what cannot be done now.
    pub(super) async fn relay(&self, home: &QueueName) -> Result<(), StoreError> {
        let mut looked_at = 0;
        while looked_at < PER_PROMOTION {
            let entries = self.read_outbox(home).await?;
            if entries.is_empty() {
                return Ok(());
            }
            looked_at += entries.len();
            let (mut jobs, mut done) = (Vec::new(), Vec::new());
            for entry in entries {
                match entry {
                    Entry::Deliver(job) => jobs.push(job),
                    Entry::Reconcile { field, value, id, number } => match self.reconcile(home, id, number).await {
                        Ok(()) => done.push((field, value)),
                        Err(error) => {
                            warn!(queue = %home, job.id = %id, %error, "the claim on an id is left to the next promotion");
                        }
                    },
                }
            }
            let struck = self.strike(home, done).await? + self.deliver_from(home, &jobs).await?;
            if struck == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn read_outbox(&self, home: &QueueName) -> Result<Vec<Entry>, StoreError> {
        let args = vec![Value::from(READ_AT_ONCE), self.now(), micros(FRESH).into()];
        let mut reply = self.connection.run(&scripts::OUTBOX, vec![self.keys.outbox(home)], args).await?;
        let mut entries = Vec::new();
        while !reply.is_empty() {
            let (field, value) = (reply.bytes()?, reply.bytes()?);
            match read(&field, &value) {
                Ok(entry) => entries.push(entry),
                Err(error) => warn!(queue = %home, %error, "an entry of the outbox is passed over"),
            }
        }
        Ok(entries)
    }
}

fn read(field: &Bytes, value: &Bytes) -> Result<Entry, StoreError> {
    let damaged = super::records::damaged;
    let (kind, id) = field.split_first().ok_or_else(damaged)?;
    let id = JobId::from_slice(id).ok_or_else(damaged)?;
    match kind {
        b'f' => Ok(Entry::Deliver(packed::open(id, value)?)),
        b'c' | b'r' => {
            let number = ClaimNumber::read(value)?;
            Ok(Entry::Reconcile { field: field.clone(), value: value.clone(), id, number })
        }
        _ => Err(damaged()),
    }
}

fn answered<'a>(jobs: &'a [NewJob], outcomes: &'a [Option<PushOutcome>]) -> impl Iterator<Item = JobId> + 'a {
    jobs.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_some()).map(|(job, _)| job.id())
}
