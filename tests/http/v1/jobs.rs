//! One job, whole; and new ones.

use std::time::Duration;

use journeyman::queue::Retention;
use serde_json::json;

use journeyman::queue::Driver;

use super::super::api::{Api, anything, on_every_store};
use super::{NOWHERE, completed};

on_every_store!(a_job_is_enqueued_and_told_whole, what_is_not_there_is_said_to_be_so);

async fn a_job_is_enqueued_and_told_whole(api: Api) {
    let body = anything(json!({"queue_name": "a", "task_data": {"value": 9_007_199_254_740_993_u64}}));
    let stored = api.post_to("/api/v1/jobs", body.to_string()).await;
    assert_eq!(stored.status, 201, "{stored:?}");
    let id = stored.json()["task_id"].as_str().unwrap().to_owned();
    assert_eq!(stored.header("location"), format!("/api/v1/jobs/{id}"));
    let job = api.get(stored.header("location")).await;
    assert_eq!(job.json(), api.status(id.parse().unwrap()).await, "as the other address tells it");
    assert!(job.text().contains("9007199254740993"), "{}", job.text());
    let repeat = anything(json!({"operation_id": NOWHERE}));
    assert_eq!(api.post_to("/api/v1/jobs", repeat.to_string()).await.status, 201);
    let again = api.post_to("/api/v1/jobs", repeat.to_string()).await;
    assert_eq!((again.status.as_u16(), &again.json()["deduplicated"]), (200, &json!(true)));
    for (body, pointer) in [
        (json!({"task_type": "unheard_of"}), "/task_type"),
        (anything(json!({"priority": "urgent"})), "/priority"),
        (anything(json!({"queue": "a"})), "/queue"),
    ] {
        assert_eq!(api.post_to("/api/v1/jobs", body.to_string()).await.pointers(), [pointer]);
    }
}

async fn what_is_not_there_is_said_to_be_so(api: Api) {
    api.get(&format!("/api/v1/jobs/{NOWHERE}")).await.problem(404, "job_not_found");
    api.get("/api/v1/jobs/17").await.problem(422, "invalid_parameter");
    let id = completed(&api, &anything(json!({}))).await;
    api.clock.advance(Duration::from_secs(100));
    let retention = Retention { ttl: Duration::from_secs(1), max_records: 10 };
    assert_eq!(api.store.prune(retention, 10).await.unwrap(), 1);
    let path = format!("/api/v1/jobs/{id}");
    api.get(&path).await.problem(410, "job_expired");
    api.delete(&path).await.problem(410, "job_expired");
    api.request_post(&format!("{path}/cancel")).await.problem(410, "job_expired");
    for body in [json!({}), json!({"task_data": {}})] {
        api.post_to(&format!("{path}/retry"), body.to_string()).await.problem(410, "job_expired");
    }
}
