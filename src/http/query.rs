//! The part of an address behind its question mark.

use std::fmt::Display;
use std::num::ParseIntError;
use std::str::FromStr;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::code::Code;
use super::error::Problem;

/// The parameters of a query, taken one by one by name; [`done`](Self::done) refuses what nobody took.
#[derive(Debug)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// A parameter, if it is there. An empty one is refused as any other text that is no `T`: a variable that is not set
    /// in a script must not ask for everything.
    pub fn take<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let mut given = self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let Some(value) = given.next() else { return Ok(None) };
        if given.next().is_some() {
            return Err(refused(name, &"is given twice"));
        }
        drop(given);
        let shown: String = value.chars().take(100).collect();
        value.parse().map(Some).map_err(|error| refused(name, &format_args!("{shown:?} is not valid: {error}")))
    }

    /// A parameter that must be there.
    pub fn need<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, Problem> {
        self.take(name)?.ok_or_else(|| refused(name, &"is missing from the address"))
    }

    /// Refuses parameters that mean nothing here: a slip in a name must not be taken for its absence.
    pub fn done(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let shown: String = name.chars().take(100).collect();
                Err(Problem::new(Code::InvalidParameter, format!("{shown:?} in the address means nothing here")))
            }
        }
    }
}

pub(super) fn refused(name: &str, why: &dyn Display) -> Problem {
    Problem::new(Code::InvalidParameter, format!("{name}: {why}"))
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let given = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let refuse = |error: QueryRejection| Problem::new(Code::InvalidParameter, error.to_string());
        given.map(|Query(pairs)| Self(pairs)).map_err(refuse)
    }
}

/// Entries on one page: 1 to `MAX`, and `USUAL` where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize<const USUAL: usize = 50, const MAX: usize = 100>(pub usize);

impl<const USUAL: usize, const MAX: usize> Default for PageSize<USUAL, MAX> {
    fn default() -> Self {
        Self(USUAL)
    }
}

/// What is no page size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageSizeError {
    #[error(transparent)]
    NoNumber(#[from] ParseIntError),
    #[error("give 1 to {0}")]
    Range(usize),
}

impl<const USUAL: usize, const MAX: usize> FromStr for PageSize<USUAL, MAX> {
    type Err = PageSizeError;

    fn from_str(text: &str) -> Result<Self, PageSizeError> {
        let size = text.parse()?;
        if (1..=MAX).contains(&size) { Ok(Self(size)) } else { Err(PageSizeError::Range(MAX)) }
    }
}
