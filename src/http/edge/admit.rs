//! The layer around all routes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;

use super::super::Api;
use super::super::code::Code;
use super::super::error::Problem;
use super::access::{Access, Caller};
use super::rate::Client;
use super::{Edge, origin};
use crate::clock::Timestamp;

/// What a route's own guard learns from the layer around all of them.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    pub(super) api: Api,
    pub(super) caller: Caller,
}

/// Refuses requests from where none may come and those that come too often, and notes who asks.
pub(in crate::http) fn admit(api: &Api, now: Timestamp, request: &mut Request) -> Result<(), Problem> {
    let caller = api.edge.admit(request, now)?;
    request.extensions_mut().insert(Admitted { api: Api::clone(api), caller });
    Ok(())
}

impl Edge {
    fn admit(&self, request: &Request, now: Timestamp) -> Result<Caller, Problem> {
        let headers = request.headers();
        if let Access::Local { allowed_hosts } = &self.0.access {
            origin::check(request.method(), request.uri(), headers, allowed_hosts)?;
        }
        let caller = self.0.access.identify(request.method(), headers, now);
        // Whoever watches the process must hear from it however busy it is; the answers cost next to nothing.
        let is_probe = matches!(request.uri().path(), "/live" | "/ready");
        if let Some(rate) = self.0.rate.as_ref().filter(|_| !is_probe) {
            let client = match &caller {
                Caller::Key(key) => Client::Key(key.name().to_owned()),
                Caller::Anyone | Caller::Stranger(_) => Client::at(self.address(request)),
            };
            rate.check(&client).map_err(too_often)?;
        }
        Ok(caller)
    }

    /// Where a request comes from, as far as it is known.
    pub(super) fn address(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let forwarded = self.0.trust_forwarded.then(|| last_forwarded(request.headers())).flatten();
        forwarded.or(peer)
    }
}

/// The last address: the proxy's own word. Whatever stands before it may be the client's invention.
fn last_forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let value = headers.get_all("x-forwarded-for").iter().next_back()?;
    value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

fn too_often(wait: Duration) -> Problem {
    Problem::new(Code::RateLimited, "more requests than this server takes of one client; wait, then send fewer")
        .retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_proxys_own_word_on_the_address_counts() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            last_forwarded(&headers).map(|address| address.to_string())
        };
        assert_eq!(read(&["10.0.0.1, 192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(read(&["10.0.0.1", "2001:db8::1"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(read(&["10.0.0.1, unknown"]), None);
        assert_eq!(read(&[]), None);
    }
}
