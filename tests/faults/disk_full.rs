//! P1, R35: the disk of a store is full. Nothing is lost, and all goes on once there is room.

use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::json;

use super::disk::Disk;
use super::{all_at_once, clean};
use crate::redis::server::Server as Redis;
use crate::support::database::{Care, DatabaseServer, Engine};
use crate::support::process::Home;
use crate::support::until;

/// What runs when the disk fills up ends within it.
const RUNS: Duration = Duration::from_secs(3);
/// Longest that a refusal may take: the deadline of a call and a connection, on a busy machine.
const BOUND: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn p1_a_full_disk_refuses_jobs_and_loses_none() {
    all_at_once(&[
        ("redis everysec", || redis("everysec")),
        ("redis always", || redis("always")),
        ("sqlite", sqlite),
        ("mariadb", || database(Engine::MariaDb, 400)),
        ("postgres", || database(Engine::Postgres, 150)),
    ]);
}

fn redis(fsync: &str) {
    let disk = Disk::of(8);
    let mut redis = Redis::start_in(disk.path(), &["--appendonly", "yes", "--appendfsync", fsync]);
    let home = Home::redis_at(&redis.url());
    check(&home, &disk, || {
        // By design it ends rather than confirm what is not on the disk; whoever supervises it starts it again.
        assert!(fsync == "always" || redis.is_running());
        if !redis.is_running() {
            redis.start_again();
        }
    });
}

fn sqlite() {
    let disk = Disk::of(24);
    let home = Home::sqlite().with("JOURNEYMAN_DATA_DIR", disk.path().to_str().unwrap());
    check(&home, &disk, || {});
}

fn database(engine: Engine, mebibytes: u32) {
    let disk = Disk::of(mebibytes);
    let mut server = DatabaseServer::start_in(engine, Care::Durable, disk.path());
    let home = Home::database(&server.fresh_url());
    check(&home, &disk, || server.revive());
}

fn check(home: &Home, disk: &Disk, supervise: impl FnOnce()) {
    let home = home
        .clone()
        .with("JOURNEYMAN_WORKER_LEASE", "3")
        .with("JOURNEYMAN_WORKER_HEARTBEAT", "0.8")
        .with("CONNECTION_TIMEOUT", "2")
        .with("CIRCUIT_RECOVERY_TIMEOUT", "2");
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let mut worker = home.start(&["work", "--workers", "6"]);
    let mut acknowledged: Vec<String> = (0..10).map(|n| api.enqueue("echo", json!({"value": n}))).collect();
    acknowledged.iter().for_each(|id| drop(api.until(id, "completed")));
    let running = [(); 3].map(|()| api.enqueue("sleep", json!({"seconds": RUNS.as_secs()})));
    running.iter().for_each(|id| drop(api.until(id, "reserved")));
    home.ok(&["pause", "later"]);

    disk.fill();
    let clock = Stopwatch::start();
    let task = json!({"user_id": 1, "message": "x".repeat(200_000)});
    let task = json!({"task_type": "send_notification", "task_data": task, "queue_name": "later"}).to_string();
    let refused = until("there is no more room", PATIENCE, || {
        let asked = Stopwatch::start();
        let answer = api.post(&task);
        assert!(asked.elapsed() < BOUND, "{:?}: {answer:?}", asked.elapsed());
        // What a store has set aside for itself is used up first.
        if answer.status == 201 {
            acknowledged.push(answer.json()["task_id"].as_str().unwrap().to_owned());
        }
        (answer.status != 201).then_some(answer)
    });
    assert!(refused.refusal().starts_with("503 store_"), "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    until("what runs has ended", PATIENCE, || (clock.elapsed() > RUNS + Duration::from_secs(4)).then_some(()));

    disk.make_room();
    supervise();
    let taken = until("jobs are taken again", PATIENCE, || Some(api.post(&task)).filter(|answer| answer.status == 201));
    acknowledged.push(taken.json()["task_id"].as_str().unwrap().to_owned());
    until("the pause ends", PATIENCE, || (home.run(&["resume", "later"]).code == Some(0)).then_some(()));
    for id in &acknowledged {
        until(&format!("job {id} completes"), PATIENCE, || {
            let answer = api.get(&format!("/api/queue/status/{id}"));
            assert_ne!(answer.status, 404, "job {id} is lost: {answer:?}");
            (answer.status == 200 && answer.json()["status"] == "completed").then_some(())
        });
    }
    for id in &running {
        let status = api.until(id, "completed");
        assert_eq!(status["attempts"], 1, "its result was kept: {status}");
    }
    assert!(worker.is_running() && !worker.stderr().contains("panicked"), "{}", worker.stderr());
    clean(&home);
}
