//! One case: what has been pushed and reserved so far, and how an operation becomes calls.
//!
//! Where two stores may rightly differ, a call is shaped so that they do not, or its answer is compared as far as it is
//! promised. Each such place begins with "Free:".

mod push;
mod records;
mod reserve;
mod settle;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use journeyman::clock::Timestamp;
use journeyman::job::{JobId, Priority, QueueName};
use journeyman::queue::{CallId, Cancelled, NewJob, Reservation, WorkerId};

use super::look;
use super::operations::{Ending, How, Id, KEYS, Operation, QUEUES, Time, WORKERS, Wanted, When, Which};
use super::pair::{Both, Pair, Wrong};

pub const LEASE: Duration = Duration::from_secs(30);
const ORDERS: [[Priority; 4]; 3] = [
    Priority::DESCENDING,
    [Priority::Low, Priority::Normal, Priority::High, Priority::Critical],
    [Priority::Normal, Priority::Critical, Priority::Low, Priority::High],
];
/// More than a case ever has.
const ALL: usize = 400;

pub struct World {
    pub pair: Pair,
    pub queues: Vec<QueueName>,
    workers: Vec<WorkerId>,
    /// Ids of the case follow from this one.
    root: JobId,
    made: u64,
    calls: u64,
    /// One of each id that was pushed, in order.
    pub jobs: Vec<NewJob>,
    /// All that was ever reserved, by worker.
    holds: BTreeMap<usize, Vec<Hold>>,
    /// Who has a job now.
    holder: HashMap<JobId, Both<Reservation>>,
    latest: HashMap<usize, Ask>,
    pub moments: Moments,
    lines: Lines,
    /// How long each worker's hold lasts: on what it took of this queue, and on all.
    leases: HashMap<(usize, Option<usize>), Timestamp>,
    paused: BTreeSet<usize>,
    /// Ids of records that were pruned, which a store must remember.
    pub pruned: HashSet<JobId>,
    /// Ids of stored jobs that a withheld push named as well.
    named_in_vain: HashSet<JobId>,
}

/// When things happened that a listing is in the order of.
#[derive(Default)]
pub struct Moments {
    pub ended: HashMap<JobId, Timestamp>,
    pub reserved: HashMap<JobId, Timestamp>,
    due: HashSet<i64>,
}

/// The order in which pending jobs came to stand where they are.
#[derive(Default)]
struct Lines {
    arrivals: u64,
    arrived: HashMap<JobId, u64>,
    given_back: HashMap<JobId, (QueueName, Priority)>,
}

impl Lines {
    fn arrive(&mut self, job: JobId) {
        self.arrivals += 1;
        self.arrived.entry(job).or_insert(self.arrivals);
    }
}

#[derive(Debug, Clone)]
struct Hold {
    reservation: Both<Reservation>,
}

/// A `reserve` that may be repeated.
#[derive(Debug, Clone)]
struct Ask {
    queues: Vec<usize>,
    order: usize,
    max: usize,
    call: CallId,
}

impl World {
    pub fn new(pair: Pair, case: u32) -> Self {
        let queue = |letter| QueueName::new(&format!("m{case}-{letter}")).unwrap();
        let queues: Vec<QueueName> = ["a", "b", "c"].map(queue).into();
        let workers = (0..WORKERS).map(|number| WorkerId::new(&format!("m{case}-w{number}")).unwrap()).collect();
        let mut root = [0; 16];
        root[..6].copy_from_slice(&(1_770_000_000_000 + u64::from(case)).to_be_bytes()[2..]);
        root[6] = 0x70;
        root[8] = 0x80;
        root[9..13].copy_from_slice(&case.to_be_bytes());
        Self {
            pair,
            queues,
            workers,
            root: JobId::from_slice(&root).unwrap(),
            made: 0,
            calls: 0,
            jobs: Vec::new(),
            holds: BTreeMap::new(),
            holder: HashMap::new(),
            latest: HashMap::new(),
            moments: Moments::default(),
            lines: Lines::default(),
            leases: HashMap::new(),
            paused: BTreeSet::new(),
            pruned: HashSet::new(),
            named_in_vain: HashSet::new(),
        }
    }

    pub async fn apply(&mut self, operation: &Operation) -> Result<(), Wrong> {
        // Free: which of two things that happened in one microsecond came first. So no two operations share one.
        self.pair.clock.advance(Duration::from_micros(1));
        match operation {
            Operation::Push { jobs, whole } => self.push(jobs, *whole).await?,
            Operation::Reserve { worker, queues, order, max } => {
                let ask = Ask { queues: queues.clone(), order: *order, max: *max, call: self.call() };
                self.latest.insert(*worker, ask.clone());
                self.reserve(*worker, &ask, false).await?;
            }
            Operation::ReserveAgain { worker } => {
                if let Some(ask) = self.latest.get(worker).cloned() {
                    self.reserve(*worker, &ask, true).await?;
                }
            }
            Operation::Beat { worker, left_out, past } => self.beat(*worker, *left_out, *past).await?,
            Operation::Settle { worker, endings } => self.settle(*worker, endings).await?,
            Operation::Promote { max } => _ = self.pair.same(async |store| store.promote(*max).await).await?,
            Operation::Pass { time } => self.pass(*time),
            Operation::Reclaim { worker, max, again } => self.reclaim(*worker, *max, *again).await?,
            Operation::Retire { worker } => {
                self.pair.same(async |store| store.retire(&self.workers[*worker]).await).await?;
            }
            Operation::Prune { ttl, max_records, max } => self.prune(*ttl, *max_records, *max).await?,
            Operation::Cancel { job } => {
                let job = self.any_job(*job);
                let outcome = self.pair.same(async |store| store.cancel(job).await).await?;
                if outcome == Cancelled::Done {
                    self.moments.ended.insert(job, self.pair.now());
                }
            }
            Operation::Hasten { job } => {
                let job = self.any_job(*job);
                self.pair.same(async |store| store.hasten(job).await).await?;
            }
            Operation::Retry { job } => self.retry(*job).await?,
            Operation::Forget { job } => {
                let job = self.any_job(*job);
                self.pair.same(async |store| store.forget(job).await).await?;
            }
            Operation::Purge { queue, priority, max } => self.purge(*queue, *priority, *max).await?,
            Operation::Pause { queue } => {
                self.paused.insert(*queue);
                self.pair.same(async |store| store.pause(&self.queues[*queue]).await).await?;
            }
            Operation::Resume { queue } => {
                self.paused.remove(queue);
                self.pair.same(async |store| store.resume(&self.queues[*queue]).await).await?;
            }
            Operation::Restart => self.pair.same(async |store| store.signal_restart().await).await?,
            Operation::Look { page } => look::at_all(self, *page).await?,
        }
        self.line_up().await
    }

    /// What can only be seen by going on: which keys are taken, and in which order the rest comes out. All of it ends.
    pub async fn finish(&mut self) -> Result<(), Wrong> {
        let probe = |place| Wanted {
            id: Id::Fresh,
            queue: place / KEYS,
            priority: 0,
            when: When::Now,
            key: Some(place % KEYS),
        };
        let mut rest = vec![Operation::Push { jobs: (0..QUEUES * KEYS).map(probe).collect(), whole: false }];
        rest.extend((0..QUEUES).map(|queue| Operation::Resume { queue }));
        rest.push(Operation::Pass { time: Time::Lease { exactly: true } });
        rest.push(Operation::Reclaim { worker: WORKERS - 1, max: 5, again: false });
        rest.push(Operation::Pass { time: Time::Seconds(100) });
        rest.push(Operation::Reserve { worker: 0, queues: vec![2, 0, 1], order: 0, max: ALL });
        for operation in &rest {
            self.apply(operation).await?;
        }
        for worker in 0..WORKERS {
            let ending = |held| Ending { which: Which::Held(held), how: How::Complete, counted: None, then: None };
            let endings = (0..self.held(worker).len()).map(ending).collect();
            self.apply(&Operation::Settle { worker, endings }).await?;
        }
        self.apply(&Operation::Look { page: 20 }).await
    }

    fn call(&mut self) -> CallId {
        self.calls += 1;
        // Large, so that a store that rounds numbers is found out.
        CallId(u64::MAX - self.calls)
    }

    fn fresh_id(&mut self, queue: usize) -> JobId {
        self.made += 1;
        self.root.derived(&self.made.to_string(), &self.queues[queue])
    }

    /// One of those pushed, or one that never was.
    fn any_job(&self, number: usize) -> JobId {
        match number % (self.jobs.len() + 1) {
            0 => self.root.derived("never pushed", &self.queues[0]),
            place => self.jobs[place - 1].id(),
        }
    }
}
