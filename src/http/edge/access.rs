//! Who asks.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::super::code::Code;
use super::super::error::Problem;
use crate::access::{ApiKey, Keys, Scope, Stranger};
use crate::clock::Timestamp;

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
    pub(super) fn identify(&self, headers: &HeaderMap, now: Timestamp) -> Caller {
        let Self::Keys(keys) = self else { return Caller::Anyone };
        let refused = |code, detail| Caller::Stranger(Problem::new(code, detail));
        let Some(presented) = bearer(headers) else {
            return refused(Code::KeyRequired, "send an API key as `Authorization: Bearer KEY`");
        };
        match keys.find(presented, now) {
            Ok(key) => Caller::Key(key),
            Err(Stranger::Unknown) => refused(Code::KeyInvalid, "this is no key of this server"),
            Err(Stranger::Expired) => refused(Code::KeyInvalid, "this key has expired"),
        }
    }
}

impl Caller {
    pub(super) fn may(&self, scope: Scope) -> Result<(), Problem> {
        match self {
            Self::Anyone => Ok(()),
            Self::Key(key) if key.scopes().allow(scope) => Ok(()),
            Self::Key(key) => {
                let detail = format!("this needs the scope {scope}; key {} has {}", key.name(), key.scopes());
                Err(Problem::new(Code::ScopeMissing, detail))
            }
            Self::Stranger(problem) => Err(problem.clone()),
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

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
}
