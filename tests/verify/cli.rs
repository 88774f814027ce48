//! The command itself.

use serde_json::Value;

use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(p14_a_healthy_store_is_told_so);

const COLUMNS: usize = 80;

fn p14_a_healthy_store_is_told_so(home: &Home) {
    home.ok(&["dispatch", "noop", "{}"]);
    home.ok(&["dispatch", "noop", "{}", "--delay", "3600"]);
    let report = home.json(&["doctor", "verify", "--json"]);
    assert_eq!((&report["checked"]["jobs"], &report["findings"]), (&2.into(), &Value::Array(Vec::new())), "{report}");
    assert!(report["seconds"].is_number(), "{report}");
    let lines = home.ok(&["doctor", "verify"]);
    assert!(lines.lines().all(|line| line.chars().count() <= COLUMNS), "{lines}");
    for class in ["queues", "jobs", "entries", "reserved", "keys", "failed", "outbox"] {
        assert!(lines.lines().any(|line| line.starts_with(&format!("OK    {class}"))), "{class} in {lines}");
    }
    assert!(lines.contains("nothing is wrong: 2 jobs looked at"), "{lines}");
    assert_eq!(home.json(&["doctor", "verify", "--repair", "--json"])["repaired"], Value::Array(Vec::new()));
}

/// Every row of the jobs' tables.
fn dump(home: &Home) -> String {
    let file = rusqlite::Connection::open(home.path().join("data/journeyman.db")).unwrap();
    let count = |table: &str| {
        file.query_row(&format!("SELECT count(*), coalesce(sum(id), 0) FROM {table}"), [], |row| {
            Ok(format!("{table} {} {}\n", row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
    };
    ["queue_jobs", "queue_pending", "queue_delayed"].map(|table| count(table).unwrap()).concat()
}

#[test]
fn p14_what_is_wrong_is_told_planned_and_put_right() {
    let home = Home::sqlite();
    for _ in 0..7 {
        home.ok(&["dispatch", "noop", "{}"]);
    }
    rusqlite::Connection::open(home.path().join("data/journeyman.db"))
        .unwrap()
        .execute_batch("DELETE FROM queue_pending")
        .unwrap();
    let ran = home.run(&["doctor", "verify", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(
        (ran.code, &report["totals"]["job_nowhere"], &finding["code"]),
        (Some(1), &7.into(), &"job_nowhere".into())
    );
    assert_eq!((&finding["queue"], &finding["by_hand"]), (&"default".into(), &false.into()), "{finding}");
    assert!(finding["job"].is_string() && finding["what"].is_string() && finding["remedy"].is_string(), "{finding}");

    let told = home.run(&["doctor", "verify"]);
    assert_eq!(told.code, Some(1));
    assert!(told.stdout.lines().all(|line| line.chars().count() <= COLUMNS), "{}", told.stdout);
    assert!(
        told.stdout.contains("FAIL  job_nowhere") && told.stdout.contains("and 2 more: 7 in all"),
        "{}",
        told.stdout
    );

    let before = dump(&home);
    let plan = home.run(&["doctor", "verify", "--repair", "--dry-run"]);
    assert_eq!((plan.code, dump(&home)), (Some(1), before));
    let planned = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(planned.contains("nothing was written") && planned.contains("let it wait again"), "{}", plan.stdout);

    let repaired = home.json(&["doctor", "verify", "--repair", "--json"]);
    assert_eq!(repaired["findings"], Value::Array(Vec::new()), "{repaired}");
    assert_eq!(repaired["repaired"].as_array().unwrap().len(), 7, "{repaired}");
    assert_eq!(home.json(&["stats", "--json"])["queues"]["default"]["pending"], 7);
    home.ok(&["work", "--stop-when-empty"]);
    let stats = home.json(&["stats", "--json"]);
    assert_eq!(stats["queues"]["default"]["completed"], 7, "{stats}");
    home.ok(&["doctor", "verify"]);
}

#[test]
fn p14_a_store_that_cannot_be_looked_at_is_no_clean_one() {
    let away = Home::redis_at("redis://127.0.0.1:1").with("MAX_CONNECTION_RETRIES", "0");
    let ran = away.run(&["doctor", "verify", "--json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("cannot") || ran.stderr.contains("connect"), "{ran:?}");
    for (connection, reason) in [
        ("memory", "the memory store ends with this process"),
        ("sync", "the sync connection runs each job where it is dispatched"),
        ("null", "the null connection drops every job"),
    ] {
        let ran = Home::sqlite().with("QUEUE_CONNECTION", connection).run(&["doctor", "verify"]);
        assert_eq!(ran.code, Some(1), "{connection}: {ran:?}");
        assert!(ran.stderr.contains(reason), "{connection}: {ran:?}");
        // The doctor alone has something to say of each.
        Home::sqlite().with("QUEUE_CONNECTION", connection).ok(&["doctor"]);
    }
    assert_eq!(Home::sqlite().run(&["doctor", "verify", "--dry-run"]).code, Some(2));
}
