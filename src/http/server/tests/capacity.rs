//! The cap on connections, and what a connection may not do to others.

use super::*;

fn two_at_once() -> ServerLimits {
    ServerLimits { max_connections: 2, ..patient() }
}

#[tokio::test]
async fn the_connection_above_the_cap_waits_until_one_closes() {
    let server = Server::start(hello(), two_at_once()).await;
    let (mut first, mut second) = (server.client().await, server.client().await);
    first.greet().await;
    second.greet().await;

    let mut third = server.client().await;
    third.send(GET).await;
    // The server is at work all this while, only not for the third.
    for _ in 0..50 {
        first.greet().await;
        second.greet().await;
    }
    assert!(timeout(SHORT / 4, third.0.readable()).await.is_err(), "served above the cap");

    drop(first);
    third.until("hello").await;
}

#[tokio::test]
async fn silent_sockets_at_the_cap_give_way_at_the_header_timeout() {
    let limits = ServerLimits { header_read_timeout: SHORT, ..two_at_once() };
    let server = Server::start(hello(), limits).await;
    let _silent = [server.client().await, server.client().await];
    server.client().await.greet().await;
}

#[tokio::test]
async fn a_server_at_its_cap_still_shuts_down() {
    let server = Server::start(hello(), two_at_once()).await;
    let (mut first, mut second) = (server.client().await, server.client().await);
    first.greet().await;
    second.greet().await;
    assert_eq!(server.stop().await, Drained { dropped: 0 });
}

#[tokio::test]
async fn a_panicking_handler_costs_its_own_connection_only() {
    async fn panics() -> &'static str {
        panic!("as asked")
    }
    let server = Server::start(hello().route("/panic", get(panics)), two_at_once()).await;
    let mut bystander = server.client().await;
    bystander.greet().await;
    for _ in 0..3 {
        let mut client = server.client().await;
        client.send("GET /panic HTTP/1.1\r\nhost: test\r\n\r\n").await;
        assert_eq!(client.rest().await, "");
    }
    bystander.greet().await;
}

/// P13: one client cannot hold every connection.
#[tokio::test]
async fn a_connection_too_many_of_one_address_is_closed_and_the_others_go_on() {
    let server = Server::start(hello(), ServerLimits { max_connections_per_address: Some(1), ..patient() }).await;
    let mut first = server.client().await;
    first.greet().await;
    let mut second = server.client().await;
    let mut byte = [0];
    let closed = timeout(PATIENCE, second.0.read(&mut byte)).await.expect("the second is not closed");
    assert!(matches!(closed, Ok(0) | Err(_)));
    first.greet().await;
    drop(first);
    loop {
        let mut next = server.client().await;
        if next.0.write_all(GET.as_bytes()).await.is_ok() && matches!(next.0.read(&mut byte).await, Ok(1)) {
            break;
        }
    }
    drop(server);
}
