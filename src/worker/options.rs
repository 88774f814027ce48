//! What a worker is told when it starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use journeyman_job::{AppState, Dispatcher, QueueName};

use super::order::Ordering;
use crate::queue::{Connect, Policy, Retention, Routing, Store, WorkerId};

/// How a worker works. Durations are those of this process; what is due and what has expired, the store decides.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    pub id: WorkerId,
    /// In order of preference among equal priorities.
    pub queues: Vec<QueueName>,
    /// Whether queues not named are served too, after the named ones.
    pub all_queues: bool,
    /// Which priority goes first.
    pub ordering: Ordering,
    /// Jobs run at once.
    pub slots: usize,
    /// Slots set apart by queue, in place of `slots` for all of them; empty = none are. The pool that has the default queue
    /// serves the queues not named too. A worker that is to stop by itself keeps no pools apart.
    pub pools: Vec<Pool>,
    /// Threads for jobs of the blocking lane.
    pub thread_pool_size: usize,
    /// How long the store keeps this worker's jobs for it without hearing from it.
    pub lease: Duration,
    /// Time between signs of life; at most a third of the lease.
    pub heartbeat: Duration,
    /// How often it tells of itself.
    pub presence: Duration,
    /// Longest wait before an idle worker looks again, should a wake-up have been missed.
    pub sleep: Duration,
    /// How long running jobs may finish after a stop.
    pub grace: Duration,
    pub policy: Policy,
    /// Overrides every job's own timeout.
    pub timeout: Option<Duration>,
    pub retention: Retention,
    pub until: Until,
}

/// Slots for the jobs of some queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// In order of preference among equal priorities.
    pub queues: Vec<QueueName>,
    pub slots: usize,
}

/// When a worker stops by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Until {
    pub max_jobs: Option<u64>,
    pub max_time: Option<Duration>,
    /// Stop when nothing is pending and nothing runs.
    pub empty: bool,
    /// Resident memory of the process beyond which it stops, MiB.
    pub memory: Option<u64>,
}

/// What one fetcher serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) queues: Vec<QueueName>,
    pub(super) all_queues: bool,
    /// Queues that others serve.
    pub(super) apart: Vec<QueueName>,
    pub(super) slots: usize,
}

impl WorkerOptions {
    /// How the slots are shared out.
    pub(super) fn shares(&self) -> Vec<Share> {
        let stops_by_itself = self.until.empty || self.until.max_jobs.is_some();
        if self.pools.is_empty() || stops_by_itself {
            let (queues, all_queues) = (self.queues.clone(), self.all_queues);
            return vec![Share { queues, all_queues, apart: Vec::new(), slots: self.total_slots() }];
        }
        let named: Vec<&QueueName> = self.pools.iter().flat_map(|pool| &pool.queues).collect();
        let default = QueueName::default();
        let has_default = self.pools.iter().position(|pool| pool.queues.contains(&default)).unwrap_or(0);
        let share = |(place, pool): (usize, &Pool)| {
            let apart = named.iter().copied().filter(|queue| !pool.queues.contains(queue)).cloned().collect();
            let all_queues = self.all_queues && place == has_default;
            Share { queues: pool.queues.clone(), all_queues, apart, slots: pool.slots }
        };
        self.pools.iter().enumerate().map(share).collect()
    }

    /// Jobs run at once, in all pools together.
    pub fn total_slots(&self) -> usize {
        if self.pools.is_empty() { self.slots } else { self.pools.iter().map(|pool| pool.slots).sum() }
    }

    pub fn new(id: WorkerId) -> Self {
        Self {
            id,
            queues: vec![QueueName::default()],
            all_queues: false,
            ordering: Ordering::default(),
            slots: 5,
            pools: Vec::new(),
            thread_pool_size: 20,
            lease: Duration::from_secs(10),
            heartbeat: Duration::from_secs(3),
            presence: Duration::from_secs(5),
            sleep: Duration::from_secs(3),
            grace: Duration::from_secs(5),
            policy: Policy::default(),
            timeout: None,
            retention: Retention::default(),
            until: Until::default(),
        }
    }
}

/// What a worker works with.
#[derive(Clone)]
pub struct Surroundings {
    pub store: Arc<dyn Store>,
    /// For the heartbeat, which shares nothing with the threads that jobs run on.
    pub connect: Connect,
    /// Where jobs dispatch further jobs.
    pub dispatcher: Arc<dyn Dispatcher>,
    /// What holds for callbacks that say nothing else.
    pub routing: Arc<Routing>,
    /// What the application shares with its jobs.
    pub state: Arc<AppState>,
    pub observer: Option<Observer>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Called for each attempt's beginning and settled end; must not block.
pub type Observer = Arc<dyn Fn(&JobEvent) + Send + Sync>;

/// Something that happened to a job in this worker.
#[derive(Debug, Clone)]
pub struct JobEvent {
    pub id: journeyman_job::JobId,
    pub queue: QueueName,
    pub job_type: String,
    pub attempt: u32,
    pub what: Happened,
}

#[derive(Debug, Clone)]
pub enum Happened {
    Started,
    Completed {
        duration: Duration,
    },
    /// Another try follows after `delay`.
    Retrying {
        duration: Duration,
        delay: Duration,
        error: String,
    },
    /// Put off or given back without using an attempt.
    PutOff {
        duration: Duration,
    },
    Failed {
        duration: Duration,
        error: String,
    },
    /// The result was refused: the job belongs to another worker by now.
    Refused {
        duration: Duration,
    },
}

impl Happened {
    /// How long the attempt ran; zero at its start.
    pub fn duration(&self) -> Duration {
        match self {
            Self::Started => Duration::ZERO,
            Self::Completed { duration }
            | Self::Retrying { duration, .. }
            | Self::PutOff { duration }
            | Self::Failed { duration, .. }
            | Self::Refused { duration } => *duration,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str) -> QueueName {
        QueueName::new(name).unwrap()
    }

    fn options() -> WorkerOptions {
        let pool = |name: &str, slots| Pool { queues: vec![queue(name)], slots };
        WorkerOptions {
            pools: vec![pool("high_priority", 3), pool("default", 2)],
            all_queues: true,
            ..WorkerOptions::new(WorkerId::new("w").unwrap())
        }
    }

    #[test]
    fn r18_each_pool_serves_its_queues_and_the_default_one_the_rest() {
        let shares = options().shares();
        assert_eq!(options().total_slots(), 5);
        assert_eq!(
            (shares[0].all_queues, shares[0].slots, &shares[0].queues[..]),
            (false, 3, &[queue("high_priority")][..])
        );
        assert_eq!((shares[1].all_queues, &shares[1].apart[..]), (true, &[queue("high_priority")][..]));
    }

    #[test]
    fn r18_a_worker_that_stops_by_itself_has_one_pool_of_all_slots() {
        let once = WorkerOptions { until: Until { empty: true, ..Until::default() }, ..options() };
        assert_eq!((once.shares().len(), once.shares()[0].slots), (1, 5));
    }
}
