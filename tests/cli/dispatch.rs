//! R51: `dispatch`.

use serde_json::{Value, json};

use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(r51_dispatch_prints_the_id_and_nothing_else, r51_dispatch_options_reach_the_job);

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
    assert_eq!(sent, json!({"task_id": id, "status": "pending", "queue_name": "default"}));
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

#[test]
fn r51_dispatch_refuses_what_no_worker_could_run() {
    let home = Home::sqlite();
    for (arguments, expected) in [
        (vec!["ecko"], r#"did you mean "echo"?"#),
        (vec!["flaky", r#"{"failures": "two"}"#], "failures"),
        (vec!["echo"], "value"),
        (vec!["echo", "{"], "not JSON"),
        (vec!["noop", "--delay=-1"], "--delay"),
    ] {
        let ran = home.run(&[&["dispatch"], arguments.as_slice()].concat());
        let complaints = ran.complaints();
        assert!(complaints.len() == 1 && complaints[0].contains(expected), "{arguments:?}: {complaints:?}");
    }
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
        "status 17",
        "work --json=yes",
        "nonsense",
        "config",
    ] {
        let ran = home.run(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments}: {ran:?}");
        assert!(!ran.stderr.is_empty(), "{arguments}");
    }
    assert!(!home.path().join("data").exists(), "a command that was not understood touches nothing");
}
