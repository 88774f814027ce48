//! Raw sockets against a real listener: what hostile, slow and unlucky clients get. Waits are on conditions, each under
//! [`PATIENCE`]; limits are short so that passing them is quick.

mod bodies;
mod capacity;
mod heads;
mod readers;
mod shutdown;

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;

/// Far above any limit set here, far below any default a fault would fall back to.
const PATIENCE: Duration = Duration::from_secs(8);
/// What a test sets the limit to that it is about.
const SHORT: Duration = Duration::from_millis(200);
/// What it sets the others to.
const LONG: Duration = Duration::from_secs(60);

const GET: &str = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";
const HALF_A_HEAD: &str = "GET / HTTP/1.1\r\nhost: te";

fn patient() -> ServerLimits {
    ServerLimits { header_read_timeout: LONG, write_timeout: LONG, drain_timeout: LONG, ..ServerLimits::default() }
}

fn hello() -> Router {
    Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { format!("hello {peer}") }))
}

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<Drained>,
}

impl Server {
    async fn start(router: Router, limits: ServerLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
        Self { address, shutdown, task }
    }

    async fn client(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// Shuts down and waits for the end.
    async fn stop(self) -> Drained {
        self.shutdown.cancel();
        timeout(PATIENCE, self.task).await.expect("the server did not stop").unwrap()
    }
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything up to the server's close. A reset fails the test: it could have cost the client the answer.
    async fn rest(&mut self) -> String {
        let mut text = String::new();
        timeout(PATIENCE, self.0.read_to_string(&mut text)).await.expect("the server did not close").unwrap();
        text
    }

    /// Reads until `end` has come.
    async fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.contains(end) {
            let mut bytes = [0; 1024];
            let read = timeout(PATIENCE, self.0.read(&mut bytes)).await.expect("no answer in time").unwrap();
            assert_ne!(read, 0, "closed after {text:?}");
            text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        text
    }

    /// One request on a connection that stays open.
    async fn greet(&mut self) {
        let me = self.0.local_addr().unwrap();
        self.send(GET).await;
        let answer = self.until(&format!("hello {me}")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
