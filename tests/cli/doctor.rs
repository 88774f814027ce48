//! R51, R36: `doctor`, and `completions`.

use serde_json::Value;

use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(r51_doctor_tells_what_should_be_known);

fn level<'a>(checks: &'a Value, name: &str) -> (&'a str, &'a str) {
    let found = checks.as_array().unwrap().iter().find(|check| check["check"] == name);
    let check = found.unwrap_or_else(|| panic!("{name} in {checks}"));
    (check["level"].as_str().unwrap(), check["message"].as_str().unwrap())
}

fn r51_doctor_tells_what_should_be_known(home: &Home) {
    let healthy = home.json(&["doctor", "--json"]);
    for name in ["config", "store", "schema", "clock", "paused", "failed", "waiting"] {
        assert_eq!(level(&healthy, name).0, "OK", "{healthy}");
    }
    let server = home.serve(&["--no-worker"]);
    let ready = server.api.get("/ready").json();
    assert_eq!(level(&healthy, "durability").1, ready["durability"], "as the server says");

    home.ok(&["dispatch", "always_fails", "{}", "--max-tries", "1"]);
    home.ok(&["work", "--stop-when-empty"]);
    home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    home.ok(&["pause", "mail"]);
    let checks = home.json(&["doctor", "--json"]);
    assert_eq!(level(&checks, "paused"), ("WARN", "mail; `journeyman resume` ends a pause"));
    assert!(level(&checks, "failed").1.starts_with("1 failed jobs"), "{checks}");
    assert!(level(&checks, "waiting").1.contains("queue mail"), "{checks}");
    let lines = home.ok(&["doctor"]);
    // A sentence that is too long for a line goes on below.
    let starts = ["OK  ", "WARN", "    "];
    assert!(lines.lines().all(|line| starts.iter().any(|start| line.starts_with(start))), "{lines}");
}

#[test]
fn r51_doctor_fails_when_the_store_or_a_setting_does() {
    let away = Home::redis_at("redis://127.0.0.1:1").with("MAX_CONNECTION_RETRIES", "0");
    let ran = away.run(&["doctor", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let checks: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((level(&checks, "config").0, level(&checks, "store").0), ("OK", "FAIL"));

    let ran = Home::sqlite().with("WORKER_COUNT", "0").run(&["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.starts_with("FAIL") && ran.stdout.contains("worker.count"), "{ran:?}");
}

#[test]
fn r51_completions_are_printed_for_every_shell() {
    let home = Home::sqlite();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(home.ok(&["completions", shell]).contains("journeyman"), "{shell}");
    }
    assert_eq!(home.run(&["completions", "cmd"]).code, Some(2));
    assert!(!home.path().join("data").exists(), "it opens no store");
}
