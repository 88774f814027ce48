//! Posts to a receiver of our own, over TLS.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use journeyman_job::{ErrorKind, JobError};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::{Resolve, Webhooks, WebhooksOptions};

const PATIENCE: Duration = Duration::from_secs(20);

/// Answers every post the same way and hands on what it got.
struct Receiver {
    address: SocketAddr,
    ca_file: PathBuf,
    posts: mpsc::UnboundedReceiver<String>,
    connections: Arc<AtomicUsize>,
    _dir: TempDir,
}

impl Receiver {
    async fn answering(answer: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let own =
            rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "hooks.example.org".to_owned()]).unwrap();
        let ca_file = dir.path().join("ca.pem");
        std::fs::write(&ca_file, own.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let (sender, posts) = mpsc::unbounded_channel();
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let Ok(post) = read_post(&mut stream).await else { return };
                    let _ = sender.send(post);
                    let _ = stream.write_all(answer.as_bytes()).await;
                    // An empty answer is a receiver that has fallen silent.
                    if answer.is_empty() {
                        std::future::pending::<()>().await;
                    }
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { address, ca_file, posts, connections, _dir: dir }
    }

    fn options(&self) -> WebhooksOptions {
        WebhooksOptions { timeout: PATIENCE, hosts: None, allow_private: true, ca_file: Some(self.ca_file.clone()) }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/done?token=canary", self.address.port())
    }

    async fn post(&self) -> Result<u16, JobError> {
        Webhooks::new(self.options()).post(&self.url(), r#"{"a":[ 1 ]}"#, "the-key", 2).await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn read_post(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        if stream.read_buf(&mut text).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let read = String::from_utf8_lossy(&text);
        let Some((head, body)) = read.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(read.into_owned());
        }
    }
}

/// Leads every name to one address, and tells how often it was asked.
#[derive(Debug, Clone)]
struct LeadsTo(SocketAddr, Arc<AtomicUsize>);

#[async_trait]
impl Resolve for LeadsTo {
    async fn resolve(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(vec![self.0])
    }
}

#[tokio::test]
async fn r25_a_post_carries_the_body_as_it_is_and_a_key_that_stays() {
    let mut receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(receiver.post().await, Ok(204));
    let post = receiver.posts.recv().await.unwrap();
    assert!(post.starts_with("POST /done?token=canary HTTP/1.1\r\n"), "{post}");
    for line in [
        format!("host: localhost:{}\r\n", receiver.address.port()),
        "content-type: application/json\r\n".to_owned(),
        "idempotency-key: the-key\r\n".to_owned(),
        "x-journeyman-attempt: 2\r\n".to_owned(),
    ] {
        assert!(post.contains(&line), "{line} in {post}");
    }
    assert!(post.ends_with("\r\n\r\n{\"a\":[ 1 ]}"), "{post}");
}

#[tokio::test]
async fn r25_what_the_receiver_answers_decides_whether_to_try_again() {
    for (answer, kind) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", ErrorKind::Fatal),
        ("HTTP/1.1 404 Not Found\r\n\r\n", ErrorKind::Fatal),
        ("HTTP/1.1 410 Gone\r\n\r\n", ErrorKind::Fatal),
        ("HTTP/1.1 408 Request Timeout\r\n\r\n", ErrorKind::Error),
        ("HTTP/1.1 429 Too Many Requests\r\n\r\n", ErrorKind::Error),
        ("HTTP/1.1 500 Internal Server Error\r\n\r\n", ErrorKind::Error),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", ErrorKind::Error),
        ("nonsense\r\n\r\n", ErrorKind::Error),
    ] {
        let error = Receiver::answering(answer).await.post().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer}: {error}");
        assert!(!error.message().contains("canary"), "{error}");
    }
}

/// R25: not to http, not to another host, not to the same one.
#[tokio::test]
async fn r25_a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://169.254.169.254/\r\n\r\n";
    let receiver = Receiver::answering(answer).await;
    let error = receiver.post().await.unwrap_err();
    assert!(error.message().ends_with("answered 307; redirects are not followed"), "{error}");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn r25_a_receiver_that_falls_silent_is_given_up() {
    let receiver = Receiver::answering("").await;
    let options = WebhooksOptions { timeout: Duration::from_millis(300), ..receiver.options() };
    let error = Webhooks::new(options).post(&receiver.url(), "{}", "key", 1).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Error && error.message().contains("did not answer within 0.3 s"), "{error}");
}

/// R25: a name that leads inside, by an entry of its owner's or a change between two look-ups.
#[tokio::test]
async fn r25_a_name_that_leads_to_a_private_address_is_refused_before_any_connection() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let resolver = LeadsTo(receiver.address, Arc::default());
    let options = WebhooksOptions { allow_private: false, ..receiver.options() };
    let webhooks = Webhooks::with_resolver(options, resolver);
    let url = format!("https://hooks.example.org:{}/canary", receiver.address.port());
    let error = webhooks.post(&url, "{}", "key", 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fatal);
    assert!(error.message().contains("leads to an address that is not public"), "{error}");
    assert!(!error.message().contains("canary") && !error.message().contains("127.0.0.1"), "{error}");
    assert_eq!(receiver.connections(), 0);
}

/// R25: the address that was looked at is the one connected to: the name is looked up once.
#[tokio::test]
async fn r25_the_connection_goes_to_the_address_that_was_checked() {
    let mut receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let resolver = LeadsTo(receiver.address, Arc::default());
    let webhooks = Webhooks::with_resolver(receiver.options(), resolver.clone());
    let url = format!("https://hooks.example.org:{}/", receiver.address.port());
    assert_eq!(webhooks.post(&url, "{}", "key", 1).await, Ok(200));
    assert_eq!(resolver.1.load(Ordering::SeqCst), 1);
    // The name in the URL still is what the certificate and the receiver are asked for.
    assert!(receiver.posts.recv().await.unwrap().contains("host: hooks.example.org:"));
}

#[tokio::test]
async fn r25_a_receiver_that_nobody_vouches_for_gets_nothing() {
    let mut receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let stranger = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let options = WebhooksOptions { ca_file: Some(stranger.ca_file.clone()), ..receiver.options() };
    let error = Webhooks::new(options).post(&receiver.url(), "{}", "key", 1).await.unwrap_err();
    assert!(error.message().contains("TLS"), "{error}");
    assert!(receiver.posts.try_recv().is_err());
}

#[tokio::test]
async fn r25_only_hosts_of_the_list_are_posted_to() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let hosts = crate::config::HostPattern::read("*.example.org").unwrap();
    let options = WebhooksOptions { hosts: Some(vec![hosts]), ..receiver.options() };
    let error = Webhooks::new(options).post(&receiver.url(), "{}", "key", 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fatal);
    assert!(error.message().contains("callbacks.hosts"), "{error}");
    assert_eq!(receiver.connections(), 0);
}
