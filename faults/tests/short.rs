//! The lane that CI has the time for, on every store at once: they mostly wait. `cargo xtask storm` runs longer ones.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

use std::process::Command;

const JOBS: u64 = 4_000;
/// Those that a worker is frozen with.
const SLOW: u64 = 24;

fn storm(store: &str) {
    let program = env!("CARGO_BIN_EXE_faults");
    let faults =
        ["--worker-kills", "6", "--server-kills", "3", "--store-kills", "2", "--freezes", "1", "--late-wakers", "1"];
    let output = Command::new(program)
        .args(["storm", "--store", store, "--jobs", &JOBS.to_string(), "--seed", "1"])
        .args(faults)
        .output()
        .unwrap();
    let (told, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complaint}");
    for line in
        [&format!("pushed            {} jobs", JOBS + SLOW) as &str, "lost              0\n", "unexpected        0\n"]
    {
        assert!(told.contains(line), "{line:?} is missing: {told}");
    }
}

#[test]
fn p1_p4_p5_sqlite_loses_nothing_in_a_storm() {
    storm("sqlite");
}

#[test]
fn p1_p4_p5_redis_loses_nothing_in_a_storm() {
    storm("redis");
}

#[test]
fn p1_p4_p5_mariadb_loses_nothing_in_a_storm() {
    storm("mariadb");
}

#[test]
fn p1_p4_p5_postgres_loses_nothing_in_a_storm() {
    storm("postgres");
}
