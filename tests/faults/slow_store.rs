//! P13: a store that stops answering under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::json;
use uuid::Uuid;

use super::load::{latencies, memory};
use crate::redis::server::Server as Redis;
use crate::support::effort::{effort, figures};
use crate::support::http::Api;
use crate::support::keep_alive::KeepAlive;
use crate::support::process::Home;
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(60);
const PUSHERS: u128 = 8;
/// How long the store is silent; calls to it are given up after a second.
const SILENCE: Duration = Duration::from_secs(3);

#[test]
fn p13_a_store_that_falls_silent_under_load_costs_no_job_and_no_memory() {
    let redis = Redis::start(&[]);
    let home = Home::redis_at(&redis.url()).with("CONNECTION_TIMEOUT", "1").with("CIRCUIT_RECOVERY_TIMEOUT", "1");
    let server = home.serve(&[]);
    let (api, process) = (server.api, server.process.id());
    for round in 0..effort() {
        let is_over = AtomicBool::new(false);
        let seen: Vec<Seen> = std::thread::scope(|scope| {
            let base = u128::from(round + 1) << 64;
            let pusher = |n: u128| {
                scope.spawn({
                    let is_over = &is_over;
                    move || push(api, base | n << 32, is_over)
                })
            };
            let pushers: Vec<_> = (1..=PUSHERS).map(pusher).collect();
            until("jobs are done", PATIENCE, || (api.metrics()["processed"].as_u64() > Some(50)).then_some(()));
            let before = memory(process);
            redis.freeze(true);
            std::thread::sleep(SILENCE);
            let (live, during) = (api.get("/live").status, memory(process));
            redis.freeze(false);
            let watch = Stopwatch::start();
            until("jobs are taken again", PATIENCE, || {
                (api.post(r#"{"task_type": "noop"}"#).status == 201).then_some(())
            });
            figures(&format!("taken again {:.2?} after; memory {before} then {during} MiB", watch.elapsed()));
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(live, 200);
            assert!(during < before + before / 4 + 32, "memory grows: {before}, then {during} MiB");
            pushers.into_iter().map(|pusher| pusher.join().unwrap()).collect()
        });
        let refused: Vec<Duration> = seen.iter().flat_map(|seen| &seen.refused).copied().collect();
        let taken: Vec<String> = seen.into_iter().flat_map(|seen| seen.taken).collect();
        figures(&format!("{} taken, {} refused within {}", taken.len(), refused.len(), latencies(&refused)));
        assert!(refused.len() > 8 && refused.iter().max() < Some(&Duration::from_secs(20)), "{refused:?}");
        let mut line = KeepAlive::to(api.0);
        for id in &taken {
            let ended = until("the job ends", PATIENCE, || {
                let status = line.get(&format!("/api/queue/status/{id}")).unwrap().json();
                (status["status"] == "completed").then_some(status)
            });
            assert_eq!(ended["attempts"], 1, "{ended}");
        }
    }
}

struct Seen {
    taken: Vec<String>,
    refused: Vec<Duration>,
}

fn push(api: Api, base: u128, is_over: &AtomicBool) -> Seen {
    let mut line = KeepAlive::to(api.0);
    let mut seen = Seen { taken: Vec::new(), refused: Vec::new() };
    for n in base.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let id = Uuid::from_u128(n).to_string();
        let watch = Stopwatch::start();
        let body = json!({"task_type": "noop", "operation_id": id}).to_string();
        let answer = line.post("/api/queue/enqueue", &body).unwrap();
        if answer.status == 201 {
            seen.taken.push(id);
        } else {
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            seen.refused.push(watch.elapsed());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    seen
}
