//! What a worker is told when it starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use journeyman_job::{AppState, Dispatcher, QueueName};

use super::order::Ordering;
use crate::queue::{Connect, Policy, Retention, Store, WorkerId};

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
    /// Threads for jobs of the blocking lane.
    pub thread_pool_size: usize,
    /// How long the store keeps this worker's jobs for it without hearing from it.
    pub lease: Duration,
    /// Time between signs of life; at most a third of the lease.
    pub heartbeat: Duration,
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

impl WorkerOptions {
    pub fn new(id: WorkerId) -> Self {
        Self {
            id,
            queues: vec![QueueName::default()],
            all_queues: false,
            ordering: Ordering::default(),
            slots: 5,
            thread_pool_size: 20,
            lease: Duration::from_secs(10),
            heartbeat: Duration::from_secs(3),
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
