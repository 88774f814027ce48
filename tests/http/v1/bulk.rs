//! One thing done to many jobs.

use serde_json::{Value, json};

use super::super::api::{Answer, Api, anything, on_every_store};
use super::{NOWHERE, completed, failed, ok};

on_every_store!(
    jobs_named_by_their_ids_are_done_each_for_itself,
    all_that_fit_are_done_and_no_others,
    delayed_jobs_are_run_before_their_time,
    a_sweep_goes_on_a_bounded_number_at_a_time,
    what_says_nothing_or_contradicts_itself_is_refused,
);

async fn bulk(api: &Api, body: &Value) -> Answer {
    api.post_to("/api/v1/bulk", body.to_string()).await
}

/// Matched, done, skipped.
fn counts(answer: &Value) -> [u64; 3] {
    ["matched", "done", "skipped"].map(|member| answer[member].as_u64().unwrap())
}

async fn jobs_named_by_their_ids_are_done_each_for_itself(api: Api) {
    let unique = anything(json!({"deduplication_key": "k", "queue_name": "q"}));
    let (one, duplicate) = (failed(&api, &anything(json!({})), "no").await, failed(&api, &unique, "no").await);
    let waiting = api.enqueue(&unique).await;
    let answer = ok(&bulk(&api, &json!({"action": "retry", "task_ids": [one, duplicate, waiting, NOWHERE]})).await);
    assert_eq!((counts(&answer), &answer["next_cursor"], &answer["examined"]), ([4, 1, 3], &Value::Null, &json!(4)));
    let outcomes: Vec<_> = answer["results"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect();
    assert_eq!(outcomes, ["done", "duplicate_job", "wrong_state", "job_not_found"]);
    assert_eq!(answer["results"][0], json!({"task_id": one, "outcome": "done"}));
    assert!(answer["results"][1]["detail"].as_str().unwrap().contains(&waiting.to_string()), "{answer}");
    let cancel = json!({"action": "cancel", "task_ids": [one, one]});
    assert_eq!(counts(&ok(&bulk(&api, &cancel).await)), [2, 1, 1]);
    assert_eq!(counts(&ok(&bulk(&api, &json!({"action": "delete", "task_ids": [one, waiting]})).await)), [2, 1, 1]);
    assert_ne!(api.get(&format!("/api/v1/jobs/{one}")).await.status, 200);
    assert_eq!(api.status(waiting).await["status"], "pending");
}

async fn delayed_jobs_are_run_before_their_time(api: Api) {
    let later = api.enqueue(&anything(json!({"delay": 3600, "tags": ["now"]}))).await;
    let other = api.enqueue(&anything(json!({"delay": 3600}))).await;
    let body = json!({"action": "run", "filter": {"state": "delayed", "tag": "now"}});
    assert_eq!(counts(&ok(&bulk(&api, &body).await)), [1, 1, 0]);
    for (id, state) in [(later, "pending"), (other, "delayed")] {
        assert_eq!(api.status(id).await["status"], state);
    }
}

async fn all_that_fit_are_done_and_no_others(api: Api) {
    let fitting = failed(&api, &anything(json!({"queue_name": "a"})), "the mail server is away").await;
    let other = failed(&api, &anything(json!({"queue_name": "a"})), "no such user").await;
    let elsewhere = failed(&api, &anything(json!({"queue_name": "b"})), "the mail server is away").await;
    let kept = completed(&api, &anything(json!({"queue_name": "a"}))).await;
    let filter = json!({"state": "failed", "queue_name": "a", "text": "MAIL server", "text_in": "error"});
    let mut body = json!({"action": "retry", "filter": filter, "dry_run": true});
    let dry = ok(&bulk(&api, &body).await);
    assert_eq!((counts(&dry), dry.get("results")), ([1, 0, 0], None));
    assert_eq!(api.status(fitting).await["status"], "failed");
    body["dry_run"] = json!(false);
    assert_eq!(counts(&ok(&bulk(&api, &body).await)), [1, 1, 0]);
    for (id, state) in [(fitting, "pending"), (other, "failed"), (elsewhere, "failed"), (kept, "completed")] {
        assert_eq!(api.status(id).await["status"], state);
    }
    let one = json!({"action": "delete", "filter": {"state": "failed", "text": elsewhere.to_string()}});
    let first = ok(&bulk(&api, &one).await);
    assert_eq!((counts(&first), &first["examined"]), ([1, 1, 0], &json!(1)), "by its id, at once");
    assert_eq!(api.status(other).await["status"], "failed");
    let all = json!({"action": "delete", "filter": {"state": "failed", "since": "2001-01-01T00:00:00Z"}});
    assert_eq!(counts(&ok(&bulk(&api, &all).await)), [1, 1, 0]);
    assert_eq!(api.status(kept).await["status"], "completed");
}

async fn a_sweep_goes_on_a_bounded_number_at_a_time(api: Api) {
    let tasks = vec![anything(json!({"tags": ["x"]})); 1000];
    for _ in 0..2 {
        let stored = api.post_to("/api/queue/enqueue/batch", json!({"tasks": tasks}).to_string()).await;
        assert_eq!(stored.status, 201);
    }
    for _ in 0..5 {
        api.enqueue(&anything(json!({"priority": "high"}))).await;
    }
    for (dry_run, done) in [(true, 0), (false, 2000)] {
        let mut body = json!({"action": "cancel", "filter": {"state": "pending", "tag": "x"}, "dry_run": dry_run});
        let (mut sums, mut calls) = ([0; 3], 0);
        loop {
            let answer = ok(&bulk(&api, &body).await);
            assert!(answer["examined"].as_u64().unwrap() <= 1000, "{answer}");
            calls += 1;
            sums = std::array::from_fn(|at| sums[at] + counts(&answer)[at]);
            let Some(cursor) = answer["next_cursor"].as_str() else { break };
            body["cursor"] = json!(cursor);
        }
        assert_eq!((sums, calls), ([2000, done, 0], 3));
    }
    let totals = ok(&api.get("/api/v1/overview").await)["totals"].clone();
    assert_eq!((&totals["pending"], &totals["cancelled"]), (&json!(5), &json!(2000)));
}

async fn what_says_nothing_or_contradicts_itself_is_refused(api: Api) {
    failed(&api, &anything(json!({})), "no").await;
    for (body, pointer) in [
        (json!({}), "/action"),
        (json!({"action": "retry"}), ""),
        (json!({"action": "hurry", "task_ids": [NOWHERE]}), "/action"),
        (json!({"action": "retry", "task_ids": [NOWHERE], "filter": {"state": "failed"}}), ""),
        (json!({"action": "retry", "task_ids": []}), "/task_ids"),
        (json!({"action": "retry", "task_ids": ["x"]}), "/task_ids/0"),
        (json!({"action": "retry", "task_ids": vec![NOWHERE; 1001]}), "/task_ids"),
        (json!({"action": "retry", "task_ids": [NOWHERE], "cursor": "default~failed~."}), "/cursor"),
        (json!({"action": "retry", "task_ids": [NOWHERE], "dry_run": true}), "/dry_run"),
        (json!({"action": "retry", "filter": {}}), "/filter/state"),
        (json!({"action": "retry", "filter": {"state": null}}), "/filter/state"),
        (json!({"action": "retry", "filter": {"state": "waiting"}}), "/filter/state"),
        (json!({"action": "retry", "filter": {"state": "completed"}}), "/filter/state"),
        (json!({"action": "cancel", "filter": {"state": "failed"}}), "/filter/state"),
        (json!({"action": "delete", "filter": {"state": "pending"}}), "/filter/state"),
        (json!({"action": "retry", "filter": {"state": "failed", "text": ""}}), "/filter/text"),
        (json!({"action": "retry", "filter": {"state": "failed", "since": "soon"}}), "/filter/since"),
        (json!({"action": "retry", "filter": {"state": "failed", "queue": "a"}}), "/filter/queue"),
        (json!({"action": "retry", "filter": []}), "/filter"),
        (json!({"action": "retry", "filter": {"state": "failed"}, "cursor": "x"}), "/cursor"),
    ] {
        assert_eq!(bulk(&api, &body).await.pointers(), [pointer], "{body}");
    }
    let sentence = bulk(&api, &json!({"action": "retry", "filter": {"state": "completed"}})).await.json();
    assert!(sentence["detail"].as_str().unwrap().contains("only failed and cancelled jobs"), "{sentence}");
    let elsewhere = json!({"action": "retry", "filter": {"state": "failed"}, "cursor": "default~cancelled~."});
    bulk(&api, &elsewhere).await.problem(422, "invalid_parameter");
    let nowhere = json!({"action": "retry", "filter": {"state": "failed", "queue_name": "nowhere"}});
    bulk(&api, &nowhere).await.problem(404, "queue_not_found");
}
