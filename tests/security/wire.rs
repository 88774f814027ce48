//! Requests that are none, and those in which two readers would see two different ones.

use std::net::SocketAddr;
use std::time::Duration;

use journeyman::http::server::{Drained, ServerLimits, serve};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::http::api::{Api, anything};

/// Longest that a connection may stay open, on a busy machine; the limits of the server are below a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// The API on a socket, with little patience for heads.
struct Served {
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<Drained>,
}

impl Served {
    async fn start(api: &Api) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let limits = ServerLimits { header_read_timeout: Duration::from_millis(500), ..ServerLimits::default() };
        let server = tokio::spawn(serve(listener, api.router.clone(), limits, stop.clone()));
        Self { address, stop, server }
    }

    /// Every connection must have ended by itself.
    async fn end(self) {
        self.stop.cancel();
        assert_eq!(self.server.await.unwrap().dropped, 0);
    }
}

/// All that comes back, or what is wrong.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = async {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut piece).await {
            answer.extend(&piece[..count]);
        }
    };
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("left open: {shown}"));
    String::from_utf8_lossy(&answer).into_owned()
}

/// Of the answers; to be told to go on is none.
fn statuses(answer: &str) -> Vec<u16> {
    answer
        .split("HTTP/1.1 ")
        .skip(1)
        .filter_map(|rest| rest.get(..3)?.parse().ok())
        .filter(|status| *status != 100)
        .collect()
}

fn post(head: &str, body: &str) -> Vec<u8> {
    let start = "POST /api/queue/enqueue HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    format!("{start}{head}\r\n\r\n{body}").into_bytes()
}

fn get(target: &str, head: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}\r\n").into_bytes()
}

/// Requests whose end is in doubt, with one hidden behind it that must not be answered.
fn smuggling() -> Vec<(&'static str, Vec<u8>)> {
    let hidden = "GET /live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let chunked = format!("0\r\n\r\n{hidden}");
    vec![
        ("both lengths", post(&format!("content-length: {}\r\ntransfer-encoding: chunked", chunked.len()), &chunked)),
        (
            "both, the other way",
            post(&format!("transfer-encoding: chunked\r\ncontent-length: {}", chunked.len()), &chunked),
        ),
        ("two lengths", post("content-length: 2\r\ncontent-length: 60", &format!("{{}}{hidden}"))),
        ("a list of lengths", post("content-length: 2, 60", &format!("{{}}{hidden}"))),
        ("a length with a sign", post("content-length: +2", &format!("{{}}{hidden}"))),
        ("a length below zero", post("content-length: -1", &format!("{{}}{hidden}"))),
        ("a length that overflows", post("content-length: 18446744073709551618", &format!("{{}}{hidden}"))),
        ("a length in hexadecimal", post("content-length: 0x2", &format!("{{}}{hidden}"))),
        ("another coding", post("transfer-encoding: xchunked", &chunked)),
        ("chunked and another", post("transfer-encoding: chunked, identity", &chunked)),
        ("chunked, hidden by a tab", post("transfer-encoding:\x0bchunked", &chunked)),
        (
            "a space before the colon",
            post("transfer-encoding : chunked\r\ncontent-length: 2", &format!("{{}}{hidden}")),
        ),
        ("a folded line", post("x: y\r\n transfer-encoding: chunked\r\ncontent-length: 2", &format!("{{}}{hidden}"))),
        ("a chunk without a size", post("transfer-encoding: chunked", &format!("\r\n{hidden}"))),
        ("a chunk of no number", post("transfer-encoding: chunked", &format!("zz\r\n{hidden}"))),
        ("a chunk too large to be", post("transfer-encoding: chunked", &format!("FFFFFFFFFFFFFFFFF\r\n{hidden}"))),
        ("a chunk below zero", post("transfer-encoding: chunked", &format!("-1\r\n{hidden}"))),
        ("a chunk that lies", post("transfer-encoding: chunked", &format!("1\r\n{{}}\r\n0\r\n\r\n{hidden}"))),
    ]
}

/// What is no request, or one that nobody means.
fn odd() -> Vec<(&'static str, Vec<u8>)> {
    let many = (0..500).map(|at| format!("x-{at}: y\r\n")).collect::<String>();
    let extended = format!("1;{}\r\n{{\r\n", "x".repeat(100_000));
    vec![
        ("noise", vec![0xff; 10_000]),
        ("zeros", vec![0; 10_000]),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20)),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("HTTP/9.9", b"GET /live HTTP/9.9\r\n\r\n".to_vec()),
        ("HTTP/0.9", b"GET /live\r\n".to_vec()),
        ("no method", b" /live HTTP/1.1\r\n\r\n".to_vec()),
        ("a method of no letters", b"G@T(/) /live HTTP/1.1\r\n\r\n".to_vec()),
        ("a long method", [&b"A".repeat(100_000)[..], b" / HTTP/1.1\r\n\r\n"].concat()),
        ("a long target", get(&format!("/{}", "a".repeat(100_000)), "")),
        ("a target of parts", get(&"/a".repeat(30_000), "")),
        ("a long query", get(&format!("/api/queue/jobs?{}", "a=b&".repeat(14_000)), "")),
        ("NUL in the target", get("/live\0", "")),
        ("NUL in the path", get("/live%00", "")),
        ("NUL in an id", get("/api/queue/status/%00", "")),
        ("up and out", get("/docs/../../../../etc/passwd", "")),
        ("up and out, encoded", get("/docs/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "")),
        ("up and out, twice", get("/docs/%252e%252e/etc/passwd", "")),
        ("broken percents", get("/api/queue/stats/%", "")),
        ("no UTF-8", get("/api/queue/stats/%ff%fe", "")),
        ("another's target", get("http://169.254.169.254/latest/meta-data/", "")),
        ("an authority", b"CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n".to_vec()),
        ("an asterisk", b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_vec()),
        ("many headers", get("/nowhere", &many)),
        ("a long header", get("/nowhere", &format!("x: {}\r\n", "y".repeat(1 << 20)))),
        ("a header of no name", get("/nowhere", ": y\r\n")),
        ("a header with NUL", get("/nowhere", "x: a\0b\r\n")),
        ("an upgrade", get("/nowhere", "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n")),
        ("a websocket", get("/nowhere", "upgrade: websocket\r\nsec-websocket-key: x\r\n")),
        ("a range", get("/nowhere", &format!("range: bytes={}\r\n", "0-1,".repeat(10_000)))),
        ("a body that is not sent", post("content-length: 100\r\nexpect: 100-continue", "")),
        ("a body that is too short", post("content-length: 100", "{")),
        ("a body too large", post("content-length: 999999999999", "{")),
        ("a mark of byte order", post("content-length: 5", "\u{feff}{}")),
        ("a chunk with much beside it", post("transfer-encoding: chunked", &extended)),
        ("half a head", b"GET /live HTTP/1.1\r\nhost: loc".to_vec()),
        ("an empty line", b"\r\n\r\n\r\n".to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_no_bytes_on_the_wire_hide_a_request_hang_the_server_or_are_its_fault() {
    let api = Api::new();
    let served = Served::start(&api).await;
    let address = served.address;
    let mut sent = 0;
    for (name, bytes) in smuggling() {
        sent += 1;
        let told = statuses(&exchange(address, &bytes).await);
        assert!(told.len() <= 1 && told.iter().all(|status| (400..500).contains(status)), "{name}: {told:?}");
    }
    for (name, bytes) in odd() {
        sent += 1;
        let answer = exchange(address, &bytes).await;
        assert!(statuses(&answer).iter().all(|status| (400..500).contains(status)), "{name}: {answer:.300}");
        assert!(!answer.contains("root:"), "{name}");
    }
    assert_eq!(sent, 18 + 37);
    assert_eq!(statuses(&exchange(address, &get("/live", "")).await), [200], "and it serves on");
    assert_eq!(api.stored().await, 0);
    served.end().await;
}

/// Whoever is kept waiting by these gets an answer all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_a_length_that_lies_takes_nothing_of_the_next_request() {
    let api = Api::new();
    let served = Served::start(&api).await;
    let address = served.address;
    let body = anything(json!({})).to_string();
    // What is left of the body is no request.
    let short = post(&format!("content-length: {}", body.len() - 1), &body);
    let told = statuses(&exchange(address, &short).await);
    assert!(told.iter().all(|status| (400..500).contains(status)) && told.len() <= 2, "{told:?}");
    let whole = post(&format!("connection: close\r\ncontent-length: {}", body.len()), &body);
    assert_eq!(statuses(&exchange(address, &whole).await), [201]);
    assert_eq!(api.stored().await, 1);
    served.end().await;
}
