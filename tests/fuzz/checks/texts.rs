//! Texts of callers and operators.

use std::fmt::Debug;
use std::net::IpAddr;
use std::str::FromStr;

use journeyman::access::{ApiKey, Scopes};
use journeyman::config::{Config, HostPattern, Sources};
use journeyman::job::{Callback, JobId, QueueName};
use journeyman::queue::WorkerId;
use journeyman::queue::operations::Place;
use journeyman::webhook::Rules;
use url::{Host, Url};

/// What is taken is written as it was read, or in a form that is read as the same.
fn comes_back<T: FromStr + ToString + PartialEq + Debug>(text: &str) {
    if let Ok(read) = T::from_str(text) {
        let written = read.to_string();
        assert_eq!(T::from_str(&written).ok(), Some(read), "{written:?} of {text:?}");
    }
}

pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    comes_back::<QueueName>(&text);
    comes_back::<JobId>(&text);
    comes_back::<Place>(&text);
    comes_back::<Scopes>(&text);
    if let Ok(name) = QueueName::new(&text) {
        assert!(name.as_str().bytes().all(|byte| byte.is_ascii_graphic() && !b":{}*?[]'\"%/\\".contains(&byte)));
        assert!((1..=255).contains(&name.as_str().len()));
    }
    if let Ok(worker) = WorkerId::new(&text) {
        assert!(!worker.as_str().contains(char::is_control));
    }
    if let Ok(key) = text.parse::<ApiKey>() {
        assert_eq!(key.line().parse::<ApiKey>().as_ref(), Ok(&key));
    }
}

/// A URL that passes leads nowhere inside by its text, and uses no other scheme.
pub fn callback(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(callback) = Callback::parse(&text) {
        assert_eq!(callback.as_str(), text);
    }
    let _ = HostPattern::read(&text);
    if Rules::default().check(&text).is_err() {
        return;
    }
    let url = Url::parse(&text).expect("it was read before");
    assert_eq!((url.scheme(), url.username(), url.password()), ("https", "", None));
    let address: Option<IpAddr> = match url.host().expect("it has a host") {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.to_ipv4_mapped().map_or(address.into(), IpAddr::V4)),
        Host::Domain(name) => name.trim_end_matches('.').parse().ok(),
    };
    assert!(!address.is_some_and(is_inside), "{text:?}");
}

fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified()
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unspecified() || address.is_unique_local(),
    }
}

/// Settings of any text are read or refused, the same way each time, and the canary of a password is never told.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let environment: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let canary = "canary-7f3a";
    let url = format!("redis://:{canary}@127.0.0.1/{}", text.lines().next().unwrap_or_default());
    let dotenv = vec![("REDIS_URL".to_owned(), url), ("DB_PASS".to_owned(), canary.to_owned())];
    let sources = Sources { environment, dotenv, ..Sources::default() };
    let load = || match Config::load(&sources) {
        Ok(loaded) => format!("{loaded:?}"),
        Err(errors) => format!("{errors} {errors:?}"),
    };
    let told = load();
    assert!(text.contains(canary) || !told.contains(canary), "{told}");
    assert_eq!(told, load());
    if let Ok(file) = tempfile::NamedTempFile::new() {
        std::fs::write(file.path(), bytes).expect("a file to write to");
        let _ = Config::load(&Sources { file: Some(file.path().to_owned()), ..Sources::default() });
    }
}
