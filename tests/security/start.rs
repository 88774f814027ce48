//! Where a server may listen, by what it is told of keys; and keys that anybody could guess.

use std::net::TcpListener;

use sha2::{Digest, Sha256};

use crate::support::http::Api;
use crate::support::process::Home;

/// A key of all scopes, and what to configure of it.
fn key(home: &Home) -> (String, String) {
    let made = home.json(&["key", "new", "--name", "all", "--scope", "admin", "--json"]);
    ["key", "line"].map(|member| made[member].as_str().unwrap().to_owned()).into()
}

fn stats(api: Api, key: &str) -> u16 {
    api.get_with("/api/queue/stats", &[("authorization", &format!("Bearer {key}"))]).status
}

/// A home that is told of keys in one way, and whether there are any to be had.
fn homes(line: &str) -> Vec<(&'static str, Home, bool)> {
    let file = |text: &str| {
        let home = Home::sqlite();
        std::fs::write(home.path().join("keys"), text).unwrap();
        home.with("JOURNEYMAN_API_KEYS_FILE", "keys")
    };
    vec![
        ("nothing", Home::sqlite(), false),
        ("an empty setting", Home::sqlite().with("JOURNEYMAN_API_KEYS", ""), false),
        ("a key", Home::sqlite().with("JOURNEYMAN_API_KEYS", line), true),
        ("a file with a key", file(line), true),
        // Nobody has a key, but everybody needs one.
        ("an empty file", file("# none yet\n"), true),
    ]
}

#[test]
fn r45_a_server_without_keys_listens_to_this_machine_alone() {
    let (text, line) = key(&Home::sqlite());
    let has_v6 = TcpListener::bind("[::1]:0").is_ok();
    let (mut refused, mut served) = (0, 0);
    for (told, home, has_keys) in homes(&line) {
        for (bind, is_loopback) in [
            ("127.0.0.1:0", true),
            ("127.8.7.6:0", true),
            ("0.0.0.0:0", false),
            ("[::1]:0", true),
            ("[::]:0", false),
            ("[::ffff:0.0.0.0]:0", false),
            ("192.0.2.1:0", false),
        ] {
            if !has_keys && !is_loopback {
                let ran = home.run(&["serve", "--bind", bind]);
                let complaints = ran.complaints();
                assert!(
                    complaints[0].contains("refusing to listen") && complaints.len() == 1,
                    "{told} {bind}: {ran:?}"
                );
                refused += 1;
            } else if bind == "127.0.0.1:0" || bind == "0.0.0.0:0" || (bind == "[::1]:0" && has_v6) {
                let server = home.serve_at(bind, &["--no-worker"]);
                let api = if is_loopback { server.api } else { server.api.on_loopback() };
                let status = api.get("/api/queue/stats").status;
                assert_eq!(status, if has_keys { 401 } else { 200 }, "{told} {bind}");
                let is_known = has_keys && told != "an empty file";
                assert_eq!(stats(api, &text), if is_known || !has_keys { 200 } else { 401 }, "{told} {bind}");
                served += 1;
            }
        }
    }
    assert_eq!((refused, served), (8, if has_v6 { 13 } else { 8 }));
}

/// The same of the numbers that a worker serves, which may be opened to all on purpose.
#[test]
fn r45_a_worker_without_keys_shows_its_numbers_to_this_machine_alone() {
    let (_, line) = key(&Home::sqlite());
    let work = |home: &Home| home.run(&["work", "--stop-when-empty"]);
    let open = || Home::sqlite().with("JOURNEYMAN_METRICS_BIND", "0.0.0.0:0");
    let refused = work(&open());
    assert!(refused.complaints().last().unwrap().contains("refusing to listen"), "{refused:?}");
    for allowed in [
        open().with("JOURNEYMAN_METRICS_OPEN", "true"),
        open().with("JOURNEYMAN_API_KEYS", &line),
        Home::sqlite().with("JOURNEYMAN_METRICS_BIND", "127.0.0.1:0"),
    ] {
        let ran = work(&allowed);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stderr.contains("serving /live, /ready and /metrics"), "{ran:?}");
    }
}

/// A file that anybody can read holds no key that works: whatever stands there in a key's place keeps a server from starting.
#[test]
fn r45_no_sample_of_the_documents_is_a_key() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = ["JOURNEYMAN_API_KEYS", "JOURNEYMAN_KEYS", "QUEUE_KEYS"];
    let mut files = vec!["README.md".to_owned(), "docker-compose.yml".to_owned(), "Dockerfile".to_owned()];
    for folder in ["docs", "deploy/systemd", "deploy/supervisor", "deploy/prometheus"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let entry = entry.unwrap();
            // docs/images has pictures, and no text.
            if entry.file_type().unwrap().is_file() {
                files.push(format!("{folder}/{}", entry.file_name().to_str().unwrap()));
            }
        }
    }
    let mut samples = 0;
    for file in &files {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        // A whole key, and a whole line of one, have 64 digits in a row.
        let is_key = |word: &str| word.len() >= 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let found = text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| is_key(word));
        assert_eq!(found, None, "{file}");
        for name in names {
            for given in text.split(&format!("{name}=")).skip(1) {
                let given = given.trim_start_matches(['"', '\'']);
                let value: String = given.chars().take_while(|c| !c.is_whitespace() && !"\"'`".contains(*c)).collect();
                if value.is_empty() {
                    continue;
                }
                samples += 1;
                let ran = Home::sqlite().with(name, &value).run(&["serve", "--bind", "127.0.0.1:0"]);
                assert_eq!(ran.code, Some(1), "{file} has {name}={value}");
            }
        }
    }
    assert!(samples >= 1 && files.len() >= 10, "{samples} samples in {} files", files.len());
}

/// Somebody may hash a word of their own: it opens nothing. What opens is long enough to be made by chance.
#[test]
fn r45_a_word_that_can_be_guessed_is_no_key_even_where_its_hash_is_configured() {
    let longest = "x".repeat(31);
    let words = ["admin", "secret", "changeme", "jmk_", "password123", "journeyman", &longest];
    let hash = |word: &str| Sha256::digest(word).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let own = "0123456789abcdef0123456789abcdef";
    let lines: Vec<String> =
        words.iter().chain(&[own]).enumerate().map(|(at, word)| format!("k{at}:admin:{}", hash(word))).collect();
    let home = Home::sqlite().with("JOURNEYMAN_API_KEYS", &lines.join(","));
    let server = home.serve_plainly(&["--no-worker"]);
    for word in words {
        assert_eq!(stats(server.api, word), 401, "{word}");
    }
    assert_eq!(stats(server.api, own), 200, "128 bits of somebody's own are a key");
}

/// The same of the keys that seal.
#[test]
fn r12_a_key_of_nothing_but_zeros_seals_nothing() {
    let zeros = format!("k1:{}=", "A".repeat(43));
    let home = Home::sqlite().with("JOURNEYMAN_KEYS", &zeros).with("QUEUE_CODEC", "sealed");
    let ran = home.run(&["serve", "--bind", "127.0.0.1:0"]);
    assert!(ran.complaints()[0].contains("all zeros"), "{ran:?}");
}
