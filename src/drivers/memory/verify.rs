//! Whether the tables agree. Nobody but this process writes to them, so what does not is a fault of the program.

use std::collections::HashMap;

use async_trait::async_trait;
use journeyman_job::{JobId, Priority, QueueName};

use super::MemoryStore;
use super::tables::{Entry, Tables};
use crate::queue::{Class, Finding, Flaw, Remedy, Repaired, State, StoreError, Verified, Verifier};

#[async_trait]
impl Verifier for MemoryStore {
    async fn verify(&self) -> Result<Verified, StoreError> {
        Ok(look(&self.tables()))
    }

    /// Nothing: what a restart loses anyway is not worth a guess.
    async fn repair(&self, _: &Finding) -> Result<Repaired, StoreError> {
        Ok(Repaired::Not)
    }
}

/// Where an id stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place<'a> {
    queue: Option<&'a QueueName>,
    state: State,
    priority: Option<Priority>,
}

fn look(tables: &Tables) -> Verified {
    let mut verified = Verified::default();
    let mut places: HashMap<JobId, Vec<Place<'_>>> = HashMap::new();
    for (queue, line) in &tables.lines {
        for (id, state, priority) in line.places() {
            places.entry(id).or_default().push(Place { queue: Some(queue), state, priority });
        }
        let failed = line.places().filter(|(_, state, _)| *state == State::Failed);
        let system_errors = failed.filter(|(id, ..)| tables.jobs.get(id).is_some_and(|entry| entry.is_system_error));
        if system_errors.count() as u64 != line.system_errors {
            note(
                &mut verified,
                Flaw::WrongCount,
                queue.as_str(),
                None,
                "the number of system errors is not that of the jobs",
            );
        }
    }
    for (worker, lease) in &tables.leases {
        for id in &lease.held {
            places.entry(*id).or_default().push(Place { queue: None, state: State::Reserved, priority: None });
            let holder = tables.jobs.get(id).and_then(|entry| entry.holder.as_ref());
            if holder.is_some_and(|holder| holder.worker != *worker) {
                note(&mut verified, Flaw::WrongPlace, "", Some(*id), "a worker holds it that is not its holder");
            }
        }
    }
    verified.count(Class::Queues, tables.lines.len() as u64);
    verified.count(Class::Jobs, tables.jobs.len() as u64);
    verified.count(Class::Entries, places.values().map(|places| places.len() as u64).sum());
    verified.count(Class::Keys, tables.locks.len() as u64);
    for (id, entry) in &tables.jobs {
        judge(&mut verified, tables, *id, entry, places.remove(id).as_deref().unwrap_or_default());
    }
    for id in places.into_keys() {
        note(&mut verified, Flaw::EntryWithoutJob, "", Some(id), "a list holds the id of no job");
    }
    for ((queue, key), id) in &tables.locks {
        let owner = tables.jobs.get(id).filter(|entry| !entry.state.is_ended() && entry.unique.as_ref() == Some(key));
        if owner.is_none() {
            note(
                &mut verified,
                Flaw::KeyWithoutOwner,
                queue.as_str(),
                Some(*id),
                "it has a unique key that is not its own",
            );
        }
    }
    verified
}

fn judge(verified: &mut Verified, tables: &Tables, id: JobId, entry: &Entry, places: &[Place<'_>]) {
    let queue = &entry.envelope.queue;
    let mut wrong = |flaw, what: &str| note(verified, flaw, queue.as_str(), Some(id), what);
    match places {
        [] => wrong(Flaw::JobNowhere, "its record is there, and no list has it"),
        [place] => {
            let is_here = place.queue.is_none_or(|at| at == queue)
                && place.state == entry.state
                && place.priority.is_none_or(|priority| priority == entry.envelope.priority);
            if !is_here {
                wrong(Flaw::WrongPlace, "it stands where its record does not say");
            }
        }
        _ => wrong(Flaw::JobTwice, "it stands in several places"),
    }
    if entry.holder.is_some() != (entry.state == State::Reserved) {
        wrong(Flaw::WrongCopy, "its state and its holder do not agree");
    }
    if entry.state == State::Reserved
        && entry.holder.as_ref().is_none_or(|holder| !tables.leases.contains_key(&holder.worker))
    {
        wrong(Flaw::NoLease, "no worker with a lease holds it");
    }
    if let Some(key) = entry.unique.as_ref().filter(|_| !entry.state.is_ended())
        && tables.locks.get(&(queue.clone(), key.clone())) != Some(&id)
    {
        wrong(Flaw::KeyNotHeld, "it does not have its unique key");
    }
    let class = match entry.state {
        State::Reserved => Class::Reserved,
        State::Failed => Class::Failed,
        _ => return,
    };
    verified.count(class, 1);
}

fn note(verified: &mut Verified, flaw: Flaw, queue: &str, job: Option<JobId>, what: &str) {
    let remedy = Remedy::by_hand("restart the process and report this: nothing but a fault of the program does it");
    verified.note(Finding::new(flaw, queue, job, what, remedy));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    use crate::clock::{Clock, ManualClock, Timestamp};
    use crate::queue::{CallId, Driver, Envelope, NewJob, ReserveRequest, UniqueKey, Unit, WorkerId};
    use journeyman_job::When;

    /// A pending, a delayed and a reserved job, each with a unique key, in that order.
    async fn store() -> (MemoryStore, [JobId; 3]) {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(Timestamp::from_micros(1_000_000)));
        let store = MemoryStore::new(clock);
        let queue = QueueName::default();
        let job = |when, key: &str, priority| {
            let envelope = Envelope { id: JobId::generate(&queue), queue: queue.clone(), priority, body: "{}".into() };
            NewJob { unique: Some(UniqueKey::stored(key)), ..NewJob::new(envelope, when) }
        };
        let later = When::After(Duration::from_secs(9));
        let jobs = [
            job(When::Now, "a", Priority::Normal),
            job(later, "b", Priority::Normal),
            job(When::Now, "c", Priority::High),
        ];
        store.push(&jobs, Unit::Queue).await.unwrap();
        let request = ReserveRequest {
            worker: &WorkerId::new("w").unwrap(),
            queues: &[queue],
            order: Priority::DESCENDING,
            max: 1,
            lease: Duration::from_secs(30),
            call: CallId(1),
            is_repeat: false,
        };
        assert_eq!(store.reserve(&request).await.unwrap().jobs.len(), 1);
        (store, jobs.map(|job| job.id()))
    }

    /// P14, T24: each structure spoilt, and what is found.
    #[tokio::test]
    async fn p14_each_spoilt_table_is_found_out() {
        type Spoil = fn(&mut Tables, [JobId; 3]);
        let cases: [(Flaw, Spoil); 11] = [
            (Flaw::JobNowhere, |tables, [pending, ..]| tables.take_out(pending)),
            (Flaw::JobTwice, |tables, [pending, ..]| tables.give_back(pending)),
            (Flaw::WrongPlace, |tables, [pending, ..]| {
                tables.jobs.get_mut(&pending).unwrap().envelope.priority = Priority::Low;
            }),
            (Flaw::EntryWithoutJob, |tables, [_, delayed, _]| _ = tables.jobs.remove(&delayed)),
            (Flaw::KeyWithoutOwner, |tables, [_, delayed, _]| _ = tables.jobs.remove(&delayed)),
            (Flaw::KeyNotHeld, |tables, [pending, ..]| tables.unlock(pending)),
            (Flaw::NoLease, |tables, _| tables.leases.clear()),
            (Flaw::JobNowhere, |tables, _| tables.leases.values_mut().for_each(|lease| lease.held.clear())),
            (Flaw::WrongCopy, |tables, [.., held]| tables.jobs.get_mut(&held).unwrap().state = State::Pending),
            (Flaw::WrongPlace, |tables, [.., held]| {
                let worker = WorkerId::new("other").unwrap();
                tables.jobs.get_mut(&held).unwrap().holder.as_mut().unwrap().worker = worker;
            }),
            (Flaw::WrongCount, |tables, _| tables.line(&QueueName::default()).system_errors = 3),
        ];
        for (place, (flaw, spoil)) in cases.into_iter().enumerate() {
            let (store, ids) = store().await;
            let before = store.verify().await.unwrap();
            assert!(before.is_clean() && before.checked(Class::Jobs) == 3, "{before:?}");
            spoil(&mut store.tables(), ids);
            let after = store.verify().await.unwrap();
            assert!(after.totals.contains_key(&flaw), "{place}: {flaw} in {after:?}");
            assert_eq!(store.repair(&after.findings[0]).await, Ok(Repaired::Not));
        }
    }
}
