//! What a job costs the worker, in instructions.

use std::env;

use journeyman::worker::Until;
use tokio::time::timeout;

use super::jobs::Write;
use super::*;
use crate::support::instructions::{MISSING, assert_as_known, callgrind, collected};

/// Per job, in a build for tests: from its push into a store in memory to its settlement there. Whoever changes what a job
/// passes through changes this, and says why where it grows.
const KNOWN: u64 = 224_200;
const MEASURED_WITH: (&str, &str) = ("rustc", "rustc 1.95.");

/// Says how many jobs to drain.
const JOBS: &str = "JOURNEYMAN_TEST_JOBS";
const DRAIN: &str = "worker::instructions::p1_a_drain_runs_every_job_once";

/// P1: cost is guarded by counting, for time proves nothing on a machine that does other things too.
#[test]
fn p1_a_job_costs_the_worker_what_it_did() {
    let (few, many) = (500, 1500);
    // What a process does once, before and after, is the same in both.
    let found = (of_drain(many) - of_drain(few)) / (many - few);
    assert_as_known("a job", found, KNOWN, MEASURED_WITH);
}

fn of_drain(jobs: u64) -> u64 {
    let mut drain = callgrind();
    drain.arg(env::current_exe().unwrap()).args(["--exact", DRAIN]).env(JOBS, jobs.to_string());
    let output = drain.output().expect(MISSING);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
    collected(&String::from_utf8(output.stderr).unwrap())
}

/// What is counted, when it is counted. In one thread but for the heartbeat, which has nothing to do for an hour, and in a time
/// that only passes while nothing is to be done: so it does the same each time.
#[tokio::test(start_paused = true)]
async fn p1_a_drain_runs_every_job_once() {
    #[expect(clippy::disallowed_methods, reason = "the test that counts has no other way to tell")]
    let jobs: u64 = env::var(JOBS).map_or(100, |jobs| jobs.parse().unwrap());
    let rig = Rig::new();
    let write = |n| Dispatch::new(&Write { text: format!("{n}") }).unwrap();
    for bulk in (0..jobs).collect::<Vec<_>>().chunks(100) {
        rig.manager.bulk(bulk.iter().map(write).collect()).await.unwrap();
    }
    let hour = Duration::from_secs(3600);
    let until = Until { empty: true, ..Until::default() };
    let worker = rig.work(WorkerOptions { slots: 64, lease: 3 * hour, heartbeat: hour, until, ..rig.options() });
    timeout(hour, async {
        worker.finished().await;
        worker.drained().await;
    })
    .await
    .expect("it never ended");
    let stats = rig.store.stats(&[QueueName::default()]).await.unwrap();
    assert_eq!((stats[0].counters.processed, stats[0].size()), (jobs, 0));
    assert_eq!(rig.diary.notes().len() as u64, jobs);
    worker.stop().await;
}
