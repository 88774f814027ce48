//! R51: in a real terminal: `top` while it goes on and how it ends, and listings of 80 columns.

use std::time::Duration;

use super::listings::{LISTINGS, hostile, is_obeyed, widest};
use crate::redis::server::Server as Redis;
use crate::support::process::{Home, Process};
use crate::support::terminal::Terminal;
use crate::support::until;

const SIZE: (u16, u16) = (80, 24);

/// A queue that holds a running job, two pending ones and a failed one; and who works on it.
fn busy(home: &Home) -> Process {
    home.ok(&["dispatch", "always_fails", "{}", "--queue", "mail", "--max-tries", "1"]);
    home.ok(&["work", "--once"]);
    home.ok(&["dispatch", "sleep", r#"{"seconds": 600}"#, "--queue", "mail", "--timeout", "0"]);
    let worker = home.start(&["work", "--queue", "mail", "--workers", "1"]);
    until("the job runs", Duration::from_secs(20), || {
        let queues = home.json(&["queues", "mail", "--json"]);
        (queues["queues"][0]["reserved"] == 1).then_some(())
    });
    for _ in 0..2 {
        home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    }
    worker
}

#[test]
fn r51_top_shows_queues_and_workers_and_what_changes_and_quits_clean() {
    let home = Home::sqlite();
    let worker = busy(&home);
    let top = Terminal::start(&home, &["top", "--interval", "0.2"], SIZE);
    top.shows(&["journeyman top", "SQLite", "UTC"]);
    top.shows(&["mail", "running", "2", "0", "1", "1"]);
    top.shows(&[&format!("-{}-", worker.id()), "running", "1/1", "sleep"]);
    top.shows(&["always_fails", "mail", "error: this job always fails"]);
    home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    top.shows(&["mail", "running", "3", "0", "1", "1"]);
    home.ok(&["pause", "mail"]);
    top.shows(&["mail", "paused", "3"]);
    top.press("?");
    top.shows(&["Ctrl-C", "quit"]);
    top.press("?");
    top.press("p");
    top.shows(&["HELD"]);
    assert!(top.text().lines().all(|line| widest(line) <= 80), "{}", top.text());
    top.press("q");
    let left = top.ends();
    assert_eq!(left.code, Some(0), "{}", left.text);
    left.is_as_before();
    assert!(left.bytes.ends_with(b"\x1b[?25h"), "the cursor is shown");
}

#[test]
fn r51_top_gives_the_terminal_back_however_it_is_ended() {
    let home = Home::sqlite();
    let ended = |end: &dyn Fn(&Terminal)| {
        let top = Terminal::start(&home, &["top"], (40, 12));
        top.shows(&["journeyman top"]);
        end(&top);
        let left = top.ends();
        assert_eq!(left.code, Some(0), "{}", left.text);
        left.is_as_before();
    };
    for keys in ["\u{3}", "\u{1b}", "?q"] {
        ended(&|top| top.press(keys));
    }
    for signal in ["TERM", "INT", "HUP"] {
        ended(&|top| top.signal(signal));
    }
}

#[test]
fn r51_top_goes_on_while_the_store_is_away() {
    let mut redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let home = Home::redis_at(&redis.url()).with("CONNECTION_TIMEOUT", "1").with("CIRCUIT_RECOVERY_TIMEOUT", "1");
    home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    let top = Terminal::start(&home, &["top", "--interval", "0.2"], SIZE);
    top.shows(&["mail", "running", "1"]);
    redis.kill();
    top.shows(&["No answer: "]);
    top.shows(&["mail", "running", "1"]);
    redis.start_again();
    home.ok(&["dispatch", "noop", "{}", "--queue", "mail"]);
    top.shows(&["mail", "running", "2"]);
    assert!(!top.text().contains("No answer"), "{}", top.text());
    top.press("q");
    let left = top.ends();
    assert_eq!(left.code, Some(0), "{}", left.text);
    left.is_as_before();
}

#[test]
fn r51_top_wants_a_terminal_unless_one_look_will_do() {
    let home = Home::sqlite();
    let _worker = busy(&home);
    let ran = home.run(&["top"]);
    assert!(ran.complaints()[0].contains("--once"), "{ran:?}");
    assert_eq!(home.run(&["top", "--interval", "0"]).code, Some(2));
    let plain = home.ok(&["top", "--once", "--interval", "0.2"]);
    assert!(plain.lines().all(|line| widest(line) <= 80), "{plain}");
    assert!(!plain.replace('\n', "").contains(is_obeyed), "{plain:?}");
    for word in ["journeyman top", "mail", "sleep", "always_fails", "now 0/s"] {
        assert!(plain.contains(word), "{word} in\n{plain}");
    }
}

#[test]
fn r51_no_colour_is_written_where_none_is_wanted() {
    let home = Home::sqlite();
    let coloured = |home: &Home| {
        let top = Terminal::start(home, &["top"], SIZE);
        top.shows(&["Workers", "0"]);
        top.press("q");
        let bytes = top.ends().bytes;
        // The title of a panel is cyan.
        String::from_utf8_lossy(&bytes).contains("38;5;6")
    };
    assert!(coloured(&home));
    assert!(!coloured(&home.with("NO_COLOR", "1")));
}

#[test]
fn r51_no_listing_is_wider_than_a_terminal_of_80_columns() {
    let home = Home::sqlite();
    let _worker = hostile(&home);
    for listing in LISTINGS {
        let terminal = Terminal::start(&home, listing, SIZE);
        let left = terminal.ends();
        assert_eq!(left.code, Some(0), "{listing:?}: {}", left.text);
        let text = String::from_utf8(left.bytes).unwrap();
        for line in text.lines() {
            assert!(widest(line) <= 80, "{listing:?}: {line}");
        }
    }
}
