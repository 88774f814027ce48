//! Who runs the jobs, and what they are told.

use std::time::Duration;

use journeyman::clock::Clock;
use journeyman::job::QueueName;
use journeyman::queue::{Note, NoteKey, NoteKind, NoteRange, Notes, Order, PoolPresence, Presence, WorkerState};
use serde_json::{Value, json};

use super::super::api::{Api, anything, on_every_store, worker};
use super::ok;

on_every_store!(
    a_worker_is_shown_as_it_tells_of_itself,
    a_worker_is_told_and_one_that_is_not_there_is_not,
    a_job_that_no_worker_takes_says_so,
);

/// A worker of these queues tells of itself.
pub(super) async fn tells(api: &Api, state: WorkerState, queues: &[&str]) {
    tells_of_pools(api, state, vec![pool(queues, 8, 3)]).await;
}

pub(super) fn pool(queues: &[&str], slots: usize, busy: usize) -> PoolPresence {
    let queues = queues.iter().map(|name| QueueName::new(name).unwrap()).collect();
    PoolPresence { queues, all_queues: false, slots, busy }
}

pub(super) async fn tells_of_pools(api: &Api, state: WorkerState, pools: Vec<PoolPresence>) {
    let now = api.clock.now();
    let presence = Presence {
        worker: worker().to_string(),
        host: "web-1".into(),
        pid: 4711,
        version: "1.2.3".into(),
        queues: pools.iter().flat_map(|pool| pool.queues.clone()).collect(),
        all_queues: pools.iter().any(|pool| pool.all_queues),
        slots: pools.iter().map(|pool| pool.slots).sum(),
        busy: pools.iter().map(|pool| pool.busy).sum(),
        pools,
        started_at: now,
        seen_at: now,
        due_at: now.plus(Duration::from_secs(10)),
        state,
    };
    let (kind, keep) = (NoteKind::Worker, Duration::from_secs(60));
    let note = Note { kind, key: NoteKey::from(&worker()), body: presence.encode(), keep };
    api.store.write_notes(&[note]).await.unwrap();
}

async fn a_worker_is_shown_as_it_tells_of_itself(api: Api) {
    assert_eq!(ok(&api.get("/api/v1/workers").await), json!({"workers": []}));
    let now = api.clock.now().to_rfc3339();
    tells(&api, WorkerState::Running, &["mail", "default"]).await;
    let shown = json!({
        "worker": "web-1.4711", "host": "web-1", "pid": 4711, "version": "1.2.3", "queues": ["mail", "default"],
        "all_queues": false, "slots": 8, "busy": 3,
        "pools": [{"queues": ["mail", "default"], "all_queues": false, "slots": 8, "busy": 3}], "started_at": now, "seen_at": now, "state": "running"
    });
    assert_eq!(ok(&api.get("/api/v1/workers").await), json!({"workers": [shown]}));
    api.clock.advance(Duration::from_secs(11));
    assert_eq!(ok(&api.get("/api/v1/workers").await)["workers"][0]["state"], "lost");
    api.clock.advance(Duration::from_secs(60));
    assert_eq!(ok(&api.get("/api/v1/workers").await), json!({"workers": []}));
}

async fn a_worker_is_told_and_one_that_is_not_there_is_not(api: Api) {
    tells(&api, WorkerState::Running, &["default"]).await;
    for (word, order) in [("quiet", Order::Quiet), ("resume", Order::Resume), ("stop", Order::Stop)] {
        let answer = api.request_post(&format!("/api/v1/workers/{}/{word}", worker())).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.json(), json!({"worker": "web-1.4711", "told": word}));
        let left = NoteRange::one(NoteKind::Order, &NoteKey::from(&worker()));
        let notes = api.store.read_notes(&left).await.unwrap();
        assert_eq!(Order::decode(&notes[0].1), Some(order));
        let problem =
            api.request_post(&format!("/api/v1/workers/nobody/{word}")).await.problem(404, "worker_not_found");
        assert!(problem["detail"].as_str().unwrap().contains("nobody"), "{problem}");
        api.request_post(&format!("/api/v1/workers/a%20b/{word}")).await.problem(422, "invalid_parameter");
    }
}

async fn a_job_that_no_worker_takes_says_so(api: Api) {
    let id = api.enqueue(&anything(json!({"queue_name": "mail"}))).await;
    let first = async || ok(&api.get(&format!("/api/v1/jobs/{id}/explain")).await)["reasons"][0]["code"].clone();
    assert_eq!(first().await, "no_worker");
    for (state, queues, code) in [
        (WorkerState::Running, ["default"], "no_worker"),
        (WorkerState::Quiet, ["mail"], "no_worker"),
        (WorkerState::Running, ["mail"], "ready"),
    ] {
        tells(&api, state, &queues).await;
        assert_eq!(first().await, Value::from(code), "{state:?} {queues:?}");
    }
}
