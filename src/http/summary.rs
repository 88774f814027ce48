//! A job as lists show it.

use journeyman_job::{JobId, Priority, QueueName};
use serde::Serialize;
use utoipa::ToSchema;

use super::status::Failure;
use super::words::{PriorityWord, StateWord};
use crate::clock::Timestamp;
use crate::queue::operations::{Browsed, Place};
use crate::queue::{Body, JobRecord, State};

/// A job without its payload, result and history; `GET /api/queue/status/{task_id}` has those.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobSummary {
    #[schema(value_type = Uuid)]
    task_id: JobId,
    #[schema(value_type = StateWord)]
    status: State,
    #[schema(value_type = String)]
    queue_name: QueueName,
    /// `null` if the stored record cannot be read; then so is `max_tries`.
    #[schema(required)]
    task_type: Option<String>,
    tags: Vec<String>,
    #[schema(value_type = PriorityWord)]
    priority: Priority,
    /// Executions begun, the present one included.
    attempts: u32,
    /// Executions in total; 0 = no limit.
    #[schema(required)]
    max_tries: Option<u32>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    available_at: String,
    #[schema(format = DateTime, required)]
    started_at: Option<String>,
    #[schema(format = DateTime, required)]
    finished_at: Option<String>,
    /// Who runs it now.
    #[schema(required)]
    worker: Option<String>,
    #[schema(required)]
    error: Option<Failure>,
}

impl From<JobRecord> for JobSummary {
    fn from(record: JobRecord) -> Self {
        let body = Body::read(&record.body).ok();
        Self {
            task_id: record.id,
            status: record.state,
            queue_name: record.queue,
            task_type: body.as_ref().map(|body| body.type_name.to_string()),
            max_tries: body.as_ref().map(|body| body.options.max_tries),
            tags: body.map(|body| body.options.tags).unwrap_or_default(),
            priority: record.priority,
            attempts: record.attempts,
            created_at: record.created_at.to_rfc3339(),
            available_at: record.available_at.to_rfc3339(),
            started_at: record.started_at.map(Timestamp::to_rfc3339),
            finished_at: record.trail.finished_at.map(Timestamp::to_rfc3339),
            worker: record.worker,
            error: record.trail.error.as_ref().map(Failure::from),
        }
    }
}

/// Some of the jobs that were asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "jobs": [{
        "task_id": "0198c0de-7a11-7000-8000-00000000c8e5",
        "status": "pending",
        "queue_name": "default",
        "task_type": "send_notification",
        "tags": [],
        "priority": "normal",
        "attempts": 0,
        "max_tries": 3,
        "created_at": "2026-02-02T02:40:00.000001Z",
        "available_at": "2026-02-02T02:40:00.000001Z",
        "started_at": null,
        "finished_at": null,
        "worker": null,
        "error": null
    }],
    "next_cursor": "default~pending~2d322e31.",
    "examined": 1
}))]
pub struct JobsPage {
    pub jobs: Vec<JobSummary>,
    /// Where to go on; `null` at the end. A page can hold fewer jobs than its limit, even none, with more to come.
    #[schema(value_type = Option<String>, required)]
    pub next_cursor: Option<Cursor>,
    /// Records that were looked at for it.
    pub examined: u64,
}

impl From<Browsed> for JobsPage {
    fn from(browsed: Browsed) -> Self {
        let Browsed { jobs, next, examined } = browsed;
        Self { jobs: jobs.into_iter().map(Into::into).collect(), next_cursor: Cursor::of(next), examined }
    }
}

/// A place, as a text.
#[derive(Debug)]
pub struct Cursor(pub Place);

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Cursor {
    pub fn of(place: Option<Place>) -> Option<Self> {
        place.map(Self)
    }
}

/// A job that was moved to another state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "task_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "operation_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "job_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "status": "cancelled"
}))]
pub struct Moved {
    #[schema(value_type = Uuid)]
    task_id: JobId,
    /// The same id.
    #[schema(value_type = Uuid)]
    operation_id: JobId,
    /// The same id.
    #[schema(value_type = Uuid)]
    job_id: JobId,
    #[schema(value_type = StateWord)]
    status: State,
}

impl Moved {
    pub fn to(status: State, id: JobId) -> Self {
        Self { task_id: id, operation_id: id, job_id: id, status }
    }
}
