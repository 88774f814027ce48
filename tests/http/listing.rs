//! R51, R40: looking through the jobs, and taking one back.

use std::collections::BTreeSet;

use journeyman::job::JobId;
use journeyman::queue::{Settlement, Trail};
use serde_json::{Value, json};

use super::api::{Api, anything};

/// All that the pages of a query hold, and how many pages that took.
async fn all(api: &Api, query: &str) -> (Vec<JobId>, usize) {
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let answer = api.get(&format!("/api/queue/jobs?{query}{cursor}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let page: Value = answer.json();
        pages += 1;
        seen.extend(
            page["jobs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|job| job["task_id"].as_str().unwrap().parse::<JobId>().unwrap()),
        );
        let Some(next) = page["next_cursor"].as_str() else { return (seen, pages) };
        cursor = format!("&cursor={next}");
    }
}

fn set(ids: &[JobId]) -> BTreeSet<JobId> {
    ids.iter().copied().collect()
}

#[tokio::test]
async fn r51_every_job_of_every_queue_and_state_is_listed_once() {
    let api = Api::new();
    let mut expected = Vec::new();
    for queue in ["a", "b", ".."] {
        for more in [json!({}), json!({"delay": 60}), json!({"priority": "low"})] {
            let mut body = anything(more);
            body["queue_name"] = json!(queue);
            expected.push(api.enqueue(&body).await);
        }
        api.reserve(queue).await;
    }
    for limit in [1, 2, 100] {
        let (seen, _) = all(&api, &format!("limit={limit}")).await;
        assert_eq!((seen.len(), set(&seen)), (9, set(&expected)), "{limit}");
    }
    let (seen, _) = all(&api, "limit=2&queue_name=..").await;
    assert_eq!(set(&seen), set(&expected[6..]));
    let (seen, _) = all(&api, "state=reserved").await;
    assert_eq!(seen.len(), 3);
    assert_eq!(all(&api, "state=failed").await.0, []);
}

#[tokio::test]
async fn r51_jobs_are_found_by_type_and_tag() {
    let api = Api::new();
    let mut tagged = Vec::new();
    for n in 0..40 {
        let body = if n % 10 == 3 { json!({"task_type": "http_tagged"}) } else { anything(json!({"tags": ["x"]})) };
        let id = api.enqueue(&body).await;
        tagged.extend((n % 10 == 3).then_some(id));
    }
    for query in ["task_type=http_tagged", "tag=own", "task_type=http_tagged&tag=own&state=pending&limit=2"] {
        assert_eq!(set(&all(&api, query).await.0), set(&tagged), "{query}");
    }
    assert_eq!(all(&api, "tag=x&limit=100").await.0.len(), 36);
    assert_eq!(all(&api, "tag=x&task_type=http_tagged").await.0, []);
}

/// A filter that fits nothing must not read a whole backlog in one request.
#[tokio::test]
async fn r51_one_look_is_bounded_whatever_the_filter() {
    let api = Api::new();
    let tasks = vec![anything(json!({})); 1000];
    for _ in 0..3 {
        let stored = api.post_to("/api/queue/enqueue/batch", json!({"tasks": tasks}).to_string()).await;
        assert_eq!(stored.status, 201);
    }
    for limit in [1, 100] {
        let (seen, pages) = all(&api, &format!("tag=none&limit={limit}")).await;
        assert_eq!((seen, pages), (Vec::new(), 3), "{limit}");
    }
}

#[tokio::test]
async fn r51_a_look_that_asks_for_what_is_not_there_is_refused_by_the_parameter() {
    let api = Api::new();
    api.enqueue(&anything(json!({}))).await;
    api.get("/api/queue/jobs?queue_name=nowhere").await.problem(404, "queue_not_found");
    for query in [
        "state=waiting",
        "cursor=default~pending~zz.",
        "cursor=default~pending~6162.",
        "cursor=nowhere~pending~.",
        "limit=1000",
        "stat=pending",
    ] {
        let problem = api.get(&format!("/api/queue/jobs?{query}")).await.problem(422, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains(query.split('=').next().unwrap()), "{problem}");
    }
    let other_state = api.get("/api/queue/jobs?state=failed&cursor=default~pending~.").await;
    other_state.problem(422, "invalid_parameter");
}

#[tokio::test]
async fn r51_a_waiting_job_is_cancelled_and_no_other() {
    let api = Api::new();
    for more in [json!({}), json!({"delay": 60})] {
        let id = api.enqueue(&anything(more)).await;
        let answer = api.request_post(&format!("/api/queue/jobs/{id}/cancel")).await;
        assert_eq!(answer.json(), json!({"task_id": id, "operation_id": id, "job_id": id, "status": "cancelled"}));
        assert_eq!(api.status(id).await["status"], "cancelled");
        let again = api.request_post(&format!("/api/queue/jobs/{id}/cancel")).await.problem(409, "wrong_state");
        assert!(again["detail"].as_str().unwrap().contains("cancelled"), "{again}");
    }
    let id = api.enqueue(&anything(json!({}))).await;
    let job = api.reserve("default").await;
    let problem = api.request_post(&format!("/api/queue/jobs/{id}/cancel")).await.problem(409, "wrong_state");
    assert!(problem["detail"].as_str().unwrap().contains("reserved"), "{problem}");
    api.settle(job, Settlement::Complete, &Trail::default()).await;
    let problem = api.request_post(&format!("/api/queue/jobs/{id}/cancel")).await.problem(409, "wrong_state");
    assert!(problem["detail"].as_str().unwrap().contains("completed"), "{problem}");
    let nowhere = "/api/queue/jobs/0198c0de-7a11-7000-8000-00000000c8e5/cancel";
    api.request_post(nowhere).await.problem(404, "job_not_found");
    api.request_post("/api/queue/jobs/1/cancel").await.problem(422, "invalid_parameter");
}

#[tokio::test]
async fn r29_a_cancelled_job_can_be_put_back() {
    let api = Api::new();
    let id = api.enqueue(&anything(json!({}))).await;
    api.request_post(&format!("/api/queue/jobs/{id}/cancel")).await;
    assert_eq!(api.request_post(&format!("/api/queue/failed/{id}/retry")).await.status, 200);
    assert_eq!(api.reserve("default").await.reservation.job, id);
}
