//! Looking through the jobs.

use std::cmp::Reverse;

use futures::future::try_join_all;
use journeyman_job::QueueName;

use super::{AT_ONCE, OperationError, Operations, Place};
use crate::queue::{Body, JobRecord, Listing, State};

/// Store calls that one look may make: a filter that fits few jobs must not read a whole backlog.
const CALLS: usize = 20;

/// Which jobs to show; what is not said does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub queue: Option<QueueName>,
    pub state: Option<State>,
    pub task_type: Option<String>,
    pub tag: Option<String>,
}

/// Some of the jobs that fit a filter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Browsed {
    /// At most as many as asked for; fewer, or none, do not say that there are no more.
    pub jobs: Vec<JobRecord>,
    /// Present if there may be more.
    pub next: Option<Place>,
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

impl Filter {
    fn fits(&self, job: &JobRecord) -> bool {
        if self.task_type.is_none() && self.tag.is_none() {
            return true;
        }
        // A record that cannot be read has no type and no tags.
        let Ok(body) = Body::read(&job.body) else { return false };
        self.task_type.as_ref().is_none_or(|wanted| body.type_name == *wanted)
            && self.tag.as_ref().is_none_or(|wanted| body.options.tags.contains(wanted))
    }
}

impl Operations {
    /// Up to `max` jobs that fit, from `start` on: queue by queue, state by state, each in the order of the store's own
    /// listing.
    pub async fn browse(&self, filter: &Filter, start: Option<Place>, max: usize) -> Result<Browsed, OperationError> {
        let of_one = filter.state.map(|state| [state]);
        let states = of_one.as_ref().map_or(State::ALL.as_slice(), <[State; 1]>::as_slice);
        let mut walk = self.walk(filter.queue.as_ref(), states, start).await?;
        let mut jobs = Vec::new();
        for _ in 0..CALLS {
            if jobs.len() >= max {
                break;
            }
            // Never more than are still wanted, so that the store's cursor is that of the last one shown.
            let Some(page) = walk.page(max - jobs.len()).await? else { break };
            jobs.extend(page.into_iter().filter(|job| filter.fits(job)));
        }
        Ok(Browsed { jobs, next: walk.place() })
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
            let Browsed { jobs, next } = self.browse(&filter, start, max).await?;
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
