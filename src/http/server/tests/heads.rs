//! Request heads that come late, never, or too large.

use axum::serve as axum_serve;

use super::*;

fn hurried() -> ServerLimits {
    ServerLimits { header_read_timeout: SHORT, ..patient() }
}

#[tokio::test]
async fn a_half_sent_head_is_cut_off() {
    let server = Server::start(hello(), hurried()).await;
    let mut client = server.client().await;
    client.send(HALF_A_HEAD).await;
    assert_eq!(client.rest().await, "");
    assert_eq!(server.stop().await, Drained { dropped: 0 });
}

#[tokio::test]
async fn a_head_that_trickles_in_is_cut_off() {
    let server = Server::start(hello(), hurried()).await;
    let mut client = server.client().await;
    client.send("GET / HTTP/1.1\r\n").await;
    // Each line is in time for itself; the head as a whole never is.
    let trickle = async {
        while timeout(SHORT / 4, client.0.readable()).await.is_err() && client.0.write_all(b"x: y\r\n").await.is_ok() {}
    };
    timeout(PATIENCE, trickle).await.expect("the head was waited for as long as it kept coming");
}

#[tokio::test]
async fn a_silent_socket_is_cut_off() {
    let server = Server::start(hello(), hurried()).await;
    assert_eq!(server.client().await.rest().await, "");
}

#[tokio::test]
async fn an_idle_keep_alive_connection_is_cut_off() {
    let server = Server::start(hello(), hurried()).await;
    let mut client = server.client().await;
    client.greet().await;
    client.greet().await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_slow_handler_is_not_cut_off() {
    let slow = Router::new().route(
        "/",
        get(|| async {
            tokio::time::sleep(SHORT * 3).await;
            "done"
        }),
    );
    let server = Server::start(slow, hurried()).await;
    let mut client = server.client().await;
    client.send(GET).await;
    client.until("done").await;
}

#[tokio::test]
async fn three_hundred_half_sent_heads_do_not_stop_a_good_request() {
    let server = Server::start(hello(), patient()).await;
    let mut stuck = Vec::new();
    for _ in 0..300 {
        let mut client = server.client().await;
        client.send(HALF_A_HEAD).await;
        stuck.push(client);
    }
    server.client().await.greet().await;
}

#[tokio::test]
async fn too_many_headers_are_answered_431() {
    let server = Server::start(hello(), ServerLimits { max_headers: 20, ..patient() }).await;
    let mut client = server.client().await;
    client.send(&format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(21))).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 431"));

    let mut client = server.client().await;
    client.send(&format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(20))).await;
    assert!(client.until("\r\n").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_too_large_is_answered_431_also_while_it_is_still_being_sent() {
    let limits = ServerLimits { max_head_bytes: 10_000, ..patient() };
    let server = Server::start(hello(), limits).await;
    let head = |bytes| format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(bytes));
    for bytes in [10_000, 1_000_000] {
        let mut client = server.client().await;
        client.send(&head(bytes)).await;
        assert!(client.rest().await.starts_with("HTTP/1.1 431"), "{bytes}");
        // What was still under way meets no reset.
        client.send(&head(10_000)).await;
        client.send(&head(10_000)).await;
    }

    let mut client = server.client().await;
    client.send(&head(9_000)).await;
    assert!(client.until("\r\n").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_limit_below_hypers_least_buffer_holds_too() {
    let server = Server::start(hello(), ServerLimits { max_head_bytes: 100, ..patient() }).await;
    let mut client = server.client().await;
    client.send(&format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100))).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 431"));
}

/// Whether `axum::serve` still holds a half-sent head open after `wait`, and answers once it is completed.
async fn axum_waits(wait: Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum_serve(listener, Router::new().route("/", get(|| async { "late" }))).into_future());
    let mut client = Client(TcpStream::connect(address).await.unwrap());
    client.send(HALF_A_HEAD).await;
    assert!(timeout(wait, client.0.readable()).await.is_err(), "axum closed it: this module may be superfluous");
    client.send("st\r\n\r\n").await;
    client.until("late").await;
    server.abort();
}

/// Why this module exists: hyper's default timeout is 30 s, and without a timer it never comes. Time is paused, so the
/// 33 s pass at once, and would let a timer fire.
#[tokio::test(start_paused = true)]
async fn axums_own_serve_leaves_a_half_sent_head_open_past_hypers_default() {
    axum_waits(Duration::from_secs(33)).await;
}
