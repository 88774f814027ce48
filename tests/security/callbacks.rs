//! R25: URLs that would make the server post inwards, each where it is handed in and where it is posted to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use journeyman::job::ErrorKind;
use journeyman::webhook::{Resolve, Rules, Webhooks, WebhooksOptions};
use serde_json::json;

use crate::http::api::{Api, anything};
use crate::support::receiver::Receiver;

/// What the text alone gives away.
const REFUSED: [&str; 75] = [
    // Other schemes, and none.
    "http://example.org/",
    "HTTP://example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org:6379/_FLUSHALL",
    "dict://example.org:11211/stats",
    "ldap://example.org/",
    "jar:https://example.org/!/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "unix:///run/docker.sock",
    "ws://example.org/",
    "https:",
    "https://",
    "//example.org/",
    // Private, loopback, link-local, the clouds' own, shared, reserved, multicast.
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/latest/meta-data/",
    "https://127.0.0.1/",
    "https://127.255.255.254/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/v2/credentials",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.0.0.192/opc/v2/",
    "https://192.168.1.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    // The same in other ways of writing an IPv4 address.
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0x7f.1/",
    "https://127.0.0.1./",
    "https://2852039166/latest/meta-data/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://10.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://%31%32%37.0.0.1/",
    "https://127.0.0.1%2f@example.org/",
    // IPv6, and what holds an IPv4 address in it.
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::169.254.169.254]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[ff02::1]/",
    // Credentials.
    "https://example.org@127.0.0.1/",
    "https://127.0.0.1@example.org/",
    "https://user:password@example.org/",
    // Ports of services.
    "https://example.org:6379/",
    "https://example.org:3306/",
    "https://example.org:5432/",
    "https://example.org:22/",
    "https://example.org:0/",
    "https://example.org:65536/",
];

/// What a name can lead to that must not be posted to.
const INSIDE: [&str; 16] = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "fd00:ec2::254",
    "fe80::1",
];

/// Names in forms that another reader than ours might take for something else; what is looked up.
const NAMES: [(&str, &str); 10] = [
    ("https://localhost/", "localhost"),
    ("https://LOCALHOST./", "localhost"),
    ("https://metadata.google.internal/", "metadata.google.internal"),
    ("https://127.0.0.1.nip.io/", "127.0.0.1.nip.io"),
    ("https://example.org.../", "example.org"),
    (r"https://example.org\@127.0.0.1/", "example.org"),
    ("https://example.org#@127.0.0.1/", "example.org"),
    ("https://example.org?@127.0.0.1/", "example.org"),
    ("https://ｌｏｃａｌｈｏｓｔ/", "localhost"),
    ("https://exämple.org/", "xn--exmple-cua.org"),
];

/// Answers in turn, the last one for ever, and keeps the names it was asked for.
#[derive(Debug, Clone)]
struct Answers(Vec<Vec<SocketAddr>>, Arc<Mutex<Vec<String>>>);

impl Answers {
    fn of(answers: &[&[SocketAddr]]) -> Self {
        Self(answers.iter().map(|answer| answer.to_vec()).collect(), Arc::default())
    }

    fn asked(&self) -> Vec<String> {
        self.1.lock().unwrap().clone()
    }
}

#[async_trait]
impl Resolve for Answers {
    async fn resolve(&self, host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        let mut asked = self.1.lock().unwrap();
        asked.push(host.to_owned());
        Ok(self.0[(asked.len() - 1).min(self.0.len() - 1)].clone())
    }
}

fn options(receiver: &Receiver, allow_private: bool) -> WebhooksOptions {
    let ca_file = Some(receiver.ca_file.clone());
    WebhooksOptions { timeout: Duration::from_secs(20), hosts: None, allow_private, ca_file }
}

/// A name that got through would lead to the receiver, which counts.
#[tokio::test]
async fn r25_a_url_that_leads_inside_is_refused_where_it_is_handed_in_and_where_it_is_posted_to() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let resolver = Answers::of(&[&[receiver.address]]);
    let webhooks = Webhooks::with_resolver(options(&receiver, false), resolver.clone());
    let own = receiver.address.port();
    let loopbacks = ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]"];
    let at_the_receiver = loopbacks.map(|host| format!("https://{host}:{own}/"));
    let api = Api::new();
    let mut tried = 0;
    for url in REFUSED.into_iter().chain(at_the_receiver.iter().map(String::as_str)) {
        tried += 1;
        for member in ["on_success", "on_failure"] {
            let answer = api.post(anything(json!({member: url})).to_string()).await;
            let at: Vec<String> = answer.pointers();
            assert_eq!(at, [format!("/{member}")], "{url}");
        }
        assert!(Rules::default().check(url).is_err(), "{url}");
        let error = webhooks.post(url, "{}", "key", 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fatal, "{url}: {error}");
    }
    assert_eq!((api.stored().await, receiver.connections(), resolver.asked().len()), (0, 0, 0));
    assert!(tried >= 80);
}

#[tokio::test]
async fn r25_a_name_that_leads_inside_is_refused_before_any_connection_however_it_is_written() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let inside = |text: &str| SocketAddr::new(text.parse::<IpAddr>().unwrap(), receiver.address.port());
    let public = inside("1.1.1.1");
    for (url, name) in NAMES {
        assert!(Rules::default().check(url).is_ok(), "{url}: what it leads to is seen at the post");
        let resolver = Answers::of(&[&[receiver.address]]);
        let error = Webhooks::with_resolver(options(&receiver, false), resolver.clone());
        let error = error.post(url, "{}", "key", 1).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Fatal && error.message().contains("not public"), "{url}: {error}");
        assert_eq!(resolver.asked(), [name], "{url}");
    }
    for address in INSIDE {
        for answer in [vec![inside(address)], vec![public, inside(address)], vec![inside(address), public]] {
            let resolver = Answers::of(&[&answer]);
            let webhooks = Webhooks::with_resolver(options(&receiver, false), resolver.clone());
            let error = webhooks.post("https://hooks.example.org/", "{}", "key", 1).await.unwrap_err();
            assert!(error.kind() == ErrorKind::Fatal && error.message().contains("not public"), "{address}: {error}");
            assert!(!error.message().contains(address), "{error}");
        }
    }
    assert_eq!(receiver.connections(), 0);
}

/// A name server that answers well when the name is checked, and otherwise a moment later: it is asked once, and each post
/// begins anew.
#[tokio::test]
async fn r25_a_name_that_changes_between_check_and_connection_gains_nothing() {
    let good = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let inside = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let resolver = Answers::of(&[&[good.address], &[inside.address]]);
    let webhooks = Webhooks::with_resolver(options(&good, true), resolver.clone());
    assert_eq!(webhooks.post("https://hooks.example.org:8443/", "{}", "key", 1).await, Ok(200));
    assert_eq!((resolver.asked().len(), good.connections(), inside.connections()), (1, 1, 0));
    let strict = Webhooks::with_resolver(options(&good, false), resolver.clone());
    for _ in 0..3 {
        let error = strict.post("https://hooks.example.org:8443/", "{}", "key", 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fatal);
    }
    assert_eq!((resolver.asked().len(), good.connections(), inside.connections()), (4, 1, 0));
}

#[tokio::test]
async fn r25_no_kind_of_redirect_is_followed() {
    for answer in [
        "HTTP/1.1 301 Moved\r\nlocation: https://localhost/\r\n\r\n",
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:6379/\r\n\r\n",
        "HTTP/1.1 303 See Other\r\nlocation: //169.254.169.254/\r\n\r\n",
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\n\r\n",
        "HTTP/1.1 308 Permanent Redirect\r\nlocation: gopher://127.0.0.1/\r\n\r\n",
        "HTTP/1.1 300 Multiple Choices\r\nrefresh: 0; url=https://127.0.0.1/\r\n\r\n",
    ] {
        let receiver = Receiver::answering(answer).await;
        let resolver = Answers::of(&[&[receiver.address]]);
        let webhooks = Webhooks::with_resolver(options(&receiver, true), resolver.clone());
        let error = webhooks.post("https://hooks.example.org/", "{}", "key", 1).await.unwrap_err();
        assert!(error.message().ends_with("redirects are not followed"), "{error}");
        assert_eq!((receiver.connections(), resolver.asked().len()), (1, 1), "{answer}");
    }
}

/// Line breaks in a URL end no header.
#[tokio::test]
async fn r25_a_url_writes_no_header_of_its_own() {
    let mut receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    for path in ["a\r\nx-injected: 1", "a HTTP/1.1\r\nx-injected: 1\r\n\r\n", "?\nx-injected:1", "%0d%0ax-injected:1"] {
        let webhooks = Webhooks::with_resolver(options(&receiver, true), Answers::of(&[&[receiver.address]]));
        assert_eq!(webhooks.post(&format!("https://hooks.example.org/{path}"), "{}", "key", 1).await, Ok(200));
        let post = receiver.posts.recv().await.unwrap();
        let (head, _) = post.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("x-injected")), "{post}");
        assert_eq!(head.lines().filter(|line| line.ends_with("HTTP/1.1")).count(), 1, "{post}");
    }
}
