//! R44, R45: bodies that are no JSON, too much of it, or not called so.

use std::convert::Infallible;
use std::io;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use journeyman::queue::limits;
use serde_json::json;

use super::api::{Answer, Api, anything};

async fn post_as(api: &Api, headers: &[(&str, &str)]) -> Answer {
    let request = Request::post("/api/queue/enqueue").body(Body::from(anything(json!({})).to_string()));
    let mut request = request.unwrap();
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    api.send(request).await
}

#[tokio::test]
async fn broken_json_is_refused_with_line_and_column() {
    let api = Api::new();
    for (body, place) in [
        ("{\"task_type\":\n  oops}", "line 2 column 3"),
        ("{", "line 1 column 1"),
        ("{\"task_type\":\"http_anything\"} x", "line 1 column 31"),
        ("{\"task_type\":\"http_anything\",}", "line 1 column 30"),
        ("{'task_type':1}", "line 1 column 2"),
        ("\u{feff}{}", "line 1 column 1"),
    ] {
        let problem = api.post(body).await.problem(400, "invalid_json");
        assert!(problem["detail"].as_str().unwrap().contains(place), "{body:?}: {problem}");
    }
    for body in [&b"\xff\xfe"[..], b"{\"task_type\":\"\xff\"}"] {
        api.post(body).await.problem(400, "invalid_json");
    }
}

#[tokio::test]
async fn an_empty_body_is_refused_as_such() {
    let api = Api::new();
    for body in ["", " \n"] {
        let problem = api.post(body).await.problem(400, "invalid_json");
        assert!(problem["detail"].as_str().unwrap().contains("empty"), "{problem}");
    }
}

#[tokio::test]
async fn json_under_another_name_is_refused() {
    let api = Api::new();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", "json"]
    {
        let problem = post_as(&api, &[("content-type", content_type)]).await.problem(415, "unsupported_media_type");
        assert!(problem["detail"].as_str().unwrap().contains(content_type), "{problem}");
    }
    post_as(&api, &[]).await.problem(415, "unsupported_media_type");
    let packed = [("content-type", "application/json"), ("content-encoding", "gzip")];
    post_as(&api, &packed).await.problem(415, "unsupported_media_type");
    assert_eq!(api.stored().await, 0);
}

#[tokio::test]
async fn json_under_its_names_is_taken() {
    let api = Api::new();
    for content_type in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.shop+json"] {
        assert_eq!(post_as(&api, &[("content-type", content_type)]).await.status, 201, "{content_type}");
    }
}

/// A job whose body nests `depth` arrays and objects in all, the body's own object included.
fn nested(depth: usize) -> String {
    // The body and the payload are objects themselves.
    let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
    format!(r#"{{"task_type":"http_anything","task_data":{{"value":{open}{close}}}}}"#)
}

#[tokio::test]
async fn nesting_is_taken_up_to_its_limit() {
    let api = Api::new();
    assert_eq!(api.post(nested(64)).await.status, 201);
    for depth in [65, 10_000, 100_000] {
        let problem = api.post(nested(depth)).await.problem(400, "nested_too_deep");
        assert!(problem["detail"].as_str().unwrap().contains("line 1 column"), "{problem}");
    }
    api.post("[".repeat(100_000)).await.problem(400, "nested_too_deep");
}

#[tokio::test]
async fn a_body_is_taken_up_to_its_limit() {
    let exact = anything(json!({"task_data": {"value": "x"}})).to_string();
    let limit = exact.len();
    let api = Api::with(|state| state.limits.max_body = limit);
    assert_eq!(api.post(exact.clone()).await.status, 201);
    assert_eq!(api.post(exact.replace("\"x\"", "\"\"")).await.status, 201);
    api.post(format!("{exact} ")).await.problem(413, "body_too_large");
    let chunked = stream::iter([exact, " ".into()]).map(Ok::<_, Infallible>);
    api.post(Body::from_stream(chunked)).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn a_payload_is_taken_up_to_its_limit() {
    let api = Api::new();
    let of_length = |length: usize| {
        let value = "x".repeat(length - r#"{"value":""}"#.len());
        format!(r#"{{"task_type":"http_anything","task_data":{{"value":"{value}"}}}}"#)
    };
    assert_eq!(api.post(of_length(limits::PAYLOAD)).await.status, 201);
    assert_eq!(api.post(of_length(limits::PAYLOAD + 1)).await.pointers(), ["/task_data"]);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let api = Api::new();
    let stalled = stream::iter([Ok::<_, Infallible>("{")]).chain(stream::pending());
    api.post(Body::from_stream(stalled)).await.problem(408, "body_too_slow");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_said_to() {
    let api = Api::new();
    let torn = stream::iter([Ok(Bytes::from("{")), Err(io::Error::other("cable cut"))]);
    api.post(Body::from_stream(torn)).await.problem(400, "body_broken");
}
