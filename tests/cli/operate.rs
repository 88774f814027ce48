//! R51, R29, R40: the operator's commands on a store that other processes share.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::on_each_store;
use crate::support::process::{Home, Ran};
use crate::support::until;

on_each_store!(
    r51_failed_lists_what_failed_and_why,
    r29_failed_jobs_are_put_back_forgotten_and_flushed,
    r29_retry_takes_all_or_those_of_a_queue,
    r51_prune_removes_what_is_kept_no_longer,
    r40_purge_wants_to_be_sure,
    r51_size_and_stats_of_a_queue_that_is_none_are_a_failure,
    r51_monitor_tells_by_its_exit_code,
    r51_a_paused_queue_rests_until_it_is_resumed,
    r51_restart_ends_a_worker_with_success_and_renews_those_of_a_server,
    r51_jobs_are_found_and_cancelled,
    r51_what_is_done_by_hand_is_on_record_whoever_does_it,
);

const NOWHERE: &str = "0198c0de-7a11-7000-8000-00000000c8e5";

/// Dispatches jobs that fail at once, and runs them.
fn fail(home: &Home, queue: &str, count: usize) -> Vec<String> {
    let dispatch = |_| home.ok(&["dispatch", "always_fails", "{}", "--queue", queue, "--max-tries", "1"]);
    let ids = (0..count).map(dispatch).collect();
    home.ok(&["work", "--stop-when-empty", "--workers", "1"]);
    ids
}

fn failed(home: &Home, flags: &[&str]) -> Vec<Value> {
    home.json(&[&["failed", "--json"], flags].concat()).as_array().unwrap().clone()
}

fn count(home: &Home, queue: &str, state: &str) -> u64 {
    home.json(&["stats", "--json"])["queues"][queue][state].as_u64().unwrap()
}

/// The lines of a command that did some of its work; exit code 1.
fn partly(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.code, Some(1), "{ran:?}");
    ran.stderr.lines().collect()
}

#[test]
fn r51_migrate_tells_a_program_one_thing_however_much_it_did() {
    let done = Home::sqlite().json(&["migrate", "--tables", "--json"]);
    assert!(done["store"].is_string() && done["tables"].is_string(), "{done}");
}

/// Tables of names and of what they stand for.
#[test]
fn r51_lists_of_settings_and_types_fit_80_columns_and_cut_no_name() {
    let home = Home::sqlite();
    let settings = home.ok(&["config", "show"]);
    fits_80_columns(&settings);
    assert!(settings.contains("JOURNEYMAN_HTTP_MAX_CONNECTIONS_PER_ADDRESS"), "{settings}");
    let types = home.ok(&["types"]);
    fits_80_columns(&types);
    assert!(types.contains("database_operation"), "{types}");
    let id = home.ok(&["dispatch", "echo", &format!(r#"{{"value": "{}"}}"#, "long ".repeat(50))]);
    fits_80_columns(&home.ok(&["status", &id]));
    fits_80_columns(&home.ok(&["doctor"]));
}

fn fits_80_columns(table: &str) {
    for line in table.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

fn r51_failed_lists_what_failed_and_why(home: &Home) {
    assert_eq!(home.ok(&["failed"]), "No failed jobs.");
    assert_eq!(failed(home, &[]), Vec::<Value>::new());
    let long = "q".repeat(60);
    let mut ids = fail(home, "default", 2);
    ids.extend(fail(home, &long, 1));
    let rows = failed(home, &[]);
    let listed: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(listed, [ids[2].as_str(), &ids[1], &ids[0]]);
    let row = rows[0].as_object().unwrap();
    let keys: Vec<_> = row.keys().map(String::as_str).collect();
    assert_eq!(keys, ["attempts", "error", "failed_at", "id", "kind", "queue", "type"]);
    assert_eq!((&row["queue"], &row["type"], &row["attempts"]), (&json!(long), &json!("always_fails"), &json!(1)));
    assert_eq!((&row["kind"], &row["error"]["kind"]), (&json!("failure"), &json!("error")));
    assert!(row["failed_at"].as_str().unwrap().ends_with('Z'), "{row:?}");
    assert_eq!(failed(home, &["--queue", "default"]).len(), 2);
    assert_eq!(failed(home, &["--limit", "1"]).len(), 1);

    let table = home.ok(&["failed"]);
    fits_80_columns(&table);
    for id in &ids {
        assert!(table.contains(id), "{id} in\n{table}");
    }
    assert!(home.ok(&["failed", "--limit", "1"]).contains("The latest 1 of 3 failed jobs."));
    let ran = home.run(&["failed", "--queue", "nowhere"]);
    assert!(ran.complaints()[0].contains("no such queue: nowhere"), "{ran:?}");
}

fn r29_failed_jobs_are_put_back_forgotten_and_flushed(home: &Home) {
    let ids = fail(home, "default", 3);
    assert_eq!(home.ok(&["retry", &ids[0]]), format!("{} retried", ids[0]));
    assert_eq!(home.json(&["status", &ids[0], "--json"])["status"], "pending");
    let ran = home.run(&["retry", &ids[0], &ids[1], NOWHERE]);
    let complaints = partly(&ran);
    assert_eq!(ran.stdout, format!("{} retried\n", ids[1]));
    assert!(complaints[0].contains(&ids[0]) && complaints[0].contains("is pending"), "{complaints:?}");
    assert!(complaints[1].contains(NOWHERE) && complaints[1].contains("no such job"), "{complaints:?}");

    let ran = home.run(&["forget", &ids[1], &ids[2], "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told, json!([{"id": ids[1], "outcome": "pending"}, {"id": ids[2], "outcome": "forgotten"}]));
    assert_eq!(home.run(&["status", &ids[2]]).code, Some(1));

    home.ok(&["work", "--stop-when-empty"]);
    assert_eq!(home.json(&["flush", "--hours", "1", "--json"]), json!({"forgotten": 0}));
    assert_eq!(home.ok(&["flush"]), "2 records of failed jobs removed");
    assert_eq!(home.ok(&["failed"]), "No failed jobs.");
}

fn r29_retry_takes_all_or_those_of_a_queue(home: &Home) {
    fail(home, "a", 2);
    fail(home, "b", 3);
    assert_eq!(home.json(&["retry", "--queue", "a", "--json"]), json!({"retried": 2, "duplicates": 0, "gone": 0}));
    assert_eq!((count(home, "a", "pending"), count(home, "b", "failed")), (2, 3));
    assert_eq!(home.ok(&["retry", "--all"]), "3 failed jobs put back");
    for arguments in [vec!["retry"], vec!["retry", NOWHERE, "--all"], vec!["retry", "--all", "--queue", "a"]] {
        assert_eq!(home.run(&arguments).code, Some(2), "{arguments:?}");
    }
    let ran = home.run(&["retry", "--queue", "nowhere"]);
    assert!(ran.complaints()[0].contains("no such queue"), "{ran:?}");
}

fn r51_prune_removes_what_is_kept_no_longer(home: &Home) {
    home.ok(&["dispatch", "noop"]);
    home.ok(&["work", "--once"]);
    assert_eq!(home.json(&["prune", "--hours", "1", "--json"]), json!({"pruned": 0}));
    let kept_nothing = home.command(&["prune", "--json"]).env("BACKUP_TTL", "0").output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&kept_nothing.stdout).unwrap(), json!({"pruned": 1}));
    assert_eq!(home.run(&["prune", "--hours", "0"]).code, Some(2));
}

fn r40_purge_wants_to_be_sure(home: &Home) {
    for priority in ["low", "high", "high"] {
        home.ok(&["dispatch", "noop", "{}", "--queue", "a", "--priority", priority]);
    }
    home.ok(&["dispatch", "noop", "{}", "--queue", "a", "--delay", "600"]);
    let ran = home.run(&["purge", "a"]);
    let complaints = ran.complaints();
    assert!(complaints[0].contains("4 in all") && complaints[0].contains("--force"), "{complaints:?}");
    assert_eq!(count(home, "a", "pending"), 3);
    assert_eq!(home.ok(&["purge", "a", "--priority", "high", "--force"]), "2 jobs removed from a");
    assert_eq!(home.json(&["purge", "a", "--force", "--json"]), json!({"queue_name": "a", "purged": 2}));
    assert!(home.run(&["purge", "nowhere", "--force"]).complaints()[0].contains("no such queue"));
}

fn r51_size_and_stats_of_a_queue_that_is_none_are_a_failure(home: &Home) {
    home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    assert_eq!(home.json(&["size", "mail,default", "--json"]), json!({"mail": 1, "default": 0}));
    assert!(home.ok(&["size", "mail"]).contains("mail"));
    for command in [["size", "mial"], ["stats", "mial"], ["monitor", "mial"]] {
        let ran = home.run(&command);
        assert!(ran.complaints()[0].contains("no such queue: mial"), "{ran:?}");
    }
    // Configured, and nothing was ever pushed to it.
    assert_eq!(home.json(&["stats", "high_priority", "--json"])["queues"]["high_priority"]["pending"], 0);
    fits_80_columns(&home.ok(&["stats"]));
}

fn r51_monitor_tells_by_its_exit_code(home: &Home) {
    for _ in 0..2 {
        home.ok(&["dispatch", "noop"]);
    }
    let calm = home.run(&["monitor", "default,high_priority", "--max", "3"]);
    assert_eq!(calm.code, Some(0), "{calm:?}");
    fits_80_columns(&calm.stdout);
    let alert = home.run(&["monitor", "default,high_priority", "--max", "2", "--json"]);
    assert_eq!(alert.code, Some(1), "{alert:?}");
    let rows: Value = serde_json::from_str(&alert.stdout).unwrap();
    assert_eq!((&rows[0]["status"], &rows[0]["size"], &rows[1]["status"]), (&json!("ALERT"), &json!(2), &json!("OK")));
    assert!(rows[0]["waiting"].as_f64().unwrap() >= 0.0 && rows[1]["waiting"].is_null(), "{rows}");
    assert_eq!(home.run(&["monitor", "default"]).code, Some(0), "1000 by default");
}

fn r51_a_paused_queue_rests_until_it_is_resumed(home: &Home) {
    home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    home.ok(&["dispatch", "noop"]);
    assert_eq!(
        home.ok(&["pause", "mail,early"]),
        "mail: paused; what runs goes on\nearly: paused before anything was pushed to it"
    );
    home.ok(&["work", "--stop-when-empty"]);
    assert_eq!((count(home, "mail", "pending"), count(home, "default", "completed")), (1, 1));
    assert!(home.ok(&["stats"]).contains("(paused)"));
    assert_eq!(home.ok(&["resume", "mail", "default"]), "mail: resumed\ndefault: was not paused");
    home.ok(&["work", "--stop-when-empty"]);
    assert_eq!(count(home, "mail", "completed"), 1);
    assert_eq!(home.json(&["resume", "early", "--json"]), json!([{"queue_name": "early", "paused": false}]));
}

fn r51_restart_ends_a_worker_with_success_and_renews_those_of_a_server(home: &Home) {
    let mut worker = home.start(&["work"]);
    let id = home.ok(&["dispatch", "noop"]);
    until("the worker works", Duration::from_secs(20), || worker.stdout().contains(&id).then_some(()));
    // By then it has also looked for a restart of before.
    std::thread::sleep(Duration::from_millis(200));
    assert!(home.ok(&["restart"]).contains("restart"));
    assert_eq!(worker.ends_within(Duration::from_secs(20)).code(), Some(0));

    let server = home.serve(&[]);
    let ran_by = |id: &str| server.api.until(id, "completed")["history"][0]["worker"].clone();
    let before = ran_by(&server.api.enqueue("noop", json!({})));
    std::thread::sleep(Duration::from_millis(200));
    home.ok(&["restart"]);
    until("another worker takes the jobs", Duration::from_secs(20), || {
        let now = ran_by(&server.api.enqueue("noop", json!({})));
        (now != before).then(|| assert!(server.process.is(&now), "{now}"))
    });
}

fn r51_jobs_are_found_and_cancelled(home: &Home) {
    let mine = home.ok(&["dispatch", "noop", "{}", "--tag", "mine", "--queue", "mail"]);
    let later = home.ok(&["dispatch", "echo", r#"{"value": 1}"#, "--delay", "600"]);
    let done = home.ok(&["dispatch", "noop", "{}", "--queue", "first"]);
    home.ok(&["work", "--once", "--queue", "first"]);
    let found = |flags: &[&str]| {
        let page = home.json(&[&["jobs", "--json"], flags].concat());
        let jobs = page["jobs"].as_array().unwrap().clone();
        jobs.iter().map(|job| job["task_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["--tag", "mine"]), std::slice::from_ref(&mine));
    assert_eq!(found(&["--type", "echo"]), std::slice::from_ref(&later));
    assert_eq!(found(&["--state", "completed"]), std::slice::from_ref(&done));
    assert_eq!(found(&["--queue", "mail"]), std::slice::from_ref(&mine));
    assert_eq!(found(&[]).len(), 3);
    let first = home.json(&["jobs", "--limit", "1", "--json"]);
    let rest = found(&["--cursor", first["next_cursor"].as_str().unwrap()]);
    assert_eq!(rest.len(), 2);
    let table = home.ok(&["jobs"]);
    fits_80_columns(&table);
    assert!([&mine, &later, &done].iter().all(|id| table.contains(id.as_str())), "{table}");
    assert_eq!(home.ok(&["jobs", "--state", "failed"]), "No such jobs.");
    assert_eq!(home.run(&["jobs", "--state", "lost"]).code, Some(2));

    assert_eq!(home.ok(&["cancel", &mine, &later]), format!("{mine} cancelled\n{later} cancelled"));
    let ran = home.run(&["cancel", &done, NOWHERE]);
    let complaints = partly(&ran);
    assert!(complaints[0].contains("is completed") && complaints[1].contains(NOWHERE), "{complaints:?}");
}

fn r51_what_is_done_by_hand_is_on_record_whoever_does_it(home: &Home) {
    let bad = fail(home, "default", 2);
    let waits = home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    home.ok(&["pause", "mail,early"]);
    home.ok(&["retry", &bad[0]]);
    home.ok(&["retry", "--all"]);
    assert_eq!(home.run(&["cancel", &waits, NOWHERE]).code, Some(1));
    assert_eq!(home.run(&["forget", NOWHERE]).code, Some(1));
    home.ok(&["flush", "--hours", "1"]);
    assert_eq!(home.run(&["purge", "mail"]).code, Some(1), "nobody to ask");
    home.ok(&["purge", "mail", "--force"]);
    home.ok(&["prune", "--hours", "2"]);
    home.ok(&["doctor", "verify"]);
    home.ok(&["doctor", "verify", "--repair"]);
    home.ok(&["restart"]);
    let server = home.serve(&["--no-worker"]);
    assert_eq!(server.api.send("POST", "/api/v1/queues/mail/resume", &Value::Null).status, 200);
    home.ok(&["resume", "early"]);
    let by_command = [
        ["pause", "mail", "done"],
        ["pause", "early", "done"],
        ["retry", &bad[0], "1 done of 1"],
        ["retry", "every queue", "retried 1, duplicates 0, gone 0"],
        ["cancel", &format!("2 jobs: {waits}, {NOWHERE}"), "1 done of 2"],
        ["forget", NOWHERE, "0 done of 1"],
        ["flush", "every queue, hours=1", "forgotten 0"],
        ["purge", "mail", "purged 0"],
        ["prune", "hours=2", "pruned 0"],
        ["repair", "-", "repaired 0, left 0"],
        ["restart", "-", "done"],
        ["v1ResumeQueue", "mail", "done"],
        ["resume", "early", "done"],
    ];
    let page = server.api.get("/api/v1/audit").json();
    let mut rows = page["rows"].as_array().unwrap().clone();
    rows.reverse();
    let told = |row: &Value| ["action", "target", "outcome"].map(|name| row[name].as_str().unwrap_or("-").to_owned());
    let all: Vec<[String; 3]> = rows.iter().map(told).collect();
    assert_eq!(all, by_command.map(|row| row.map(str::to_owned)));
    for row in &rows {
        let (actor, is_by_request) = (row["actor"].as_str().unwrap(), row["action"] == "v1ResumeQueue");
        assert_eq!((actor == "127.0.0.1", actor.starts_with("cli:")), (is_by_request, !is_by_request), "{row}");
    }
}
