//! Putting failed jobs back.

use futures::future::{join_all, try_join_all};
use journeyman_job::{JobId, QueueName};

use super::{AT_ONCE, OperationError, Operations, PAGE, PER_SWEEP, Place};
use crate::queue::{Found, JobRecord, Retried, Retry, State, StoreError, Trail};

/// What became of one job that was to be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOutcome {
    Retried,
    /// It has neither failed nor been cancelled.
    Not(State),
    /// This job does the same work and has not ended.
    Duplicate(JobId),
    /// There was such a job; its record has been pruned.
    Expired,
    Nothing,
}

/// What became of many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetriedMany {
    pub retried: u64,
    /// Left as they are: another job does the same work and has not ended.
    pub duplicates: u64,
    /// No longer there, or no longer failed, when their turn came.
    pub gone: u64,
    /// Where to go on, if the call did not reach the end.
    pub next: Option<Place>,
}

impl Operations {
    /// Puts a failed or cancelled job to the back of its queue, with all its tries before it again.
    pub async fn retry(&self, id: JobId) -> Result<RetryOutcome, StoreError> {
        match self.store.find(id).await? {
            Found::Here(record) => self.put_back(&record).await,
            Found::Expired => Ok(RetryOutcome::Expired),
            Found::Nothing => Ok(RetryOutcome::Nothing),
        }
    }

    /// The same for several, each for itself; one outcome each, in order.
    pub async fn retry_each(&self, ids: &[JobId]) -> Vec<Result<RetryOutcome, StoreError>> {
        let mut outcomes = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            outcomes.extend(join_all(some.iter().map(|id| self.retry(*id))).await);
        }
        outcomes
    }

    /// Puts back the failed jobs of a queue, or of all: at most [`PER_SWEEP`] in one call. A job that fails anew meanwhile
    /// is not taken twice.
    pub async fn retry_failed(
        &self,
        queue: Option<&QueueName>,
        start: Option<Place>,
    ) -> Result<RetriedMany, OperationError> {
        let mut walk = self.walk(queue, &[State::Failed], start).await?;
        let (mut many, mut seen) = (RetriedMany::default(), 0);
        while seen < PER_SWEEP {
            let Some(page) = walk.page(PAGE).await? else { break };
            seen += page.len();
            for some in page.chunks(AT_ONCE) {
                let outcomes = try_join_all(some.iter().map(|record| self.put_back(record))).await?;
                outcomes.into_iter().for_each(|outcome| many.count(outcome));
            }
        }
        many.next = walk.place();
        Ok(many)
    }

    async fn put_back(&self, record: &JobRecord) -> Result<RetryOutcome, StoreError> {
        if !matches!(record.state, State::Failed | State::Cancelled) {
            return Ok(RetryOutcome::Not(record.state));
        }
        let trail = Trail::retried(&record.trail).encode();
        Ok(match self.store.retry(&Retry { job: record.id, trail }).await? {
            Retried::Done => RetryOutcome::Retried,
            Retried::Not(state) => RetryOutcome::Not(state),
            Retried::Duplicate(first) => RetryOutcome::Duplicate(first),
            Retried::Nothing => RetryOutcome::Nothing,
        })
    }
}

impl RetriedMany {
    pub fn count(&mut self, outcome: RetryOutcome) {
        match outcome {
            RetryOutcome::Retried => self.retried += 1,
            RetryOutcome::Duplicate(_) => self.duplicates += 1,
            RetryOutcome::Not(_) | RetryOutcome::Expired | RetryOutcome::Nothing => self.gone += 1,
        }
    }
}
