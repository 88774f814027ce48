//! `/api/v1`.

mod actions;
mod audit;
mod bulk;
mod edit;
mod events;
mod explain;
mod failures;
mod health;
mod history;
mod jobs;
mod queues;
mod search;
mod server;
mod workers;

use std::time::Duration;

use journeyman::clock::Clock;
use journeyman::job::{ErrorKind, JobError, JobId};
use journeyman::queue::{Settlement, Trail};
use serde_json::Value;

use super::api::{Answer, Api};

/// An id that no job has.
const NOWHERE: &str = "0198c0de-7a11-7000-8000-00000000c8e5";

/// Enqueues a job and fails it with this message, a second later than the one before.
async fn failed(api: &Api, body: &Value, message: &str) -> JobId {
    let id = api.enqueue(body).await;
    api.clock.advance(Duration::from_secs(1));
    let job = api.reserve(body["queue_name"].as_str().unwrap_or("default")).await;
    let error = JobError::of(ErrorKind::Error, message);
    let trail = Trail { error: Some(error.clone()), finished_at: Some(api.clock.now()), ..Trail::default() };
    api.settle(job, Settlement::Fail { error }, &trail).await;
    id
}

/// Enqueues a job and completes it.
async fn completed(api: &Api, body: &Value) -> JobId {
    let id = api.enqueue(body).await;
    let job = api.reserve(body["queue_name"].as_str().unwrap_or("default")).await;
    let trail = Trail { finished_at: Some(api.clock.now()), ..Trail::default() };
    api.settle(job, Settlement::Complete, &trail).await;
    id
}

fn ids(page: &Value) -> Vec<JobId> {
    let jobs = page["jobs"].as_array().unwrap();
    jobs.iter().map(|job| job["task_id"].as_str().unwrap().parse().unwrap()).collect()
}

/// All that the pages of a query hold, in order, and how many pages that took.
async fn all(api: &Api, query: &str) -> (Vec<JobId>, usize) {
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = ok(&api.get(&format!("/api/v1/jobs?{query}{cursor}")).await);
        pages += 1;
        seen.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else { return (seen, pages) };
        cursor = format!("&cursor={next}");
    }
}

#[track_caller]
fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}
