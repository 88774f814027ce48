//! What keeps a process from starting: one sentence, exit code 1.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use journeyman::clock::Stopwatch;

use crate::support::http::Api;
use crate::support::process::Home;
use crate::support::until;

#[test]
fn a_port_in_use_is_told_with_the_way_out() {
    let home = Home::sqlite();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = home.run(&["serve", "--bind", &address]);
    let complaints = ran.complaints();
    let last = complaints.last().unwrap();
    assert!(last.contains(&address) && last.contains("in use") && last.contains("--bind"), "{complaints:?}");
}

#[test]
fn r45_without_keys_only_loopback_is_bound() {
    let home = Home::sqlite();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let ran = home.run(&["serve", "--bind", address]);
        let complaints = ran.complaints();
        assert!(complaints.len() == 1 && complaints[0].contains("refusing to listen"), "{complaints:?}");
    }
    assert!(!home.path().join("data").exists(), "refused before anything is opened");
}

#[test]
fn r35_a_redis_that_is_not_there_is_told_within_seconds() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let home = Home::redis_at(&format!("redis://{closed}"));
    let check = |line: &str| {
        let clock = Stopwatch::start();
        let ran = home.run(&line.split(' ').collect::<Vec<_>>());
        assert!(clock.elapsed() < Duration::from_secs(6), "{line} took {:?}", clock.elapsed());
        let complaints = ran.complaints();
        let [only] = complaints[..] else { panic!("{line}: {complaints:?}") };
        assert!(only.contains(&closed.to_string()), "{line}: {only}");
        assert!(only.to_lowercase().contains("refused"), "{line}: {only}");
    };
    let lines = ["serve --bind 127.0.0.1:0", "work", "dispatch noop", "stats", "migrate"];
    std::thread::scope(|scope| lines.into_iter().for_each(|line| drop(scope.spawn(move || check(line)))));
}

#[test]
fn a_data_folder_that_cannot_be_made_is_told_by_name() {
    let home = Home::sqlite();
    std::fs::write(home.path().join("data"), "a file").unwrap();
    let ran = home.run(&["serve", "--bind", "127.0.0.1:0"]);
    let complaints = ran.complaints();
    assert!(complaints.len() == 1 && complaints[0].contains("data"), "{complaints:?}");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let home = Home::sqlite();
    std::fs::create_dir(home.path().join("data")).unwrap();
    let file = home.path().join("data/journeyman.db");
    let text = "this is a letter, not a database\n".repeat(200);
    std::fs::write(&file, &text).unwrap();
    let ran = home.run(&["stats"]);
    let complaints = ran.complaints();
    assert!(complaints.len() == 1 && complaints[0].contains("not a database"), "{complaints:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_banner_that_nobody_reads_keeps_nobody_from_serving() {
    let home = Home::sqlite();
    let mut process = home.start_unread(&["--bind", "127.0.0.1:0"]);
    let address = until("the log tells where it listens", Duration::from_secs(20), || {
        assert!(process.is_running(), "it has ended: {}", process.stderr());
        let log = process.stderr();
        let (_, rest) = log.split_once("address=")?;
        rest.split_whitespace().next()?.parse().ok()
    });
    assert_eq!(Api(address).get("/live").status, 200);
}
