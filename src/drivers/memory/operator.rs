//! The operator's side.

use async_trait::async_trait;
use journeyman_job::{JobId, Priority, QueueName};

use super::MemoryStore;
use super::inspector::record;
use super::tables::{Entry, Tables};
use crate::queue::{
    Cancelled, Control, Cursor, Forgotten, Hastened, Listing, Operator, Page, Retried, Retry, State, StoreError,
};

#[async_trait]
impl Operator for MemoryStore {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        let after = listing.after.as_ref().map(place_of).transpose()?;
        let tables = self.tables();
        let wanted = |entry: &&Entry| entry.envelope.queue == listing.queue && entry.state == listing.state;
        let mut entries: Vec<(Place, &Entry)> =
            tables.jobs.values().filter(wanted).map(|entry| (place(entry), entry)).collect();
        entries.retain(|(place, _)| after.is_none_or(|after| *place > after));
        entries.sort_unstable_by_key(|(place, _)| *place);
        let next = entries.get(listing.max).and_then(|_| entries[..listing.max].last());
        let next = next.map(|((first, second), _)| Cursor(format!("{first}.{second}")));
        let jobs = entries.iter().take(listing.max).map(|(_, entry)| record(entry)).collect();
        Ok(Page { jobs, next })
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        let now = self.clock.now();
        let mut tables = self.tables();
        Ok(match tables.jobs.get(&job).map(|entry| entry.state) {
            Some(State::Pending | State::Delayed) => {
                tables.take_out(job);
                tables.end(job, State::Cancelled, now, false);
                Cancelled::Done
            }
            Some(other) => Cancelled::Not(other),
            None => Cancelled::Nothing,
        })
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        let now = self.clock.now();
        let mut tables = self.tables();
        let Some(entry) = tables.jobs.get(&job) else { return Ok(Hastened::Nothing) };
        if entry.state != State::Delayed {
            return Ok(Hastened::Not(entry.state));
        }
        let queue = entry.envelope.queue.clone();
        tables.take_out(job);
        tables.line_up(job, now, now);
        drop(tables);
        self.wake(std::iter::once(&queue));
        Ok(Hastened::Done)
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        let now = self.clock.now();
        let mut tables = self.tables();
        let Some(entry) = tables.jobs.get(&retry.job) else { return Ok(Retried::Nothing) };
        if !matches!(entry.state, State::Failed | State::Cancelled) {
            return Ok(Retried::Not(entry.state));
        }
        let queue = entry.envelope.queue.clone();
        if let Some(key) = entry.unique.clone() {
            let lock = (queue.clone(), key);
            if let Some(first) = tables.locks.get(&lock) {
                return Ok(Retried::Duplicate(*first));
            }
            tables.locks.insert(lock, retry.job);
        }
        tables.forget_ended(retry.job);
        if let Some(entry) = tables.jobs.get_mut(&retry.job) {
            entry.attempts = 0;
            entry.ended_at = None;
            entry.is_system_error = false;
            entry.trail = retry.trail.clone();
        }
        tables.line_up(retry.job, now, now);
        drop(tables);
        self.wake(std::iter::once(&queue));
        Ok(Retried::Done)
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        let mut tables = self.tables();
        Ok(match tables.jobs.get(&job).map(|entry| entry.state) {
            Some(state) if state.is_ended() => {
                tables.forget_ended(job);
                tables.forget(job);
                Forgotten::Done
            }
            Some(other) => Forgotten::Not(other),
            None => Forgotten::Nothing,
        })
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        let mut tables = self.tables();
        let waiting = waiting(&mut tables, queue, priority, max);
        for id in &waiting {
            tables.take_out(*id);
            tables.unlock(*id);
            tables.forget(*id);
        }
        Ok(waiting.len())
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.tables().paused.insert(queue.clone());
        Ok(())
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.tables().paused.remove(queue);
        self.wake(std::iter::once(queue));
        Ok(())
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        self.tables().restarts += 1;
        Ok(())
    }

    async fn control(&self) -> Result<Control, StoreError> {
        let tables = self.tables();
        Ok(Control { restarts: tables.restarts, paused: tables.paused.iter().cloned().collect() })
    }
}

/// What a listing is in the order of.
type Place = (i64, i64);

fn place(entry: &Entry) -> Place {
    match entry.state {
        State::Pending => (-i64::from(entry.envelope.priority.as_number()), entry.place),
        State::Delayed => (entry.available_at.as_micros(), entry.place),
        State::Reserved => (entry.holder.as_ref().map_or(0, |holder| holder.since.as_micros()), entry.place),
        State::Completed | State::Failed | State::Cancelled => (-entry.end, 0),
    }
}

fn place_of(cursor: &Cursor) -> Result<Place, StoreError> {
    let read = || {
        let (first, second) = cursor.0.split_once('.')?;
        Some((first.parse().ok()?, second.parse().ok()?))
    };
    read().ok_or_else(|| StoreError::Refused(format!("{:?} is no place in a listing of this store", cursor.0)))
}

fn waiting(tables: &mut Tables, queue: &QueueName, priority: Option<Priority>, max: usize) -> Vec<JobId> {
    let Some(line) = tables.lines.get_mut(queue) else { return Vec::new() };
    let mut ids: Vec<JobId> = Vec::new();
    for one in Priority::DESCENDING {
        if priority.is_none_or(|priority| priority == one) {
            ids.extend(line.pending(one).iter());
        }
    }
    ids.extend(line.delayed.iter().map(|(_, id)| id));
    let is_wanted = |id: &JobId| {
        let of = tables.jobs.get(id).map(|entry| entry.envelope.priority);
        of.is_some_and(|of| priority.is_none_or(|priority| priority == of))
    };
    ids.into_iter().filter(is_wanted).take(max).collect()
}
