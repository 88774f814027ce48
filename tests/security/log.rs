//! Whatever strangers write: one event is one line, of bounded length, and says nothing by itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::Api;
use crate::support::process::Home;
use crate::support::until;

/// Longest line, bytes, with some room for what tells that it was cut.
const LONGEST: usize = 17 * 1024;
const HOSTILE: &str =
    "x\nINJECTED a line\r\nINJECTED \u{1b}[2J\u{9b}31m\u{2028}INJECTED\u{2029}\u{202e}y\u{2066}\0\u{7f}";

fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Bytes as they are; the answer does not matter.
fn send(api: Api, bytes: &[u8]) {
    let mut stream = TcpStream::connect(api.0).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(bytes).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Puts the text wherever a caller can put one.
fn write_everywhere(api: Api, text: &str) {
    for member in [
        "queue_name",
        "task_type",
        "task_data",
        "priority",
        "run_at",
        "operation_id",
        "deduplication_key",
        "on_success",
        "on_failure",
        "no such member",
    ] {
        let mut body = json!({"task_type": "noop"});
        body[member] = json!(text);
        api.try_post(&body.to_string()).unwrap();
        body[member] = json!({text: [text]});
        api.try_post(&body.to_string()).unwrap();
        body[member] = json!(format!("https://{text}@{text}.example/{text}?{text}"));
        api.try_post(&body.to_string()).unwrap();
    }
    let _ = api.try_post(&json!({"task_type": "noop", "tags": [text]}).to_string());
    let _ = api.try_post(&json!({"task_type": "echo", "task_data": {"value": text, text: text}}).to_string());
    let _ = api.try_post(text);
    // A head takes what is no line break.
    let line: String = text.replace(['\r', '\n', '\0'], "").chars().take(50_000).collect();
    for header in ["x-request-id", "user-agent", "authorization", "content-type", "origin", "x-forwarded-for", "host"] {
        let head = format!(
            "GET /api/queue/stats HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}: {line}\r\n\r\n"
        );
        send(api, head.as_bytes());
    }
    let encoded: String = text.bytes().take(15_000).map(|byte| format!("%{byte:02x}")).collect();
    for path in [
        format!("/{encoded}"),
        format!("/api/queue/status/{encoded}"),
        format!("/api/queue/stats/{encoded}"),
        format!("/api/queue/jobs?tag={encoded}&state={encoded}&cursor={encoded}"),
        format!("/api/queue/failed?{encoded}={encoded}"),
    ] {
        send(api, format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes());
    }
}

/// A job whose type, payload and past somebody has written into the file.
fn write_into_the_store(home: &Home) {
    let ids = [(); 3].map(|()| home.ok(&["dispatch", "noop"]));
    let file = rusqlite::Connection::open(home.path().join("data/journeyman.db")).unwrap();
    file.busy_timeout(Duration::from_secs(30)).unwrap();
    let bodies = [
        json!({"type": HOSTILE, "data": {}, "v": 1}),
        json!({"type": "noop", "data": {HOSTILE: 1}, "v": 1}),
        json!({"type": HOSTILE.repeat(20_000), "data": {}, "v": 1}),
    ];
    for (id, body) in ids.iter().zip(bodies) {
        let id: journeyman::job::JobId = id.parse().unwrap();
        let id = id.as_uuid();
        let body = body.to_string();
        let update = "UPDATE queue_jobs SET payload = ?2 WHERE job_id = ?1";
        assert_eq!(file.execute(update, (id.as_bytes().as_slice(), body.as_bytes())).unwrap(), 1);
    }
}

fn lines_of_a_hostile_day(format: &str) -> Vec<String> {
    let home = Home::sqlite().with("LOG_LEVEL", "debug").with("JOURNEYMAN_LOGGING_FORMAT", format);
    write_into_the_store(&home);
    let mut server = home.serve(&[]);
    write_everywhere(server.api, HOSTILE);
    write_everywhere(server.api, &"long ".repeat(200_000));
    let _ = server.api.enqueue("panics", json!({}));
    until("the jobs of the store were met", Duration::from_secs(60), || {
        let log = server.process.stderr();
        (log.contains("put back without using an attempt") && log.contains("this job always panics")).then_some(())
    });
    assert_eq!(server.api.get("/live").status, 200);
    server.process.signal("TERM");
    server.process.ends_within(Duration::from_secs(60));
    let log = server.process.stderr();
    let lines: Vec<String> = log.split_terminator('\n').map(str::to_owned).collect();
    assert!(lines.len() > 80, "{} lines", lines.len());
    for line in &lines {
        let found = line.chars().find(|c| is_obeyed(*c));
        assert!(line.len() <= LONGEST && found.is_none(), "{found:?} in {} bytes: {line:.300}", line.len());
    }
    lines
}

#[test]
fn r45_what_strangers_write_begins_no_line_of_a_text_log() {
    for line in lines_of_a_hostile_day("text") {
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        let is_event = words[0].starts_with("20") && ["DEBUG", "INFO", "WARN", "ERROR"].contains(&words[1]);
        assert!(is_event, "{line:.300}");
    }
}

#[test]
fn r45_what_strangers_write_begins_no_line_of_a_json_log() {
    for line in lines_of_a_hostile_day("json") {
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:.300}"));
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{line:.300}");
    }
}
