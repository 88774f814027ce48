//! `POST /api/queue/enqueue/batch`: many jobs in one request.

use std::collections::BTreeMap;
use std::fmt;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use journeyman_job::{Dispatch, DispatchError, JobId, QueueName, RawJson};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::code::Code;
use super::super::detached::detached;
use super::super::edge::{Room, needs};
use super::super::error::{Fault, Problem, ProblemBody};
use super::super::extract::JsonBody;
use super::super::frame::RequestId;
use super::super::json;
use super::super::{Api, ApiState};
use super::Enqueued;
use super::request::EnqueueRequest;
use crate::access::Scope;
use crate::queue::{Dispatched, limits};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Enqueue, routes!(enqueue_batch)))
}

/// Jobs to enqueue together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tasks": [
    {"task_type": "send_notification", "task_data": {"user_id": 1, "message": "Welcome"}},
    {"task_type": "send_notification", "task_data": {"user_id": 2, "message": "Welcome"}, "delay": 60}
]}))]
pub struct BatchRequest {
    /// Each as `POST /api/queue/enqueue` takes it.
    #[serde(deserialize_with = "tasks")]
    #[schema(value_type = Vec<EnqueueRequest>, min_items = 1, max_items = 1000)]
    tasks: Vec<RawJson>,
    /// Whether all of them are stored or none; otherwise each is stored or refused for itself.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    atomic: bool,
}

fn yes() -> bool {
    true
}

/// What became of the tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"results": [{
    "task_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "operation_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "job_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "status": "pending",
    "queue_name": "default",
    "task_type": "send_notification",
    "deduplicated": false
}]}))]
struct BatchResults {
    /// One for each task, in their order.
    results: Vec<TaskResult>,
}

/// The job as `POST /api/queue/enqueue` answers it; or, of a batch that is not atomic, why it was refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum TaskResult {
    Enqueued(Enqueued),
    Refused {
        /// Its pointers are those of the whole body.
        error: Box<ProblemBody>,
    },
}

/// Puts many jobs into their queues.
///
/// All of them or, if anything is wrong with one, none; with `atomic: false` each for itself.
#[utoipa::path(
    post,
    path = "/api/queue/enqueue/batch",
    operation_id = "enqueueBatch",
    tag = "jobs",
    request_body = BatchRequest,
    responses(
        (status = 201, description = "Stored.", body = BatchResults),
        (status = 200, description = "Nothing new was stored: all of them were there before or, in a batch that is not \
            atomic, refused.", body = BatchResults),
        (status = 400, description = "Not JSON, or nested too deep.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body took too long.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "An `operation_id` is that of another job; nothing was stored.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is not called JSON.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Something is wrong with at least one task; `errors` lists all of it, nothing was \
            stored.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn enqueue_batch(
    State(api): State<Api>,
    Extension(request_id): Extension<RequestId>,
    JsonBody(BatchRequest { tasks, atomic }): JsonBody<BatchRequest>,
) -> Result<(StatusCode, Json<BatchResults>), Problem> {
    if tasks.is_empty() {
        let detail = format!("is empty: give 1 to {} tasks", limits::BULK);
        return Err(Problem::invalid(vec![Fault::new("/tasks", detail)]));
    }
    let read: Vec<Result<Dispatch, Vec<Fault>>> =
        tasks.iter().enumerate().map(|(index, task)| dispatch(index, task, &api)).collect();
    let results = if atomic { all_or_none(api, read).await? } else { each(api, read, request_id.as_str()).await? };
    let is_new = |result: &TaskResult| matches!(result, TaskResult::Enqueued(stored) if !stored.deduplicated);
    let status = if results.iter().any(is_new) { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(BatchResults { results })))
}

/// The dispatch that a task asks for, or all that speaks against it, by pointers into the whole body.
fn dispatch(index: usize, task: &RawJson, api: &ApiState) -> Result<Dispatch, Vec<Fault>> {
    let read = json::part::<EnqueueRequest>(task.get()).map_err(|fault| vec![fault]);
    read.and_then(|request| request.into_dispatch(api)).map_err(|faults| {
        let inside = |fault: Fault| Fault::new(format!("/tasks/{index}{}", fault.pointer), fault.detail);
        faults.into_iter().map(inside).collect()
    })
}

async fn all_or_none(api: Api, read: Vec<Result<Dispatch, Vec<Fault>>>) -> Result<Vec<TaskResult>, Problem> {
    let (mut dispatches, mut faults) = (Vec::with_capacity(read.len()), Vec::new());
    for one in read {
        match one {
            Ok(dispatch) => dispatches.push(dispatch),
            Err(more) => faults.extend(more),
        }
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let heads = heads(&dispatches);
    let rooms = room_for_all(&api, &dispatches).await?;
    let sent = detached(async move {
        let sent = api.manager.bulk(dispatches).await;
        drop(rooms);
        Ok::<_, Problem>(sent)
    });
    match sent.await? {
        Ok(sent) => {
            let stored = sent.into_iter().zip(heads).map(|(sent, (task_type, _))| Enqueued::new(sent, task_type));
            Ok(stored.map(TaskResult::Enqueued).collect())
        }
        Err(error) => Err(conflict(error, &heads)),
    }
}

/// Room in every queue for all that goes there.
async fn room_for_all(api: &ApiState, dispatches: &[Dispatch]) -> Result<Vec<Room>, Problem> {
    let mut counts: BTreeMap<&QueueName, u64> = BTreeMap::new();
    for dispatch in dispatches {
        *counts.entry(dispatch.queue()).or_default() += 1;
    }
    let mut rooms = Vec::with_capacity(counts.len());
    for (queue, jobs) in counts {
        rooms.push(api.edge.let_in(api.manager.store().as_ref(), queue, jobs).await?);
    }
    Ok(rooms)
}

/// Type and chosen id of each.
fn heads(dispatches: &[Dispatch]) -> Vec<(String, Option<JobId>)> {
    dispatches.iter().map(|dispatch| (dispatch.spec.type_name.clone(), dispatch.options.id)).collect()
}

/// The refusal of a whole batch, with every task that asked for the id that is taken.
fn conflict(error: DispatchError, heads: &[(String, Option<JobId>)]) -> Problem {
    let DispatchError::Conflict(taken) = error else { return error.into() };
    let asked = heads.iter().enumerate().filter(|(_, (_, id))| *id == Some(taken));
    let fault = |index| Fault::new(format!("/tasks/{index}/operation_id"), "is the id of another job");
    Problem::new(Code::OperationIdTaken, format!("{error}; nothing was stored"))
        .at(asked.map(|(index, _)| fault(index)).collect())
}

async fn each(api: Api, read: Vec<Result<Dispatch, Vec<Fault>>>, request_id: &str) -> Result<Vec<TaskResult>, Problem> {
    let refused = |problem: Problem| TaskResult::Refused { error: Box::new(problem.body(request_id.to_owned())) };
    let mut let_in = Vec::with_capacity(read.len());
    let mut rooms = Vec::new();
    for one in read {
        let one = one.map_err(Problem::invalid);
        let_in.push(match one {
            Ok(dispatch) => match super::room_for(&api, &dispatch).await {
                Ok(room) => {
                    rooms.push(room);
                    Ok(dispatch)
                }
                Err(problem) => Err(problem),
            },
            Err(problem) => Err(problem),
        });
    }
    let dispatches: Vec<Dispatch> = let_in.iter().filter_map(|one| one.as_ref().ok().cloned()).collect();
    let sent = if dispatches.is_empty() { Vec::new() } else { send_each(api, dispatches, rooms).await? };
    let mut sent = sent.into_iter();
    let results = let_in.into_iter().enumerate().map(|(index, one)| match one {
        Err(problem) => refused(problem),
        Ok(dispatch) => match sent.next() {
            Some(Ok(sent)) => TaskResult::Enqueued(Enqueued::new(sent, dispatch.spec.type_name)),
            Some(Err(error)) => refused(conflict_of(index, error)),
            None => refused(Problem::internal(&"the store gave no answer for a task")),
        },
    });
    Ok(results.collect())
}

async fn send_each(
    api: Api,
    dispatches: Vec<Dispatch>,
    rooms: Vec<Room>,
) -> Result<Vec<Result<Dispatched, DispatchError>>, Problem> {
    let sending = async move {
        let sent = api.manager.each(dispatches).await;
        drop(rooms);
        sent
    };
    detached(sending).await
}

fn conflict_of(index: usize, error: DispatchError) -> Problem {
    match error {
        DispatchError::Conflict(_) => {
            let at = Fault::new(format!("/tasks/{index}/operation_id"), "is the id of another job");
            Problem::new(Code::OperationIdTaken, error.to_string()).at(vec![at])
        }
        other => other.into(),
    }
}

/// Stops at the first task too many, however many follow.
fn tasks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RawJson>, D::Error> {
    struct Tasks;

    impl<'de> Visitor<'de> for Tasks {
        type Value = Vec<RawJson>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of tasks")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<RawJson>, A::Error> {
            let mut tasks = Vec::new();
            while let Some(task) = items.next_element()? {
                if tasks.len() == limits::BULK {
                    return Err(A::Error::custom(format!("holds more than {} tasks: split the batch", limits::BULK)));
                }
                tasks.push(task);
            }
            Ok(tasks)
        }
    }

    deserializer.deserialize_seq(Tasks)
}
