//! R53, R54: what is shipped beside the binary names only what there is, so that it cannot go stale unseen.

mod alerts;
mod compose;
mod dockerfile;
mod units;

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::process::Home;

/// Variables that the documents name, of which one or another may not be a setting yet.
const DOCUMENTED: [&str; 12] = [
    "QUEUE_CONNECTION",
    "ENABLE_REDIS",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_DB",
    "REDIS_PASSWORD",
    "ENABLE_MYSQL",
    "DB_HOST",
    "DB_PORT",
    "DB_NAME",
    "DB_USER",
    "DB_PASS",
];

fn shipped(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Each variable must set something.
fn assert_settings<'a>(names: impl IntoIterator<Item = &'a str>) {
    let rows = Home::sqlite().json(&["config", "show", "--json"]);
    let settings: BTreeSet<&str> = rows.as_array().unwrap().iter().map(|row| row["env"].as_str().unwrap()).collect();
    for name in names {
        assert!(settings.contains(name) || DOCUMENTED.contains(&name), "{name} sets nothing");
    }
}

/// The binary must understand the arguments: with `--help` behind them it explains instead of complaining.
fn assert_understood(arguments: &[&str]) {
    let ran = Home::sqlite().run(&[arguments, &["--help"]].concat());
    assert!(ran.code == Some(0) && ran.stdout.contains("Usage:"), "{arguments:?}: {ran:?}");
}

/// The setting as it is without any word about it, seconds.
fn grace_period() -> u64 {
    let rows = Home::sqlite().json(&["config", "show", "--json"]);
    let row = rows.as_array().unwrap().iter().find(|row| row["key"] == "worker.grace_shutdown_period").unwrap().clone();
    row["value"].as_str().unwrap().trim_end_matches('s').parse().unwrap()
}
