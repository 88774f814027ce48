//! Where a request comes from, when no key says who sends it.
//!
//! On loopback any program of this machine may ask, and so may every page that a browser here has open. Two things keep
//! such a page out. It can let its own name point at 127.0.0.1 (DNS rebinding), but the request then carries that name
//! as its host. And it can send a request elsewhere without asking first, but browsers say then whose page it is.

use std::net::IpAddr;

use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};

use super::super::code::Code;
use super::super::error::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a host that is not this machine's, and a change that another site's page asks for.
pub(super) fn check(method: &Method, uri: &Uri, headers: &HeaderMap, allowed: &[String]) -> Result<(), Problem> {
    let hosts = headers.get_all(HOST).iter().map(|value| value.to_str().unwrap_or("(not text)"));
    for host in hosts.chain(uri.authority().map(|authority| authority.as_str())) {
        if !is_own(host, allowed) {
            let shown: String = host.chars().take(100).collect();
            let detail = format!(
                "without API keys this server answers to localhost only, not to {shown:?}; name it in \
                 http.allowed_hosts, or make keys with `journeyman key new`"
            );
            return Err(Problem::new(Code::HostRefused, detail));
        }
    }
    if !method.is_safe() && is_cross_site(headers) {
        let detail = "a page of another site asks for this; without API keys only programs of this machine may";
        return Err(Problem::new(Code::CrossSite, detail));
    }
    Ok(())
}

/// Whether a host, with or without a port, is a name of this machine.
fn is_own(host: &str, allowed: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&name);
    address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        || name == "localhost"
        || name.ends_with(".localhost")
        || allowed.contains(&name)
}

/// Whether a browser says that one of this server's own pages asks.
pub(super) fn is_ours(headers: &HeaderMap) -> bool {
    let says_so = match headers.get(SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => headers.contains_key(ORIGIN),
    };
    says_so && !is_cross_site(headers)
}

/// What browsers say of themselves; programs say neither.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text(SEC_FETCH_SITE) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN) else { return false };
    let of_origin = origin.split_once("://").map(|(_, host)| host);
    of_origin.is_none() || of_origin != text(HOST)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(method: &Method, headers: &[(HeaderName, &'static str)]) -> Result<(), Code> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        check(method, &Uri::from_static("/"), &map, &["jobs.internal".to_owned()]).map_err(|problem| problem.code)
    }

    #[test]
    fn r45_without_keys_only_this_machines_own_names_are_answered_to() {
        for own in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "app.localhost:1",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]",
            "[::1]:8080",
            "jobs.internal:8080",
        ] {
            assert_eq!(asked(&Method::GET, &[(HOST, own)]), Ok(()), "{own}");
        }
        for other in
            ["evil.example", "evil.example:8080", "localhost.evil.example", "10.0.0.1", "[2001:db8::1]:80", "", "::1x"]
        {
            assert_eq!(asked(&Method::GET, &[(HOST, other)]), Err(Code::HostRefused), "{other}");
        }
        assert_eq!(asked(&Method::GET, &[]), Ok(()), "a browser always sends one");
        let absolute = Uri::from_static("http://evil.example/live");
        assert!(check(&Method::GET, &absolute, &HeaderMap::new(), &[]).is_err());
    }

    #[test]
    fn r45_a_page_of_another_site_changes_nothing() {
        let host = (HOST, "localhost:8080");
        for (headers, refused) in [
            (vec![], false),
            (vec![(SEC_FETCH_SITE, "same-origin")], false),
            (vec![(SEC_FETCH_SITE, "none")], false),
            (vec![(SEC_FETCH_SITE, "same-site")], true),
            (vec![(SEC_FETCH_SITE, "cross-site")], true),
            (vec![(ORIGIN, "http://localhost:8080")], false),
            (vec![(ORIGIN, "http://localhost:3000")], true),
            (vec![(ORIGIN, "https://evil.example")], true),
            (vec![(ORIGIN, "null")], true),
        ] {
            let headers: Vec<_> = [host.clone()].into_iter().chain(headers).collect();
            for method in [Method::POST, Method::DELETE, Method::PUT] {
                assert_eq!(asked(&method, &headers).is_err(), refused, "{method} {headers:?}");
            }
            assert_eq!(asked(&Method::GET, &headers), Ok(()), "{headers:?}");
        }
    }
}
