//! `/api/v1/jobs/{task_id}/explain`: why a job does not run, or when it will.

use axum::Json;
use axum::extract::State;
use journeyman_job::{JobId, QueueName};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::edge::needs;
use super::super::error::{Problem, ProblemBody};
use super::super::extract::PathOf;
use super::super::status::Failure;
use super::super::words::{RunsWord, StateWord};
use super::super::{Api, lookup};
use crate::access::Scope;
use crate::clock::Timestamp;
use crate::queue;
use crate::queue::operations::{self, Ahead, Busy, Explanation};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(explain)))
}

/// Why a job does not run, or when it will.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation, example = json!({
    "task_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "state": "pending",
    "runs": "later",
    "summary": "in strict order 12 jobs of its queue go before it: it runs later",
    "reasons": [{
        "code": "jobs_ahead",
        "detail": "in strict order 12 jobs of its queue go before it",
        "count": 12,
        "at_least": false
    }]
}))]
struct Explained {
    #[schema(value_type = Uuid)]
    task_id: JobId,
    #[schema(value_type = StateWord)]
    state: queue::State,
    /// `now`: as soon as a worker has a slot free. `later`: by itself, when its time or its turn has come. `never`: not
    /// before somebody does something about the first of the reasons.
    #[schema(value_type = RunsWord)]
    runs: &'static str,
    /// What is most to know.
    summary: String,
    /// All that decides, the weightiest first; at least one.
    #[schema(min_items = 1)]
    reasons: Vec<Reason>,
}

/// One thing that decides. `detail` is a sentence for people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
enum Reason {
    /// It has ended: `state` says how.
    #[schema(title = "ended")]
    Ended {
        detail: String,
        #[schema(format = DateTime, required)]
        ended_at: Option<String>,
    },
    /// It runs.
    #[schema(title = "running")]
    Running {
        detail: String,
        #[schema(required)]
        worker: Option<String>,
        #[schema(format = DateTime, required)]
        started_at: Option<String>,
    },
    /// Workers take nothing from its queue.
    #[schema(title = "queue_paused")]
    QueuePaused {
        detail: String,
        #[schema(value_type = String)]
        queue_name: QueueName,
    },
    /// No worker takes jobs of its queue: none that serves it is alive and not told to be quiet.
    #[schema(title = "no_worker")]
    NoWorker {
        detail: String,
        #[schema(value_type = String)]
        queue_name: QueueName,
    },
    /// The binary of the server that answers does not know its type; that of a worker may.
    #[schema(title = "unknown_type")]
    UnknownType { detail: String, task_type: String },
    /// It was dispatched for later.
    #[schema(title = "due_later")]
    DueLater {
        detail: String,
        #[schema(format = DateTime)]
        due_at: String,
    },
    /// Its latest attempt failed, and it waits for the next one.
    #[schema(title = "retry_wait")]
    RetryWait {
        detail: String,
        #[schema(format = DateTime)]
        due_at: String,
        error: Failure,
    },
    /// Other jobs hold every slot of the workers that serve its queue. Told if they can be counted: up to 1 000.
    #[schema(title = "workers_busy")]
    WorkersBusy {
        detail: String,
        /// Slots that serve its queue.
        slots: u64,
        /// Some of the jobs that hold them, 10 at most.
        #[schema(value_type = Vec<Uuid>)]
        held_by: Vec<JobId>,
    },
    /// Others of its queue go first, where workers take every more urgent job before others.
    #[schema(title = "jobs_ahead")]
    JobsAhead {
        detail: String,
        count: u64,
        /// Whether there may be more: a job is counted up to when it is among the first 1 000 of its queue.
        at_least: bool,
    },
    /// Nothing stands before it.
    #[schema(title = "ready")]
    Ready { detail: String },
}

/// Says why a job does not run, or when it will.
///
/// What is said of the order holds for workers that take every more urgent job first. Workers can be set up to draw
/// priorities by lot, or to let one that has waited long go first; and those that serve several queues take the most urgent
/// job of all of them.
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{task_id}/explain",
    operation_id = "v1ExplainJob",
    tag = "jobs",
    params(("task_id" = Uuid, Path, description = "The job.", example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    responses(
        (status = 200, description = "What decides.", body = Explained),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn explain(State(api): State<Api>, PathOf(id): PathOf<JobId>) -> Result<Json<Explained>, Problem> {
    let job = lookup::find(&api, id).await?;
    let explanation = api.operations.explain(&job).await?;
    Ok(Json(Explained::of(id, job.state, explanation)))
}

impl Explained {
    fn of(task_id: JobId, state: queue::State, explanation: Explanation) -> Self {
        let summary = explanation.summary();
        let reasons = explanation.reasons.into_iter().map(Reason::from).collect();
        Self { task_id, state, runs: explanation.runs.as_str(), summary, reasons }
    }
}

impl From<operations::Reason> for Reason {
    fn from(reason: operations::Reason) -> Self {
        use operations::Reason as Told;
        let detail = reason.to_string();
        let time = Timestamp::to_rfc3339;
        match reason {
            Told::Ended { at, .. } => Self::Ended { detail, ended_at: at.map(time) },
            Told::Running { worker, since } => Self::Running { detail, worker, started_at: since.map(time) },
            Told::QueuePaused { queue } => Self::QueuePaused { detail, queue_name: queue },
            Told::NoWorker { queue } => Self::NoWorker { detail, queue_name: queue },
            Told::UnknownType { task_type } => Self::UnknownType { detail, task_type },
            Told::DueLater { at } => Self::DueLater { detail, due_at: time(at) },
            Told::RetryWait { at, error } => Self::RetryWait { detail, due_at: time(at), error: (&error).into() },
            Told::WorkersBusy(Busy { slots, jobs }) => Self::WorkersBusy { detail, slots, held_by: jobs },
            Told::JobsAhead(Ahead { count, is_at_least, .. }) => {
                Self::JobsAhead { detail, count, at_least: is_at_least }
            }
            Told::Ready => Self::Ready { detail },
        }
    }
}
