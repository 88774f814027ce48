//! The jobs that follow from the end of another.

use std::panic::catch_unwind;

use journeyman_job::{Callback, Dispatch, JobError, JobId, JobOptions, JobSpec, QueueName, RawJson, When, registry};
use serde::Serialize;

use super::{Body, CallbackEntry, Envelope, NewJob, Routing, Settlement, Trail, Undecodable, decode_payload};

/// The job type that posts an outcome to a URL.
pub const WEBHOOK: &str = "webhook";

/// Refuses a callback that names a job type or handler which this binary does not know.
pub fn check(callback: &Callback) -> Result<(), Undecodable> {
    match callback {
        Callback::Job(name) if !registry::knows(name) => Err(Undecodable::UnknownType { name: name.clone() }),
        Callback::Job(_) | Callback::Url(_) => Ok(()),
    }
}

/// The jobs to store with this settlement, noted in the trail. Most jobs have none.
///
/// A callback is frozen here, under an id that follows from its parent's: settling twice stores it once. It goes where a
/// dispatch of its type would. What its type says of uniqueness does not hold: each parent has a callback of its own.
pub fn follow(
    parent: JobId,
    body: &[u8],
    settlement: &Settlement,
    trail: &mut Trail,
    routing: &Routing,
) -> Vec<NewJob> {
    if !matches!(settlement, Settlement::Complete | Settlement::Fail { .. }) {
        return Vec::new();
    }
    if !Body::has_options(body) {
        return Vec::new();
    }
    // A body that cannot be read names no callbacks.
    let Ok(body) = Body::read(body) else { return Vec::new() };
    let (on, callback) = match settlement {
        Settlement::Fail { .. } => ("failure", &body.options.on_failure),
        _ => ("success", &body.options.on_success),
    };
    let Some(callback) = callback else { return Vec::new() };
    let error = match settlement {
        Settlement::Fail { error } => Some(error),
        _ => None,
    };
    let Some(payload) = payload(parent, &body, trail.result.as_ref(), error) else { return Vec::new() };
    let Some(spec) = spec(callback, payload) else { return Vec::new() };
    let dispatch = Dispatch::from(spec);
    let dispatch = routing.routed(&dispatch).into_owned();
    let queue = dispatch.queue().clone();
    // A job that was retried by hand may end once more, and its callback then runs once more.
    let id = parent.derived(&format!("{on}/{}", trail.retries), &queue);
    trail.callbacks.push(CallbackEntry { on: on.to_owned(), id });
    let envelope = Envelope::freeze(&dispatch.id(id), routing.priority(&queue));
    vec![NewJob::new(envelope, When::Now)]
}

/// `{entity, result, operation_id}` or `{entity, error, operation_id}`, no more and no less.
fn payload(parent: JobId, body: &Body<'_>, result: Option<&RawJson>, error: Option<&JobError>) -> Option<RawJson> {
    #[derive(Serialize)]
    struct Succeeded<'a> {
        entity: &'a serde_json::value::RawValue,
        result: Option<&'a RawJson>,
        operation_id: JobId,
    }
    #[derive(Serialize)]
    struct Failed<'a> {
        entity: &'a serde_json::value::RawValue,
        error: Told<'a>,
        operation_id: JobId,
    }
    #[derive(Serialize)]
    struct Told<'a> {
        kind: &'static str,
        message: &'a str,
    }
    let written = match error {
        None => RawJson::encode(&Succeeded { entity: body.data, result, operation_id: parent }),
        Some(error) => {
            let error = Told { kind: error.kind().as_str(), message: error.message() };
            RawJson::encode(&Failed { entity: body.data, error, operation_id: parent })
        }
    };
    written.ok()
}

/// The callback as a job. A type that this process does not know, or that does not take the payload or panics over it, is
/// stored all the same: the worker that meets it parks it or records why it cannot run.
fn spec(callback: &Callback, payload: RawJson) -> Option<JobSpec> {
    let (type_name, data) = match callback {
        Callback::Job(name) => (name.clone(), payload),
        Callback::Url(url) => {
            #[derive(Serialize)]
            struct Webhook<'a> {
                url: &'a str,
                body: &'a RawJson,
            }
            // Whoever listens there has no key.
            let payload = payload.redacted();
            (WEBHOOK.to_owned(), RawJson::encode(&Webhook { url, body: &payload }).ok()?)
        }
    };
    // Code of the callback's type; its parent has ended, whatever it does.
    let of_its_type = catch_unwind(|| {
        let job = decode_payload(&type_name, &data).ok()?;
        JobSpec::with_data(job.as_ref(), type_name.clone(), data.clone()).ok()
    });
    if let Ok(Some(spec)) = of_its_type {
        return Some(spec);
    }
    let (queue, options) = (QueueName::default(), JobOptions::default());
    Some(JobSpec { type_name, data, queue, options, has_priority: false, unique: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use journeyman_job::{ErrorKind, Outcome, Priority};

    fn parent(on_success: Option<Callback>, on_failure: Option<Callback>) -> Envelope {
        let mut dispatch = Dispatch::from(JobSpec {
            type_name: "echo".into(),
            data: RawJson::parse(r#"{"value":[ 9007199254740993 ]}"#.into()).unwrap(),
            queue: QueueName::default(),
            options: JobOptions::default(),
            has_priority: false,
            unique: None,
        });
        dispatch.options.on_success = on_success;
        dispatch.options.on_failure = on_failure;
        Envelope::freeze(&dispatch, None)
    }

    fn named(name: &str) -> Option<Callback> {
        Some(Callback::Job(name.into()))
    }

    fn failed() -> Settlement {
        Settlement::Fail { error: JobError::of(ErrorKind::Fatal, "no card") }
    }

    fn stored(job: &NewJob) -> (String, String) {
        let body = Body::read(&job.envelope.body).unwrap();
        (body.type_name.into_owned(), body.data.get().to_owned())
    }

    #[test]
    fn r25_a_success_callback_gets_exactly_entity_result_and_operation_id() {
        let Ok(Outcome::Completed(result)) = Outcome::with([1]) else { panic!("a result") };
        let mut trail = Trail { result, ..Trail::default() };
        let parent = parent(named("thank"), named("alarm"));
        let jobs = follow(parent.id, &parent.body, &Settlement::Complete, &mut trail, &Routing::default());
        let expected =
            format!(r#"{{"entity":{{"value":[ 9007199254740993 ]}},"result":[1],"operation_id":"{}"}}"#, parent.id);
        assert_eq!(stored(&jobs[0]), ("thank".into(), expected));
        assert_eq!(trail.callbacks, [CallbackEntry { on: "success".into(), id: jobs[0].id() }]);
    }

    #[test]
    fn r25_a_failure_callback_gets_exactly_entity_error_and_operation_id() {
        let parent = parent(named("thank"), named("alarm"));
        let jobs = follow(parent.id, &parent.body, &failed(), &mut Trail::default(), &Routing::default());
        let expected = format!(
            r#"{{"entity":{{"value":[ 9007199254740993 ]}},"error":{{"kind":"fatal","message":"no card"}},"operation_id":"{}"}}"#,
            parent.id
        );
        assert_eq!(stored(&jobs[0]), ("alarm".into(), expected));
    }

    #[test]
    fn r25_a_url_gets_the_same_payload_by_a_job_that_posts_it() {
        let parent = parent(Some(Callback::Url("https://example.org/hook".into())), None);
        let jobs = follow(parent.id, &parent.body, &Settlement::Complete, &mut Trail::default(), &Routing::default());
        let (type_name, data) = stored(&jobs[0]);
        assert_eq!(type_name, WEBHOOK);
        let start =
            r#"{"url":"https://example.org/hook","body":{"entity":{"value":[ 9007199254740993 ]},"result":null,"#;
        assert!(data.starts_with(start), "{data}");
    }

    #[test]
    fn r25_settling_twice_makes_the_same_job_and_a_retry_by_hand_another() {
        let parent = parent(None, named("alarm"));
        let follow = |retries| {
            let mut trail = Trail { retries, ..Trail::default() };
            follow(parent.id, &parent.body, &failed(), &mut trail, &Routing::default())[0].id()
        };
        assert_eq!(follow(0), follow(0));
        assert_ne!(follow(0), follow(1));
    }

    #[test]
    fn r18_a_callback_goes_where_a_dispatch_of_its_type_would() {
        let parent = parent(named("thank"), None);
        let thanks = QueueName::new("thank").unwrap();
        let routing = Routing {
            queue_per_type: true,
            priorities: [(thanks.clone(), Priority::Low)].into(),
            ..Routing::default()
        };
        let jobs = follow(parent.id, &parent.body, &Settlement::Complete, &mut Trail::default(), &routing);
        assert_eq!((&jobs[0].envelope.queue, jobs[0].envelope.priority), (&thanks, Priority::Low));
    }

    #[test]
    fn nothing_follows_from_another_try_or_without_a_callback() {
        let parent = parent(named("thank"), None);
        let release = Settlement::Release { delay: std::time::Duration::ZERO };
        assert!(follow(parent.id, &parent.body, &release, &mut Trail::default(), &Routing::default()).is_empty());
        assert!(follow(parent.id, &parent.body, &failed(), &mut Trail::default(), &Routing::default()).is_empty());
        assert!(follow(parent.id, b"broken", &failed(), &mut Trail::default(), &Routing::default()).is_empty());
    }
}
