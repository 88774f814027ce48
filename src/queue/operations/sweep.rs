//! One thing done to many jobs.

use futures::future::try_join_all;

use super::{AT_ONCE, Acted, Action, Filter, OperationError, Operations, PAGE, Place};
use crate::queue::{JobRecord, StoreError};

/// What one call came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Jobs that fitted, and were in a state for it.
    pub matched: u64,
    pub done: u64,
    /// Records that were looked at.
    pub examined: u64,
    /// Where to go on; none at the end.
    pub next: Option<Place>,
}

impl Operations {
    /// Does it to every job that fits, from `start` on, as many as one look takes in. Each is guarded by itself: one that
    /// has moved on meanwhile is left alone. With `is_dry` it only counts.
    pub async fn sweep(
        &self,
        action: Action,
        filter: &Filter,
        start: Option<Place>,
        is_dry: bool,
    ) -> Result<Swept, OperationError> {
        let mut search = self.search(filter, start).await?;
        let mut swept = Swept::default();
        while let Some(mut jobs) = search.next(PAGE).await? {
            jobs.retain(|job| action.is_for(job.state));
            swept.matched += jobs.len() as u64;
            let meant = if is_dry { &[] } else { jobs.as_slice() };
            for some in meant.chunks(AT_ONCE) {
                let acted = try_join_all(some.iter().map(|job| self.act_on(action, job))).await?;
                swept.done += acted.into_iter().filter(|acted| *acted == Acted::Done).count() as u64;
            }
        }
        Ok(Swept { examined: search.examined(), next: search.place(), ..swept })
    }

    async fn act_on(&self, action: Action, job: &JobRecord) -> Result<Acted, StoreError> {
        match action {
            // Its past is at hand: no need to look it up once more.
            Action::Retry => self.put_back(job).await,
            Action::Cancel | Action::Run | Action::Delete => self.act(action, job.id).await,
        }
    }
}
