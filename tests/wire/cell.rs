//! One cell of the matrix: an operation, and the fault that happens to one of its requests.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use journeyman::clock::Stopwatch;
use journeyman::job::{JobId, Priority, QueueName, When};
use journeyman::queue::{
    CallId, Envelope, Found, JobRecord, NewJob, PushOutcome, QueueStats, ReserveRequest, ReservedJob, Settle, Settled,
    Settlement, State, Store, StoreError, Trail, Unit, WorkerId,
};

use super::store::{Kind, Place, TIMEOUT};
use crate::support::proxy::Fault;

/// The lease of every worker of a cell.
pub const LEASE: Duration = Duration::from_secs(30);
/// What a busy machine may add to the time that a call may take.
const SLACK: Duration = Duration::from_secs(15);
/// Longest that an operation may take with all its repetitions.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Cell<'p> {
    pub place: &'p Place,
    pub queue: QueueName,
    pub fault: Fault,
    target: Target,
    is_armed: AtomicBool,
}

/// Which of an operation's requests it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Nth(usize),
    /// The one by which a transaction of a database is done or not.
    Commit,
}

/// What a caller was told in the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Told<T> {
    pub answer: T,
    /// Whether an earlier call may have done it already, by its own account.
    pub may_be_repeated: bool,
}

impl<'p> Cell<'p> {
    /// With a queue of its own.
    pub fn new(place: &'p Place, target: Target, fault: Fault) -> Self {
        static USED: AtomicU64 = AtomicU64::new(0);
        let queue = QueueName::new(&format!("c{}x", USED.fetch_add(1, Ordering::Relaxed))).unwrap();
        Self { place, queue, fault, target, is_armed: AtomicBool::new(false) }
    }

    pub fn clean(&self) -> &dyn Store {
        self.place.clean.as_ref()
    }

    pub fn faulty(&self) -> &dyn Store {
        self.place.faulty.as_ref()
    }

    // The fault

    /// Calls through the proxy, on which the fault waits, until there is an answer; as a worker or a server does. `call`
    /// is told whether it may be a repetition.
    pub async fn insist<T>(&self, call: impl AsyncFn(bool) -> Result<T, StoreError>) -> Told<T> {
        self.arm();
        let clock = Stopwatch::start();
        let mut may_be_repeated = false;
        while clock.elapsed() < PATIENCE {
            let of_call = Stopwatch::start();
            let answer = call(may_be_repeated).await;
            let took = of_call.elapsed();
            assert!(took < TIMEOUT + SLACK, "{self:?}: a call took {took:?}");
            match answer {
                Ok(answer) => return Told { answer, may_be_repeated },
                Err(StoreError::Unknown(_)) => may_be_repeated = true,
                Err(StoreError::Unavailable(_)) => {}
                Err(error) => panic!("{self:?}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{self:?}: no answer within {PATIENCE:?}");
    }

    /// The same until `is_done`, for what only takes what is free: a transaction that hangs keeps its rows locked until the
    /// server gives up on it. At most `all` is done, and told.
    pub async fn insist_until(
        &self,
        all: usize,
        call: impl AsyncFn() -> Result<usize, StoreError>,
        is_done: impl AsyncFn() -> bool,
    ) {
        let (clock, mut done, mut may_be_repeated) = (Stopwatch::start(), 0, false);
        loop {
            let told = self.insist(async |_| call().await).await;
            (done, may_be_repeated) = (done + told.answer, may_be_repeated | told.may_be_repeated);
            if is_done().await {
                break;
            }
            assert!(clock.elapsed() < PATIENCE, "{self:?}: {done} of {all} done within {PATIENCE:?}");
        }
        assert!(done == all || (may_be_repeated && done < all), "{self:?}: {done} of {all} were told of");
    }

    /// Once, however many calls the operation makes.
    fn arm(&self) {
        if self.is_armed.swap(true, Ordering::Relaxed) {
            return;
        }
        let (kind, mark, own) = (self.place.kind, self.place.mark.clone(), format!("queue:{{{}", self.queue));
        let target = self.target;
        let aim = move |said: &str| match (kind, target) {
            // Not its signs of life, which come when they like; nor a look at the queues of earlier cells.
            (Kind::Redis, _) => said.contains(&mark) && (!said.contains("queue:{") || said.contains(&own)),
            (_, Target::Commit) => said.contains("COMMIT"),
            // Nor announcements, which follow by themselves.
            (_, Target::Nth(_)) => !said.contains("queue_wakes") && !said.contains("pg_notify"),
        };
        let skip = if let Target::Nth(n) = self.target { n } else { 0 };
        self.place.proxy.strike(aim, skip, self.fault);
    }

    // By the direct way

    pub fn job(&self) -> NewJob {
        job_on(&self.queue)
    }

    pub async fn put(&self, jobs: &[NewJob]) {
        let outcomes = self.clean().push(jobs, Unit::Queue).await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, PushOutcome::Stored { .. })), "{outcomes:?}");
    }

    pub async fn put_one(&self) -> JobId {
        let job = self.job();
        self.put(std::slice::from_ref(&job)).await;
        job.id()
    }

    /// A job in the hands of `worker`.
    pub async fn held_by(&self, worker: &WorkerId) -> ReservedJob {
        self.put_one().await;
        let queues = std::slice::from_ref(&self.queue);
        let call = journeyman::chance::call_id();
        self.clean().reserve(&request(worker, queues, 1, call, false)).await.unwrap().jobs.pop().expect("a job waits")
    }

    pub async fn held(&self) -> ReservedJob {
        self.held_by(&self.worker()).await
    }

    /// A worker whom no other cell knows.
    pub fn worker(&self) -> WorkerId {
        WorkerId::new(&format!("worker-{}", self.queue)).unwrap()
    }

    pub async fn settle(&self, settle: Settle) -> Settled {
        self.clean().settle(&[settle]).await.unwrap()[0]
    }

    pub async fn record(&self, id: JobId) -> JobRecord {
        match self.clean().find(id).await.unwrap() {
            Found::Here(record) => *record,
            other => panic!("{self:?}: {id}: {other:?}"),
        }
    }

    pub async fn is_gone(&self, id: JobId) -> bool {
        !matches!(self.clean().find(id).await.unwrap(), Found::Here(_))
    }

    pub async fn pending(&self) -> u64 {
        self.clean().stats(std::slice::from_ref(&self.queue)).await.unwrap()[0].total_pending()
    }

    /// That the job is there, in that state, after so many attempts.
    pub async fn is(&self, id: JobId, state: State, attempts: u32) {
        let record = self.record(id).await;
        assert_eq!((record.state, record.attempts), (state, attempts), "{self:?}");
    }

    /// That the numbers of the queue are these, from nothing on.
    pub async fn counts(&self, set: impl FnOnce(&mut QueueStats)) {
        self.counts_of(&self.queue, set).await;
    }

    pub async fn counts_of(&self, queue: &QueueName, set: impl FnOnce(&mut QueueStats)) {
        let mut expected = QueueStats::empty(queue.clone());
        set(&mut expected);
        let found = self.clean().stats(std::slice::from_ref(queue)).await.unwrap().remove(0);
        assert_eq!(found, expected, "{self:?}");
    }
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { moment, ending } = self.fault;
        write!(f, "{:?}, {:?}, {moment:?} {ending:?}", self.place.kind, self.target)
    }
}

impl<T: fmt::Debug + PartialEq> Told<Vec<T>> {
    /// The same of each part, for a call that is done in several steps.
    pub fn are_once(&self, cell: &Cell<'_>, done: &T, done_before: &T) {
        let is_fine = |part: &T| part == done || (self.may_be_repeated && part == done_before);
        assert!(self.answer.iter().all(is_fine), "{cell:?}: {self:?} where {done:?} was due");
    }
}

impl<T: fmt::Debug + PartialEq> Told<T> {
    /// That it was done once: told so now, or, if an earlier call may have done it, that it was done before.
    pub fn is_once(&self, cell: &Cell<'_>, done: &T, done_before: &T) {
        let is_fine = self.answer == *done || (self.may_be_repeated && self.answer == *done_before);
        assert!(is_fine, "{cell:?}: {self:?} where {done:?} was due");
    }
}

pub fn job_on(queue: &QueueName) -> NewJob {
    let id = JobId::generate(queue);
    let body = Bytes::from(format!(r#"{{"type":"noop","data":{{"id":"{id}"}},"v":1}}"#));
    NewJob::new(Envelope { id, queue: queue.clone(), priority: Priority::Normal, body }, When::Now)
}

pub fn request<'r>(
    worker: &'r WorkerId,
    queues: &'r [QueueName],
    max: usize,
    call: CallId,
    is_repeat: bool,
) -> ReserveRequest<'r> {
    ReserveRequest { worker, queues, order: Priority::DESCENDING, max, lease: LEASE, call, is_repeat }
}

/// The end of an attempt, with a trail as the worker would write it.
pub fn ending(job: &ReservedJob, settlement: Settlement) -> Settle {
    let mut trail = Trail::decode(&job.trail);
    if let Settlement::Fail { error } = &settlement {
        trail.error = Some(error.clone());
    }
    let trail = trail.encode();
    Settle { reservation: job.reservation.clone(), settlement, trail, counted: None, then: Vec::new() }
}
