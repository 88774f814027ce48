//! R51: what needs no store: `types`, `openapi`, help; and output that nobody reads.

use std::process::Stdio;

use serde_json::Value;

use crate::support::process::{Home, Ran};

const COMMANDS: &str = " serve work migrate status stats dispatch failed retry forget flush prune jobs cancel purge size \
                        monitor pause resume restart doctor types openapi config key completions";

const TYPES: &str = "send_notification process_order generate_report noop echo flaky always_fails sleep blocking_sleep \
                     panics aborts_process record_callback";

#[test]
fn r57_types_lists_every_job_with_its_fields() {
    let home = Home::sqlite();
    let table = home.ok(&["types"]);
    let types = home.json(&["types", "--json"]);
    let types = types.as_array().unwrap();
    for name in TYPES.split(' ') {
        let listed = types.iter().find(|listed| listed["name"] == name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(listed["schema"].is_object() && listed["description"].is_string(), "{listed}");
        assert!(table.contains(name), "{name} in\n{table}");
    }
    let order = types.iter().find(|listed| listed["name"] == "process_order").unwrap();
    for field in ["order_id", "customer_email", "items"] {
        assert!(order["schema"]["properties"][field].is_object(), "{order}");
    }
    assert!(!home.path().join("data").exists(), "asking for types opens no store");
}

#[test]
fn r44_openapi_prints_the_committed_document_and_can_tell_a_stale_one() {
    let home = Home::sqlite();
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml");
    let document = std::fs::read_to_string(committed).unwrap();
    assert!(home.run(&["openapi"]).stdout == document, "openapi.yaml is stale");
    assert!(home.json(&["openapi", "--json"])["paths"].is_object());

    assert!(home.ok(&["openapi", "--check", committed]).contains("up to date"));
    let absent = home.run(&["openapi", "--check"]);
    assert!(absent.complaints()[0].contains("openapi.yaml"), "{absent:?}");
    std::fs::write(home.path().join("openapi.yaml"), document.replace("3.1", "3.0")).unwrap();
    let stale = home.run(&["openapi", "--check"]);
    assert!(stale.complaints()[0].contains("stale"), "{stale:?}");
}

#[test]
fn r51_every_help_fits_80_columns() {
    let home = Home::sqlite().with("COLUMNS", "80");
    for command in COMMANDS.split(' ').chain(["config show", "key new"]) {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = home.ok(&arguments);
        assert!(help.contains("Usage: journeyman"), "{help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

#[test]
fn r51_help_and_version_go_to_standard_output() {
    let home = Home::sqlite();
    assert!(home.ok(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(home.run(&["--help"]).stderr, "");
}

/// As `journeyman … | head -1`, where the reader has gone.
#[test]
fn r51_output_that_nobody_reads_is_no_panic() {
    let home = Home::sqlite();
    let id = home.ok(&["dispatch", "noop"]);
    for line in [
        "--help",
        "types",
        "types --json",
        "openapi",
        "config show",
        "stats",
        "stats --json",
        "migrate",
        "dispatch noop",
        &format!("status {id}"),
        "failed",
        "jobs",
        "jobs --json",
        "size default",
        "monitor default",
        "pause default",
        "resume default",
        "restart",
        "doctor",
        "completions bash",
        "work --stop-when-empty",
        "work --once --json",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = home.command(&line.split(' ').collect::<Vec<_>>());
        let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        drop(command);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{line}: {stderr}");
        assert_eq!(output.status.code(), Some(0), "{line}: {stderr}");
    }
    let stats: Value = home.json(&["stats", "--json"]);
    assert_eq!((&stats["metrics"]["processed"], &stats["queues"]["default"]["pending"]), (&2.into(), &0.into()));
}

#[test]
fn r51_the_first_line_can_be_had_by_itself() {
    let home = Home::sqlite();
    let binary = env!("CARGO_BIN_EXE_journeyman");
    let ran: Ran = home.shell(&format!("'{binary}' openapi | head -1"));
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "openapi: \"3.1.0\"\n", ""));
}
