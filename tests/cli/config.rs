//! R49, R50: where settings come from, and what of them is shown.

use serde_json::{Value, json};

use crate::redis::server::Server as Redis;
use crate::support::process::Home;

const CANARY: &str = "c4n4ry";

fn row<'a>(rows: &'a Value, key: &str) -> &'a Value {
    rows.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("{key} is missing"))
}

#[test]
fn r49_config_show_tells_each_value_and_where_it_came_from() {
    let home = Home::sqlite().with("GRACE_SHUTDOWN_PERIOD", "7").with("LOG_LEVEL", "warn");
    std::fs::write(home.path().join(".env"), "WORKER_COUNT=9\nLOG_LEVEL=trace\n").unwrap();
    let file = "[worker]\ncount = 3\nthread_pool_size = 4\n[logging]\nlevel = \"debug\"\n";
    std::fs::write(home.path().join("journeyman.toml"), file).unwrap();
    let rows = home.json(&["config", "show", "--json", "--data-dir", "elsewhere"]);
    for (key, value, origin) in [
        ("http.bind", "127.0.0.1:8080", "default"),
        ("worker.thread_pool_size", "4", "file journeyman.toml"),
        ("worker.count", "9", ".env WORKER_COUNT"),
        ("worker.grace_shutdown_period", "7s", "environment GRACE_SHUTDOWN_PERIOD"),
        ("logging.level", "warn", "environment LOG_LEVEL"),
        ("store.data_dir", "elsewhere", "flag --data-dir"),
    ] {
        let row = row(&rows, key);
        assert_eq!((&row["value"], &row["origin"]), (&json!(value), &json!(origin)), "{key}");
    }
    let table = home.ok(&["config", "show"]);
    for word in ["worker.count", ".env WORKER_COUNT", "file journeyman.toml", "environment LOG_LEVEL"] {
        assert!(table.contains(word), "{word} in\n{table}");
    }
    assert!(!home.path().join("elsewhere").exists(), "showing settings opens no store");
}

#[test]
fn r49_a_file_can_be_named_and_must_exist() {
    let home = Home::sqlite();
    std::fs::write(home.path().join("other.toml"), "worker.count = 2\n").unwrap();
    let rows = home.json(&["config", "show", "--json", "--config", "other.toml"]);
    assert_eq!(row(&rows, "worker.count")["origin"], "file other.toml");
    let ran = home.run(&["stats", "--config", "absent.toml"]);
    assert!(ran.complaints()[0].contains("absent.toml"), "{ran:?}");
}

#[test]
fn r49_everything_wrong_is_told_at_once_by_key_value_and_rule() {
    let home = Home::sqlite().with("WORKER_COUNT", "0").with("BACKUP_TTL", "soon").with("QUEUE_CONNECTION", "kafka");
    std::fs::write(home.path().join("journeyman.toml"), "[worker]\nworkers = 3\n").unwrap();
    let ran = home.run(&["serve", "--bind", "nowhere"]);
    let complaints = ran.complaints();
    for words in [
        ["worker.count", "\"0\"", "1 to 10000"],
        ["retention.backup_ttl", "\"soon\"", "BACKUP_TTL"],
        ["store.connection", "\"kafka\"", "redis"],
        ["http.bind", "\"nowhere\"", "--bind"],
        ["worker.workers", "unknown key", "journeyman.toml"],
    ] {
        let is_about = |line: &&&str| words.iter().all(|word| line.contains(word));
        assert_eq!(complaints.iter().filter(is_about).count(), 1, "{words:?} in {complaints:?}");
    }
    assert_eq!(complaints.len(), 5, "{complaints:?}");
}

/// Every command, in the environment that `home` sets.
fn outputs(home: &Home) -> Vec<(String, String)> {
    let unknown = "status 0198c0de-7a11-7000-8000-00000000c8e5";
    let lines = [
        "config show",
        "config show --json",
        "migrate",
        "dispatch noop",
        "work --once",
        "work --stop-when-empty --json --log-level debug",
        "stats",
        "stats --json",
        "types",
        "openapi",
        unknown,
        "serve --bind 0.0.0.0:0",
        "serve --bind nowhere",
        "--help",
    ];
    let run = |line: &str| {
        let ran = home.run(&line.split(' ').collect::<Vec<_>>());
        (line.to_owned(), ran.stdout + &ran.stderr)
    };
    lines.into_iter().map(run).collect()
}

#[test]
fn r49_a_password_is_shown_by_no_command() {
    let redis = Redis::start(&["--requirepass", CANARY]);
    let address = redis.url().replace("redis://", "");
    let (host, port) = address.split_once(':').unwrap();
    let of_parts =
        || Home::sqlite().with("QUEUE_CONNECTION", "redis").with("REDIS_HOST", host).with("REDIS_PORT", port);
    let right = of_parts().with("REDIS_PASSWORD", CANARY);
    let right_url = Home::redis_at(&format!("redis://:{CANARY}@{address}/0"));
    let wrong = of_parts().with("REDIS_PASSWORD", &format!("{CANARY}-wrong"));
    let broken_url = Home::redis_at(&format!("redis://:{CANARY}@{address}/zero"));
    let misplaced = of_parts().with("REDIS_DB", "x").with("REDIS_PASSWORD", CANARY);
    let homes = [right, right_url, wrong, broken_url, misplaced];
    let leaks = std::thread::scope(|scope| {
        let running: Vec<_> = homes.iter().map(|home| scope.spawn(|| outputs(home))).collect();
        let all = running.into_iter().flat_map(|outputs| outputs.join().unwrap());
        all.filter(|(_, output)| output.contains(CANARY)).collect::<Vec<_>>()
    });
    assert!(leaks.is_empty(), "{leaks:?}");

    let [right, right_url, ..] = &homes;
    assert_eq!(row(&right.json(&["config", "show", "--json"]), "redis.password")["value"], "***");
    for home in [right, right_url] {
        let server = home.serve(&[]);
        let id = server.api.enqueue("noop", json!({}));
        server.api.until(&id, "completed");
        let answers = server.api.get("/ready").body + &server.api.status(&id).to_string();
        for text in [server.process.stdout(), server.process.stderr(), answers] {
            assert!(!text.contains(CANARY), "{text}");
        }
    }
}
