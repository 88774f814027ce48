//! Who asks.

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, Method};

use super::super::code::Code;
use super::super::error::Problem;
use super::origin;
use crate::access::{ApiKey, Keys, Scope, Stranger};
use crate::clock::Timestamp;

/// The cookie that a browser sends its key in.
pub(in crate::http) const KEY_COOKIE: &str = "journeyman_key";

/// Whom the router lets in.
#[derive(Debug, Clone)]
pub enum Access {
    /// Whoever reaches it.
    Open,
    /// This machine's own programs. They reach it under its own names only, or under `allowed_hosts`, and no page of
    /// another site may change anything through a browser here.
    Local { allowed_hosts: Vec<String> },
    /// Whoever has a key.
    Keys(Keys),
}

/// Who asks, as far as it is known.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// No key is needed.
    Anyone,
    Key(ApiKey),
    /// Without a key, or with one that is none: good for what is open to all.
    Stranger(Problem),
}

impl Access {
    pub(super) fn identify(&self, method: &Method, headers: &HeaderMap, now: Timestamp) -> Caller {
        let Self::Keys(keys) = self else { return Caller::Anyone };
        let presented = match (headers.contains_key(AUTHORIZATION), bearer(headers)) {
            (_, Some(token)) => Ok(token),
            (true, None) => Err(key_required()),
            (false, None) => cookie(method, headers),
        };
        match presented.and_then(|presented| recognised(keys, presented, now)) {
            Ok(key) => Caller::Key(key),
            Err(problem) => Caller::Stranger(problem),
        }
    }

    /// Whether this would be let in as a key.
    pub(super) fn recognise(&self, presented: &str, now: Timestamp) -> Result<(), Problem> {
        match self {
            Self::Keys(keys) => recognised(keys, presented, now).map(drop),
            Self::Open | Self::Local { .. } => Ok(()),
        }
    }
}

fn recognised(keys: &Keys, presented: &str, now: Timestamp) -> Result<ApiKey, Problem> {
    keys.find(presented, now).map_err(|stranger| match stranger {
        Stranger::Unknown => Problem::new(Code::KeyInvalid, "this is no key of this server"),
        Stranger::Expired => Problem::new(Code::KeyInvalid, "this key has expired"),
    })
}

fn key_required() -> Problem {
    Problem::new(Code::KeyRequired, "send an API key as `Authorization: Bearer KEY`")
}

impl Caller {
    /// Whether it has a key that is good for `scope`, or any key if none is named.
    pub(super) fn may(&self, scope: Option<Scope>) -> Result<(), Problem> {
        match (self, scope) {
            (Self::Anyone, _) | (Self::Key(_), None) => Ok(()),
            (Self::Key(key), Some(scope)) if key.scopes().allow(scope) => Ok(()),
            (Self::Key(key), Some(scope)) => {
                let detail = format!("this needs the scope {scope}; key {} has {}", key.name(), key.scopes());
                Err(Problem::new(Code::ScopeMissing, detail))
            }
            (Self::Stranger(problem), _) => Err(problem.clone()),
        }
    }
}

/// The token of `Authorization: Bearer`, the scheme in any case. Two such headers are none: proxies differ in which one
/// they believe.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The key of a browser's session. A browser sends it with whatever page asks, so a change must come from one of ours.
fn cookie<'a>(method: &Method, headers: &'a HeaderMap) -> Result<&'a str, Problem> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, key) = pairs.find(|(name, _)| *name == KEY_COOKIE).ok_or_else(key_required)?;
    if !method.is_safe() && !origin::is_ours(headers) {
        let detail =
            "a session changes things from this server's own pages only; send the key as `Authorization: Bearer KEY`";
        return Err(Problem::new(Code::CrossSite, detail));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::{HOST, HeaderName, ORIGIN};

    use super::*;

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(read(&["Bearer jmk_1"]).as_deref(), Some("jmk_1"));
        assert_eq!(read(&["bearer  jmk_1 "]).as_deref(), Some("jmk_1"));
        for none in [&["jmk_1"][..], &["Basic jmk_1"], &[], &["Bearer a", "Bearer b"]] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_session_is_read_from_among_other_cookies_and_changes_nothing_for_other_sites() {
        let site = HeaderName::from_static("sec-fetch-site");
        let read = |method: Method, given: &[(HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.append(name, HeaderValue::from_static(value));
            }
            cookie(&method, &headers).map(str::to_owned).map_err(|problem| problem.code)
        };
        let session = (COOKIE, "a=b; journeyman_key=jmk_1; c=d=e");
        assert_eq!(read(Method::GET, std::slice::from_ref(&session)).as_deref(), Ok("jmk_1"));
        assert_eq!(read(Method::GET, &[(COOKIE, "xjourneyman_key=jmk_1")]), Err(Code::KeyRequired));
        assert_eq!(read(Method::GET, &[]), Err(Code::KeyRequired));
        let own = (site.clone(), "same-origin");
        assert_eq!(read(Method::POST, &[session.clone(), own]).as_deref(), Ok("jmk_1"));
        let by_origin = [session.clone(), (HOST, "jobs.internal"), (ORIGIN, "https://jobs.internal")];
        assert_eq!(read(Method::DELETE, &by_origin).as_deref(), Ok("jmk_1"));
        for other in ["same-site", "cross-site", "none"] {
            assert_eq!(read(Method::POST, &[session.clone(), (site.clone(), other)]), Err(Code::CrossSite), "{other}");
        }
        assert_eq!(read(Method::POST, &[session, (ORIGIN, "null")]), Err(Code::CrossSite));
    }
}
