//! Looking for jobs that fit a filter, a bounded number of records at a time.

use std::time::Duration;

use super::walk::Walk;
use super::{Filter, OperationError, Operations, PAGE, Place};
use crate::queue::{Found, JobRecord, State};

/// Records that one call looks at: a filter that fits few jobs must not read a whole backlog.
pub const PER_LOOK: usize = 1000;
/// About how many bytes of stored jobs one call looks at, so that it ends in time however large they are.
const LOOK_BYTES: usize = 32 * 1024 * 1024;
/// Store calls that one look makes, should many queues hold few jobs each.
const LOOK_CALLS: usize = 50;
/// How far a job's end, as its worker has written it down, may lie before the store's own account of it.
const SKEW: Duration = Duration::from_secs(60);

/// A look for jobs under way.
#[derive(Debug)]
pub(super) struct Search<'a> {
    filter: &'a Filter,
    walk: Walk<'a>,
    /// The job whose id is the text, until it is given.
    named: Option<JobRecord>,
    /// Records looked at.
    examined: usize,
    bytes: usize,
    calls: usize,
}

impl Operations {
    /// A look from `start` on: queue by queue, state by state, each in the order of the store's own listing.
    pub(super) async fn search<'a>(
        &'a self,
        filter: &'a Filter,
        start: Option<Place>,
    ) -> Result<Search<'a>, OperationError> {
        let of_one = filter.only_state().map(|state| [state]);
        let states = of_one.as_ref().map_or(State::ALL.as_slice(), <[State; 1]>::as_slice);
        let is_first = start.is_none();
        let walk = self.walk(filter.queue.as_ref(), states, start).await?;
        let named = if is_first { self.named(filter).await? } else { None };
        Ok(Search { filter, walk, named, examined: 0, bytes: 0, calls: 0 })
    }

    /// The job whose id was given as the text.
    async fn named(&self, filter: &Filter) -> Result<Option<JobRecord>, OperationError> {
        let Some(id) = filter.text.as_ref().and_then(|text| text.id) else { return Ok(None) };
        match self.store.find(id).await? {
            Found::Here(record) if filter.fits_but_for_text(&record) => Ok(Some(*record)),
            Found::Here(_) | Found::Expired | Found::Nothing => Ok(None),
        }
    }
}

impl Search<'_> {
    /// The next jobs that fit, at most `wanted`, perhaps none; `None` once this look has come to its end. To be asked for
    /// the last time, or with `wanted` as small as the room that is left.
    pub(super) async fn next(&mut self, wanted: usize) -> Result<Option<Vec<JobRecord>>, OperationError> {
        if let Some(named) = self.named.take() {
            self.examined += 1;
            // A job that is asked for by its id is not to wait for a look through the others.
            self.bytes = LOOK_BYTES;
            return Ok(Some(vec![named]));
        }
        let left = PER_LOOK.saturating_sub(self.examined);
        if wanted == 0 || left == 0 || self.bytes >= LOOK_BYTES || self.calls >= LOOK_CALLS {
            return Ok(None);
        }
        // Where nothing is left out, no more are read than are wanted.
        let mut max = if self.filter.is_narrow() { PAGE } else { PAGE.min(wanted) }.min(left);
        loop {
            self.calls += 1;
            let Some(page) = self.walk.look(max).await? else { return Ok(None) };
            let fitting: Vec<usize> = (0..page.jobs.len()).filter(|at| self.fits(&page.jobs[*at])).collect();
            if let Some(surplus) = fitting.get(wanted) {
                // The place to go on from is that of a page's last record: the same is read again, and only so far.
                max = *surplus;
                continue;
            }
            let is_past = page.jobs.last().is_some_and(|last| self.is_past(last));
            self.walk.go_on(page.next.filter(|_| !is_past));
            self.examined += page.jobs.len();
            self.bytes += page.jobs.iter().map(|job| job.body.len()).sum::<usize>();
            let mut fitting = fitting.into_iter().peekable();
            let jobs = page.jobs.into_iter().enumerate();
            return Ok(Some(jobs.filter_map(|(at, job)| fitting.next_if_eq(&at).map(|_| job)).collect()));
        }
    }

    /// Whether every job listed after this one was dispatched too early: ended ones come the latest end first, and nothing
    /// ends before it was dispatched.
    fn is_past(&self, job: &JobRecord) -> bool {
        let ended_at = job.trail.finished_at.filter(|_| job.state.is_ended());
        self.filter.since.zip(ended_at).is_some_and(|(since, ended_at)| ended_at.plus(SKEW) < since)
    }

    fn fits(&self, job: &JobRecord) -> bool {
        // It was given first.
        let is_named = self.filter.text.as_ref().is_some_and(|text| text.id == Some(job.id));
        !is_named && self.filter.fits(job)
    }

    pub(super) fn examined(&self) -> u64 {
        self.examined as u64
    }

    /// Where to go on; `None` at the end of the way.
    pub(super) fn place(&self) -> Option<Place> {
        self.walk.place()
    }
}
