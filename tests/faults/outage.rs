//! P12: a store that is away for longer than a lease makes no job of a living worker run twice.

use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::{Value, json};

use super::store::{Away, Store};
use super::{all_at_once, clean};
use crate::support::database::Engine;
use crate::support::effort::effort;
use crate::support::process::{Home, Process};
use crate::support::until;

const LEASE: Duration = Duration::from_secs(4);
const OUTAGE: Duration = Duration::from_secs(7);
const WORKERS: usize = 3;
/// Of each worker. Two of them together have no room for all the jobs, so each worker holds some.
const SLOTS: usize = 3;
const JOBS: usize = 2 * SLOTS + 1;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn p12_a_store_that_is_away_for_longer_than_a_lease_makes_no_living_workers_job_run_twice() {
    let mut cases: Vec<(&str, fn())> = vec![
        ("redis killed", || outlasts(Store::redis(), Away::Killed)),
        ("redis frozen", || outlasts(Store::redis(), Away::Frozen)),
        ("mariadb frozen", || outlasts(Store::database(Engine::MariaDb), Away::Frozen)),
        ("postgres killed", || outlasts(Store::database(Engine::Postgres), Away::Killed)),
        ("sqlite locked", || outlasts(Store::sqlite(), Away::Frozen)),
    ];
    if effort() > 1 {
        cases.push(("mariadb killed", || outlasts(Store::database(Engine::MariaDb), Away::Killed)));
        cases.push(("postgres frozen", || outlasts(Store::database(Engine::Postgres), Away::Frozen)));
    }
    all_at_once(&cases);
}

/// Three workers with room to spare hold jobs, some of which end while the store is away; one of the workers dies
/// meanwhile.
fn outlasts((mut store, home): (Store, Home), away: Away) {
    let home = home
        .with("JOURNEYMAN_WORKER_LEASE", "4")
        .with("JOURNEYMAN_WORKER_HEARTBEAT", "0.5")
        .with("CONNECTION_TIMEOUT", "1");
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let slots = SLOTS.to_string();
    let mut workers: Vec<Process> = (0..WORKERS).map(|_| home.start(&["work", "--workers", &slots])).collect();
    // Whoever has run one has been there for a lease and would take over what it believes to be left behind.
    let longer_than_a_lease = json!({"seconds": (LEASE + Duration::from_secs(1)).as_secs()});
    let warm = [(); WORKERS * SLOTS].map(|()| api.enqueue("sleep", longer_than_a_lease.clone()));
    warm.iter().for_each(|id| drop(api.until(id, "completed")));

    let seconds = |place: usize| if place.is_multiple_of(3) { OUTAGE / 2 } else { OUTAGE + LEASE };
    let jobs: Vec<String> =
        (0..JOBS).map(|place| api.enqueue("sleep", json!({"seconds": seconds(place).as_secs_f64()}))).collect();
    let holders: Vec<Value> = jobs.iter().map(|id| api.until(id, "reserved")["worker"].clone()).collect();
    let victim = workers.iter().position(|worker| worker.is(&holders[0])).unwrap();

    store.leave(away, &home);
    let clock = Stopwatch::start();
    workers.remove(victim).kill();
    until("the outage outlasts the lease", PATIENCE, || (clock.elapsed() > OUTAGE).then_some(()));
    store.come_back(away);
    until("the store is back", PATIENCE, || (api.get("/ready").status == 200).then_some(()));

    let mut died = 0;
    for (id, holder) in jobs.iter().zip(&holders) {
        let status = until("every job completes", PATIENCE, || {
            let answer = api.get(&format!("/api/queue/status/{id}"));
            assert_ne!(answer.status, 404, "job {id} is lost: {answer:?}");
            (answer.status == 200 && answer.json()["status"] == "completed").then(|| answer.json())
        });
        let history = status["history"].as_array().unwrap();
        if workers.iter().any(|worker| worker.is(holder)) {
            assert_eq!((history.len(), &status["attempts"]), (1, &json!(1)), "its worker was alive: {status}");
            assert_eq!(&history[0]["worker"], holder, "{status}");
        } else {
            died += 1;
            let outcomes: Vec<&Value> = history.iter().map(|entry| &entry["outcome"]).collect();
            assert_eq!(outcomes, ["worker_lost", "completed"], "{status}");
        }
    }
    assert!((1..=SLOTS).contains(&died), "{died} jobs were the dead worker's");
    for worker in &mut workers {
        assert!(worker.is_running());
        let log = worker.stderr();
        assert!(!log.contains("panicked") && !log.contains("lease lost") && !log.contains("result refused"), "{log}");
    }
    let metrics = api.metrics();
    assert_eq!(metrics["processed"], warm.len() + JOBS, "none is lost, none counts twice: {metrics}");
    assert_eq!(metrics["failed"], 0, "{metrics}");
    clean(&home);
}
