//! What a job costs Redis, in instructions.

use super::*;
use crate::support::instructions::{assert_as_known, collected};

/// Per job and step inside of the scripts, as measured with [`MEASURED_WITH`]; `docs/performance.md` tells them apart.
/// Whoever changes a script changes these, and says why where they grow.
const EXPECTED: [(&str, u64); 3] = [("push", 14_900), ("reserve", 18_400), ("settle", 15_900)];
const MEASURED_WITH: (&str, &str) = ("redis-server", "v=7.0.15");

/// Calls of each step, and jobs in each of them.
const CALLS: usize = 16;
const BATCH: usize = 128;

/// P1: cost is guarded by counting, for time proves nothing on a machine that does other things too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_a_job_costs_redis_what_it_did() {
    let totals = [after(1).await, after(2).await, after(3).await];
    let steps = [totals[0], totals[1] - totals[0], totals[2] - totals[1]];
    for ((step, expected), total) in EXPECTED.iter().zip(steps) {
        let found = total / (CALLS * BATCH) as u64;
        assert_as_known(step, found, *expected, MEASURED_WITH);
    }
}

/// Instructions inside of scripts of so many of the steps: push, reserve, settle.
async fn after(steps: usize) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let counts = dir.path().join("counts");
    let server = Server::counted(&counts);
    let options = RedisOptions { command_timeout: Duration::from_secs(30), ..options(&server) };
    let store = RedisStore::connect(options, StoreTime::Server).await.unwrap();
    for _ in 0..CALLS {
        let jobs: Vec<NewJob> = (0..BATCH).map(|_| job_of(230)).collect();
        store.push(&jobs, Unit::Queue).await.unwrap();
    }
    let mut taken = Vec::new();
    for _ in 0..if steps > 1 { CALLS } else { 0 } {
        taken.push(reserve(&store, BATCH).await.unwrap());
        assert_eq!(taken.last().unwrap().len(), BATCH);
    }
    for jobs in &taken[..if steps > 2 { CALLS } else { 0 }] {
        let settled = settle_leaving(&store, jobs, &Settlement::Complete, &[b'x'; 50]).await.unwrap();
        assert_eq!(settled, vec![Settled::Done; BATCH]);
    }
    drop(store);
    server.shut_down();
    collected(&std::fs::read_to_string(counts).unwrap())
}
