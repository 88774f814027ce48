//! Numbers and sizes at their limits and beyond: refused as the caller's fault, and never as the server's.

use std::time::Duration;

use axum::http::Method;
use journeyman::clock::Stopwatch;
use journeyman::http::openapi;
use journeyman::queue::limits;
use serde_json::{Value, json};

use crate::http::api::{Api, anything};

/// Texts that are numbers to somebody.
const NUMBERS: [&str; 28] = [
    "-1",
    "-0",
    "0",
    "1",
    "007",
    "1.5",
    "1e2",
    "1e308",
    "1e309",
    "-1e308",
    "1e-400",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "+1",
    "1_000",
    "١",
    "null",
    "true",
];

fn is_callers_fault_or_fine(status: u16) -> bool {
    matches!(status, 200 | 201 | 202 | 400 | 404 | 409 | 410 | 413 | 415 | 422)
}

/// Each with a number of 5,000 digits.
fn numbers() -> Vec<String> {
    let long = ["9".repeat(5_000), format!("0.{}1", "0".repeat(5_000))];
    NUMBERS.map(str::to_owned).into_iter().chain(long).collect()
}

/// Percent-encoded, whatever it is.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Every parameter that the description names, also those that are no numbers.
#[tokio::test]
async fn r45_no_number_in_an_address_is_the_servers_fault() {
    let document = openapi();
    let api = Api::with(|state| state.examples = true);
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                for number in numbers() {
                    let filled = |name: &str| if name.is_empty() { "x".to_owned() } else { encoded(&number) };
                    let address = if parameter["in"] == "path" {
                        path.replace(&format!("{{{name}}}"), &filled(name))
                    } else {
                        format!(
                            "{}?{name}={}",
                            path.replace("{queue_name}", "x").replace("{task_id}", "x"),
                            filled(name)
                        )
                    };
                    asked += 1;
                    let method: Method = method.to_uppercase().parse().unwrap();
                    let answer = api.request(method, &address).await;
                    let status = answer.status.as_u16();
                    assert!(is_callers_fault_or_fine(status), "{address:.200}: {status}");
                    // What is told of it is short, however long it was.
                    assert!(answer.body.len() < 64 * 1024, "{} bytes", answer.body.len());
                }
            }
        }
    }
    assert!(asked > 20 * 30, "{asked}");
}

#[tokio::test]
async fn r45_no_number_in_a_body_is_the_servers_fault() {
    let api = Api::new();
    let places = [
        r#"{"task_type":"http_anything","delay":N}"#,
        r#"{"task_type":"http_anything","timeout":N}"#,
        r#"{"task_type":"http_anything","max_tries":N}"#,
        r#"{"task_type":"http_anything","run_at":N}"#,
        r#"{"task_type":"http_anything","run_at":"N"}"#,
        r#"{"task_type":"http_anything","priority":N}"#,
        r#"{"task_type":"http_anything","priority":"N"}"#,
        r#"{"task_type":"http_anything","tags":[N]}"#,
        r#"{"task_type":"http_anything","operation_id":N}"#,
        r#"{"task_type":"http_anything","retry_config":{"strategy":"fixed","delay":N}}"#,
        r#"{"task_type":"http_anything","retry_config":{"strategy":"exponential","base":N}}"#,
        r#"{"task_type":"http_anything","retry_config":{"min_delay":N,"max_delay":N}}"#,
        r#"{"task_type":"http_anything","retry_config":{"strategy":"custom","delays":[N]}}"#,
        r#"{"task_type":"http_anything","retry_config":{"max_attempts":N,"timeout":N}}"#,
        r#"{"task_type":"http_anything","task_data":{"value":N}}"#,
        r#"{"task_type":"http_anything","task_data":N}"#,
        r#"N"#,
    ];
    let (mut asked, mut taken) = (0, 0);
    for place in places {
        for number in numbers() {
            let body = place.replace('N', &number);
            let answer = api.post(body.clone()).await;
            let status = answer.status.as_u16();
            assert!(is_callers_fault_or_fine(status), "{body:.200}: {status}");
            assert!(answer.body.len() < 64 * 1024, "{} bytes", answer.body.len());
            asked += 1;
            taken += u32::from(status == 201);
            let batch = api.post_to("/api/queue/enqueue/batch", format!("{{\"tasks\":[{body}]}}")).await;
            assert!(is_callers_fault_or_fine(batch.status.as_u16()), "{body:.200}: {}", batch.status);
        }
    }
    assert!(asked == places.len() * 30 && taken > 20, "{taken} of {asked}");
}

/// What is told of a text is short, and told at once, however long it was: to look for a name that is like it must not take
/// longer than to read it.
#[tokio::test]
async fn r45_a_long_text_is_refused_in_few_words_and_little_time() {
    let api = Api::with(|state| state.limits.max_body = 4 << 20);
    let long = "long ".repeat(200_000);
    let watch = Stopwatch::start();
    let mut tried = 0;
    for member in ["queue_name", "task_type", "task_data", "priority", "run_at", "operation_id", "on_success", "x"] {
        for value in [json!(long), json!({long.as_str(): [long]})] {
            let mut body = anything(json!({}));
            body[member] = value.clone();
            let mut inside = anything(json!({}));
            inside["task_data"] = json!({member: value});
            for body in [body, inside] {
                let answer = api.post(body.to_string()).await;
                assert!(answer.body.len() < 8 * 1024, "{member}: {} bytes", answer.body.len());
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 32);
    // It took minutes.
    assert!(watch.elapsed() < Duration::from_secs(60), "{:?}", watch.elapsed());
}

/// The largest that is taken, and one more.
#[tokio::test]
async fn r45_every_size_is_taken_up_to_its_limit() {
    let api = Api::new();
    let seconds = limits::DELAY.as_secs();
    for (member, most, beyond) in [
        ("queue_name", json!("q".repeat(255)), json!("q".repeat(256))),
        ("queue_name", json!("a"), json!("")),
        ("tags", json!(vec!["t"; limits::TAGS]), json!(vec!["t"; limits::TAGS + 1])),
        ("tags", json!(["ä".repeat(limits::TAG)]), json!(["ä".repeat(limits::TAG + 1)])),
        ("tags", json!(["a"]), json!([""])),
        ("deduplication_key", json!("ä".repeat(limits::UNIQUE_KEY)), json!("ä".repeat(limits::UNIQUE_KEY + 1))),
        ("deduplication_key", json!("b"), json!("")),
        ("delay", json!(seconds), json!(seconds + 1)),
        ("timeout", json!(0.001), json!(0.0009)),
        ("timeout", json!(86_400), json!(86_401)),
        ("max_tries", json!(u32::MAX), json!(u64::from(u32::MAX) + 1)),
        ("run_at", json!("2199-12-31T23:59:59Z"), json!("2201-01-01T00:00:00Z")),
        ("on_success", json!(url(2048)), json!(url(2049))),
        ("retry_config", custom(100), custom(101)),
        ("retry_config", json!({"base": 1000}), json!({"base": 1000.1})),
    ] {
        let taken = api.post(anything(json!({member: most})).to_string()).await;
        assert_eq!(taken.status, 201, "{member}: {taken:?}");
        let refused = api.post(anything(json!({member: beyond})).to_string()).await;
        assert!(refused.pointers()[0].starts_with(&format!("/{member}")), "{member}");
    }
    let batch = |count: usize| json!({"tasks": vec![anything(json!({})); count]}).to_string();
    assert_eq!(api.post_to("/api/queue/enqueue/batch", batch(limits::BULK)).await.status, 201);
    assert_eq!(api.post_to("/api/queue/enqueue/batch", batch(limits::BULK + 1)).await.status, 422);
    assert_eq!(api.get("/api/queue/jobs?limit=100").await.status, 200);
    assert_eq!(api.get("/api/queue/jobs?limit=101").await.status, 422);
}

fn url(length: usize) -> String {
    let start = "https://example.org/";
    format!("{start}{}", "x".repeat(length - start.len()))
}

fn custom(count: usize) -> Value {
    json!({"strategy": "custom", "delays": vec![1; count]})
}

/// What two readers could understand in two ways is not taken.
#[tokio::test]
async fn r45_a_member_given_twice_is_refused() {
    let api = Api::new();
    for (body, pointer) in [
        (r#"{"task_type":"http_anything","task_type":"http_order"}"#, "/task_type"),
        (r#"{"task_type":"http_anything","queue_name":"a","queue_name":"b"}"#, "/queue_name"),
        (r#"{"task_type":"http_anything","tags":[],"tags":["a"]}"#, "/tags"),
        (r#"{"task_type":"http_anything","delay":0,"\u0064elay":60}"#, "/delay"),
        (r#"{"task_type":"http_anything","retry_config":{"base":2,"base":3}}"#, "/retry_config"),
    ] {
        let pointers = api.post(body).await.pointers();
        let problem_is_there = pointers.iter().all(|at| at.is_empty() || at.starts_with(pointer));
        assert!(problem_is_there, "{body}: {pointers:?}");
    }
    assert_eq!(api.stored().await, 0);
}

/// Packed bodies are not unpacked, so that a small one never becomes a large one.
#[tokio::test]
async fn r45_a_packed_body_is_not_unpacked() {
    use axum::body::Body;
    use axum::http::Request;
    let api = Api::new();
    // The head of a gzip file that would unpack to anything.
    let bomb = [&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"[..], &[0; 1024]].concat();
    for coding in ["gzip", "deflate", "br", "zstd", "x-gzip", "gzip, identity", "identity, gzip"] {
        let request = Request::post("/api/queue/enqueue").header("content-type", "application/json");
        let request = request.header("content-encoding", coding).body(Body::from(bomb.clone())).unwrap();
        api.send(request).await.problem(415, "unsupported_media_type");
    }
    assert_eq!(api.stored().await, 0);
}
