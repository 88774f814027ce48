//! The same API behind a real socket, for what only bytes can show.

use journeyman::http::server::{ServerLimits, serve};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::api::{Api, anything};

/// Sends the bytes on a connection of their own; all that comes back until the server closes.
async fn exchange(api: &Api, request: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, api.router.clone(), ServerLimits::default(), stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    stop.cancel();
    assert_eq!(server.await.unwrap().dropped, 0);
    answer
}

fn post(length: usize, body: &str) -> String {
    let head = "POST /api/queue/enqueue HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json";
    format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_job_goes_in_over_the_wire() {
    let api = Api::new();
    let body = anything(json!({})).to_string();
    let answer = exchange(&api, post(body.len(), &body)).await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(answer.contains("\r\nlocation: /api/queue/status/"), "{answer}");
    assert_eq!(api.stored().await, 1);
}

#[tokio::test]
async fn a_body_announced_too_large_is_refused_before_it_is_sent() {
    let answer = exchange(&Api::new(), post(1_000_000_000, "{")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"code\":\"body_too_large\""), "{answer}");
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let answer = exchange(&Api::new(), post(100, "{")).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"body_too_slow\""), "{answer}");
}

#[tokio::test]
async fn a_head_request_has_no_body_on_the_wire() {
    let request = "HEAD /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned();
    let answer = exchange(&Api::new(), request).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}
