//! Settings of the workers.

use std::time::Duration;

use journeyman_job::{Priority, QueueName, seconds};

use super::layers::Origin;
use super::reader::{Reader, settings};
use super::value::{Choice, Value};
use crate::worker::{PriorityMode, PriorityWeights};

const DAY: Duration = Duration::from_secs(24 * 3600);

settings! {
    /// How many jobs a process runs, from which queues, and when it stops.
    pub struct WorkerConfig in "worker" {
        /// Jobs run at the same time, set apart by queue, as queue=jobs; several queues share a pool as a+b=jobs. Not used
        /// where worker.count or worker.queues is given.
        pools: Option<Vec<PoolSize>> = "default=2,high_priority=3,low_priority=1", env "WORKER_POOLS";
        /// Jobs run at the same time, whatever their queues.
        count: usize = "5", env "WORKER_COUNT", within 1..=10_000;
        /// Queues served, the most urgent first.
        queues: Vec<QueueName> = "high_priority,default,low_priority", env "QUEUE_WORKER_QUEUES";
        /// Whether queues not named are served too, after the named ones.
        all_queues: bool = "true", env "QUEUE_WORKER_ALL_QUEUES";
        /// Which priority goes first: strict takes every more urgent job before others, weighted draws lots.
        priority_mode: PriorityMode = "strict", env "PRIORITY_MODE";
        /// Lots of each priority in weighted mode; those not named keep theirs.
        priority_weights: PriorityWeights = "critical=8,high=4,normal=2,low=1", env "PRIORITY_WEIGHTS";
        /// Time after which a priority that was not first goes first once; 0 = never.
        aging_after: Option<Duration> = "", env "AGING_AFTER", within Duration::ZERO..=seconds::MAX;
        /// Threads for jobs that block.
        thread_pool_size: usize = "20", env "THREAD_POOL_SIZE", within 1..=10_000;
        /// Times in a row that a job finds every one of them busy before it fails.
        max_requeue_attempts: u32 = "3", env "MAX_REQUEUE_ATTEMPTS", within 0..=1000;
        /// Longest one attempt of a handler may run that names no limit of its own; 0 = no limit.
        work_timeout: Duration = "30", env "WORK_TIMEOUT", within Duration::ZERO..=seconds::MAX;
        /// How long a stopping worker waits for its jobs before it gives them back.
        grace_shutdown_period: Duration = "5", env "GRACE_SHUTDOWN_PERIOD", within Duration::ZERO..=DAY;
        /// Longest pause between two looks into empty queues, in case no wake-up comes.
        sleep: Duration = "3", env "JOURNEYMAN_WORKER_SLEEP", within Duration::ZERO..=DAY;
        /// How long a job stays with a worker that has fallen silent.
        lease: Duration = "10", env "JOURNEYMAN_WORKER_LEASE", within Duration::from_secs(1)..=DAY;
        /// Pause between two signs of life; at most a third of the lease.
        heartbeat: Duration = "3", env "JOURNEYMAN_WORKER_HEARTBEAT", within Duration::from_millis(10)..=DAY;
        /// Workers that may die while running a job before the job fails.
        max_crashes: u32 = "3", env "JOURNEYMAN_WORKER_MAX_CRASHES", within 1..=1000;
        /// Executions in total, for every job in place of its own; 0 = no limit.
        max_tries: Option<u32> = "", env "JOURNEYMAN_WORKER_MAX_TRIES";
        /// Longest one attempt may run, for every job in place of its own; 0 = no limit.
        timeout: Option<Duration> = "", env "JOURNEYMAN_WORKER_TIMEOUT", within Duration::ZERO..=seconds::MAX;
        /// Jobs after which the worker stops; 0 = no limit.
        max_jobs: Option<u64> = "", env "JOURNEYMAN_WORKER_MAX_JOBS";
        /// Time after which the worker stops; 0 = no limit.
        max_time: Option<Duration> = "", env "JOURNEYMAN_WORKER_MAX_TIME", within Duration::ZERO..=seconds::MAX;
        /// Memory of the process, MiB, past which the worker stops; 0 = no limit.
        memory: Option<u64> = "", env "JOURNEYMAN_WORKER_MEMORY", within 0..=16 * 1024 * 1024;
    }
}

impl WorkerConfig {
    /// Pools are for those who have said nothing about the crew, or named them.
    pub(super) fn with_pools_as_meant(self, reader: &mut Reader<'_>) -> Self {
        let is_given = |key| reader.origin(key).is_some_and(|origin| origin != Origin::Default);
        let has_crew = ["worker.count", "worker.queues"].into_iter().any(is_given);
        if has_crew && is_given("worker.pools") && self.pools.is_some() {
            reader.conflict(
                &["worker.pools", "worker.count", "worker.queues"],
                "give pools, or a count and queues".to_owned(),
            );
        }
        if has_crew { Self { pools: None, ..self } } else { self }
    }

    /// Three beats have to fit into a lease, so that two may be lost before another worker takes the job.
    pub(super) fn check(&self, reader: &mut Reader<'_>) {
        if self.heartbeat > self.lease / 3 {
            // Rounded down to what people write, so that the advice itself is taken.
            let longest = Duration::from_millis(u64::try_from((self.lease / 3).as_millis()).unwrap_or(u64::MAX));
            let longest = humantime::format_duration(longest);
            let rule = format!("give a heartbeat of at most a third of the lease, {longest}, or a longer lease");
            reader.conflict(&["worker.heartbeat", "worker.lease"], rule);
        }
    }

    /// Laravel's 0 and no setting mean the same; from here on there is only `None`.
    pub(super) fn without_zero_limits(mut self) -> Self {
        self.max_jobs = self.max_jobs.filter(|&jobs| jobs > 0);
        self.max_time = self.max_time.filter(|time| !time.is_zero());
        self.aging_after = self.aging_after.filter(|time| !time.is_zero());
        self.memory = self.memory.filter(|&mebibytes| mebibytes > 0);
        self
    }
}

impl Choice for PriorityMode {
    const CHOICES: &'static [(&'static str, Self)] = &[("strict", Self::Strict), ("weighted", Self::Weighted)];
}

/// Written as `critical=8,high=4,normal=2,low=1`.
impl Value for PriorityWeights {
    const IS_LIST: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        const MOST: u32 = 1000;
        let mut weights = Self::default();
        for lots in text.split(',') {
            let given = lots.split_once('=').and_then(|(name, weight)| {
                let weight = weight.trim().parse().ok().filter(|weight| (1..=MOST).contains(weight))?;
                Some((name.trim().parse::<Priority>().ok()?, weight))
            });
            let (priority, weight) = given.ok_or_else(|| {
                format!("give each priority's lots, 1 to {MOST}, as in critical=8,high=4,normal=2,low=1")
            })?;
            weights.set(priority, weight);
        }
        Ok(weights)
    }

    fn show(&self) -> Option<String> {
        let lots = Priority::DESCENDING.map(|priority| format!("{priority}={}", self.of(priority)));
        Some(lots.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r17_weights_are_given_by_name_and_the_rest_keep_theirs() {
        let given = PriorityWeights::parse(" low=5, Critical=1").unwrap();
        assert_eq!(given, PriorityWeights { critical: 1, low: 5, ..PriorityWeights::default() });
        assert_eq!(PriorityWeights::parse(&given.show().unwrap()), Ok(given));
        for wrong in ["", "low", "low=", "low=0", "low=1001", "low=-1", "low=1.5", "urgent=1", "low=1,", "8,4,2,1"] {
            assert!(PriorityWeights::parse(wrong).is_err(), "{wrong}");
        }
    }
}

/// Written `queue=jobs` or `queue+queue=jobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSize {
    pub queues: Vec<QueueName>,
    pub slots: usize,
}

impl Value for PoolSize {
    fn parse(text: &str) -> Result<Self, String> {
        let rule = || "give queue=jobs, such as reports=2 or mail+reports=2, with 1 to 10000 jobs".to_owned();
        let (names, slots) = text.split_once('=').ok_or_else(rule)?;
        let queues = names.split('+').map(QueueName::parse);
        let queues = queues.collect::<Result<_, _>>()?;
        let slots = slots.trim().parse().ok().filter(|slots| (1..=10_000).contains(slots)).ok_or_else(rule)?;
        Ok(Self { queues, slots })
    }

    fn show(&self) -> Option<String> {
        let names: Vec<&str> = self.queues.iter().map(QueueName::as_str).collect();
        Some(format!("{}={}", names.join("+"), self.slots))
    }
}

#[cfg(test)]
mod pool_tests {
    use super::*;

    #[test]
    fn r18_a_pool_is_queues_and_a_number_of_jobs() {
        for text in ["default=2", "mail+reports=10"] {
            assert_eq!(PoolSize::parse(text).unwrap().show().unwrap(), text);
        }
        for bad in ["default", "=2", "default=0", "default=x", "a b=1", "a++b=1"] {
            assert!(PoolSize::parse(bad).is_err(), "{bad}");
        }
    }
}
