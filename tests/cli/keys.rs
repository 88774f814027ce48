//! R45: keys, from their making to their end, with the real binary.

use std::time::Duration;

use crate::support::http::Api;
use crate::support::process::Home;
use crate::support::until;

/// Makes a key; its text and its line.
fn make(home: &Home, name: &str, scopes: &str) -> (String, String) {
    let made = home.json(&["key", "new", "--name", name, "--scope", scopes, "--json"]);
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    (text("key"), text("line"))
}

fn stats(api: Api, key: &str) -> u16 {
    api.get_with("/api/queue/stats", &[("authorization", &format!("Bearer {key}"))]).status
}

#[test]
fn r45_a_fresh_key_is_told_once_with_the_line_to_configure() {
    let home = Home::sqlite();
    let told = home.ok(&["key", "new", "--name", "ci", "--scope", "enqueue,read", "--expires", "2099-01-01T00:00:00Z"]);
    let key = told.split_whitespace().find(|word| word.starts_with("jmk_")).unwrap();
    let line = told.lines().last().unwrap().trim();
    assert!(line.starts_with("ci:enqueue+read:") && line.ends_with(":2099-01-01T00:00:00Z"), "{line}");
    assert!(!line.contains(&key[4..]));
    let (one, _) = make(&home, "a", "admin");
    let (other, _) = make(&home, "a", "admin");
    assert_ne!(one, other);
    assert_eq!(one.len(), 68);
    let home = home.with("JOURNEYMAN_API_KEYS", line);
    let shown = home.ok(&["config", "show", "--json"]);
    assert!(shown.contains("ci:enqueue+read:***") && !shown.contains(&line[16..80]), "{shown}");
    for wrong in [["--name", "a b", "--scope", "read"], ["--name", "a", "--scope", "write"]] {
        let ran = home.run(&[&["key", "new"], &wrong[..]].concat());
        assert!(ran.code.is_some_and(|code| code > 0) && !ran.stderr.contains("panicked"), "{ran:?}");
    }
}

#[test]
fn r45_with_keys_the_network_is_let_in_and_each_request_needs_one() {
    let home = Home::sqlite();
    let refused = home.run(&["serve", "--bind", "0.0.0.0:0"]);
    assert!(refused.complaints()[0].contains("journeyman key new"), "{refused:?}");
    let (reader, line) = make(&home, "reader", "read");
    let (writer, other) = make(&home, "writer", "enqueue");
    let home = home.with("JOURNEYMAN_API_KEYS", &format!("{line},{other}"));
    let server = home.serve_at("0.0.0.0:0", &[]);
    let api = server.api.on_loopback();
    assert_eq!(api.get("/live").status, 200);
    assert_eq!(api.get("/ready").status, 200);
    let without = api.get("/api/queue/stats");
    assert_eq!((without.status, without.header("www-authenticate").is_some()), (401, true), "{without:?}");
    assert_eq!((stats(api, &reader), stats(api, &writer), stats(api, "jmk_none")), (200, 403, 401));
}

/// R41, R57: with keys not all callers are trusted alike, and some trial jobs end the process.
#[test]
fn r57_with_keys_trial_jobs_need_the_flag() {
    let home = Home::sqlite();
    let (key, line) = make(&home, "writer", "enqueue");
    let home = home.with("JOURNEYMAN_API_KEYS", &line).with("JOURNEYMAN_KEY", &key);
    let [plain, told] = [home.serve_plainly(&["--no-worker"]), home.serve(&["--no-worker"])];
    let post = |api: Api| {
        let curl = format!(
            "curl -s http://{}/api/queue/enqueue -H \"Authorization: Bearer $JOURNEYMAN_KEY\" \
             -H 'content-type: application/json' -d '{{\"task_type\": \"noop\"}}'",
            api.0
        );
        home.shell(&curl).stdout
    };
    assert!(post(plain.api).contains("--examples"), "{}", post(plain.api));
    assert!(post(told.api).contains(r#""status":"pending""#), "{}", post(told.api));
}

/// R56.
#[test]
fn r56_with_keys_the_printed_curl_lines_work_as_printed() {
    let home = Home::sqlite();
    let (key, line) = make(&home, "me", "enqueue,read");
    let home = home.with("JOURNEYMAN_API_KEYS", &line).with("JOURNEYMAN_KEY", &key);
    let server = home.serve_at("0.0.0.0:0", &[]);
    let banner = server.process.stdout();
    let lines: Vec<&str> = banner.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    let [enqueue, status] = lines[..] else { panic!("two curl lines in {banner}") };
    assert!(!enqueue.contains("0.0.0.0") && !banner.contains(&key), "{banner}");
    let answer: serde_json::Value = serde_json::from_str(&home.shell(enqueue).stdout).unwrap();
    let id = answer["task_id"].as_str().unwrap();
    let status = home.shell(&status.replace("TASK_ID", id)).stdout;
    assert!(status.contains(id), "{status}");
}

/// R12.
#[test]
fn r12_a_key_that_seals_is_made_and_can_be_used() {
    let home = Home::sqlite();
    let told = home.ok(&["key", "secret"]);
    assert!(told.contains("JOURNEYMAN_KEYS"), "{told}");
    let keys = [(); 2].map(|()| home.json(&["key", "secret", "--json"])["key"].as_str().unwrap().to_owned());
    assert_ne!(keys[0], keys[1]);
    let home = home.with("JOURNEYMAN_KEYS", &keys.join(",")).with("QUEUE_CODEC", "sealed");
    let id = home.ok(&["dispatch", "noop"]);
    assert_eq!(home.json(&["status", &id, "--json"])["status"], "pending");
}

#[test]
fn r45_a_key_taken_out_of_the_file_ends_without_a_restart() {
    let home = Home::sqlite();
    let (first, line) = make(&home, "first", "read");
    let (second, other) = make(&home, "second", "read");
    let path = home.path().join("keys");
    std::fs::write(&path, format!("# the team's\n{line}\n")).unwrap();
    let home = home.with("JOURNEYMAN_API_KEYS_FILE", "keys");
    let server = home.serve_plainly(&[]);
    assert_eq!((stats(server.api, &first), stats(server.api, &second)), (200, 401));
    std::fs::write(&path, "this is no key\n").unwrap();
    until("the damage is told", Duration::from_secs(10), || {
        server.process.stderr().contains("the API keys stay as they were").then_some(())
    });
    assert_eq!(stats(server.api, &first), 200, "a damaged file locks nobody out");
    std::fs::write(&path, format!("# the team's, changed\n{other}\n")).unwrap();
    until("the second key counts", Duration::from_secs(10), || (stats(server.api, &second) == 200).then_some(()));
    assert_eq!(stats(server.api, &first), 401);
}

#[test]
fn r45_keys_that_cannot_be_used_keep_the_server_from_starting_and_are_never_quoted() {
    let home = Home::sqlite();
    let (key, line) = make(&home, "ci", "read");
    let serve = ["serve", "--bind", "127.0.0.1:0"];
    for (name, value, words) in [
        ("JOURNEYMAN_API_KEYS", format!("ci:read:{key}"), "the key itself"),
        ("JOURNEYMAN_API_KEYS", key.clone(), "name:scopes:sha256"),
        ("JOURNEYMAN_API_KEYS_FILE", "absent".to_owned(), "cannot read the API keys in absent"),
        ("JOURNEYMAN_API_KEYS", format!("{line},{}", line.replace(":read:", ":admin:")), "ci is there twice"),
    ] {
        let ran = Home::sqlite().with(name, &value).run(&serve);
        let complaints = ran.complaints();
        assert!(complaints.len() == 1 && complaints[0].contains(words), "{complaints:?}");
        assert!(!complaints[0].contains(&key[..12]), "{complaints:?}");
    }
}

/// R43, S3's names.
#[test]
fn r43_rate_and_depth_are_set_by_the_environment() {
    let home = Home::sqlite().with("RATE_LIMIT", "5").with("MAX_QUEUE_DEPTH", "2");
    let server = home.serve(&["--no-worker"]);
    let codes: Vec<u16> = (0..3).map(|_| server.api.post(r#"{"task_type": "noop"}"#).status).collect();
    assert_eq!(codes, [201, 201, 429]);
    let limited = until("the rate is passed", Duration::from_secs(10), || {
        let answer = server.api.get("/api/queue/stats");
        (answer.status == 429).then_some(answer)
    });
    assert_eq!(limited.refusal(), "429 rate_limited");
    assert!(limited.header("retry-after").is_some());
}
