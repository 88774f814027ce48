//! Settings of the HTTP server.

use std::net::SocketAddr;
use std::time::Duration;

use super::reader::settings;

/// Longest time a client may be given for one step, an hour.
const LONGEST: Duration = Duration::from_secs(3600);
const SHORTEST: Duration = Duration::from_millis(10);

settings! {
    /// Where the HTTP server listens and how much it takes from a client.
    pub struct HttpConfig in "http" {
        /// IP address and port to listen on; port 0 lets the system choose.
        bind: SocketAddr = "127.0.0.1:8080", env "JOURNEYMAN_BIND";
        /// Largest request body, bytes.
        max_body: usize = "2097152", env "JOURNEYMAN_HTTP_MAX_BODY", within 1..=16 * 1024 * 1024;
        /// Connections served at the same time.
        max_connections: usize = "1024", env "JOURNEYMAN_HTTP_MAX_CONNECTIONS", within 1..=1_000_000;
        /// Longest time a client may take to send the head of a request.
        header_timeout: Duration = "10", env "JOURNEYMAN_HTTP_HEADER_TIMEOUT", within SHORTEST..=LONGEST;
        /// Longest time a client may take to send the body of a request.
        body_timeout: Duration = "30", env "JOURNEYMAN_HTTP_BODY_TIMEOUT", within SHORTEST..=LONGEST;
        /// Deepest nesting of arrays and objects in a JSON body.
        // serde_json itself gives up at 128.
        max_depth: usize = "64", env "JOURNEYMAN_HTTP_MAX_DEPTH", within 1..=127;
    }
}
