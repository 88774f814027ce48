//! Jobs for the cases, built as a caller would say them.

use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use journeyman::clock::Timestamp;
use journeyman::job::{JobId, Priority, QueueName, When};
use journeyman::queue::{Envelope, NewJob, UniqueKey};

/// The queue of cases that need only one.
pub const QUEUE: &str = "default";

pub fn queue(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

pub fn queues(names: &[&str]) -> Vec<QueueName> {
    names.iter().map(|name| queue(name)).collect()
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A pending job of normal priority.
pub fn job_on(name: &str) -> NewJob {
    let queue = queue(name);
    let id = JobId::generate(&queue);
    let body = Bytes::from(format!(r#"{{"type":"noop","data":{{"id":"{id}"}},"v":1}}"#));
    NewJob::new(Envelope { id, queue, priority: Priority::Normal, body }, When::Now)
}

pub fn job() -> NewJob {
    job_on(QUEUE)
}

pub trait Building {
    fn priority(self, priority: Priority) -> Self;
    fn after(self, delay: Duration) -> Self;
    fn at(self, time: Timestamp) -> Self;
    fn body(self, body: impl Into<Bytes>) -> Self;
    fn unique(self, key: &str) -> Self;
    fn named(self, id: &str) -> Self;
}

impl Building for NewJob {
    fn priority(mut self, priority: Priority) -> Self {
        self.envelope.priority = priority;
        self
    }

    fn after(mut self, delay: Duration) -> Self {
        self.when = When::After(delay);
        self
    }

    fn at(mut self, time: Timestamp) -> Self {
        self.when = When::At(DateTime::from_timestamp_micros(time.as_micros()).unwrap());
        self
    }

    fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.envelope.body = body.into();
        self
    }

    fn unique(mut self, key: &str) -> Self {
        self.unique = Some(UniqueKey::stored(key));
        self
    }

    /// Under an id of the caller's own choice.
    fn named(mut self, id: &str) -> Self {
        self.envelope.id = id.parse().unwrap();
        self.is_named = true;
        self
    }
}

/// The ids of jobs, in order.
pub trait Ids {
    fn ids(&self) -> Vec<JobId>;
}

impl Ids for [NewJob] {
    fn ids(&self) -> Vec<JobId> {
        self.iter().map(NewJob::id).collect()
    }
}

impl Ids for [journeyman::queue::ReservedJob] {
    fn ids(&self) -> Vec<JobId> {
        self.iter().map(|job| job.reservation.job).collect()
    }
}
