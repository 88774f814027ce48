//! Clients that ask and do not read.

use super::*;

/// More than the buffers of both kernels take.
const LARGE: usize = 32 * 1024 * 1024;

fn large() -> Router {
    hello().route("/large", get(|| async { vec![b'x'; LARGE] }))
}

/// P13: its place goes to those who wait.
#[tokio::test]
async fn p13_a_client_that_never_reads_is_cut_off() {
    let limits = ServerLimits { max_connections: 1, write_timeout: SHORT, ..patient() };
    let server = Server::start(large(), limits).await;
    let mut idle = server.client().await;
    idle.send("GET /large HTTP/1.1\r\nhost: test\r\n\r\n").await;
    server.client().await.greet().await;
}

#[tokio::test]
async fn p13_a_client_that_pipelines_and_never_reads_is_cut_off() {
    let limits = ServerLimits { max_connections: 1, write_timeout: SHORT, ..patient() };
    let server = Server::start(large(), limits).await;
    let mut idle = server.client().await;
    idle.send(&"GET /large HTTP/1.1\r\nhost: test\r\n\r\n".repeat(20)).await;
    server.client().await.greet().await;
}

#[tokio::test]
async fn a_large_answer_that_is_read_comes_whole() {
    let limits = ServerLimits { write_timeout: SHORT, ..patient() };
    let server = Server::start(large(), limits).await;
    let mut client = server.client().await;
    client.send("GET /large HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await;
    let answer = client.rest().await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.len(), LARGE);
}
