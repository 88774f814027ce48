//! R44: the description of the API, and the page to read it.

use std::collections::BTreeSet;

use journeyman::http::{openapi, openapi_yaml};
use serde_json::{Value, json};

use super::api::Api;

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let known = ["get", "post", "delete"];
    assert!(paths.values().flat_map(methods).all(|method| known.contains(&method.as_str())));
    paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(m, op)| (format!("{m} {path}"), op)))
        .collect()
}

#[test]
fn r44_operation_ids_are_stable() {
    let document = openapi();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let ids: BTreeSet<(String, String)> = operations(&document)
        .into_iter()
        .map(|(route, operation)| (operation["operationId"].as_str().unwrap().to_owned(), route))
        .collect();
    let expected = [
        ("beginSession", "post /api/v1/session"),
        ("cancelJob", "post /api/queue/jobs/{task_id}/cancel"),
        ("endSession", "delete /api/v1/session"),
        ("enqueueBatch", "post /api/queue/enqueue/batch"),
        ("enqueueJob", "post /api/queue/enqueue"),
        ("flushFailedJobs", "delete /api/queue/failed"),
        ("forgetFailedJob", "delete /api/queue/failed/{task_id}"),
        ("getJobStatus", "get /api/queue/status/{task_id}"),
        ("getLive", "get /live"),
        ("getMetrics", "get /metrics"),
        ("getQueueStats", "get /api/queue/stats/{queue_name}"),
        ("getReady", "get /ready"),
        ("getStats", "get /api/queue/stats"),
        ("listFailedJobs", "get /api/queue/failed"),
        ("listJobs", "get /api/queue/jobs"),
        ("pauseQueue", "post /api/queue/{queue_name}/pause"),
        ("pauseQueueByName", "post /api/queue/pause"),
        ("purgeQueue", "delete /api/queue/{queue_name}"),
        ("purgeQueueByName", "post /api/queue/purge"),
        ("resumeQueue", "post /api/queue/{queue_name}/resume"),
        ("resumeQueueByName", "post /api/queue/resume"),
        ("retryFailedJob", "post /api/queue/failed/{task_id}/retry"),
        ("retryFailedJobs", "post /api/queue/failed/retry"),
        ("purchaseCredit", "post /api/queue/example/credit-purchase"),
        ("registerUser", "post /api/queue/example/user-registration"),
        ("updateCredit", "post /api/queue/example/credit-update"),
        ("v1WatchEvents", "get /api/v1/events"),
        ("v1GetHistory", "get /api/v1/history"),
        ("v1ListAudit", "get /api/v1/audit"),
        ("v1ListWorkers", "get /api/v1/workers"),
        ("v1QuietWorker", "post /api/v1/workers/{worker}/quiet"),
        ("v1ResumeWorker", "post /api/v1/workers/{worker}/resume"),
        ("v1RunJob", "post /api/v1/jobs/{task_id}/run"),
        ("v1StopWorker", "post /api/v1/workers/{worker}/stop"),
        ("v1Bulk", "post /api/v1/bulk"),
        ("v1ListFailures", "get /api/v1/failures"),
        ("v1CancelJob", "post /api/v1/jobs/{task_id}/cancel"),
        ("v1DeleteJob", "delete /api/v1/jobs/{task_id}"),
        ("v1EnqueueJob", "post /api/v1/jobs"),
        ("v1ExplainJob", "get /api/v1/jobs/{task_id}/explain"),
        ("v1GetJob", "get /api/v1/jobs/{task_id}"),
        ("v1GetHealth", "get /api/v1/health"),
        ("v1GetMe", "get /api/v1/me"),
        ("v1GetOverview", "get /api/v1/overview"),
        ("v1ListQueues", "get /api/v1/queues"),
        ("v1ListTypes", "get /api/v1/types"),
        ("v1PauseQueue", "post /api/v1/queues/{queue_name}/pause"),
        ("v1PurgeQueue", "post /api/v1/queues/{queue_name}/purge"),
        ("v1ResumeQueue", "post /api/v1/queues/{queue_name}/resume"),
        ("v1VerifyStore", "post /api/v1/health/verify"),
        ("v1ListJobs", "get /api/v1/jobs"),
        ("v1RetryJob", "post /api/v1/jobs/{task_id}/retry"),
    ];
    assert_eq!(ids, expected.map(|(id, route)| (id.to_owned(), route.to_owned())).into());
}

#[test]
fn r44_every_refusal_is_documented_as_a_problem() {
    let document = openapi();
    for (route, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status == "204" {
                assert_eq!(response["content"], Value::Null, "{route}");
                continue;
            }
            let content = response["content"].as_object().unwrap();
            let types: Vec<&String> = content.keys().collect();
            let expected = match status.as_bytes()[0] {
                b'2' if route == "get /metrics" => "application/openmetrics-text",
                b'2' if route == "get /api/v1/events" => "text/event-stream",
                b'2' => "application/json",
                _ => "application/problem+json",
            };
            assert_eq!(types, [expected], "{route} {status}");
        }
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{route}");
    }
}

#[test]
fn r44_every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = openapi();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn r44_every_job_type_has_its_schema() {
    let document = openapi();
    let schemas = &document["components"]["schemas"];
    for job_type in journeyman::job::registry::types() {
        assert!(schemas[format!("Job.{}", job_type.name)].is_object(), "{}", job_type.name);
    }
    let order = &schemas["Job.http_order"];
    assert_eq!(order["required"], json!(["customer", "items"]));
    assert_eq!(order["properties"]["items"]["items"]["$ref"], "#/components/schemas/Job.http_order.Item");
    assert_eq!(schemas["Job.http_order.Item"]["additionalProperties"], false);
    assert!(order.get("$schema").is_none() && order.get("$defs").is_none());
}

#[test]
fn r44_the_yaml_says_the_same() {
    let document: Value = serde_yaml_ng::from_str(&openapi_yaml()).unwrap();
    assert_eq!(document, openapi());
}

/// The examples are what the schemas promise: each has exactly the members that its schema names.
#[test]
fn r44_examples_have_the_members_of_their_schemas() {
    let document = openapi();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let Some(example) = schema["example"].as_object() else { continue };
        let properties = schema["properties"].as_object().unwrap();
        assert!(example.keys().all(|member| properties.contains_key(member)), "{name}");
        let mut required = schema["required"].as_array().into_iter().flatten();
        assert!(required.all(|member| example.contains_key(member.as_str().unwrap())), "{name}");
    }
}

/// A member that may be null is there all the same.
#[test]
fn r31_every_member_of_a_status_is_promised() {
    let document = openapi();
    for name in [
        "Audit",
        "AuditRow",
        "FailuresPage",
        "FailureGroup",
        "Overview",
        "Queue",
        "Me",
        "JobType",
        "Health",
        "Verification",
        "JobStatus",
        "JobSummary",
        "JobsPage",
        "Attempt",
        "Failure",
        "Problem",
        "Stats",
        "Metrics",
    ] {
        let schema = &document["components"]["schemas"][name];
        let promised = schema["required"].as_array().unwrap().len();
        assert_eq!(promised, schema["properties"].as_object().unwrap().len(), "{name}");
    }
    let started_at = &document["components"]["schemas"]["JobStatus"]["properties"]["started_at"];
    assert_eq!(started_at["type"], json!(["string", "null"]));
}

#[tokio::test]
async fn the_document_is_served_as_it_is() {
    let api = Api::with(|state| state.examples = true);
    let answer = api.get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    // What a server with keys demands is not said by one without: compare what both have.
    let (served, whole) = (answer.json(), openapi());
    assert_eq!(served["info"], whole["info"]);
    assert_eq!(served["paths"]["/live"]["get"]["operationId"], "getLive");
    assert_eq!(served["openapi"], whole["openapi"]);
}

#[tokio::test]
async fn the_page_to_read_it_asks_no_other_server() {
    let api = Api::new();
    let index = api.get("/docs").await;
    assert_eq!((index.status.as_u16(), index.header("location")), (307, "docs/"));
    let page = api.get("/docs/").await;
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    let script = api.get("/docs/swagger-initializer.js").await;
    assert!(script.text().contains("../openapi.json"), "{}", script.text());
    assert!(script.text().contains(r#""validatorUrl": "none""#), "{}", script.text());
    for file in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        let answer = api.get(&format!("/docs/{file}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "max-age=3600"), "{file}");
    }
}
