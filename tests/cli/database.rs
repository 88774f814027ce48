//! What is special about a database server: its tables come by a command, and its address in parts or whole.

use serde_json::json;

use crate::support::mariadb;
use crate::support::postgres;
use crate::support::process::Home;

const CANARY: &str = "canary-7f3a";

fn both(check: fn(&str)) {
    check(&mariadb::shared().fresh_url());
    check(&postgres::shared().fresh_url());
}

/// R33: nobody's database is changed unasked.
#[test]
fn r33_a_database_without_tables_is_refused_with_the_way_out() {
    both(|url| {
        let home = Home::without_tables(url);
        for arguments in [&["serve", "--bind", "127.0.0.1:0"][..], &["work", "--once"], &["stats"]] {
            let ran = home.run(arguments);
            let complaints = ran.complaints();
            assert!(complaints.last().unwrap().contains("run `journeyman migrate`"), "{complaints:?}");
        }
        assert!(home.ok(&["migrate"]).contains("tables are up to date"));
        assert!(home.ok(&["migrate"]).contains("tables are up to date"), "a second time does nothing");
        home.ok(&["stats"]);
    });
}

/// R33: unless a setting says so.
#[test]
fn r33_a_start_migrates_if_it_is_told_to() {
    both(|url| {
        let home = Home::without_tables(url).with("DB_AUTO_MIGRATE", "true");
        home.ok(&["stats"]);
        home.ok(&["stats"]);
    });
}

/// R33, P11: of processes that start at once, one migrates and the others wait for it.
#[test]
fn r33_several_may_migrate_at_once() {
    both(|url| {
        let home = Home::without_tables(url);
        std::thread::scope(|scope| {
            let migrating: Vec<_> = (0..4).map(|_| scope.spawn(|| home.run(&["migrate"]))).collect();
            for ran in migrating {
                let ran = ran.join().unwrap();
                assert_eq!(ran.code, Some(0), "{ran:?}");
            }
        });
    });
}

/// R50: S4's variables.
#[test]
fn r50_the_address_of_a_mysql_server_may_come_in_parts() {
    let url = mariadb::shared().fresh_url();
    let (address, name) = url.rsplit_once('/').unwrap();
    let (host, port) = address.split_once('@').unwrap().1.split_once(':').unwrap();
    let home = Home::sqlite()
        .with("QUEUE_CONNECTION", "database")
        .with("ENABLE_MYSQL", "true")
        .with("DB_HOST", host)
        .with("DB_PORT", port)
        .with("DB_NAME", name)
        .with("DB_USER", "root");
    home.ok(&["migrate"]);
    let id = home.ok(&["dispatch", "noop"]);
    assert_eq!(home.json(&["status", &id, "--json"])["status"], "pending");
    assert!(Home::database(&url).ok(&["stats"]).contains("default"), "the same database");
}

/// R35, R50: an address at which nobody answers, or not to this password, and no password in what is said of it.
#[test]
fn r50_a_server_that_cannot_be_used_is_told_without_its_password() {
    both(|url| {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, address) = rest.split_once('@').unwrap();
        let nobody = format!("{scheme}://{user}:{CANARY}@127.0.0.1:1/jobs");
        let nowhere = format!("{scheme}://nobody-{}:{CANARY}@{address}", std::process::id());
        for url in [nobody, nowhere] {
            let home = Home::without_tables(&url).with("MAX_CONNECTION_RETRIES", "1");
            for arguments in [&["stats"][..], &["migrate"]] {
                let ran = home.run(arguments);
                let complaints = ran.complaints();
                assert!(complaints.last().unwrap().contains("cannot connect to"), "{complaints:?}");
                assert!(!format!("{ran:?}").contains(CANARY), "{ran:?}");
            }
            let shown = home.ok(&["config", "show", "--json"]);
            assert!(!shown.contains(CANARY) && shown.contains(":***@"), "{shown}");
        }
    });
}

/// R36: how safe stored jobs are is told at the start and in readiness.
#[test]
fn r36_a_careless_server_is_told_to_be_one() {
    for (home, word) in [(Home::mariadb(), "innodb_flush_log_at_trx_commit"), (Home::postgres(), "fsync is off")] {
        let server = home.serve(&["--no-worker"]);
        let ready = server.api.get("/ready").json();
        assert!(ready["durability"].as_str().is_some_and(|said| said.contains(word)), "{ready}");
        assert_eq!(server.api.post(&json!({"task_type": "noop"}).to_string()).status, 201);
    }
}
