//! What one client, and all of them together, may hold of this server.

use std::time::Duration;

/// Limits on connections and request heads. The body has its own, see [`collect`](crate::http::body::collect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLimits {
    /// Most connections open at once; further ones wait in the kernel's backlog until one closes. Default 1024; 0
    /// counts as 1. Each costs a file descriptor, so keep it below the process's limit on those.
    pub max_connections: usize,
    /// Most connections of one address; further ones are closed at once. Default none: behind a proxy all have one.
    pub max_connections_per_address: Option<usize>,
    /// Longest wait for a complete request head, counted from accept or from the end of the previous response; past
    /// it the socket is closed without an answer. So it bounds slow heads, silent sockets and idle keep-alive alike.
    /// Default 10 s.
    pub header_read_timeout: Duration,
    /// Longest that an answer may wait for a client that reads nothing of it; past it the connection is closed. Default 30 s.
    pub write_timeout: Duration,
    /// Most header lines in one request, also in chunked trailers; more is answered 431. Default 100.
    pub max_headers: usize,
    /// Largest request head (request line and headers), bytes; larger is answered 431. Default 64 KiB. A connection's
    /// read buffer takes the same bound, but not below hyper's least, 8 KiB.
    pub max_head_bytes: usize,
    /// How long after the shutdown connections and requests are still taken, so that load balancers can look elsewhere
    /// before the port closes. Default 0 s.
    pub drain_delay: Duration,
    /// How long requests open once the port is closed may go on, all together, before their connections are cut. Default 5 s.
    pub drain_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_connections_per_address: None,
            header_read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            max_headers: 100,
            max_head_bytes: 64 * 1024,
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(5),
        }
    }
}
