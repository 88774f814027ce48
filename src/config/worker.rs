//! Settings of the workers.

use std::time::Duration;

use journeyman_job::{QueueName, seconds};

use super::reader::{Reader, settings};

const DAY: Duration = Duration::from_secs(24 * 3600);

settings! {
    /// How many jobs a process runs, from which queues, and when it stops.
    pub struct WorkerConfig in "worker" {
        /// Jobs run at the same time.
        count: usize = "5", env "WORKER_COUNT", within 1..=10_000;
        /// Queues served, the most urgent first.
        queues: Vec<QueueName> = "high_priority,default,low_priority", env "QUEUE_WORKER_QUEUES";
        /// Whether queues not named are served too, after the named ones.
        all_queues: bool = "true", env "QUEUE_WORKER_ALL_QUEUES";
        /// Threads for jobs that block.
        thread_pool_size: usize = "20", env "THREAD_POOL_SIZE", within 1..=10_000;
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
        self.memory = self.memory.filter(|&mebibytes| mebibytes > 0);
        self
    }
}
