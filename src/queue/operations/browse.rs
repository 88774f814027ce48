//! Looking through the jobs.

use std::cmp::Reverse;

use futures::future::try_join_all;
use journeyman_job::QueueName;

use super::{AT_ONCE, Filter, OperationError, Operations, Place};
use crate::queue::{JobRecord, Listing, State};

/// Some of the jobs that fit a filter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Browsed {
    /// At most as many as asked for; fewer, or none, do not say that there are no more.
    pub jobs: Vec<JobRecord>,
    /// Present if there may be more.
    pub next: Option<Place>,
    /// Records that were looked at.
    pub examined: u64,
}

/// The failed jobs that ended last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Latest {
    pub jobs: Vec<JobRecord>,
    /// How many there are in all.
    pub total: u64,
    /// Present if all of them are of one queue and there may be more.
    pub next: Option<Place>,
}

impl Operations {
    /// Up to `max` jobs that fit, from `start` on, and first the one whose id was given as the text.
    pub async fn browse(&self, filter: &Filter, start: Option<Place>, max: usize) -> Result<Browsed, OperationError> {
        let mut search = self.search(filter, start).await?;
        let mut jobs = Vec::new();
        while let Some(more) = search.next(max - jobs.len()).await? {
            jobs.extend(more);
        }
        Ok(Browsed { jobs, next: search.place(), examined: search.examined() })
    }

    /// The latest failed jobs, the last one to end first: of one queue, page by page, or the first page over all queues.
    pub async fn latest_failed(
        &self,
        queue: Option<&QueueName>,
        start: Option<Place>,
        max: usize,
    ) -> Result<Latest, OperationError> {
        let queue = queue.or(start.as_ref().map(|place| &place.queue)).cloned();
        let stats = self.store.stats(&self.named_or_all(queue.as_ref()).await?).await?;
        let total = stats.iter().map(|stats| stats.failed).sum();
        let mut with_some = stats.into_iter().filter(|stats| stats.failed > 0).map(|stats| stats.queue).peekable();
        let first = with_some.next();
        if queue.is_some() || with_some.peek().is_none() {
            let filter = Filter { queue: queue.or(first), state: Some(State::Failed), ..Filter::default() };
            let Browsed { jobs, next, .. } = self.browse(&filter, start, max).await?;
            return Ok(Latest { jobs, total, next });
        }
        let queues: Vec<QueueName> = first.into_iter().chain(with_some).collect();
        Ok(Latest { jobs: self.merged(&queues, max).await?, total, next: None })
    }

    /// The failed jobs of these queues that ended last. Holds no more of them than a few pages at a time.
    async fn merged(&self, queues: &[QueueName], max: usize) -> Result<Vec<JobRecord>, OperationError> {
        let mut jobs = Vec::new();
        for some in queues.chunks(AT_ONCE) {
            let listings: Vec<Listing> = some
                .iter()
                .map(|queue| Listing { queue: queue.clone(), state: State::Failed, after: None, max })
                .collect();
            let pages = try_join_all(listings.iter().map(|listing| self.store.list(listing))).await?;
            jobs.extend(pages.into_iter().flat_map(|page| page.jobs));
            jobs.sort_by_key(|job: &JobRecord| Reverse(job.trail.finished_at));
            jobs.truncate(max);
        }
        Ok(jobs)
    }
}
