//! Bodies read with [`collect`] behind this server: the client gets an answer, and its socket is not held.

use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::post;

use crate::http::body::{BodyError, collect};

use super::*;

const LIMIT: usize = 1000;

/// A server whose handler takes at most `LIMIT` bytes within `deadline`.
async fn taking(deadline: Duration) -> Server {
    let handler = move |body: Body| async move {
        match collect(body, LIMIT, deadline).await {
            Ok(bytes) => (StatusCode::OK, format!("took {}", bytes.len())),
            Err(error) => {
                let status = match error {
                    BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
                    BodyError::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
                    BodyError::Broken(_) => StatusCode::BAD_REQUEST,
                };
                (status, error.to_string())
            }
        }
    };
    Server::start(Router::new().route("/", post(handler)), patient()).await
}

fn sized(bytes: usize) -> String {
    format!("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {bytes}\r\n\r\n")
}

const CHUNKED: &str = "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_body_within_its_limits_is_taken() {
    let server = taking(LONG).await;
    let mut client = server.client().await;
    client.send(&sized(LIMIT)).await;
    client.send(&"x".repeat(LIMIT)).await;
    client.until("took 1000").await;
    client.send(CHUNKED).await;
    client.send("4\r\nwork\r\n3\r\ner!\r\n0\r\n\r\n").await;
    client.until("took 7").await;
}

#[tokio::test]
async fn a_body_sent_byte_by_byte_is_answered_at_the_deadline() {
    let server = taking(SHORT).await;
    let mut client = server.client().await;
    client.send(&sized(LIMIT)).await;
    // Never idle for long, and 1000 bytes would take 20 s.
    let trickle = async {
        while timeout(SHORT / 10, client.0.readable()).await.is_err() {
            client.send("x").await;
        }
    };
    timeout(PATIENCE, trickle).await.expect("no answer at the deadline");
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("not complete after 200ms"), "{answer}");
}

#[tokio::test]
async fn a_content_length_above_the_limit_is_refused_before_any_byte_of_the_body() {
    let server = taking(LONG).await;
    let mut client = server.client().await;
    client.send(&sized(LIMIT + 1)).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_client_that_asks_first_is_not_told_to_continue() {
    let server = taking(LONG).await;
    let mut client = server.client().await;
    client.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 1001\r\nexpect: 100-continue\r\n\r\n").await;
    assert!(client.rest().await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_client_still_sending_a_refused_body_gets_the_answer_and_no_reset() {
    let server = taking(LONG).await;
    let mut client = server.client().await;
    client.send(&sized(3_000_000)).await;
    client.send(&"x".repeat(1_000_000)).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 413"));
    // The server has said its last word, yet what was under way is still taken.
    client.send(&"x".repeat(1_000_000)).await;
    client.send(&"x".repeat(1_000_000)).await;
}

#[tokio::test]
async fn chunks_above_the_limit_are_refused_before_the_body_ends() {
    let server = taking(LONG).await;
    let mut client = server.client().await;
    client.send(CHUNKED).await;
    client.send(&format!("1f4\r\n{}\r\n", "x".repeat(500)).repeat(3)).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_malformed_chunk_breaks_the_body() {
    let server = taking(LONG).await;
    let mut client = server.client().await;
    client.send(CHUNKED).await;
    client.send("not a size\r\n").await;
    assert!(client.rest().await.starts_with("HTTP/1.1 400"));
}
