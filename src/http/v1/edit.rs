//! A failed job tried again with another payload: a new job in its stead.

use axum::Json;
use axum::http::header::LOCATION;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use journeyman_job::secret::MASK;
use journeyman_job::{Dispatch, JobId, RawJson};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::code::Code;
use super::super::edge::Deed;
use super::super::enqueue::request::spec;
use super::super::enqueue::{self, is_taken};
use super::super::error::{Fault, Problem};
use super::super::offer::Offer;
use super::super::{Api, ApiState, json, lookup};
use crate::queue::operations::Action;
use crate::queue::{Body, JobRecord};

/// Most places that one refusal names.
const NAMED: usize = 20;

/// A job that was tried again as another one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "task_id": "0198c0de-7a11-7000-8000-00000001c8e5",
    "retried_from": "0198c0de-7a11-7000-8000-00000000c8e5"
}))]
pub(super) struct RetriedAs {
    /// The new job.
    #[schema(value_type = Uuid)]
    task_id: JobId,
    /// The job in whose stead it runs, which stays as it is.
    #[schema(value_type = Uuid)]
    retried_from: JobId,
}

pub(super) async fn retry(api: Api, deed: &Deed, id: JobId, data: RawJson, asked: &Uri) -> Result<Response, Problem> {
    let record = lookup::find(&api, id).await?;
    if !Action::Retry.is_for(record.state) {
        return Err(lookup::wrong_state(id, record.state, Action::Retry.rule()));
    }
    let dispatch = in_its_stead(&record, data, &api)?;
    let (task_id, is_repeat) = {
        let sent = enqueue::send(api, Box::new(dispatch)).await?;
        (sent.id, sent.is_repeat)
    };
    if is_repeat {
        let detail = format!("job {task_id} does the same work and has not ended; nothing was enqueued");
        return Err(Problem::new(Code::DuplicateJob, detail));
    }
    deed.came_to(format!("enqueued as {task_id}"));
    let location = [(LOCATION, enqueue::location(asked, task_id))];
    Ok((StatusCode::CREATED, location, Json(RetriedAs { task_id, retried_from: id })).into_response())
}

/// A dispatch of the same type, to the same queue and under the same options, with another payload.
fn in_its_stead(record: &JobRecord, data: RawJson, api: &ApiState) -> Result<Dispatch, Problem> {
    let Ok(body) = Body::read(&record.body) else {
        let detail = format!("the stored record of job {} cannot be read: enqueue a new job by itself", record.id);
        return Err(Problem::new(Code::WrongState, detail));
    };
    let type_name = body.type_name.into_owned();
    is_taken(&type_name, Offer::of(api)).map_err(|refusal| Problem::invalid(vec![Fault::new("", refusal)]))?;
    let is_secretive = RawJson::from(body.data.to_owned()).redacted().get() != body.data.get();
    let masks = if is_secretive { masks(&data) } else { Vec::new() };
    if !masks.is_empty() {
        return Err(Problem::invalid(masks));
    }
    let mut spec = spec(type_name, data).map_err(|fault| Problem::invalid(vec![fault]))?;
    let mut options = body.options;
    let callbacks = (options.on_success.take(), options.on_failure.take());
    // What its type says today holds where the job says nothing: all of this was said when it was dispatched.
    (spec.options, spec.has_priority) = (options, true);
    let mut dispatch = Dispatch::from(spec).on_queue(record.queue.clone());
    (dispatch.options.on_success, dispatch.options.on_failure) = callbacks;
    Ok(dispatch)
}

/// The places where a payload has what is shown in place of a secret.
fn masks(data: &RawJson) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Ok(value) = data.decode() {
        find_masks(&value, "/task_data", &mut faults);
    }
    faults
}

fn find_masks(value: &Value, pointer: &str, faults: &mut Vec<Fault>) {
    if faults.len() == NAMED {
        return;
    }
    match value {
        Value::String(text) if text == MASK => {
            faults.push(Fault::new(pointer, format!("is {MASK}, which is shown in place of a secret: give its value")));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| find_masks(item, &format!("{pointer}/{at}"), faults));
        }
        Value::Object(members) => {
            for (name, member) in members {
                find_masks(member, &format!("{pointer}/{}", json::escape(name)), faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
