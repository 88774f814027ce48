//! Whether any slot is free for the jobs of a queue.

use std::collections::BTreeSet;
use std::fmt;

use journeyman_job::{JobId, QueueName};

use super::super::{Operations, PAGE};
use super::{LINE, LINE_BYTES};
use crate::queue::{JobRecord, Listing, State, StoreError, WorkerView};

/// Jobs that are named.
const NAMED: usize = 10;
/// Listings that one answer asks for, should many queues have jobs that run.
const LISTINGS: usize = 20;

/// Jobs that hold all slots of those who would take a job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Busy {
    pub slots: u64,
    /// Some of the jobs that hold them.
    pub jobs: Vec<JobId>,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "other jobs hold every slot of the workers for its queue, {} in all", self.slots)
    }
}

/// Slots that serve the queue, and how many of them are known to be taken.
struct Pool<'a> {
    worker: &'a WorkerView,
    /// Which of the worker's.
    place: usize,
    slots: u64,
    held: u64,
}

impl Operations {
    /// What holds all slots of the workers that take from a queue. `None` if one is free, and where that cannot be told: only
    /// so many jobs are looked at.
    pub(super) async fn busy(&self, queue: &QueueName, workers: &[WorkerView]) -> Result<Option<Busy>, StoreError> {
        let mut pools: Vec<Pool<'_>> = workers.iter().filter_map(|worker| Pool::of(worker, queue)).collect();
        let slots: u64 = pools.iter().map(|pool| pool.slots).sum();
        let running = self.running_in(&pools).await?;
        // Most often there are fewer jobs than slots, and no need to look at any.
        if slots == 0 || running.iter().map(|(_, count)| count).sum::<u64>() < slots {
            return Ok(None);
        }
        let mut jobs = Vec::new();
        let (mut looked, mut bytes, mut listings) = (0, 0, 0);
        for (queue, _) in running {
            let mut after = None;
            while looked < LINE && bytes < LINE_BYTES && listings < LISTINGS {
                let max = PAGE.min(LINE - looked);
                let page =
                    self.store.list(&Listing { queue: queue.clone(), state: State::Reserved, after, max }).await?;
                listings += 1;
                looked += page.jobs.len();
                bytes += page.jobs.iter().map(|job| job.body.len()).sum::<usize>();
                let held = page.jobs.iter().filter(|job| pools.iter_mut().any(|pool| pool.is_taken_by(job)));
                jobs.extend(held.map(|job| job.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        jobs.truncate(NAMED);
        Ok(pools.iter().all(|pool| pool.held >= pool.slots).then_some(Busy { slots, jobs }))
    }

    /// The queues whose jobs can be in these pools, and how many of each run, wherever they do.
    async fn running_in(&self, pools: &[Pool<'_>]) -> Result<Vec<(QueueName, u64)>, StoreError> {
        let serves_all = pools.iter().any(|pool| pool.worker.pools[pool.place].all_queues);
        let queues: BTreeSet<QueueName> = match serves_all {
            true => self.queues().await?.into_iter().collect(),
            false => pools.iter().flat_map(|pool| pool.worker.pools[pool.place].queues.iter().cloned()).collect(),
        };
        let queues: Vec<QueueName> = queues.into_iter().collect();
        let stats = self.store.stats(&queues).await?;
        Ok(stats.into_iter().filter(|stats| stats.reserved > 0).map(|stats| (stats.queue, stats.reserved)).collect())
    }
}

impl<'a> Pool<'a> {
    fn of(worker: &'a WorkerView, queue: &QueueName) -> Option<Self> {
        let place = worker.pool_of(queue).filter(|_| worker.takes(queue))?;
        Some(Self { worker, place, slots: worker.pools[place].slots, held: 0 })
    }

    /// Whether a job that runs is in it; counts it, if so.
    fn is_taken_by(&mut self, job: &JobRecord) -> bool {
        let is_its = job.worker.as_ref() == Some(&self.worker.worker);
        let is_in = is_its && self.worker.pool_of(&job.queue) == Some(self.place);
        self.held += u64::from(is_in);
        is_in
    }
}
