//! R44: an option that is wrong is named by its pointer, and nothing is stored.

use serde_json::{Value, json};

use super::api::{Api, anything};

/// Sends each and holds the only pointer against the expected one.
async fn each_is_refused(cases: impl IntoIterator<Item = (Value, &str)>) {
    let api = Api::new();
    for (more, pointer) in cases {
        let answer = api.post(anything(more.clone()).to_string()).await;
        assert_eq!(answer.status, 422, "{more}: {answer:?}");
        assert_eq!(answer.pointers(), [pointer], "{more}");
    }
    assert_eq!(api.stored().await, 0);
}

#[tokio::test]
async fn r20_a_bad_queue_name_is_refused() {
    let long = "q".repeat(256);
    let names = [json!(""), json!("a b"), json!("a:b"), json!("{a}"), json!("ä"), json!(long), json!(1), Value::Null];
    each_is_refused(names.map(|name| (json!({"queue_name": name}), "/queue_name"))).await;
}

#[tokio::test]
async fn r16_a_priority_that_is_none_is_refused() {
    let given = [json!(0), json!(5), json!(-1), json!(2.0), json!("urgent"), json!("2"), json!(true), Value::Null];
    each_is_refused(given.map(|priority| (json!({"priority": priority}), "/priority"))).await;
}

#[tokio::test]
async fn r19_a_delay_that_is_none_is_refused() {
    let given = [json!(-1), json!(-0.001), json!("1"), json!(1e300), json!(31_622_401), json!([]), Value::Null];
    each_is_refused(given.map(|delay| (json!({"delay": delay}), "/delay"))).await;
    let api = Api::new();
    assert_eq!(api.post(r#"{"task_type":"http_anything","delay":1e999}"#).await.pointers(), ["/delay"]);
}

#[tokio::test]
async fn r19_a_time_that_is_none_is_refused_and_so_are_both() {
    let bad = ["", "tomorrow", "2030-01-01", "2030-01-01T00:00:00", "2030-13-01T00:00:00Z"];
    each_is_refused(bad.map(|time| (json!({"run_at": time}), "/run_at"))).await;
    each_is_refused([
        (json!({"run_at": 1_900_000_000}), "/run_at"),
        (json!({"run_at": "2030-01-01T00:00:00Z", "delay": 1}), "/run_at"),
        (json!({"run_at": "2030-01-01T00:00:00Z", "delay": 0}), "/run_at"),
    ])
    .await;
}

#[tokio::test]
async fn tries_and_timeouts_out_of_range_are_refused() {
    each_is_refused([
        (json!({"max_tries": -1}), "/max_tries"),
        (json!({"max_tries": 1.5}), "/max_tries"),
        (json!({"max_tries": 4_294_967_296_u64}), "/max_tries"),
        (json!({"max_tries": 3, "retry_config": {"max_attempts": 3}}), "/max_tries"),
        (json!({"timeout": 0}), "/timeout"),
        (json!({"timeout": -1}), "/timeout"),
        (json!({"timeout": 86_400.5}), "/timeout"),
        (json!({"timeout": "60"}), "/timeout"),
    ])
    .await;
    let api = Api::new();
    api.enqueue(&anything(json!({"timeout": 86_400}))).await;
}

#[tokio::test]
async fn r13_a_retry_config_that_makes_no_sense_is_refused() {
    each_is_refused([
        (json!({"retry_config": []}), "/retry_config"),
        (json!({"retry_config": {"strategy": "linear"}}), "/retry_config/strategy"),
        (json!({"retry_config": {"strategy": "fixed"}}), "/retry_config"),
        (json!({"retry_config": {"strategy": "fixed", "delay": -1}}), "/retry_config/delay"),
        (json!({"retry_config": {"strategy": "custom", "delays": [1, "2"]}}), "/retry_config/delays/1"),
        (json!({"retry_config": {"max_attempts": -1}}), "/retry_config/max_attempts"),
        (json!({"retry_config": {"tries": 1}}), "/retry_config/tries"),
    ])
    .await;
}

#[tokio::test]
async fn tags_beyond_their_limits_are_refused() {
    let many = vec!["t"; 21];
    each_is_refused([
        (json!({"tags": "a"}), "/tags"),
        (json!({"tags": [1]}), "/tags/0"),
        (json!({"tags": many}), "/tags"),
        (json!({"tags": [""]}), "/tags"),
        (json!({"tags": ["t".repeat(101)]}), "/tags"),
    ])
    .await;
}

#[tokio::test]
async fn an_unknown_member_is_refused_by_name() {
    each_is_refused([(json!({"prio": 1}), "/prio"), (json!({"a/b~": 1}), "/a~1b~0")]).await;
}

#[tokio::test]
async fn a_body_that_is_no_enqueue_is_refused() {
    let api = Api::new();
    for (body, pointer) in [
        ("{}", "/task_type"),
        (r#"{"task_type":1}"#, "/task_type"),
        (r#"{"task_type":null}"#, "/task_type"),
        (r#"{"task_type":""}"#, "/task_type"),
        (r#"["default", "http_anything"]"#, ""),
        ("\"text\"", ""),
        ("null", ""),
        ("1", ""),
    ] {
        assert_eq!(api.post(body).await.pointers(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn all_that_is_wrong_is_named_at_once() {
    let api = Api::new();
    let body = json!({
        "task_type": "nowhere_known", "timeout": 0, "delay": 1, "run_at": "2030-01-01T00:00:00Z", "tags": [""]
    });
    let answer = api.post(body.to_string()).await;
    assert_eq!(answer.pointers(), ["/task_type", "/run_at", "/timeout", "/tags"]);
}
