//! Which jobs are meant, as an address says it.

use std::convert::Infallible;
use std::str::FromStr;

use chrono::DateTime;

use super::super::error::Problem;
use super::super::query::{Params, refused};
use crate::clock::Timestamp;
use crate::queue::operations::{Filter, Text, Within};

/// Takes the parameters of a filter.
pub(super) fn taken(params: &mut Params) -> Result<Filter, Problem> {
    let text: Option<Verbatim> = params.take("text")?;
    let within: Option<Within> = params.take("text_in")?;
    let since: Option<Moment> = params.take("since")?;
    let until: Option<Moment> = params.take("until")?;
    let text = text.map(|Verbatim(text)| Text::new(&text, within.unwrap_or_default())).transpose();
    Ok(Filter {
        queue: params.take("queue_name")?,
        state: params.take("state")?,
        task_type: params.take("task_type")?,
        tag: params.take("tag")?,
        text: text.map_err(|error| refused("text", &error))?,
        since: since.map(|Moment(time)| time),
        until: until.map(|Moment(time)| time),
    })
}

/// Any text.
struct Verbatim(String);

impl FromStr for Verbatim {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// A time as the API writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub Timestamp);

/// What is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give an RFC 3339 time such as 2030-01-01T09:00:00Z, with %2B for the + of an offset")]
pub(super) struct NoMoment;

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let read = DateTime::parse_from_rfc3339(text).map_err(|_| NoMoment)?;
        Ok(Self(Timestamp::from_datetime(read.to_utc())))
    }
}
