//! Taking jobs and records away: forget, flush, prune, purge.

use std::time::Duration;

use futures::future::try_join_all;
use journeyman_job::{JobId, Priority, QueueName};

use super::{AT_ONCE, OperationError, Operations, PAGE, PER_SWEEP, Place};
use crate::queue::{Forgotten, JobRecord, Retention, State, StoreError, limits};

/// How many were removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cleared {
    pub count: u64,
    /// Where to go on, if the call did not reach the end.
    pub next: Option<Place>,
}

impl Operations {
    /// Removes the record of an ended job.
    pub async fn forget(&self, id: JobId) -> Result<Forgotten, StoreError> {
        self.store.forget(id).await
    }

    /// Removes the records of failed jobs, of one queue or of all, if `older_than` is given only of those that ended
    /// longer ago: looks at no more than [`PER_SWEEP`] in one call.
    pub async fn flush(
        &self,
        queue: Option<&QueueName>,
        older_than: Option<Duration>,
        start: Option<Place>,
    ) -> Result<Cleared, OperationError> {
        let mut walk = self.walk(queue, &[State::Failed], start).await?;
        let before = match older_than {
            Some(age) => Some(self.store.time().await?.minus(age)),
            None => None,
        };
        let is_old = |job: &&JobRecord| before.is_none_or(|before| job.trail.finished_at <= Some(before));
        let (mut cleared, mut seen) = (Cleared::default(), 0);
        while seen < PER_SWEEP {
            let Some(page) = walk.page(PAGE).await? else { break };
            seen += page.len();
            let old: Vec<JobId> = page.iter().filter(is_old).map(|job| job.id).collect();
            for some in old.chunks(AT_ONCE) {
                let forgotten = try_join_all(some.iter().map(|id| self.store.forget(*id))).await?;
                cleared.count += forgotten.iter().filter(|one| **one == Forgotten::Done).count() as u64;
            }
        }
        cleared.next = walk.place();
        Ok(cleared)
    }

    /// Removes records of ended jobs beyond what `retention` keeps, all that are there now.
    pub async fn prune(&self, retention: Retention) -> Result<u64, StoreError> {
        let mut count = 0;
        loop {
            match self.store.prune(retention, limits::PER_CALL).await? {
                0 => return Ok(count),
                pruned => count += pruned as u64,
            }
        }
    }

    /// Removes the waiting jobs of a queue for good, those of one priority if one is named, and tells how many. Jobs that
    /// are pushed meanwhile may be among them or be left: it ends however fast they come.
    pub async fn purge(&self, queue: &QueueName, priority: Option<Priority>) -> Result<u64, OperationError> {
        Ok(self.purge_some(queue, priority, u64::MAX).await?.0)
    }

    /// The same, at most `most` of them, and whether there were more.
    pub async fn purge_some(
        &self,
        queue: &QueueName,
        priority: Option<Priority>,
        most: u64,
    ) -> Result<(u64, bool), OperationError> {
        let stats = self.view(queue).await?.stats;
        let pending = priority.map_or_else(|| stats.total_pending(), |priority| stats.pending_of(priority));
        let waiting = pending + stats.delayed;
        let mut left = waiting.min(most);
        let mut count = 0;
        while left > 0 {
            let max = usize::try_from(left).map_or(limits::PER_CALL, |left| left.min(limits::PER_CALL));
            let purged = self.store.purge(queue, priority, max).await?;
            count += purged as u64;
            left -= (purged as u64).min(left);
            if purged < max {
                return Ok((count, false));
            }
        }
        Ok((count, waiting > most))
    }
}
