//! Settings of the HTTP server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::WorkerConfig;
use super::rate::{HostName, RateLimit};
use super::reader::{Reader, settings};
use crate::access::ApiKey;

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
        /// Longest time a client may read nothing of an answer that waits for it.
        write_timeout: Duration = "30", env "JOURNEYMAN_HTTP_WRITE_TIMEOUT", within SHORTEST..=LONGEST;
        /// How long after a signal to stop requests are still taken while /ready already says 503, so that load balancers
        /// look elsewhere in time; part of worker.grace_shutdown_period, 0 = not at all.
        drain_delay: Duration = "0", env "JOURNEYMAN_HTTP_DRAIN_DELAY", within Duration::ZERO..=LONGEST;
        /// Deepest nesting of arrays and objects in a JSON body.
        // serde_json itself gives up at 128.
        max_depth: usize = "64", env "JOURNEYMAN_HTTP_MAX_DEPTH", within 1..=127;
        /// API keys, each as `journeyman key new` prints it: name:scopes:sha256, with an optional time of expiry.
        api_keys: Option<Vec<ApiKey>> = "", env "JOURNEYMAN_API_KEYS";
        /// File with one such key a line; read again when it changes.
        api_keys_file: Option<PathBuf> = "", env "JOURNEYMAN_API_KEYS_FILE";
        /// Without keys: names beside localhost under which a proxy on this machine may ask.
        allowed_hosts: Option<Vec<HostName>> = "", env "JOURNEYMAN_HTTP_ALLOWED_HOSTS";
        /// Whether there are pages at /dashboard/; they show nothing without a key where there are keys.
        dashboard: bool = "true", env "JOURNEYMAN_HTTP_DASHBOARD";
        /// Requests a second for each key, or each address without one; off for none. Not set: 1000 with keys, else off.
        rate_limit: Option<RateLimit> = "", env "RATE_LIMIT";
        /// Whether a proxy in front is believed when it names the client's address in X-Forwarded-For.
        trust_forwarded: bool = "false", env "JOURNEYMAN_HTTP_TRUST_FORWARDED";
        /// Jobs of a queue that have not ended, from which on it takes no more over HTTP; not set for no limit.
        max_queue_depth: Option<u64> = "", env "MAX_QUEUE_DEPTH", within 1..=u64::MAX;
        /// Requests of the API worked on at the same time; further ones are answered 503 at once.
        max_in_flight: usize = "512", env "JOURNEYMAN_HTTP_MAX_IN_FLIGHT", within 1..=1_000_000;
        /// Connections of one address at the same time; not set for no limit but that of all together.
        max_connections_per_address: Option<usize> = "", env "JOURNEYMAN_HTTP_MAX_CONNECTIONS_PER_ADDRESS",
            within 1..=1_000_000;
    }
}

impl HttpConfig {
    /// Some of the grace period has to be left for requests that are under way when the port closes.
    pub(super) fn check(&self, worker: &WorkerConfig, reader: &mut Reader<'_>) {
        if !self.drain_delay.is_zero() && self.drain_delay >= worker.grace_shutdown_period {
            let grace = humantime::format_duration(worker.grace_shutdown_period);
            let rule = format!("give a delay shorter than the grace period, {grace}, or a longer grace period");
            reader.conflict(&["http.drain_delay", "worker.grace_shutdown_period"], rule);
        }
    }

    /// Whether callers need an API key.
    pub fn has_keys(&self) -> bool {
        self.api_keys.is_some() || self.api_keys_file.is_some()
    }
}
