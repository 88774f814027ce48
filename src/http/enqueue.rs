//! `POST /api/queue/enqueue`: one job into its queue.

mod batch;
mod callback;
pub(super) mod request;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::header::LOCATION;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use journeyman_job::{Dispatch, JobId, QueueName};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::request::EnqueueRequest;
pub(super) use self::request::is_taken;
use super::code::Code;
use super::detached::detached;
use super::edge::{Room, needs};
use super::error::{Problem, ProblemBody};
use super::extract::Unread;
use super::json;
use super::words::StateWord;
use super::{Api, ApiState};
use crate::access::Scope;
use crate::queue::{self, Dispatched, Found};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Enqueue, routes!(enqueue))).merge(batch::router())
}

/// A job that has been stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "task_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "operation_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "job_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "status": "pending",
    "queue_name": "default",
    "task_type": "send_notification",
    "deduplicated": false
}))]
pub(super) struct Enqueued {
    #[schema(value_type = Uuid)]
    task_id: JobId,
    /// The same id.
    #[schema(value_type = Uuid)]
    operation_id: JobId,
    /// The same id.
    #[schema(value_type = Uuid)]
    job_id: JobId,
    /// `pending`, or `delayed` until its time has come.
    #[schema(value_type = StateWord)]
    status: queue::State,
    #[schema(value_type = String)]
    queue_name: QueueName,
    task_type: String,
    /// Whether the job was there before: nothing was stored.
    deduplicated: bool,
}

/// Puts a job into its queue.
///
/// A 201 means that the store has confirmed the job. Nothing is stored when the answer is any other, but for a 503 with
/// code `store_timeout`: then it may or may not be.
#[utoipa::path(
    post,
    path = "/api/queue/enqueue",
    operation_id = "enqueueJob",
    tag = "jobs",
    request_body = EnqueueRequest,
    responses(
        (status = 201, description = "Stored.", body = Enqueued,
            headers(("Location" = String, description = "Where the job's status is."))),
        (status = 200, description = "It was there before: the same `operation_id`, or the same work that has not ended.",
            body = Enqueued),
        (status = 400, description = "Not JSON, or nested too deep.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "The `operation_id` is that of another job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body took too long.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is not called JSON.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Unknown type, a payload that does not fit it, or an option out of range; \
            `errors` says where.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The store is away, slow or full; try again after `Retry-After`.",
            body = ProblemBody, content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds to wait."))),
    )
)]
async fn enqueue(
    State(api): State<Api>,
    OriginalUri(asked): OriginalUri,
    Unread(body): Unread,
) -> Result<Response, Problem> {
    let request: EnqueueRequest = json::read(&body, api.limits.max_depth)?;
    let dispatch = request.into_dispatch(&api).map_err(Problem::invalid)?;
    store(api, &asked, Box::new(dispatch)).await
}

/// Stores a job and tells where it is. The dispatch is boxed, or there would be room for it in every future around this one.
pub(super) async fn store(api: Api, asked: &Uri, dispatch: Box<Dispatch>) -> Result<Response, Problem> {
    let task_type = dispatch.spec.type_name.clone();
    let sent = send(api, dispatch).await?;
    let location = [(LOCATION, location(asked, sent.id))];
    let status = if sent.is_repeat { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, location, Json(Enqueued::new(sent, task_type))).into_response())
}

/// Stores a job, if there is room for it.
pub(super) async fn send(api: Api, dispatch: Box<Dispatch>) -> Result<Dispatched, Problem> {
    let room = room_for(&api, &dispatch).await?;
    if room.is_needed() {
        let sending = async move {
            let sent = api.manager.send(*dispatch).await;
            drop(room);
            sent
        };
        detached(sending).await
    } else {
        // No task of its own: what the manager has been given it stores, whether or not the caller waits for the answer.
        Ok(api.manager.send(*dispatch).await?)
    }
}

/// Room for one job. Where there is none, a job that the store has already under the caller's own id needs none.
async fn room_for(api: &ApiState, dispatch: &Dispatch) -> Result<Room, Problem> {
    let store = api.manager.store();
    let full = match api.edge.let_in(store.as_ref(), dispatch.queue(), 1).await {
        Err(problem) if problem.code == Code::QueueFull => problem,
        decided => return decided,
    };
    match dispatch.options.id {
        Some(id) if matches!(store.find(id).await?, Found::Here(_)) => Ok(Room::unneeded()),
        _ => Err(full),
    }
}

/// Where a job is, below what another router has put before this one's addresses.
pub(super) fn location(asked: &Uri, id: JobId) -> String {
    let path = asked.path();
    let before = |part: &str| path.rfind(part).map(|end| &path[..end]);
    match before("/api/v1/") {
        Some(prefix) => format!("{prefix}/api/v1/jobs/{id}"),
        None => format!("{}/api/queue/status/{id}", before("/api/queue/").unwrap_or_default()),
    }
}

impl Enqueued {
    fn new(sent: Dispatched, task_type: String) -> Self {
        let Dispatched { id, queue, state, is_repeat } = sent;
        Self {
            task_id: id,
            operation_id: id,
            job_id: id,
            status: state,
            queue_name: queue,
            task_type,
            deduplicated: is_repeat,
        }
    }
}
