//! R51: `dispatch`.

use serde_json::{Value, json};

use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(
    r51_dispatch_prints_the_id_and_nothing_else,
    r51_dispatch_options_reach_the_job,
    r23_r24_dispatch_of_the_same_work_is_the_same_job,
    r25_dispatch_names_what_follows,
);

fn status(home: &Home, id: &str) -> Value {
    home.json(&["status", id, "--json"])
}

fn r51_dispatch_prints_the_id_and_nothing_else(home: &Home) {
    let ran = home.run(&["dispatch", "echo", r#"{"value": [ 1 ]}"#]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let id = ran.stdout.strip_suffix('\n').unwrap();
    assert!(id.len() == 36 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-'), "{id}");
    assert_eq!(status(home, id)["task_data"], json!({"value": [1]}));

    let sent = home.json(&["dispatch", "noop", "--json"]);
    let id = sent["task_id"].as_str().unwrap();
    assert_eq!(sent, json!({"task_id": id, "status": "pending", "queue_name": "default", "deduplicated": false}));
    assert_eq!(status(home, id)["status"], "pending");
}

fn r51_dispatch_options_reach_the_job(home: &Home) {
    let arguments = "dispatch noop {} --queue slow --priority HIGH --delay 60.5 --max-tries 7 --tag a --tag b --json";
    let sent = home.json(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!((&sent["status"], &sent["queue_name"]), (&json!("delayed"), &json!("slow")));
    let status = status(home, sent["task_id"].as_str().unwrap());
    for (name, value) in [
        ("status", json!("delayed")),
        ("queue_name", json!("slow")),
        ("priority", json!("high")),
        ("max_tries", json!(7)),
        ("tags", json!(["a", "b"])),
        ("attempts", json!(0)),
    ] {
        assert_eq!(status[name], value, "{name}");
    }
}

/// A worker in another process is to hear of the job at once, however soon this one ends.
#[test]
fn on_sqlite_dispatch_ends_with_its_hint_written() {
    for _ in 0..10 {
        let home = Home::sqlite();
        home.ok(&["dispatch", "noop"]);
        let hints = std::fs::read_to_string(home.path().join("data/journeyman.db-wake")).unwrap();
        assert!(hints.ends_with(" default\n"), "{hints:?}");
    }
}

fn r23_r24_dispatch_of_the_same_work_is_the_same_job(home: &Home) {
    let mine = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
    let named = |value: &str| home.run(&["dispatch", "echo", &format!(r#"{{"value": {value}}}"#), "--id", mine]);
    assert_eq!(named("1").stdout.trim(), mine);
    assert_eq!(named("1").stdout.trim(), mine);
    let conflict = named("2");
    assert!(conflict.complaints()[0].contains(mine), "{conflict:?}");

    let first = home.ok(&["dispatch", "noop", "--unique", "nightly"]);
    let second = home.json(&["dispatch", "noop", "--unique", "nightly", "--json"]);
    assert_eq!((&second["task_id"], &second["deduplicated"]), (&json!(first), &json!(true)));
    let auto = ["dispatch", "echo", r#"{"value": {"a": 1, "b": 2}}"#, "--unique", "auto"];
    let first = home.ok(&auto);
    assert_eq!(home.ok(&["dispatch", "echo", r#"{"value":{"b":2,"a":1}}"#, "--unique", "auto"]), first);
    assert_eq!(home.json(&["size", "default", "--json"])["default"], 3);
}

fn r25_dispatch_names_what_follows(home: &Home) {
    let flags = ["--on-success", "record_callback", "--run-at", "2020-01-01T00:00:00Z", "--timeout", "5"];
    let id = home.ok(&[&["dispatch", "echo", r#"{"value": 1}"#], flags.as_slice()].concat());
    home.ok(&["work", "--stop-when-empty"]);
    let parent = status(home, &id);
    assert_eq!((&parent["status"], &parent["callbacks"][0]["on"]), (&json!("completed"), &json!("success")));
    let child = status(home, parent["callbacks"][0]["task_id"].as_str().unwrap());
    assert_eq!(child["status"], "completed");
    assert_eq!(child["task_data"], json!({"entity": {"value": 1}, "result": 1, "operation_id": id}));
}

#[test]
fn r51_dispatch_refuses_what_no_worker_could_run() {
    let home = Home::sqlite();
    for (arguments, expected) in [
        (vec!["ecko"], r#"did you mean "echo"?"#),
        (vec!["flaky", r#"{"failures": "two"}"#], "failures"),
        (vec!["echo"], "value"),
        (vec!["echo", "{"], "not JSON"),
        // As the API says: a list is not the values of the fields in turn.
        (vec!["echo", "[1]"], "a list"),
        (vec!["noop", "{}", "--on-success", "ecko"], "did you mean"),
        (vec!["noop", "{}", "--on-failure", "https://127.0.0.1/"], "not public"),
    ] {
        let ran = home.run(&[&["dispatch"], arguments.as_slice()].concat());
        let complaints = ran.complaints();
        assert!(complaints.len() == 1 && complaints[0].contains(expected), "{arguments:?}: {complaints:?}");
    }
    let ran = home.run(&["dispatch", "noop", "{}", "--tag", "\u{1b}[2J"]);
    assert!(ran.complaints().last().unwrap().contains("control character"), "{ran:?}");
    assert_eq!(home.json(&["stats", "--json"])["metrics"]["enqueued"], 0);
}

#[test]
fn r51_wrong_usage_is_exit_code_2() {
    let home = Home::sqlite();
    for arguments in [
        "dispatch noop --dealy 5",
        "dispatch",
        "dispatch noop {} --priority urgent",
        "dispatch noop {} --queue a/b",
        "dispatch noop {} --delay soon",
        "dispatch noop {} --delay nan",
        "dispatch noop {} --delay=-1",
        "dispatch noop {} --timeout=-1",
        "dispatch noop {} --retry-config {\"strategy\":\"linear\"}",
        "dispatch noop {} --run-at soon",
        "dispatch noop {} --delay 1 --run-at 2030-01-01T00:00:00Z",
        "dispatch noop {} --id mine",
        "dispatch noop {} --on-failure http://example.org",
        "status 17",
        "work --json=yes",
        "work --max-jobs x",
        "serve --bind foo",
        "stats --connection foo",
        "key new --name a/b --scope read",
        "nonsense",
        "config",
    ] {
        let ran = home.run(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments}: {ran:?}");
        assert!(!ran.stderr.is_empty(), "{arguments}");
    }
    assert!(!home.path().join("data").exists(), "a command that was not understood touches nothing");
}
