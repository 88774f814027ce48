//! What is done to one job.

use serde_json::{Value, json};

use super::super::api::{Api, anything, on_every_store};
use super::{NOWHERE, completed, failed};

on_every_store!(
    a_waiting_job_is_cancelled_and_no_other,
    a_delayed_job_is_run_now_and_no_other,
    a_failed_job_is_retried_as_it_is_and_no_other,
    the_record_of_an_ended_job_is_deleted_and_no_other,
);

async fn a_waiting_job_is_cancelled_and_no_other(api: Api) {
    for more in [json!({}), json!({"delay": 60})] {
        let id = api.enqueue(&anything(more)).await;
        let path = format!("/api/v1/jobs/{id}/cancel");
        let moved = json!({"task_id": id, "operation_id": id, "job_id": id, "status": "cancelled"});
        assert_eq!(api.request_post(&path).await.json(), moved);
        let again = api.request_post(&path).await.problem(409, "wrong_state");
        assert!(again["detail"].as_str().unwrap().contains("is cancelled: only pending"), "{again}");
    }
    let id = api.enqueue(&anything(json!({}))).await;
    api.reserve("default").await;
    api.request_post(&format!("/api/v1/jobs/{id}/cancel")).await.problem(409, "wrong_state");
    api.request_post(&format!("/api/v1/jobs/{NOWHERE}/cancel")).await.problem(404, "job_not_found");
    api.request_post("/api/v1/jobs/x/cancel").await.problem(422, "invalid_parameter");
}

async fn a_delayed_job_is_run_now_and_no_other(api: Api) {
    let id = api.enqueue(&anything(json!({"delay": 3600}))).await;
    let path = format!("/api/v1/jobs/{id}/run");
    let moved = json!({"task_id": id, "operation_id": id, "job_id": id, "status": "pending"});
    assert_eq!(api.request_post(&path).await.json(), moved);
    let again = api.request_post(&path).await.problem(409, "wrong_state");
    assert!(again["detail"].as_str().unwrap().contains("is pending: only delayed"), "{again}");
    assert_eq!(api.reserve("default").await.reservation.job, id);
    api.request_post(&path).await.problem(409, "wrong_state");
    api.request_post(&format!("/api/v1/jobs/{NOWHERE}/run")).await.problem(404, "job_not_found");
    api.request_post("/api/v1/jobs/x/run").await.problem(422, "invalid_parameter");
}

async fn retry(api: &Api, id: &impl std::fmt::Display, body: &Value) -> super::super::api::Answer {
    api.post_to(&format!("/api/v1/jobs/{id}/retry"), body.to_string()).await
}

async fn a_failed_job_is_retried_as_it_is_and_no_other(api: Api) {
    let id = failed(&api, &anything(json!({})), "no").await;
    let answer = retry(&api, &id, &json!({})).await;
    let moved = json!({"task_id": id, "operation_id": id, "job_id": id, "status": "pending"});
    assert_eq!((answer.status.as_u16(), answer.json()), (200, moved));
    let again = retry(&api, &id, &json!({})).await.problem(409, "wrong_state");
    assert!(again["detail"].as_str().unwrap().contains("is pending: only failed and cancelled"), "{again}");
    let unique = anything(json!({"deduplication_key": "k", "queue_name": "q"}));
    let first = failed(&api, &unique, "no").await;
    let second = api.enqueue(&unique).await;
    let problem = retry(&api, &first, &json!({})).await.problem(409, "duplicate_job");
    assert!(problem["detail"].as_str().unwrap().contains(&second.to_string()), "{problem}");
    retry(&api, &NOWHERE, &json!({})).await.problem(404, "job_not_found");
    retry(&api, &"x", &json!({})).await.problem(422, "invalid_parameter");
    for (body, pointer) in
        [(json!({"data": {}}), "/data"), (json!({"task_data": null, "task_type": "x"}), "/task_type")]
    {
        assert_eq!(retry(&api, &first, &body).await.pointers(), [pointer], "{body}");
    }
    api.post_to(&format!("/api/v1/jobs/{first}/retry"), "").await.problem(400, "invalid_json");
}

async fn the_record_of_an_ended_job_is_deleted_and_no_other(api: Api) {
    api.delete(&format!("/api/v1/jobs/{NOWHERE}")).await.problem(404, "job_not_found");
    let cancelled = api.enqueue(&anything(json!({}))).await;
    assert_eq!(api.request_post(&format!("/api/v1/jobs/{cancelled}/cancel")).await.status, 200);
    let ended =
        [cancelled, completed(&api, &anything(json!({}))).await, failed(&api, &anything(json!({})), "no").await];
    for id in ended {
        let path = format!("/api/v1/jobs/{id}");
        let answer = api.delete(&path).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
        let gone = api.get(&path).await.status.as_u16();
        assert!([404, 410].contains(&gone), "{gone}");
        assert_eq!(api.delete(&path).await.status.as_u16(), gone);
    }
    let waiting = api.enqueue(&anything(json!({}))).await;
    let problem = api.delete(&format!("/api/v1/jobs/{waiting}")).await.problem(409, "wrong_state");
    assert!(problem["detail"].as_str().unwrap().contains("is pending"), "{problem}");
    assert_eq!(api.status(waiting).await["status"], "pending");
    api.delete("/api/v1/jobs/x").await.problem(422, "invalid_parameter");
}
