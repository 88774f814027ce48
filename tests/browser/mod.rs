//! The dashboard in a real browser, on a real server, on each store. What is played is in `web/e2e`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::support::process::{Home, Ran, Server};

/// Files of `web/e2e`, and how many tests are in each. A file that tests less than that fails.
const ON_EACH_STORE: &[(&str, u64)] = &[("newcomer", 1), ("open", 1), ("queues", 1), ("jobs", 3), ("live", 1)];
/// What looks the same whatever the store.
const ON_ONE_STORE: &[(&str, u64)] = &[("keyboard", 3), ("look", 4), ("hostile", 2)];
const WITH_KEYS: &[(&str, u64)] = &[("key", 1)];

/// Slots for any queue: of those that are set apart by default, two long jobs would take all that most queues have.
const SERVER: &[&str] = &["--workers", "6"];

/// A browser takes a whole core or two; several at once would only wait for each other.
static STAGE: Mutex<()> = Mutex::new(());

#[test]
fn the_pages_work_on_sqlite() {
    play(&Home::sqlite().serve(SERVER), &[ON_EACH_STORE, ON_ONE_STORE].concat(), &[]);
    play_with_keys(&Home::sqlite());
}

#[test]
fn the_pages_work_on_redis() {
    play(&Home::redis().serve(SERVER), ON_EACH_STORE, &[]);
    play_with_keys(&Home::redis());
}

#[test]
fn the_pages_work_on_mariadb() {
    play(&Home::mariadb().serve(SERVER), ON_EACH_STORE, &[]);
    play_with_keys(&Home::mariadb());
}

/// Behind a server that asks who is there.
fn play_with_keys(home: &Home) {
    let make = |name: &str, scope: &str| {
        let made = home.json(&["key", "new", "--name", name, "--scope", scope, "--json"]);
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        (text("key"), text("line"))
    };
    let (admin, line) = make("admin", "admin");
    let (reader, other) = make("reader", "read");
    let guarded = home.clone().with("JOURNEYMAN_API_KEYS", &format!("{line},{other}"));
    play(&guarded.serve(SERVER), WITH_KEYS, &[("API_KEY", &admin), ("READ_KEY", &reader)]);
}

/// Plays the scenarios of these files, all of which must be there and pass.
fn play(server: &Server, files: &[(&str, u64)], env: &[(&str, &str)]) {
    let _alone = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let web = web();
    let mut node = Command::new("node");
    node.args(["--test-reporter=spec", "e2e/run.mjs"]).args(files.iter().map(|(name, _)| name));
    node.current_dir(web).env("BASE_URL", format!("http://{}/", server.api.0)).envs(env.iter().copied());
    let ran = Ran::of(&mut node);
    let expected: u64 = files.iter().map(|(_, tests)| tests).sum();
    let told = format!("{files:?} on {}:\n{}\n{}", server.api.0, ran.stdout, ran.stderr);
    assert_eq!(ran.code, Some(0), "{told}");
    assert_eq!(passed(&ran.stdout), Some(expected), "not every test was there: {told}");
}

/// `ℹ pass 12`, among the closing lines.
fn passed(report: &str) -> Option<u64> {
    report.lines().rev().find_map(|line| line.split_once(" pass ")?.1.trim().parse().ok())
}

/// The folder of the pages, with all that the scenarios need.
fn web() -> PathBuf {
    let web = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/web"));
    let node = Command::new("node").arg("--version").stderr(Stdio::null()).output();
    let version = node.expect("node is missing: run cargo xtask test, which installs it (Debian: nodejs)").stdout;
    let version = String::from_utf8_lossy(&version);
    let major: Option<u32> = version.trim().strip_prefix('v').and_then(|rest| rest.split('.').next()?.parse().ok());
    assert!(major.is_some_and(|major| major >= 18), "node 18 or newer is needed, and this is {version}");
    let chromium = PathBuf::from(std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into()));
    assert!(
        chromium.exists(),
        "chromium is missing: run cargo xtask test, which installs it, or set CHROMIUM to where one is"
    );
    assert!(
        web.join("node_modules/playwright-core").exists(),
        "web/node_modules is missing: run cargo xtask test, which fills it, or `npm ci` in web/"
    );
    web
}

#[test]
fn a_report_without_tests_is_no_success() {
    assert_eq!(passed("✔ a\nℹ tests 12\nℹ pass 12\nℹ fail 0\n"), Some(12));
    assert_eq!(passed("ℹ tests 0\nℹ pass 0\nℹ fail 0\n"), Some(0));
    assert_eq!(passed("✔ they pass 3 times over\n"), None);
}
