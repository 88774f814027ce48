//! Page after page through several queues and states.

use std::collections::VecDeque;

use journeyman_job::QueueName;

use super::{BadPlace, OperationError, Operations, Place};
use crate::queue::{Cursor, JobRecord, Listing, Page, QueueStats, State, StoreError};

/// The way that is left to go.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    operations: &'a Operations,
    left: VecDeque<(QueueName, State)>,
    /// Where in the first of them.
    after: Option<Cursor>,
    /// The place as the caller gave it, until the store has read it.
    given: Option<String>,
}

impl Operations {
    /// A way through all jobs of these states, from `start` on. Queues and states that hold none are left out.
    pub(super) async fn walk(
        &self,
        queue: Option<&QueueName>,
        states: &[State],
        start: Option<Place>,
    ) -> Result<Walk<'_>, OperationError> {
        let queues = self.named_or_all(queue).await?;
        let is_ours = |place: &Place| queues.contains(&place.queue) && states.contains(&place.state);
        if let Some(place) = start.as_ref().filter(|place| !is_ours(place)) {
            return Err(BadPlace(place.to_string()).into());
        }
        let stats = self.store.stats(&queues).await?;
        let steps = stats.iter().flat_map(|stats| states.iter().map(move |state| (stats, *state)));
        let is_start = |stats: &QueueStats, state| {
            start.as_ref().is_some_and(|place| place.queue == stats.queue && place.state == state)
        };
        let left = steps
            // What comes before the start is done; the queues are in the order of their names.
            .skip_while(|(stats, state)| start.is_some() && !is_start(stats, *state))
            .filter(|(stats, state)| is_start(stats, *state) || stats.in_state(*state) > 0)
            .map(|(stats, state)| (stats.queue.clone(), state))
            .collect();
        let given = start.as_ref().filter(|place| place.after.is_some()).map(Place::to_string);
        Ok(Walk { operations: self, left, after: start.and_then(|place| place.after), given })
    }
}

impl Walk<'_> {
    /// The next jobs, at most `max`, all of one queue and state; `None` at the end of the way.
    pub(super) async fn page(&mut self, max: usize) -> Result<Option<Vec<JobRecord>>, OperationError> {
        let Some(page) = self.look(max).await? else { return Ok(None) };
        self.go_on(page.next);
        Ok(Some(page.jobs))
    }

    /// The same without going on.
    pub(super) async fn look(&mut self, max: usize) -> Result<Option<Page>, OperationError> {
        let Some((queue, state)) = self.left.front().cloned() else { return Ok(None) };
        let listing = Listing { queue, state, after: self.after.clone(), max };
        let page = self.operations.store.list(&listing).await;
        match (page, self.given.take()) {
            (Err(StoreError::Refused(_)), Some(given)) => Err(BadPlace(given).into()),
            (page, _) => Ok(Some(page?)),
        }
    }

    /// On to where a page said that the next one begins, or to the next queue or state.
    pub(super) fn go_on(&mut self, next: Option<Cursor>) {
        self.after = next;
        if self.after.is_none() {
            self.left.pop_front();
        }
    }

    /// Where to go on; `None` at the end of the way.
    pub(super) fn place(&self) -> Option<Place> {
        let (queue, state) = self.left.front()?.clone();
        Some(Place { queue, state, after: self.after.clone() })
    }
}
