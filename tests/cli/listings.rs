//! R51: the listings: the filters of the API, where they stop, and their width.

use std::time::Duration;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::support::on_each_store;
use crate::support::process::{Home, Process};
use crate::support::until;

on_each_store!(
    r51_jobs_are_filtered_as_the_api_filters_them,
    r51_failed_jobs_are_filtered_and_grouped_by_what_they_failed_of,
    r51_queues_and_workers_are_listed_as_the_api_lists_them,
    r51_a_worker_is_told_by_its_name,
);

const PATIENCE: Duration = Duration::from_secs(20);

/// Every listing there is.
pub const LISTINGS: [&[&str]; 10] = [
    &["jobs"],
    &["jobs", "--state", "failed"],
    &["failed"],
    &["failed", "--text", "e"],
    &["failed", "--groups"],
    &["queues"],
    &["stats"],
    &["workers"],
    &["workers", "--jobs"],
    &["top", "--once", "--interval", "0.2"],
];

/// Columns that a line takes.
pub fn widest(line: &str) -> usize {
    line.trim_end_matches('\r').width()
}

/// Whether a terminal does something at this character instead of showing it.
pub fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Jobs of the longest names and of hostile texts, one pending, one failed and one running; and the worker that runs it.
pub fn hostile(home: &Home) -> Process {
    let queue = "q".repeat(255);
    home.ok(&["dispatch", "always_fails", "{}", "--queue", &queue, "--max-tries", "1"]);
    home.ok(&["work", "--once", "--queue", &queue]);
    home.ok(&["dispatch", "sleep", r#"{"seconds": 600}"#, "--queue", &queue, "--timeout", "0"]);
    let worker = home.start(&["work", "--queue", &queue]);
    until("the job runs", PATIENCE, || {
        (home.json(&["queues", &queue, "--json"])["queues"][0]["reserved"] == 1).then_some(())
    });
    home.ok(&["dispatch", "noop", "{}", "--tag", &"t".repeat(100), "--queue", &"p".repeat(255)]);
    let evil = "\u{1b}[2J\u{1b}]0;x\u{7}\n\u{202e}日本語の長い名前".repeat(10);
    let body = |tags: &[&str]| json!({"type": evil, "data": {}, "v": 1, "o": {"tags": tags}}).to_string();
    let file = rusqlite::Connection::open(home.path().join("data/journeyman.db")).unwrap();
    file.busy_timeout(PATIENCE).unwrap();
    let body = body(&[&evil, "日本"]);
    assert_eq!(file.execute("UPDATE queue_jobs SET payload = ?1", [body.as_bytes()]).unwrap(), 2);
    let message = serde_json::to_string(&evil).unwrap();
    let failed = "UPDATE queue_failed_jobs SET payload = ?1,
        trail = CAST(replace(CAST(trail AS TEXT), '\"this job always fails\"', ?2) AS BLOB)";
    assert_eq!(file.execute(failed, (body.as_bytes(), message)).unwrap(), 1);
    worker
}

fn ids(page: &Value) -> Vec<&str> {
    page["jobs"].as_array().unwrap().iter().map(|job| job["task_id"].as_str().unwrap()).collect()
}

fn r51_jobs_are_filtered_as_the_api_filters_them(home: &Home) {
    let ada = home.ok(&["dispatch", "echo", r#"{"value": "Ada Lovelace"}"#, "--queue", "mail"]);
    let alan = home.ok(&["dispatch", "echo", r#"{"value": "Alan Turing"}"#, "--queue", "mail"]);
    let found = |flags: &[&str]| {
        let page = home.json(&[&["jobs", "--json"], flags].concat());
        ids(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found(&["--text", "LOVELACE"]), std::slice::from_ref(&ada));
    assert_eq!(found(&["--text", &alan]), std::slice::from_ref(&alan));
    assert_eq!(found(&["--text", "turing", "--in", "payload"]), std::slice::from_ref(&alan));
    assert_eq!(found(&["--text", "turing", "--in", "error"]), Vec::<String>::new());
    assert_eq!(found(&["--since", "1h", "--queue", "mail", "--type", "echo"]).len(), 2);
    assert_eq!(found(&["--until", "1h"]).len(), 0);
    assert_eq!(found(&["--since", "2020-01-01T00:00:00Z", "--until", "2099-01-01T00:00:00+01:00"]).len(), 2);

    let server = home.serve(&["--no-worker"]);
    let by_api = server.api.get("/api/v1/jobs?text=ada&since=2020-01-01T00:00:00Z").json();
    assert_eq!(home.json(&["jobs", "--text", "ada", "--since", "2020-01-01T00:00:00Z", "--json"]), by_api);

    for wrong in [
        &["--since", "yesterday"][..],
        &["--in", "error"],
        &["--text", ""],
        &["--text", "x", "--in", "tags"],
        &["--look", "0"],
        &["--limit", "0"],
        &["--cursor", "x"],
    ] {
        assert_eq!(home.run(&[&["jobs"], wrong].concat()).code, Some(2), "{wrong:?}");
    }
    let ran = home.run(&["jobs", "--queue", "mial"]);
    assert!(ran.complaints()[0].contains("no such queue: mial"), "{ran:?}");
}

/// Fails three jobs in queue `a` and one in `b`.
fn fail(home: &Home) -> String {
    for _ in 0..3 {
        home.ok(&["dispatch", "always_fails", "{}", "--queue", "a", "--max-tries", "1"]);
    }
    let flaky = home.ok(&["dispatch", "flaky", r#"{"failures": 7}"#, "--queue", "b", "--max-tries", "1"]);
    home.ok(&["work", "--stop-when-empty", "--workers", "1"]);
    flaky
}

fn r51_failed_jobs_are_filtered_and_grouped_by_what_they_failed_of(home: &Home) {
    assert_eq!(home.ok(&["failed", "--groups"]), "No failed jobs.");
    let flaky = fail(home);
    let found = |flags: &[&str]| home.json(&[&["failed", "--json"], flags].concat()).as_array().unwrap().clone();
    assert_eq!(found(&["--type", "flaky"])[0]["id"], flaky);
    assert_eq!(found(&["--text", "attempt 1 of 7", "--in", "error"]).len(), 1);
    assert_eq!(found(&["--since", "1h", "--queue", "a"]).len(), 3);
    assert_eq!(home.ok(&["failed", "--until", "1h"]), "No such failed jobs.");

    // A list that ends early tells where it goes on, beside the JSON too.
    let text = home.ok(&["failed", "--type", "always_fails", "--limit", "2"]);
    let cursor = text.split_once("--cursor ").unwrap().1;
    assert_eq!(found(&["--type", "always_fails", "--cursor", cursor]).len(), 1);
    let ran = home.run(&["failed", "--type", "always_fails", "--limit", "2", "--json"]);
    assert!(ran.stderr.contains(&format!("--cursor {cursor}")), "{ran:?}");
    let groups = home.json(&["failed", "--groups", "--json"]);
    let server = home.serve(&["--no-worker"]);
    assert_eq!(groups, server.api.get("/api/v1/failures").json());
    let counts: Vec<_> = groups["groups"].as_array().unwrap().iter().map(|group| &group["count"]).collect();
    assert_eq!(counts, [&json!(3), &json!(1)]);
    let fingerprint = groups["groups"][1]["fingerprint"].as_str().unwrap();
    let alike = found(&["--fingerprint", fingerprint]);
    assert_eq!(alike.iter().map(|row| &row["id"]).collect::<Vec<_>>(), [&json!(flaky)]);
    assert_eq!(home.run(&["failed", "--fingerprint", "x"]).code, Some(2));
    let table = home.ok(&["failed", "--groups", "--queue", "a"]);
    let group = &groups["groups"][0];
    for part in ["3 failed", "first ", "last ", "always_fails on a", "error: this job always fails"] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
    for part in ["fingerprint", "sample"] {
        assert!(table.contains(group[part].as_str().unwrap()), "{part} in\n{table}");
    }
    assert_eq!(home.run(&["failed", "--groups", "--type", "flaky"]).code, Some(2));
}

fn r51_queues_and_workers_are_listed_as_the_api_lists_them(home: &Home) {
    assert_eq!(home.ok(&["workers"]), "No workers.");
    home.ok(&["dispatch", "sleep", r#"{"seconds": 600}"#, "--queue", "mail", "--timeout", "0"]);
    let server = home.serve(&["--workers", "3"]);
    let job = until("the job runs", PATIENCE, || {
        let workers = home.json(&["workers", "--jobs", "--json"]);
        workers["workers"][0]["jobs"].get(0).cloned()
    });
    home.ok(&["pause", "mail"]);
    home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    assert_eq!(home.json(&["queues", "--json"]), server.api.get("/api/v1/queues").json());
    let queues = home.ok(&["queues", "mail,default"]);
    let row = queues.lines().find(|line| line.contains("mail")).unwrap();
    let words: Vec<&str> = row.split_whitespace().filter(|word| *word != "│").collect();
    assert_eq!(words[..6], ["mail", "paused", "1", "0", "1", "0"], "{queues}");
    let ran = home.run(&["queues", "mial"]);
    assert!(ran.complaints()[0].contains("no such queue: mial"), "{ran:?}");

    let by_api = until("the worker tells that it is busy", PATIENCE, || {
        let workers = server.api.get("/api/v1/workers").json();
        (workers["workers"][0]["busy"] == 1).then_some(workers)
    });
    let listed = home.json(&["workers", "--json"]);
    let name = by_api["workers"][0]["worker"].as_str().unwrap();
    assert_eq!(listed["workers"][0].as_object().unwrap().keys().collect::<Vec<_>>(), {
        by_api["workers"][0].as_object().unwrap().keys().collect::<Vec<_>>()
    });
    assert_eq!((&listed["workers"][0]["worker"], &job["worker"]), (&json!(name), &json!(name)));
    let held = |worker: &str| home.json(&["jobs", "--worker", worker, "--json"])["jobs"].clone();
    assert_eq!((&held(name)[0]["task_id"], &held("nobody")), (&job["task_id"], &json!([])));
    assert_eq!(home.run(&["jobs", "--worker", name, "--state", "failed"]).code, Some(2));
    let table = home.ok(&["workers", "--jobs"]);
    for part in ["running, 1 of 3 busy", "told ", "any other", job["task_id"].as_str().unwrap(), "sleep on mail"] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
}

fn r51_a_worker_is_told_by_its_name(home: &Home) {
    let mut worker = home.start(&["work"]);
    let list = || home.json(&["workers", "--json"])["workers"].clone();
    let name = until("the worker tells of itself", PATIENCE, || Some(list()[0]["worker"].as_str()?.to_owned()));
    let is = |state: &str| until(state, PATIENCE, || (list()[0]["state"] == state).then_some(()));
    assert_eq!(home.ok(&["workers", "quiet", &name]), format!("{name}: told to take no more jobs"));
    is("quiet");
    assert_eq!(home.json(&["workers", "resume", &name, "--json"]), json!([{"worker": name, "told": "resume"}]));
    is("running");
    let ran = home.run(&["workers", "stop", "nobody", &name]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("nobody") && ran.stdout.contains("to leave"), "{ran:?}");
    assert_eq!(worker.ends_within(PATIENCE).code(), Some(0));
    let rows = home.serve(&["--no-worker"]).api.get("/api/v1/audit").json()["rows"].clone();
    let told = |row: &Value| ["action", "target", "outcome"].map(|part| row[part].as_str().unwrap().to_owned());
    let all: Vec<[String; 3]> = rows.as_array().unwrap().iter().map(told).collect();
    let name = name.as_str();
    let expected = [
        ["stop", name, "done"],
        ["stop", "nobody", "no such worker"],
        ["resume", name, "done"],
        ["quiet", name, "done"],
    ];
    assert_eq!(all, expected.map(|row| row.map(str::to_owned)));
    for wrong in [&["workers", "quiet"][..], &["workers", "quiet", "a b"], &["workers", "jump", name]] {
        assert_eq!(home.run(wrong).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn r51_a_listing_looks_at_so_many_jobs_and_tells_where_it_goes_on() {
    let home = Home::sqlite();
    let server = home.serve(&["--no-worker"]);
    let jobs = vec![json!({"task_type": "noop"}); 1000];
    for _ in 0..2 {
        let answer = server.api.send("POST", "/api/queue/enqueue/batch", &json!({"tasks": jobs}));
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let text = home.ok(&["jobs", "--type", "echo", "--look", "1000"]);
    assert!(text.starts_with("0 shown, 1000 stored jobs looked at"), "{text}");
    let cursor = text.split_once("--cursor ").unwrap().1;
    assert_eq!(home.ok(&["jobs", "--type", "echo", "--cursor", cursor]), "No such jobs.");
    assert_eq!(home.ok(&["jobs", "--type", "echo"]), "No such jobs.");
}

#[test]
fn r51_no_listing_is_wider_than_80_columns_or_holds_what_a_terminal_obeys_or_cuts_an_id() {
    let home = Home::sqlite();
    let _worker = hostile(&home);
    let jobs = home.json(&["jobs", "--json"]);
    let ids = ids(&jobs);
    assert_eq!(ids.len(), 3);
    for listing in LISTINGS {
        let text = home.ok(listing);
        for line in text.lines() {
            assert!(widest(line) <= 80, "{listing:?}: {} columns: {line}", widest(line));
        }
        assert!(!text.replace('\n', "").contains(is_obeyed), "{listing:?}: {text:?}");
    }
    let whole = home.ok(&["jobs"]);
    assert!(ids.iter().all(|id| whole.contains(id)), "{whole}");
    assert!(home.ok(&["failed"]).contains(ids.iter().find(|id| home.ok(&["failed", "--json"]).contains(*id)).unwrap()));
    assert!(ids.iter().any(|id| home.ok(&["workers", "--jobs"]).contains(id)));
}
