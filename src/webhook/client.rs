//! One post: look up, check, connect, send, read the status. Nothing is kept between posts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use journeyman_job::JobError;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::resolve::{Resolve, SystemResolver};
use super::target::{Rules, Target};
use super::trust;
use crate::config::HostPattern;

/// The same in every attempt of one callback.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The number of the attempt, from 1.
const ATTEMPT: &str = "x-journeyman-attempt";

/// How posts are made.
#[derive(Debug, Clone)]
pub struct WebhooksOptions {
    /// Longest that one post may take.
    pub timeout: Duration,
    /// Hosts that may be posted to; `None` for every one.
    pub hosts: Option<Vec<HostPattern>>,
    /// Whether private addresses and any port may be posted to.
    pub allow_private: bool,
    /// Certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// What posts webhooks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Webhooks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    timeout: Duration,
    rules: Rules,
    ca_file: Option<PathBuf>,
    resolver: Box<dyn Resolve>,
    /// Read at the first post: most processes never make one.
    tls: OnceCell<Arc<ClientConfig>>,
}

impl Webhooks {
    pub fn new(options: WebhooksOptions) -> Self {
        Self::with_resolver(options, SystemResolver)
    }

    /// The same with another way to look up names.
    pub fn with_resolver(options: WebhooksOptions, resolver: impl Resolve + 'static) -> Self {
        let WebhooksOptions { timeout, hosts, allow_private, ca_file } = options;
        let rules = Rules { hosts, allow_private };
        Self(Arc::new(Inner { timeout, rules, ca_file, resolver: Box::new(resolver), tls: OnceCell::new() }))
    }

    /// Posts `body`, which is JSON, and gives the status of the answer, from 200 to 299. Other answers are errors: final if
    /// the receiver refuses what was sent, otherwise to be tried again.
    pub async fn post(&self, url: &str, body: &str, key: &str, attempt: u32) -> Result<u16, JobError> {
        let target = Target::parse(url, &self.0.rules).map_err(JobError::fatal)?;
        let posting = self.0.post_to(&target, body, key, attempt);
        let status = timeout(self.0.timeout, posting).await.unwrap_or_else(|_| {
            Err(JobError::new(format!("{target} did not answer within {} s", self.0.timeout.as_secs_f64())))
        })?;
        judged(&target, status)
    }
}

fn judged(target: &Target, status: StatusCode) -> Result<u16, JobError> {
    let number = status.as_u16();
    match number {
        200..=299 => Ok(number),
        408 | 429 => Err(JobError::new(format!("{target} answered {number}"))),
        400..=499 => Err(JobError::fatal(format!("{target} refused the callback with {number}"))),
        300..=399 => Err(JobError::new(format!("{target} answered {number}; redirects are not followed"))),
        _ => Err(JobError::new(format!("{target} answered {number}"))),
    }
}

impl Inner {
    async fn post_to(&self, target: &Target, body: &str, key: &str, attempt: u32) -> Result<StatusCode, JobError> {
        let addresses = self.addresses(target).await?;
        let tls = self.tls().await?;
        let stream = connect(target, &addresses).await?;
        let failed = |what: &str, error: &dyn std::fmt::Display| JobError::new(format!("{target}: {what}: {error}"));
        let name = ServerName::try_from(target.host.clone()).map_err(|error| failed("no name for TLS", &error))?;
        let stream = tls.connect(name, stream).await.map_err(|error| failed("TLS", &error))?;
        let request = request(target, body, key, attempt).map_err(|error| failed("the request", &error))?;
        send(stream, request).await.map_err(|error| failed("the post broke off", &error))
    }

    /// Those that were looked at: the connection is made to one of them, whatever the name leads to a moment later.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, JobError> {
        let addresses = match target.literal() {
            Some(literal) => vec![literal],
            None => {
                let found = self.resolver.resolve(&target.host, target.port).await;
                found.map_err(|error| JobError::new(format!("{target} cannot be looked up: {error}")))?
            }
        };
        if addresses.is_empty() {
            return Err(JobError::new(format!("{target} has no address")));
        }
        target.check_addresses(&addresses, &self.rules).map_err(JobError::fatal)?;
        Ok(addresses)
    }

    async fn tls(&self) -> Result<TlsConnector, JobError> {
        let load = async || {
            let ca_file = self.ca_file.clone();
            let loading = tokio::task::spawn_blocking(move || trust::client_config(ca_file.as_deref()));
            let config = loading.await.map_err(JobError::new)?.map_err(JobError::new)?;
            Ok::<_, JobError>(Arc::new(config))
        };
        Ok(TlsConnector::from(Arc::clone(self.tls.get_or_try_init(load).await?)))
    }
}

async fn connect(target: &Target, addresses: &[SocketAddr]) -> Result<TcpStream, JobError> {
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    let reason = last.map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
    Err(JobError::new(format!("{target} cannot be reached: {reason}")))
}

fn request(target: &Target, body: &str, key: &str, attempt: u32) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    Request::post(target.path.as_str())
        .header(HOST, target.authority.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("journeyman/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .header(IDEMPOTENCY_KEY, key)
        .header(ATTEMPT, attempt)
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
}

/// The status is all that is wanted: what the receiver says beyond it is not read.
async fn send(stream: TlsStream<TcpStream>, request: Request<Full<Bytes>>) -> Result<StatusCode, hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = sender.send_request(request);
    tokio::pin!(connection, answer);
    let response = tokio::select! {
        response = &mut answer => response?,
        ended = &mut connection => {
            ended?;
            answer.await?
        }
    };
    Ok(response.status())
}
