//! R32: a Redis that forgets all scripts under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::json;

use super::clean;
use crate::redis::server::Server as Redis;
use crate::support::effort::effort;
use crate::support::process::{Home, Process};
use crate::support::until;

const CLIENTS: usize = 4;
/// Of each client.
const JOBS: usize = 100;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn r32_scripts_forgotten_under_load_are_loaded_again_and_every_job_runs_once() {
    let redis = Redis::start(&[]);
    let home = Home::redis_at(&redis.url());
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let mut workers: Vec<Process> = (0..2).map(|_| home.start(&["work"])).collect();
    let count = CLIENTS * JOBS * effort() as usize;
    let (is_over, mut flushes) = (AtomicBool::new(false), 0);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                for n in 0..count / CLIENTS {
                    let id = api.enqueue("echo", json!({"value": n}));
                    if client == 0 && n % 20 == 0 {
                        assert_eq!(api.until(&id, "completed")["attempts"], 1);
                    }
                }
            });
        }
        let flushing = scope.spawn(|| {
            let mut flushes = 0;
            let clock = Stopwatch::start();
            while !is_over.load(Ordering::Relaxed) && clock.elapsed() < PATIENCE {
                redis.ask(&["SCRIPT", "FLUSH"]);
                flushes += 1;
                std::thread::yield_now();
            }
            flushes
        });
        until("every job has run", PATIENCE, || (api.metrics()["processed"] == count).then_some(()));
        is_over.store(true, Ordering::Relaxed);
        flushes = flushing.join().unwrap();
    });
    assert!(flushes > 20, "{flushes}");
    let metrics = api.metrics();
    assert_eq!((&metrics["enqueued"], &metrics["processed"]), (&json!(count), &json!(count)), "{metrics}");
    assert_eq!((&metrics["failed"], &metrics["retried"]), (&json!(0), &json!(0)), "{metrics}");
    for worker in &mut workers {
        assert!(worker.is_running() && !worker.stderr().contains("NOSCRIPT"), "{}", worker.stderr());
    }
    clean(&home);
}
