//! Who asks, for a handler that has to say it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::super::error::Problem;
use super::access::Caller;
use super::admit::Admitted;
use crate::access::Scopes;

/// Who asks.
#[derive(Debug)]
pub(in crate::http) struct Asker {
    /// Of the key.
    pub(in crate::http) name: Option<String>,
    /// Of the key; none where no key is needed.
    pub(in crate::http) scopes: Option<Scopes>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get() {
            Some(Admitted { caller: Caller::Anyone, .. }) => Ok(Self { name: None, scopes: None }),
            Some(Admitted { caller: Caller::Key(key), .. }) => {
                Ok(Self { name: Some(key.name().to_owned()), scopes: Some(key.scopes()) })
            }
            Some(Admitted { caller: Caller::Stranger(problem), .. }) => Err(problem.clone()),
            None => Err(Problem::internal(&"a route without the layer that admits")),
        }
    }
}
