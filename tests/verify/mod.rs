//! P14, T24: `doctor verify`. A healthy store in which jobs are in every state; each of its structures spoilt behind the
//! driver's back; what is found, what a repair makes of it, and that every job that could run then does.
//!
//! That a healthy store gives no finding is asked at the end of every case of the driver suite, too.

mod cli;
mod database;
mod load;
mod redis;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use journeyman::chance;
use journeyman::clock::ManualClock;
use journeyman::job::{ErrorKind, JobError, JobId, Priority, QueueName, When};
use journeyman::queue::{
    Cancelled, Class, Envelope, Flaw, NewJob, Repaired, ReserveRequest, ReservedJob, Retried, Retry, Settle, Settled,
    Settlement, Store, UniqueKey, Unit, Verified, WorkerId,
};

const LEASE: Duration = Duration::from_secs(30);

/// A store, and what is behind its back.
#[async_trait]
trait Place: Send + Sync {
    async fn open(&self, clock: Arc<ManualClock>) -> Arc<dyn Store>;

    /// Runs words of the store's own language, in which `{name}` stands for a job's id.
    async fn spoil(&self, words: &str, jobs: &Jobs);

    /// Everything that is stored, or a digest of it.
    async fn dump(&self) -> String;
}

/// Jobs by the name of what they are.
type Jobs = BTreeMap<&'static str, JobId>;

/// What is left once all was repaired that can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    ByHand,
    /// What is left keeps the queue from being worked on.
    Blocked,
}

/// One way to spoil a store.
#[derive(Debug, Clone, Copy)]
struct Case {
    flaw: Flaw,
    words: &'static str,
    left: Left,
    /// Those that cannot run afterwards, because nothing of them is left that could.
    lost: &'static [&'static str],
}

const fn case(flaw: Flaw, words: &'static str) -> Case {
    Case { flaw, words, left: Left::Nothing, lost: &[] }
}

impl Case {
    const fn by_hand(self) -> Self {
        Self { left: Left::ByHand, ..self }
    }

    const fn blocked(self) -> Self {
        Self { left: Left::Blocked, ..self }
    }

    const fn losing(self, lost: &'static [&'static str]) -> Self {
        Self { lost, ..self }
    }
}

/// Those of the population that are still to run.
const RUNNABLE: [&str; 9] = ["low", "normal", "high", "critical", "delayed", "released", "keyed", "retried", "held"];
/// All jobs of the population: those, the neighbour of the held one, and the ended ones.
const ALL: u64 = 13;

fn queue() -> QueueName {
    QueueName::default()
}

fn job(priority: Priority, when: When) -> NewJob {
    let id = JobId::generate(&queue());
    let body = Bytes::from_static(br#"{"type":"noop","data":null,"v":1}"#);
    NewJob::new(Envelope { id, queue: queue(), priority, body }, when)
}

fn ending(job: &ReservedJob, settlement: Settlement) -> Settle {
    let (reservation, trail) = (job.reservation.clone(), Bytes::from_static(b"{}"));
    Settle { reservation, settlement, trail, counted: None, then: Vec::new() }
}

async fn reserve(store: &dyn Store, worker: &str, max: usize) -> Vec<ReservedJob> {
    let (worker, queues) = (WorkerId::new(worker).unwrap(), [queue()]);
    let (order, call) = (Priority::DESCENDING, chance::call_id());
    let request = ReserveRequest { worker: &worker, queues: &queues, order, max, lease: LEASE, call, is_repeat: false };
    store.reserve(&request).await.unwrap().jobs
}

/// Pushes one job and takes it.
async fn taken(store: &dyn Store, worker: &str) -> ReservedJob {
    store.push(&[job(Priority::Critical, When::Now)], Unit::Queue).await.unwrap();
    reserve(store, worker, 1).await.remove(0)
}

async fn ended(store: &dyn Store, settlement: Settlement) -> JobId {
    let held = taken(store, "worker").await;
    assert_eq!(store.settle(&[ending(&held, settlement)]).await.unwrap(), [Settled::Done]);
    held.reservation.job
}

fn failure() -> Settlement {
    Settlement::Fail { error: JobError::of(ErrorKind::Error, "it went wrong") }
}

/// Jobs in every state.
async fn populate(store: &dyn Store) -> Jobs {
    let mut jobs = Jobs::new();
    jobs.insert("completed", ended(store, Settlement::Complete).await);
    jobs.insert("failed", ended(store, failure()).await);
    let retried = ended(store, failure()).await;
    let released = taken(store, "worker").await;
    let later = Settlement::Release { delay: Duration::from_secs(100) };
    assert_eq!(store.settle(&[ending(&released, later)]).await.unwrap(), [Settled::Done]);
    jobs.insert("released", released.reservation.job);
    jobs.insert("held", taken(store, "dead").await.reservation.job);
    jobs.insert("neighbour", taken(store, "dead").await.reservation.job);
    let cancelled = job(Priority::Normal, When::Now);
    store.push(std::slice::from_ref(&cancelled), Unit::Queue).await.unwrap();
    assert_eq!(store.cancel(cancelled.id()).await.unwrap(), Cancelled::Done);
    jobs.insert("cancelled", cancelled.id());
    assert_eq!(store.retry(&Retry { job: retried, trail: Bytes::new() }).await.unwrap(), Retried::Done);
    jobs.insert("retried", retried);
    let keyed = NewJob { unique: Some(UniqueKey::stored("the-key")), ..job(Priority::Normal, When::Now) };
    for (name, job) in [
        ("low", job(Priority::Low, When::Now)),
        ("normal", job(Priority::Normal, When::Now)),
        ("high", job(Priority::High, When::Now)),
        ("critical", job(Priority::Critical, When::Now)),
        ("delayed", job(Priority::Normal, When::After(Duration::from_secs(200)))),
        ("keyed", keyed),
    ] {
        jobs.insert(name, job.id());
        store.push(&[job], Unit::Queue).await.unwrap();
    }
    jobs
}

/// As the command does it: until a look finds nothing more that can be repaired.
async fn repair(store: &dyn Store) -> Verified {
    for _ in 0..10 {
        let found = store.verify().await.unwrap();
        let mut done = 0;
        for finding in &found.findings {
            let repaired = store.repair(finding).await.unwrap();
            assert!(!finding.remedy.is_by_hand() || repaired == Repaired::Not, "{finding:?}");
            done += usize::from(repaired == Repaired::Done);
        }
        if done == 0 {
            return found;
        }
    }
    panic!("there is always something left to repair: {:?}", store.verify().await.unwrap().findings);
}

/// Runs all that can, a day later. Which jobs that were.
async fn run_all(store: &dyn Store, clock: &ManualClock) -> BTreeSet<JobId> {
    clock.advance(Duration::from_secs(24 * 3600));
    store.resume(&queue()).await.unwrap();
    store.promote(1000).await.unwrap();
    let worker = WorkerId::new("reaper").unwrap();
    let (order, call) = (Priority::DESCENDING, chance::call_id());
    let request =
        ReserveRequest { worker: &worker, queues: &[], order, max: 100, lease: LEASE, call, is_repeat: false };
    let mut taken = store.reclaim(&request).await.unwrap();
    let mut ran = BTreeSet::new();
    loop {
        taken.extend(reserve(store, "reaper", 100).await);
        if taken.is_empty() {
            return ran;
        }
        for job in taken.drain(..) {
            assert!(ran.insert(job.reservation.job), "{} runs twice", job.reservation.job);
            assert_eq!(store.settle(&[ending(&job, Settlement::Complete)]).await.unwrap(), [Settled::Done]);
        }
    }
}

async fn prove(place: &dyn Place, case: Case) {
    let clock = Arc::new(ManualClock::default());
    clock.advance(Duration::from_secs(1_000_000));
    let store = place.open(clock.clone()).await;
    let jobs = populate(&*store).await;
    let healthy = store.verify().await.unwrap();
    assert!(healthy.is_clean(), "{:?}", healthy.findings);
    assert_eq!(healthy.checked(Class::Jobs), ALL, "{healthy:?}");

    place.spoil(case.words, &jobs).await;
    let before = place.dump().await;
    let found = store.verify().await.unwrap();
    assert!(found.totals.contains_key(&case.flaw), "{case:?}: {:?}", found.findings);
    assert_eq!(place.dump().await, before, "{case:?}: a look writes nothing");

    let left = repair(&*store).await;
    assert_eq!(left.is_clean(), case.left == Left::Nothing, "{case:?}: {:?}", left.findings);
    assert!(left.findings.iter().all(|finding| finding.remedy.is_by_hand()), "{case:?}: {:?}", left.findings);
    if case.left == Left::Blocked {
        return;
    }
    let kept = |name: &&&str| !case.lost.contains(*name);
    let runnable = RUNNABLE.iter().chain(&["neighbour"]).filter(kept).map(|name| jobs[name]);
    let mut runnable: BTreeSet<JobId> = runnable.collect();
    runnable.extend(jobs.get("extra"));
    assert_eq!(run_all(&*store, &clock).await, runnable, "{case:?}: {jobs:?}");
    let after = store.verify().await.unwrap();
    assert!(after.findings.iter().all(|finding| finding.remedy.is_by_hand()), "{case:?}: {:?}", after.findings);
}
