//! Putting failed jobs back.

use futures::future::try_join_all;
use journeyman_job::{JobId, QueueName};

use super::{AT_ONCE, Acted, OperationError, Operations, PAGE, PER_SWEEP, Place};
use crate::queue::{Found, JobRecord, Retried, Retry, State, StoreError, Trail};

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
    pub async fn retry(&self, id: JobId) -> Result<Acted, StoreError> {
        match self.store.find(id).await? {
            Found::Here(record) => self.put_back(&record).await,
            Found::Expired => Ok(Acted::Expired),
            Found::Nothing => Ok(Acted::Nothing),
        }
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

    pub(super) async fn put_back(&self, record: &JobRecord) -> Result<Acted, StoreError> {
        if !matches!(record.state, State::Failed | State::Cancelled) {
            return Ok(Acted::Not(record.state));
        }
        let trail = Trail::retried(&record.trail).encode();
        Ok(match self.store.retry(&Retry { job: record.id, trail }).await? {
            Retried::Done => Acted::Done,
            Retried::Not(state) => Acted::Not(state),
            Retried::Duplicate(first) => Acted::Duplicate(first),
            Retried::Nothing => Acted::Nothing,
        })
    }
}

impl RetriedMany {
    pub fn count(&mut self, outcome: Acted) {
        match outcome {
            Acted::Done => self.retried += 1,
            Acted::Duplicate(_) => self.duplicates += 1,
            Acted::Not(_) | Acted::Expired | Acted::Nothing => self.gone += 1,
        }
    }
}
