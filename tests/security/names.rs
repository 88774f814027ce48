//! Names that look like something else: to a store, a shell, a query or a path.

use std::sync::Arc;
use std::time::Duration;

use journeyman::drivers::redis::{RedisOptions, RedisStore, StoreTime};
use journeyman::job::{JobId, Priority, QueueName, When};
use journeyman::queue::{Driver, Envelope, Inspector, NewJob, PushOutcome, Unit};
use serde_json::json;

use crate::http::api::{Api, anything};
use crate::support::redis::RedisServer;

const TRICKS: [&str; 22] = [
    "a:b",
    "{a}",
    "a*",
    "a?",
    "[a]",
    "a b",
    " a",
    "a ",
    "a\n",
    "a\0",
    "a/b",
    "a\\b",
    "a'b",
    "a\"b",
    "a;b",
    "a%",
    "a$b",
    "a`b",
    "ä",
    "а",
    "a\u{200b}",
    "' OR 1=1 --",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Nowhere, and the letters that stay are told apart by every store (`conformance`).
#[tokio::test]
async fn r20_no_name_of_a_queue_holds_what_a_store_or_a_shell_reads() {
    let api = Api::new();
    for name in TRICKS.into_iter().chain(["", &"q".repeat(256)]) {
        assert_eq!(
            api.post(anything(json!({"queue_name": name})).to_string()).await.pointers(),
            ["/queue_name"],
            "{name}"
        );
        for path in [
            format!("/api/queue/stats/{}", encoded(name)),
            format!("/api/queue/jobs?queue_name={}", encoded(name)),
            format!("/api/queue/failed?queue_name={}", encoded(name)),
        ] {
            let status = api.get(&path).await.status.as_u16();
            assert!([404, 422].contains(&status), "{path}: {status}");
        }
        for path in ["pause", "resume", "purge"] {
            let status = api.request_post(&format!("/api/queue/{path}?queue_name={}", encoded(name))).await.status;
            assert!(status.is_client_error(), "{path} {name}: {status}");
        }
    }
    assert_eq!(api.stored().await, 0);
}

/// Each is a key of its own, whatever a query would make of it.
#[tokio::test]
async fn r23_keys_full_of_tricks_are_told_apart() {
    let api = Api::new();
    let more = ["%", "_", "a%b", "a_b", "axb", "A_B", "'", "\"", "\\", "\\'", "null", "0", "", "é", "e\u{301}", "𝒂"];
    let keys: Vec<&str> = TRICKS.into_iter().chain(more).filter(|key| !key.is_empty()).collect();
    let mut first = Vec::new();
    for key in &keys {
        let answer = api.post(anything(json!({"deduplication_key": key})).to_string()).await;
        assert_eq!(answer.status, 201, "{key:?}: {answer:?}");
        first.push(answer.json()["task_id"].clone());
    }
    for (key, id) in keys.iter().zip(&first) {
        let answer = api.post(anything(json!({"deduplication_key": key})).to_string()).await;
        assert!(answer.status.as_u16() != 201 && answer.text().contains(id.as_str().unwrap()), "{key:?}: {answer:?}");
    }
    assert_eq!(api.stored().await, keys.len() as u64);
}

/// Filters are no patterns.
#[tokio::test]
async fn r30_a_filter_finds_what_is_equal_and_nothing_else() {
    let api = Api::new();
    for tag in ["a_b", "axb", "a%", "a", "A"] {
        api.enqueue(&anything(json!({"tags": [tag]}))).await;
    }
    for (tag, count) in [("a_b", 1), ("a%", 1), ("%", 0), ("_", 0), ("a*", 0), ("a' OR '1'='1", 0), ("a", 1), ("", 0)] {
        let page = api.get(&format!("/api/queue/jobs?tag={}", encoded(tag))).await.json();
        assert_eq!(page["jobs"].as_array().map_or(0, Vec::len), count, "{tag}: {page}");
    }
    let page = api.get(&format!("/api/queue/jobs?task_type={}", encoded("%"))).await.json();
    assert_eq!(page["jobs"], json!([]));
}

async fn redis(prefix: &str) -> Arc<RedisStore> {
    let options = RedisOptions {
        url: RedisServer::shared().url(),
        key_prefix: prefix.to_owned(),
        command_timeout: Duration::from_secs(20),
        max_connection_retries: 3,
        allow_eviction: false,
    };
    Arc::new(RedisStore::connect(options, StoreTime::Server).await.unwrap())
}

/// A prefix that begins with another, or with what the other puts behind its own, is a store of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r20_stores_under_prefixes_that_begin_alike_do_not_touch() {
    let prefixes = ["alike:", "alike:queue:", "alike:queues", "alike:queue", "alike"];
    let mut stores = Vec::new();
    for prefix in prefixes {
        stores.push(redis(prefix).await);
    }
    for (at, store) in stores.iter().enumerate() {
        let queue = QueueName::new(&format!("q{at}")).unwrap();
        let envelope = Envelope { id: JobId::generate(&queue), queue, priority: Priority::Normal, body: "x".into() };
        let job = NewJob::new(envelope, When::Now);
        let outcomes = store.push(&[job], Unit::Queue).await.unwrap();
        assert!(matches!(outcomes[..], [PushOutcome::Stored { .. }]), "{outcomes:?}");
    }
    for (at, store) in stores.iter().enumerate() {
        assert_eq!(store.queues().await.unwrap(), [QueueName::new(&format!("q{at}")).unwrap()], "{}", prefixes[at]);
    }
}
