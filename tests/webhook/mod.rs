//! R25: posts to a receiver of our own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use journeyman::config::HostPattern;
use journeyman::job::{ErrorKind, JobError};
use journeyman::webhook::{Resolve, Webhooks, WebhooksOptions};

use crate::support::receiver::Receiver;

fn options(receiver: &Receiver) -> WebhooksOptions {
    let ca_file = Some(receiver.ca_file.clone());
    WebhooksOptions { timeout: Duration::from_secs(20), hosts: None, allow_private: true, ca_file }
}

async fn post(receiver: &Receiver) -> Result<u16, JobError> {
    Webhooks::new(options(receiver)).post(&receiver.url(), r#"{"a":[ 1 ]}"#, "the-key", 2).await
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
    assert_eq!(post(&receiver).await, Ok(204));
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
        let error = post(&Receiver::answering(answer).await).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer}: {error}");
        assert!(!error.message().contains("canary"), "{error}");
    }
}

/// R25: not to http, not to another host, not to the same one.
#[tokio::test]
async fn r25_a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://169.254.169.254/\r\n\r\n";
    let receiver = Receiver::answering(answer).await;
    let error = post(&receiver).await.unwrap_err();
    assert!(error.message().ends_with("answered 307; redirects are not followed"), "{error}");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn r25_a_receiver_that_falls_silent_is_given_up() {
    let receiver = Receiver::answering("").await;
    let changed = WebhooksOptions { timeout: Duration::from_millis(300), ..options(&receiver) };
    let error = Webhooks::new(changed).post(&receiver.url(), "{}", "key", 1).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Error && error.message().contains("did not answer within 0.3 s"), "{error}");
}

/// R25: a name that leads inside, by an entry of its owner's or a change between two look-ups.
#[tokio::test]
async fn r25_a_name_that_leads_to_a_private_address_is_refused_before_any_connection() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let resolver = LeadsTo(receiver.address, Arc::default());
    let changed = WebhooksOptions { allow_private: false, ..options(&receiver) };
    let webhooks = Webhooks::with_resolver(changed, resolver);
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
    let webhooks = Webhooks::with_resolver(options(&receiver), resolver.clone());
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
    let changed = WebhooksOptions { ca_file: Some(stranger.ca_file.clone()), ..options(&receiver) };
    let error = Webhooks::new(changed).post(&receiver.url(), "{}", "key", 1).await.unwrap_err();
    assert!(error.message().contains("TLS"), "{error}");
    assert!(receiver.posts.try_recv().is_err());
}

#[tokio::test]
async fn r25_only_hosts_of_the_list_are_posted_to() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let hosts = HostPattern::read("*.example.org").unwrap();
    let changed = WebhooksOptions { hosts: Some(vec![hosts]), ..options(&receiver) };
    let error = Webhooks::new(changed).post(&receiver.url(), "{}", "key", 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fatal);
    assert!(error.message().contains("callbacks.hosts"), "{error}");
    assert_eq!(receiver.connections(), 0);
}
