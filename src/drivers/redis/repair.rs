//! Putting right what does not agree: each finding by one script, which looks again.

use std::str;

use bytes::Bytes;
use fred::interfaces::{SetsInterface, SortedSetsInterface};
use fred::types::Value;
use journeyman_job::QueueName;

use super::connection::meaning;
use super::wire::Reply;
use super::{RedisStore, scripts};
use crate::clock::Timestamp;
use crate::queue::{Finding, Flaw, Inspector, Repaired, StoreError, WorkerId};

/// Tries to look at a job that passes from worker to worker.
const TRIES: usize = 5;

/// An id, and the workers in whose lists it may be.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) id: Bytes,
    pub(super) workers: Vec<WorkerId>,
}

impl Place {
    /// The names, a line each, and the id behind an empty line.
    pub(super) fn written(&self) -> Bytes {
        let mut bytes: Vec<u8> =
            self.workers.iter().flat_map(|worker| [worker.as_str(), "\n"].concat().into_bytes()).collect();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.id);
        bytes.into()
    }

    pub(super) fn read(bytes: &Bytes) -> Option<Self> {
        let mut workers = Vec::new();
        let mut from = 0;
        loop {
            let end = from + bytes[from..].iter().position(|&byte| byte == b'\n')?;
            if end == from {
                return Some(Self { id: bytes.slice(from + 1..), workers });
            }
            workers.push(WorkerId::new(str::from_utf8(&bytes[from..end]).ok()?).ok()?);
            from = end + 1;
        }
    }
}

impl RedisStore {
    pub(super) async fn mend(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        let Ok(queue) = QueueName::new(&finding.queue) else { return Ok(Repaired::Not) };
        let is_done = match finding.flaw {
            Flaw::QueueUnlisted => self.list(self.keys.queues(), &queue).await?,
            Flaw::PauseUnlisted => {
                self.is_paused_unseen(&queue).await? && self.list(self.keys.all_paused(), &queue).await?
            }
            Flaw::NoLease => match str::from_utf8(&finding.place).ok().and_then(|worker| WorkerId::new(worker).ok()) {
                Some(worker) => self.held_without_lease(&queue, &worker, Some(Self::grace())).await? > 0,
                None => false,
            },
            Flaw::WrongCount => self.recount(&queue, &finding.place).await?,
            Flaw::Undelivered => self.relay(&queue).await.map(|()| true)?,
            flaw => match Place::read(&finding.place) {
                Some(place) => self.examine(&queue, place, Some(flaw)).await?.0.text().is_ok_and(|word| word == "done"),
                None if flaw == Flaw::KeyWithoutOwner => self.free(&queue, finding.place.clone()).await?,
                None => false,
            },
        };
        Ok(if is_done { Repaired::Done } else { Repaired::Not })
    }

    /// Looks at one id everywhere in its queue, or mends a flaw of it. Also returns with whom it may be by now.
    pub(super) async fn examine(
        &self,
        queue: &QueueName,
        mut place: Place,
        mend: Option<Flaw>,
    ) -> Result<(Reply, Place), StoreError> {
        for _ in 0..TRIES {
            let mut keys = Vec::from(self.keys.all_pending(queue));
            keys.extend([self.keys.delayed(queue), self.keys.jobs(queue), self.keys.state(queue)]);
            keys.extend([self.keys.leases(queue), self.keys.unique(queue), self.keys.completed(queue)]);
            keys.extend([self.keys.cancelled(queue), self.keys.failed(queue), self.keys.quarantine(queue)]);
            keys.push(self.keys.marks(queue));
            keys.extend(place.workers.iter().map(|worker| self.keys.reserved(queue, worker)));
            let flaw = mend.map_or("l", Flaw::as_str);
            let mut args: Vec<Value> = vec![self.now(), flaw.into(), place.id.clone().into(), queue.as_str().into()];
            args.extend([self.keys.wake_channel().into(), Self::grace().into()]);
            args.extend(place.workers.iter().map(|worker| Value::from(worker.as_str())));
            let reply = self.connection.run(&scripts::EXAMINE, keys, args).await?;
            match reply.moved_to() {
                // One whose name is none is in nobody's list.
                Some(worker) if place.workers.len() < 1000 => place.workers.extend(WorkerId::new(&worker).ok()),
                _ => return Ok((reply, place)),
            }
        }
        // It was elsewhere each time, so it moves.
        Ok((Reply::new(Value::Array(Vec::new())), place))
    }

    pub(super) async fn leased(&self, queue: &QueueName) -> Result<Vec<WorkerId>, StoreError> {
        let client = self.connection.client().await?;
        let names: Vec<String> = client
            .zrange(self.keys.leases(queue), 0, -1, None, false, None, false)
            .await
            .map_err(|error| meaning(&error))?;
        Ok(names.iter().filter_map(|name| WorkerId::new(name).ok()).collect())
    }

    /// How many jobs a worker holds of a queue without a lease, which it is given if so many microseconds are named.
    pub(super) async fn held_without_lease(
        &self,
        queue: &QueueName,
        worker: &WorkerId,
        lease: Option<i64>,
    ) -> Result<u64, StoreError> {
        let keys = vec![self.keys.leases(queue), self.keys.reserved(queue, worker)];
        let lease = lease.map_or_else(|| Value::from(""), Value::from);
        let args = vec![self.now(), worker.as_str().into(), lease];
        self.connection.run(&scripts::GRANT, keys, args).await?.count()
    }

    pub(super) async fn time_now(&self) -> Result<Timestamp, StoreError> {
        self.time().await
    }

    async fn list(&self, set: String, queue: &QueueName) -> Result<bool, StoreError> {
        let client = self.connection.client().await?;
        let added: u64 = client.sadd(set, queue.as_str()).await.map_err(|error| meaning(&error))?;
        Ok(added > 0)
    }

    async fn recount(&self, queue: &QueueName, seen: &Bytes) -> Result<bool, StoreError> {
        let args: Vec<Value> =
            seen.split(|&byte| byte == b' ').map(|part| Value::from(Bytes::copy_from_slice(part))).collect();
        let keys = vec![self.keys.failed(queue), self.keys.stats(queue)];
        Ok(self.connection.run(&scripts::RECOUNT, keys, args).await?.count()? > 0)
    }

    async fn free(&self, queue: &QueueName, key: Bytes) -> Result<bool, StoreError> {
        let keys = vec![self.keys.unique(queue), self.keys.jobs(queue), self.keys.state(queue)];
        let args = vec![Value::from(""), key.into()];
        Ok(self.connection.run(&scripts::LOCKS, keys, args).await?.count()? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p14_a_place_is_read_back_whatever_the_id_is() {
        for id in [&b"\n\n"[..], b"", b"0123456789abcdef"] {
            for names in [&[][..], &["a"], &["a", "b-1"]] {
                let workers: Vec<WorkerId> = names.iter().map(|name| WorkerId::new(name).unwrap()).collect();
                let place = Place { id: Bytes::copy_from_slice(id), workers };
                let read = Place::read(&place.written()).unwrap();
                assert_eq!((read.id, read.workers), (place.id, place.workers));
            }
        }
        assert!(Place::read(&Bytes::from_static(b"a key")).is_none());
    }
}
