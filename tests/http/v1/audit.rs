//! Who has done what: what leaves a row, and how rows are read.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures::FutureExt;
use journeyman::access::{ApiKey, Keys, Scope, Scopes};
use journeyman::clock::Clock;
use journeyman::http::{Access, Edge, EdgeOptions, openapi};
use journeyman::queue::operations::Deed;
use journeyman::queue::{Note, NoteKey, NoteKind, Notes, StoreError};
use serde_json::{Value, json};

use super::super::api::{Api, anything, on_every_store};
use super::super::faulty::Fault;
use super::workers::tells;
use super::{NOWHERE, failed, ok};
use crate::support::eventually;

on_every_store!(
    every_request_that_steers_leaves_one_row_and_no_other_does,
    a_row_says_to_what_it_was_done_and_what_it_came_to,
    many_jobs_are_one_row_and_a_dry_run_is_none,
    rows_are_given_page_by_page_the_latest_first,
    a_row_is_gone_when_its_time_has_passed,
    what_cannot_be_put_on_record_is_done_all_the_same,
    a_row_that_is_damaged_or_hostile_is_shown_as_it_is,
);

async fn rows(api: &Api) -> Vec<Value> {
    ok(&api.get("/api/v1/audit?limit=1000").await)["rows"].as_array().unwrap().clone()
}

/// Action, target and outcome of the latest row.
async fn latest(api: &Api) -> [String; 3] {
    let row = ok(&api.get("/api/v1/audit?limit=1").await)["rows"][0].clone();
    ["action", "target", "outcome"].map(|member| row[member].as_str().unwrap_or("-").to_owned())
}

/// So that the rows of a test are in the order of their requests.
fn tick(api: &Api) {
    api.clock.advance(Duration::from_millis(1));
}

/// Whatever the description names that is no look and no new job; a session is no change of the store.
async fn every_request_that_steers_leaves_one_row_and_no_other_does(api: Api) {
    let api = api.changed(|state| state.examples = true);
    let id = api.enqueue(&anything(json!({"queue_name": "target"}))).await.to_string();
    let document = openapi();
    let mut left = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            tick(&api);
            let [method, action] = [method.to_uppercase(), operation["operationId"].as_str().unwrap().to_owned()];
            let scope = operation["security"][0]["api_key"][0].as_str();
            let steers = method != "GET" && !path.ends_with("/session") && scope != Some("enqueue");
            let path = path.replace("{task_id}", &id).replace("{queue_name}", "target").replace("{worker}", "w");
            let before = rows(&api).await.len();
            let request =
                Request::builder().method(method.as_str()).uri(&path).header("content-type", "application/json");
            let answer = api.send(request.body(Body::from("{}")).unwrap()).await;
            let now = rows(&api).await;
            assert_eq!(now.len() - before, usize::from(steers), "{method} {path}: {answer:?}");
            if steers {
                left += 1;
                assert_eq!((&now[0]["action"], &now[0]["actor"]), (&Value::from(action), &Value::Null), "{}", now[0]);
                assert_eq!(now[0]["request_id"], answer.header("x-request-id"));
                assert_eq!(now[0]["at"], api.clock.now().to_rfc3339());
                let is_refused = !answer.status.is_success();
                let is_told_so =
                    now[0]["outcome"].as_str().unwrap().ends_with(&format!("({})", answer.status.as_u16()));
                assert_eq!(is_told_so, is_refused, "{}", now[0]);
            }
        }
    }
    assert!(left > 20, "{left}");
}

async fn a_row_says_to_what_it_was_done_and_what_it_came_to(api: Api) {
    let of_failed = failed(&api, &anything(json!({"queue_name": "a"})), "no").await.to_string();
    let waiting = api.enqueue(&anything(json!({"queue_name": "b", "delay": 60}))).await.to_string();
    api.enqueue(&anything(json!({"queue_name": "b", "priority": "low"}))).await;
    tells(&api, journeyman::queue::WorkerState::Running, &["a"]).await;
    let cases = [
        ("POST", format!("/api/v1/jobs/{waiting}/run"), json!(null), "v1RunJob", waiting.as_str(), "done"),
        ("POST", format!("/api/v1/jobs/{waiting}/run"), json!(null), "v1RunJob", &waiting, "wrong_state (409)"),
        ("POST", format!("/api/v1/jobs/{NOWHERE}/cancel"), json!(null), "v1CancelJob", NOWHERE, "job_not_found (404)"),
        ("POST", "/api/v1/jobs/a%20%3Cb%3E/run".into(), json!(null), "v1RunJob", "a <b>", "invalid_parameter (422)"),
        ("POST", "/api/v1/queues/b/pause".into(), json!(null), "v1PauseQueue", "b", "done"),
        ("POST", "/api/queue/pause?queue_name=b".into(), json!(null), "pauseQueueByName", "b", "done"),
        (
            "DELETE",
            "/api/queue/b?priority=low&key=jmk_1".into(),
            json!(null),
            "purgeQueue",
            "b, priority=low",
            "invalid_parameter (422)",
        ),
        ("DELETE", "/api/queue/b?priority=low".into(), json!(null), "purgeQueue", "b, priority=low", "purged 1"),
        (
            "POST",
            "/api/v1/queues/b/purge".into(),
            json!({"priority": "normal"}),
            "v1PurgeQueue",
            "b, priority=normal",
            "purged 1",
        ),
        (
            "POST",
            "/api/queue/failed/retry".into(),
            json!({"all": true}),
            "retryFailedJobs",
            "every queue",
            "retried 1, duplicates 0, gone 0",
        ),
        ("DELETE", "/api/queue/failed?queue_name=a".into(), json!(null), "flushFailedJobs", "a", "forgotten 0"),
        (
            "DELETE",
            "/api/queue/failed?hours=1".into(),
            json!(null),
            "flushFailedJobs",
            "every queue, hours=1",
            "forgotten 0",
        ),
        ("POST", format!("/api/v1/jobs/{of_failed}/retry"), json!({}), "v1RetryJob", &of_failed, "wrong_state (409)"),
        ("POST", "/api/v1/workers/web-1.4711/quiet".into(), json!(null), "v1QuietWorker", "web-1.4711", "done"),
        ("POST", "/api/v1/health/verify".into(), json!(null), "v1VerifyStore", "-", "0 findings"),
    ];
    for (method, path, body, action, target, outcome) in cases {
        tick(&api);
        let request = Request::builder().method(method).uri(&path).header("content-type", "application/json");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = api.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(latest(&api).await, [action, target, outcome], "{method} {path}: {answer:?}");
    }
}

/// Payloads and what is searched for in them stay out of it.
async fn many_jobs_are_one_row_and_a_dry_run_is_none(api: Api) {
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(failed(&api, &anything(json!({"task_data": {"of": "hunter2"}})), "no").await);
    }
    let bulk = async |body: Value| api.post_to("/api/v1/bulk", body.to_string()).await;
    let filter = json!({"state": "failed", "queue_name": "default", "text": "hunter2"});
    assert_eq!(ok(&bulk(json!({"action": "retry", "filter": filter, "dry_run": true})).await)["matched"], 7);
    assert_eq!(rows(&api).await, [] as [Value; 0]);
    ok(&bulk(json!({"action": "retry", "task_ids": [ids[0], NOWHERE]})).await);
    let target = format!("retry: 2 jobs: {}, {NOWHERE}", ids[0]);
    assert_eq!(latest(&api).await, ["v1Bulk", &target, "1 done of 2"]);
    tick(&api);
    ok(&bulk(json!({"action": "delete", "filter": filter})).await);
    let target = "delete: jobs with queue default, state failed, a text";
    assert_eq!(latest(&api).await, ["v1Bulk", target, "6 done of 6"]);
    tick(&api);
    bulk(json!({"action": "delete"})).await.problem(422, "validation_failed");
    assert_eq!(latest(&api).await, ["v1Bulk", "-", "validation_failed (422)"]);
    tick(&api);
    let again = failed(&api, &anything(json!({"queue_name": "again"})), "no").await;
    let edited = api.post_to(&format!("/api/v1/jobs/{again}/retry"), r#"{"task_data":{"of":"hunter2"}}"#).await;
    let new = format!("enqueued as {}", edited.json()["task_id"].as_str().unwrap());
    assert_eq!(latest(&api).await, ["v1RetryJob", &again.to_string(), &new]);
    assert!(!format!("{:?}", rows(&api).await).contains("hunter2"));
}

async fn rows_are_given_page_by_page_the_latest_first(api: Api) {
    for number in 0..25 {
        // Several at one moment of the clock.
        if number % 3 == 0 {
            tick(&api);
        }
        assert_eq!(api.request_post(&format!("/api/v1/queues/q{number}/pause")).await.status, 200);
    }
    let all = rows(&api).await;
    let targets: std::collections::BTreeSet<&str> = all.iter().map(|row| row["target"].as_str().unwrap()).collect();
    assert_eq!((all.len(), targets.len()), (25, 25), "each has a row of its own");
    assert!(all.is_sorted_by(|one, next| one["at"].as_str() >= next["at"].as_str()));
    for limit in [1, 7, 24, 25, 26] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = ok(&api.get(&format!("/api/v1/audit?limit={limit}{cursor}")).await);
            let rows = page["rows"].as_array().unwrap();
            assert!((1..=limit).contains(&rows.len()));
            seen.extend(rows.iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, all, "{limit}");
    }
    for query in
        ["limit=0", "limit=1001", "limit=x", "cursor=", "cursor=x", "cursor=zzzzzzzzzzzzzzzzz.00000000", "actor=x"]
    {
        api.get(&format!("/api/v1/audit?{query}")).await.problem(422, "invalid_parameter");
    }
}

async fn a_row_is_gone_when_its_time_has_passed(api: Api) {
    let api = api.changed(|state| {
        state.operations = state.operations.clone().with_audit_kept(Duration::from_secs(3600));
    });
    api.request_post("/api/v1/queues/q/pause").await;
    api.clock.advance(Duration::from_secs(3599));
    assert_eq!(rows(&api).await.len(), 1);
    api.clock.advance(Duration::from_secs(1));
    assert_eq!(rows(&api).await.len(), 0);
    let api = api.changed(|state| state.operations = state.operations.clone().with_audit_kept(Duration::ZERO));
    assert_eq!(api.request_post("/api/v1/queues/q/pause").await.status, 200);
    assert_eq!(rows(&api).await.len(), 0);
}

/// On one thread, so that nothing can be done before the client has left.
#[tokio::test]
async fn a_row_is_written_although_its_client_has_left() {
    let api = Api::new();
    assert!(api.request_post("/api/v1/queues/q/pause").now_or_never().is_none(), "answered before it was looked at");
    eventually("the row", async || rows(&api).await.len() == 1).await;
    assert_eq!(latest(&api).await, ["v1PauseQueue", "q", "done"]);
}

async fn what_cannot_be_put_on_record_is_done_all_the_same(api: Api) {
    let id = api.enqueue(&anything(json!({}))).await;
    api.store.break_with(Fault::NotesFail(StoreError::Full("no room".into())));
    ok(&api.request_post(&format!("/api/v1/jobs/{id}/cancel")).await);
    api.store.mend();
    assert_eq!(api.status(id).await["status"], "cancelled");
    assert_eq!(rows(&api).await.len(), 0);
}

async fn a_row_that_is_damaged_or_hostile_is_shown_as_it_is(api: Api) {
    let hostile = "<script>\u{202e}\n' OR 1=1--";
    let deed = Deed {
        actor: Some(hostile.to_owned()),
        action: hostile.to_owned(),
        target: Some(hostile.repeat(1000)),
        outcome: hostile.to_owned(),
        request_id: None,
    };
    let note = |key: &str, body: &[u8]| Note {
        kind: NoteKind::Audit,
        key: NoteKey::new(key).unwrap(),
        body: body.to_vec().into(),
        keep: Duration::from_secs(60),
    };
    let at = api.clock.now().as_micros();
    let whole = note(&format!("{at:017}.00000002"), &serde_json::to_vec(&deed).unwrap());
    let damaged = note(&format!("{at:017}.00000001"), b"\xff{");
    api.store.write_notes(&[whole, damaged, note("strange", b"{}")]).await.unwrap();
    let rows = rows(&api).await;
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["actor"], &rows[0]["action"]), (&Value::from(hostile), &Value::from(hostile)));
    assert_eq!(rows[0]["target"].as_str().unwrap().chars().count(), 301);
    let nothing = json!({
        "at": api.clock.now().to_rfc3339(), "actor": null, "action": "", "target": null, "outcome": "", "request_id": null
    });
    assert_eq!(rows[1], nothing);
}

#[tokio::test]
async fn who_did_it_is_the_name_of_a_key_or_an_address() {
    let api = Api::new();
    let from = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 7), 4711));
    let mut request = Request::post("/api/v1/queues/q/pause").body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(from));
    assert_eq!(api.send(request).await.status, 200);
    assert_eq!(rows(&api).await[0]["actor"], "192.0.2.7");
    tick(&api);

    let make =
        |name: &str, scope, random| ApiKey::generate(name, Scopes::new(&[scope]).unwrap(), None, [random; 32]).unwrap();
    let ((ann, first), (bob, second)) = (make("ann", Scope::Admin, 1), make("bob", Scope::Read, 2));
    let keys = Keys::new(vec![first, second]).unwrap();
    let api = api.changed(|state| {
        state.edge = Edge::new(EdgeOptions { access: Access::Keys(keys), ..EdgeOptions::default() });
    });
    let ask = async |method: &str, path: &str, key: &str| {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        api.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask("POST", "/api/v1/queues/q/resume", &ann).await.status, 200);
    // Turned away at the door.
    ask("POST", "/api/v1/queues/q/pause", &bob).await.problem(403, "scope_missing");
    ask("POST", "/api/v1/queues/q/pause", "jmk_1").await.problem(401, "key_invalid");
    let page = ok(&ask("GET", "/api/v1/audit", &bob).await);
    let actors: Vec<&Value> = page["rows"].as_array().unwrap().iter().map(|row| &row["actor"]).collect();
    assert_eq!(actors, ["ann", "192.0.2.7"]);
}
