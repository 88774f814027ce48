//! Failed jobs by what they failed of.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use journeyman_job::{JobId, QueueName};

use super::{Filter, OperationError, Operations, PAGE, Place};
use crate::clock::Timestamp;
use crate::queue::{Body, JobRecord, State, fingerprint};

/// Failed jobs that one cause has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureGroup {
    pub fingerprint: String,
    /// Empty where the stored record cannot be read.
    pub task_type: String,
    pub kind: &'static str,
    /// That of the job that ended last.
    pub message: String,
    pub count: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub queues: BTreeSet<QueueName>,
    /// The job that ended last.
    pub sample: JobId,
}

/// The groups of some of the failed jobs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Failures {
    /// The largest first.
    pub groups: Vec<FailureGroup>,
    /// Failed jobs that were looked at.
    pub examined: u64,
    /// How many there are.
    pub total: u64,
    pub next: Option<Place>,
}

impl Operations {
    /// Groups the failed jobs of a queue or of all from `start` on: queue by queue, in each the latest end first, and as
    /// many as one look takes in.
    pub async fn failures(&self, queue: Option<QueueName>, start: Option<Place>) -> Result<Failures, OperationError> {
        let stats = self.store.stats(&self.named_or_all(queue.as_ref()).await?).await?;
        let total = stats.iter().map(|stats| stats.failed).sum();
        let filter = Filter { queue, state: Some(State::Failed), ..Filter::default() };
        let mut search = self.search(&filter, start).await?;
        let mut groups: BTreeMap<String, FailureGroup> = BTreeMap::new();
        while let Some(jobs) = search.next(PAGE).await? {
            jobs.iter().for_each(|job| note(&mut groups, job));
        }
        let groups = sorted(groups.into_values());
        Ok(Failures { groups, examined: search.examined(), total, next: search.place() })
    }
}

/// What a job has failed of.
pub(super) struct Cause<'a> {
    task_type: String,
    kind: &'static str,
    message: &'a str,
}

impl<'a> Cause<'a> {
    pub(super) fn of(job: &'a JobRecord) -> Self {
        let task_type = Body::read(&job.body).map(|body| body.type_name.into_owned()).unwrap_or_default();
        let error = job.trail.error.as_ref();
        let (kind, message) = error.map_or(("", ""), |error| (error.kind().as_str(), error.message()));
        Self { task_type, kind, message }
    }

    pub(super) fn fingerprint(&self) -> String {
        fingerprint(&self.task_type, self.kind, self.message)
    }
}

impl Failures {
    /// Takes in what was found from [`next`](Self::next) on.
    pub fn add(&mut self, more: Self) {
        let Self { groups, examined, total, next } = more;
        let mut all: BTreeMap<String, FailureGroup> =
            self.groups.drain(..).map(|group| (group.fingerprint.clone(), group)).collect();
        for group in groups {
            match all.get_mut(&group.fingerprint) {
                Some(known) => known.add(group),
                None => _ = all.insert(group.fingerprint.clone(), group),
            }
        }
        *self = Self { groups: sorted(all.into_values()), examined: self.examined + examined, total, next };
    }
}

impl FailureGroup {
    /// Takes in more of the same.
    fn add(&mut self, more: Self) {
        self.count += more.count;
        self.first_seen = self.first_seen.min(more.first_seen);
        if more.last_seen > self.last_seen {
            (self.last_seen, self.sample, self.message) = (more.last_seen, more.sample, more.message);
        }
        self.queues.extend(more.queues);
    }
}

fn sorted(groups: impl Iterator<Item = FailureGroup>) -> Vec<FailureGroup> {
    let mut groups: Vec<FailureGroup> = groups.collect();
    groups.sort_by_key(|group| (Reverse(group.count), Reverse(group.last_seen)));
    groups
}

fn note(groups: &mut BTreeMap<String, FailureGroup>, job: &JobRecord) {
    let cause = Cause::of(job);
    let at = job.trail.finished_at.unwrap_or(job.created_at);
    let entry = groups.entry(cause.fingerprint());
    let Cause { task_type, kind, message } = cause;
    let group = entry.or_insert_with_key(|fingerprint| FailureGroup {
        fingerprint: fingerprint.clone(),
        task_type,
        kind,
        message: message.to_owned(),
        count: 0,
        first_seen: at,
        last_seen: at,
        queues: BTreeSet::new(),
        sample: job.id,
    });
    group.count += 1;
    group.first_seen = group.first_seen.min(at);
    if at > group.last_seen {
        (group.last_seen, group.sample) = (at, job.id);
        message.clone_into(&mut group.message);
    }
    group.queues.insert(job.queue.clone());
}
