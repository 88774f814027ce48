//! Addresses of servers, as texts that may hold passwords.

use std::fmt::Write as _;

use super::redis::Host;
use super::secret::MASK;

/// Works on the bare text, because a URL that is wrong must not show its password either: before the last `@`, in place of
/// a port and after a `?` it is masked wherever a secret could be. What is known to be harmless after a `?` is shown.
pub(super) fn masked(text: &str, harmless: &[&str]) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return MASK.to_owned();
    };
    let (credentials, address) = match rest.rsplit_once('@') {
        // A lone name is most likely a password whose colon was forgotten.
        Some((credentials, address)) => {
            let user = credentials.split_once(':').filter(|(user, _)| !user.contains('@'));
            let user = user.map(|(user, _)| format!("{user}:"));
            (format!("{}{MASK}@", user.unwrap_or_default()), address)
        }
        None => (String::new(), rest),
    };
    let (host, port) = host_and_port(address);
    if port.is_some_and(|port| host.is_empty() || port.parse::<u16>().is_err()) {
        // Most likely `user:password` and a host that was forgotten.
        return format!("{scheme}://{credentials}{host}:{MASK}");
    }
    let address = match address.split_once('?') {
        Some((address, query)) => {
            let pairs: Vec<String> = query.split('&').map(|pair| masked_parameter(pair, harmless)).collect();
            format!("{address}?{}", pairs.join("&"))
        }
        None => address.to_owned(),
    };
    format!("{scheme}://{credentials}{address}")
}

/// Of what follows the credentials; an IPv6 host keeps its brackets.
pub(super) fn host_and_port(address: &str) -> (&str, Option<&str>) {
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn masked_parameter(pair: &str, harmless: &[&str]) -> String {
    match pair.split_once('=') {
        // A second sign of equality is of something else that was written behind it.
        Some((name, value)) if !harmless.contains(&name) || value.contains('=') => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

/// A host as it stands in a URL.
pub(super) fn bracketed(Host(host): &Host) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.clone() }
}

/// Everything but RFC 3986's unreserved characters, so that no password can end the credentials early.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
