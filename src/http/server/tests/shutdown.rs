//! What open connections get when the server leaves.

use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use futures::stream::{self, StreamExt};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;

/// A handler that says it has begun and answers when told to.
fn held() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (has_begun, may_finish) = (begun.clone(), finish.clone());
    let handler = move || async move {
        has_begun.notify_one();
        may_finish.notified().await;
        "the whole answer"
    };
    (hello().route("/held", get(handler)), begun, finish)
}

#[tokio::test]
async fn a_request_in_flight_gets_its_whole_answer_and_no_one_else_gets_in() {
    let (router, begun, finish) = held();
    let server = Server::start(router, patient()).await;
    let mut client = server.client().await;
    client.send("GET /held HTTP/1.1\r\nhost: test\r\n\r\n").await;
    timeout(PATIENCE, begun.notified()).await.unwrap();

    server.shutdown.cancel();
    let refused = async { while TcpStream::connect(server.address).await.is_ok() {} };
    timeout(PATIENCE, refused).await.expect("still accepting while it drains");

    finish.notify_one();
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("the whole answer"), "{answer}");
    assert_eq!(server.stop().await, Drained { dropped: 0 });
}

#[tokio::test]
async fn idle_and_silent_connections_close_at_once() {
    let server = Server::start(hello(), patient()).await;
    let mut idle = server.client().await;
    idle.greet().await;
    let mut silent = server.client().await;
    // Accepted in order: when the one behind it is served, the silent one is in.
    server.client().await.greet().await;

    assert_eq!(server.stop().await, Drained { dropped: 0 });
    assert_eq!(idle.rest().await, "");
    assert_eq!(silent.rest().await, "");
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_the_drain_timeout_and_reported() {
    let endless =
        || async { Body::from_stream(stream::iter([Ok::<_, Infallible>("tick\n")]).chain(stream::pending())) };
    let limits = ServerLimits { drain_timeout: SHORT, ..patient() };
    let server = Server::start(hello().route("/events", get(endless)), limits).await;
    let mut client = server.client().await;
    client.send("GET /events HTTP/1.1\r\nhost: test\r\n\r\n").await;
    client.until("tick").await;

    let asked = Instant::now();
    assert_eq!(server.stop().await, Drained { dropped: 1 });
    assert!(asked.elapsed() >= SHORT, "cut before its time");
    assert!(!client.rest().await.contains("0\r\n\r\n"), "a cut stream must not look complete");
}

#[tokio::test]
async fn a_half_sent_head_does_not_hold_the_server_past_the_drain_timeout() {
    let limits = ServerLimits { drain_timeout: SHORT, ..patient() };
    let server = Server::start(hello(), limits).await;
    let mut client = server.client().await;
    client.send(HALF_A_HEAD).await;
    server.client().await.greet().await;
    // Whether it counts as cut depends on whether its bytes had been read; that it ends does not.
    assert!(server.stop().await.dropped <= 1);
}

#[tokio::test]
async fn dropping_the_server_cuts_its_connections() {
    let server = Server::start(hello(), patient()).await;
    let mut client = server.client().await;
    client.greet().await;
    server.task.abort();
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn p11_until_the_delay_is_over_everybody_is_served_and_told_to_close() {
    let server = Server::start(hello(), ServerLimits { drain_delay: LONG, ..patient() }).await;
    let mut known = server.client().await;
    known.greet().await;
    server.shutdown.cancel();
    for client in [&mut known, &mut server.client().await] {
        client.send(GET).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close\r\n"), "{answer}");
    }
    server.task.abort();
}

#[tokio::test]
async fn p11_the_port_closes_once_the_delay_is_over() {
    let server = Server::start(hello(), ServerLimits { drain_delay: SHORT, ..patient() }).await;
    let mut idle = server.client().await;
    idle.greet().await;
    let asked = Instant::now();
    let address = server.address;
    assert_eq!(server.stop().await, Drained { dropped: 0 });
    assert!(asked.elapsed() >= SHORT, "closed before its time");
    assert_eq!(idle.rest().await, "");
    assert!(TcpStream::connect(address).await.is_err());
}

/// They have connected and asked, but the server has not come to them.
#[tokio::test]
async fn p11_clients_in_the_backlog_are_answered() {
    let server = Server::start(hello(), patient()).await;
    server.client().await.greet().await;
    // Nothing here waits, so the server, a task on this same thread, does not run before it is told to leave.
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let mut client = std::net::TcpStream::connect(server.address).unwrap();
            client.write_all(GET.as_bytes()).unwrap();
            client.set_nonblocking(true).unwrap();
            client
        })
        .collect();
    assert_eq!(server.stop().await, Drained { dropped: 0 });
    for client in clients {
        let answer = Client(TcpStream::from_std(client).unwrap()).rest().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
