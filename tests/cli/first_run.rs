//! R56: the first minutes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::process::Home;
use crate::support::{on_each_store, until};

on_each_store!(r56_the_printed_curl_lines_work_as_printed);

fn r56_the_printed_curl_lines_work_as_printed(home: &Home) {
    let server = home.serve_plainly(&[]);
    let banner = server.process.stdout();
    let lines: Vec<&str> = banner.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    let [enqueue, status] = lines[..] else { panic!("two curl lines in {banner}") };

    let ran = home.shell(&format!(r"{enqueue} -w '\n%{{http_code}}'"));
    let (answer, code) = ran.stdout.rsplit_once('\n').unwrap();
    assert_eq!(code, "201", "{ran:?}");
    let answer: Value = serde_json::from_str(answer).unwrap();
    let id = answer["task_id"].as_str().unwrap();

    let status = status.replace("TASK_ID", id);
    let completed = until("the printed job completes", Duration::from_secs(20), || {
        let status: Value = serde_json::from_str(&home.shell(&status).stdout).unwrap();
        (status["status"] == "completed").then_some(status)
    });
    let (job_type, result) = if !home.is_sqlite() {
        ("process_order", json!({"order_id": 1, "items": 0}))
    } else {
        ("echo", json!("hello"))
    };
    assert_eq!((&completed["task_type"], &completed["result"]), (&json!(job_type), &result));
}

#[test]
fn r56_an_empty_folder_gets_a_data_folder_for_its_owner_alone() {
    let home = Home::sqlite();
    let server = home.serve_plainly(&[]);
    let names = |path: &Path| {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.collect::<Vec<_>>()
    };
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(names(home.path()), ["data"]);
    let data = home.path().join("data");
    assert_eq!(mode(&data), 0o700);
    let files = names(&data);
    assert!(files.contains(&"journeyman.db".to_owned()), "{files:?}");
    for file in files {
        assert_eq!(mode(&data.join(&file)), 0o600, "{file}");
    }
    drop(server);
}

#[test]
fn r56_data_dir_moves_the_data_of_every_command() {
    let home = Home::sqlite();
    let id = home.ok(&["dispatch", "noop", "--data-dir", "elsewhere"]);
    assert!(home.path().join("elsewhere/journeyman.db").exists());
    assert!(!home.path().join("data").exists());
    home.ok(&["work", "--once", "--data-dir", "elsewhere"]);
    assert_eq!(home.json(&["--data-dir", "elsewhere", "status", &id, "--json"])["status"], "completed");
    assert_eq!(home.run(&["status", &id]).code, Some(1));
}

#[test]
fn a_second_server_on_the_folder_shares_its_jobs() {
    let home = Home::sqlite();
    let (first, second) = (home.serve(&["--no-worker"]), home.serve(&[]));
    let id = first.api.enqueue("echo", json!({"value": 1}));
    assert_eq!(second.api.until(&id, "completed"), first.api.status(&id));
}
