//! One connection from accept to close.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::debug;

use super::stall::Stall;
use super::{Leaving, ServerLimits};

/// hyper panics on a smaller buffer than this.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// How long an open connection is still listened to once the port is closed: bytes may have arrived of which the kernel
/// has not told us yet, and a request that was sent in time is to be answered.
const LAST_BYTES: Duration = Duration::from_millis(50);

/// Longest wait for the client to take our last answer and close its side.
const LINGER: Duration = Duration::from_secs(1);

/// HTTP/1.1 only: telling it from HTTP/2 by the first bytes has no timeout in hyper-util.
pub(super) fn protocol(limits: &ServerLimits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_read_timeout)
        .max_headers(limits.max_headers)
        .max_header_size(limits.max_head_bytes)
        // Bodies pass through this buffer too; hyper's own 400 KiB, times the cap, would be a lot of memory.
        .max_buf_size(limits.max_head_bytes.max(SMALLEST_BUFFER))
        .keep_alive(true)
        .half_close(false);
    http
}

/// Serves requests until the client leaves, a limit is passed, or the server leaves: then an idle connection closes, and a
/// busy one after its answer.
pub(super) async fn run(
    http: http1::Builder,
    mut stream: TcpStream,
    write_timeout: Duration,
    peer: SocketAddr,
    router: Router,
    leaving: Leaving,
) {
    // Answers are small and written whole; without this the second of two waits for the client's delayed ACK.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "client left before its first request");
        return;
    }

    let router = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let told = leaving.told.clone();
    let service = TowerToHyperService::new(router.map_response(move |mut response: Response| {
        // Else a client that reuses its connection would find it closed under its next request.
        if told.is_cancelled() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }));
    let no_more = async {
        leaving.closes.cancelled().await;
        sleep(LAST_BYTES).await;
    };
    let ended = {
        let mut connection = pin!(http.serve_connection(TokioIo::new(Stall::new(&mut stream, write_timeout)), service));
        tokio::select! {
            // A request that is already here goes before the end, and so is answered.
            biased;
            ended = connection.as_mut() => ended,
            () = no_more => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };

    match ended {
        Err(error) if error.is_timeout() => debug!(%peer, "no complete request head in time, connection closed"),
        Err(error) => {
            debug!(%peer, %error, "connection ended early");
            linger(stream, &leaving.closes).await;
        }
        Ok(()) => linger(stream, &leaving.closes).await,
    }
}

/// Reads away what the client still sends before the socket closes. Closing over unread bytes makes the kernel send a
/// reset: a client still sending would see "connection reset" or "broken pipe" where we said 413 or 431.
async fn linger(mut stream: TcpStream, closes: &CancellationToken) {
    let drained = async {
        let mut scrap = [0; 4096];
        while matches!(stream.read(&mut scrap).await, Ok(read) if read > 0) {}
    };
    tokio::select! {
        biased;
        () = closes.cancelled() => {}
        _ = timeout(LINGER, drained) => {}
    }
}
