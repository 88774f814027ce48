//! Listings, page by page, at the price of the page.
//!
//! Jobs in a list have no number that stays theirs, so a cursor names the last jobs of its page and those that would have
//! come next. One of them that nothing has happened to since is where it was among the others.

use bytes::Bytes;
use fred::interfaces::{ListInterface, SortedSetsInterface};
use fred::types::Value;
use journeyman_job::{JobId, Priority, QueueName};

use super::connection::meaning;
use super::cursor::{Anchor, Place};
use super::driver::count;
use super::records::{self, StoredJob, StoredState};
use super::together::together;
use super::{RedisStore, scripts};
use crate::clock::Timestamp;
use crate::queue::limits::PER_CALL;
use crate::queue::{Cursor, Found, JobRecord, Listing, Page, State, StoreError, WorkerId};

/// Anchors on either side of a place. Should nothing be left of them all, the page goes on where it most likely was.
const ANCHORS: usize = 4;

/// What one list holds of a page.
struct Part {
    jobs: Vec<JobRecord>,
    /// Where this part ended.
    passed: u64,
    anchors: Vec<Anchor>,
    ended_at: Option<i64>,
    has_more: bool,
}

/// Where a page starts in one list.
#[derive(Default)]
struct Start {
    passed: u64,
    anchors: Vec<Anchor>,
    ended_at: Option<i64>,
}

impl RedisStore {
    pub(super) async fn page_of(&self, listing: &Listing) -> Result<Page, StoreError> {
        let Listing { queue, state, after, max } = listing;
        let after = after.as_ref().map(|cursor| Place::read(cursor, *state)).transpose()?;
        let max = (*max).min(PER_CALL);
        match state {
            State::Pending => self.pending_page(queue, after, max).await,
            State::Delayed => self.delayed_page(queue, after, max).await,
            State::Reserved => self.reserved_page(queue, after, max).await,
            State::Completed => self.ended_page(queue, *state, self.keys.completed(queue), after, max).await,
            State::Failed => self.ended_page(queue, *state, self.keys.failed(queue), after, max).await,
            State::Cancelled => self.ended_page(queue, *state, self.keys.cancelled(queue), after, max).await,
        }
    }

    /// From one priority to the next lower one, each from its tail.
    async fn pending_page(&self, queue: &QueueName, after: Option<Place>, max: usize) -> Result<Page, StoreError> {
        let (first, mut start) = match after {
            Some(Place::Among { priority: Some(priority), passed, anchors, .. }) => {
                (priority, Start { passed, anchors, ended_at: None })
            }
            _ => (Priority::Critical, Start::default()),
        };
        let mut page = Page::default();
        let mut last = None;
        for priority in Priority::DESCENDING.into_iter().filter(|&priority| priority <= first) {
            let room = max - page.jobs.len();
            if room == 0 && last.is_some() {
                let client = self.connection.client().await?;
                let length: u64 =
                    client.llen(self.keys.pending(queue, priority)).await.map_err(|error| meaning(&error))?;
                if length > 0 {
                    page.next = last;
                    break;
                }
                continue;
            }
            let list = self.keys.pending(queue, priority);
            let part = self.part(queue, list, false, std::mem::take(&mut start), room).await?;
            page.jobs.extend(part.jobs.into_iter().filter(|job| job.state == State::Pending));
            let Part { passed, anchors, has_more, .. } = part;
            let place = Place::Among { priority: Some(priority), passed, ended_at: None, anchors };
            last = Some(place.write(State::Pending));
            if has_more {
                page.next = last;
                break;
            }
        }
        Ok(page)
    }

    async fn ended_page(
        &self,
        queue: &QueueName,
        state: State,
        list: String,
        after: Option<Place>,
        max: usize,
    ) -> Result<Page, StoreError> {
        let start = match after {
            Some(Place::Among { passed, anchors, ended_at, .. }) => Start { passed, anchors, ended_at },
            _ => Start::default(),
        };
        let Part { jobs, passed, anchors, ended_at, has_more } = self.part(queue, list, true, start, max).await?;
        let place = Place::Among { priority: None, passed, ended_at, anchors };
        Ok(Page { jobs, next: has_more.then(|| place.write(state)) })
    }

    async fn part(
        &self,
        queue: &QueueName,
        list: String,
        from_head: bool,
        start: Start,
        max: usize,
    ) -> Result<Part, StoreError> {
        let keys = vec![list, self.keys.jobs(queue), self.keys.state(queue), self.keys.marks(queue)];
        let ended_at = start.ended_at.map_or_else(String::new, |micros| format!("{micros:016}"));
        let passed = i64::try_from(start.passed).unwrap_or(i64::MAX);
        let from = if from_head { "h" } else { "t" };
        let mut args = vec![from.into(), count(max), count(ANCHORS), passed.into(), ended_at.into(), 0.into()];
        args.extend(start.anchors.iter().map(|anchor| Value::from(Bytes::from(anchor.packed()))));
        // A list that has moved far is looked through bit by bit.
        let mut reply = loop {
            let mut reply = self.connection.run(&scripts::PAGE, keys.clone(), args.clone()).await?;
            match reply.integer()? {
                ..0 => break reply,
                far => args[5] = far.into(),
            }
        };
        let (passed, has_more) = (reply.count()?, reply.integer()? == 1);
        let (mut jobs, mut listed, mut anchors) = (Vec::new(), Vec::new(), Vec::new());
        let mut ended_at = start.ended_at;
        while !reply.is_empty() {
            let anchor = Anchor::of(&reply.bytes()?)?;
            let (job, state) = (reply.optional_bytes()?, reply.optional_bytes()?);
            if !anchor.is_listed {
                anchors.push(anchor);
                continue;
            }
            let id = anchor.id;
            listed.push(anchor);
            // An id that was put there by hand is passed over.
            let Some(job) = job else { continue };
            let state = state.map(|state| StoredState::read(&state)).transpose()?;
            ended_at = state.as_ref().map(|state| state.changed_at.as_micros()).filter(|_| from_head).or(ended_at);
            jobs.push(records::record(id, queue.clone(), StoredJob::read(&job)?, state, None));
        }
        if listed.is_empty() {
            // Nothing was listed here, so the place is where it was.
            listed = start.anchors.into_iter().filter(|anchor| anchor.is_listed).rev().collect();
        }
        anchors.extend(listed.into_iter().rev().take(ANCHORS));
        Ok(Part { jobs, passed, anchors, ended_at, has_more })
    }

    async fn delayed_page(&self, queue: &QueueName, after: Option<Place>, max: usize) -> Result<Page, StoreError> {
        let after = match after {
            Some(Place::Due(due, priority, id)) => {
                let head = format!("{:016}{}", due.as_micros(), priority.as_number());
                [head.as_bytes(), id.as_bytes()].concat()
            }
            _ => Vec::new(),
        };
        let keys = vec![self.keys.delayed(queue), self.keys.jobs(queue), self.keys.state(queue)];
        let args = vec![count(max), Bytes::from(after).into()];
        let mut reply = self.connection.run(&scripts::SOONEST, keys, args).await?;
        let has_more = reply.integer()? == 1;
        let mut page = Page::default();
        let mut last = None;
        while !reply.is_empty() {
            let (member, due) = (reply.bytes()?, records::time(&reply.bytes()?, 0)?);
            let (job, state) = (reply.optional_bytes()?, reply.optional_bytes()?);
            // What was put there by hand is passed over.
            let Some(id) = member.get(1..).and_then(JobId::from_slice) else { continue };
            let Some(job) = job.map(|job| StoredJob::read(&job)).transpose()? else { continue };
            last = Some(Place::Due(due, job.priority, id));
            let state = state.map(|state| StoredState::read(&state)).transpose()?;
            page.jobs.push(records::record(id, queue.clone(), job, state, Some(due)));
        }
        page.next = last.filter(|_| has_more).map(|place| place.write(State::Delayed));
        Ok(page)
    }

    /// What workers hold is bounded by their slots, so all of it is ordered here; only the page is read whole.
    async fn reserved_page(&self, queue: &QueueName, after: Option<Place>, max: usize) -> Result<Page, StoreError> {
        let client = self.connection.client().await?;
        let leases = self.keys.leases(queue);
        let workers: Vec<String> =
            client.zrange(leases, 0, -1, None, false, None, false).await.map_err(|error| meaning(&error))?;
        let workers: Vec<WorkerId> = workers.iter().filter_map(|worker| WorkerId::new(worker).ok()).collect();
        let held = together(workers.iter().map(|worker| self.held_by(queue, worker))).await?;
        let mut held: Vec<(Timestamp, JobId)> = held.into_iter().flatten().collect();
        if let Some(Place::Held(since, id)) = after {
            held.retain(|&place| place > (since, id));
        }
        held.sort_unstable();
        let next = held.get(max).and_then(|_| held[..max].last());
        let next: Option<Cursor> = next.map(|&(since, id)| Place::Held(since, id).write(State::Reserved));
        held.truncate(max);
        let found = together(held.iter().map(|&(_, id)| self.find_in(queue, id))).await?;
        let here = found.into_iter().filter_map(|found| match found {
            Found::Here(record) => Some(*record),
            Found::Expired | Found::Nothing => None,
        });
        // One that ended a moment ago is in another listing now.
        Ok(Page { jobs: here.filter(|job| job.state == State::Reserved).collect(), next })
    }

    async fn held_by(&self, queue: &QueueName, worker: &WorkerId) -> Result<Vec<(Timestamp, JobId)>, StoreError> {
        let keys = vec![self.keys.reserved(queue, worker), self.keys.state(queue)];
        let mut reply = self.connection.run(&scripts::HELD, keys, Vec::new()).await?;
        let mut held = Vec::new();
        while !reply.is_empty() {
            let value = reply.bytes()?;
            let id = value.get(16..).and_then(JobId::from_slice).ok_or_else(records::damaged)?;
            held.push((records::time(&value, 0)?, id));
        }
        Ok(held)
    }
}
