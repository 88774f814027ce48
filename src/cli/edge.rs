//! Who may ask a server, as configured.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tracing::{info, warn};

use super::Failure;
use crate::access::{Keys, read_file};
use crate::config::{Config, HttpConfig, RateLimit};
use crate::http::{Access, Edge, EdgeOptions};

/// Requests a second of one client where there are keys and nothing else is said.
const USUAL_RATE: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);
/// How soon a key that was taken out of the file is refused.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// With keys, whoever has one; without, this machine alone. Refuses to let the network in without keys.
pub(super) fn access(http: &HttpConfig, bind: SocketAddr) -> Result<Access, Failure> {
    let given = http.has_keys();
    if !given && !bind.ip().is_loopback() {
        return Err(Failure::Other(format!(
            "refusing to listen on {bind}: without API keys only this machine may reach the API; make a key with \
             `journeyman key new --name NAME --scope admin` and put the line it prints into JOURNEYMAN_API_KEYS, or bind \
             to 127.0.0.1"
        )));
    }
    if !given {
        let names = http.allowed_hosts.iter().flatten().map(|name| name.as_str().to_owned());
        return Ok(Access::Local { allowed_hosts: names.collect() });
    }
    let keys = Keys::default();
    load(http, &keys).map_err(Failure::Other)?;
    if let Some(path) = &http.api_keys_file {
        tokio::spawn(follow(path.clone(), http.clone(), keys.clone()));
    }
    Ok(Access::Keys(keys))
}

pub(super) fn edge(config: &Config, access: Access) -> Edge {
    let http = &config.http;
    let rate = match (http.rate_limit, &access) {
        (Some(RateLimit::PerSecond(rate)), _) => Some(rate),
        (None, Access::Keys(_)) => Some(USUAL_RATE),
        (Some(RateLimit::Off), _) | (None, Access::Local { .. } | Access::Open) => None,
    };
    Edge::new(EdgeOptions {
        access,
        rate,
        trust_forwarded: http.trust_forwarded,
        max_queue_depth: http.max_queue_depth,
        max_in_flight: http.max_in_flight,
        metrics_open: config.metrics.open,
    })
}

fn load(http: &HttpConfig, keys: &Keys) -> Result<(), String> {
    let of_file = http.api_keys_file.as_deref().map(read_file).transpose().map_err(|error| error.to_string())?;
    let all = http.api_keys.iter().flatten().cloned().chain(of_file.into_iter().flatten());
    keys.replace(all.collect())
}

/// Reads the keys again whenever their file has changed. A file that cannot be used leaves the keys as they are.
async fn follow(path: PathBuf, http: HttpConfig, keys: Keys) {
    let mut seen = mark(&path);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = mark(&path);
        if now == seen {
            continue;
        }
        seen = now;
        match load(&http, &keys) {
            Ok(()) => info!(path = %path.display(), "API keys read again"),
            Err(error) => warn!(error, "the API keys stay as they were"),
        }
    }
}

/// What changes with a file.
fn mark(path: &std::path::Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}
