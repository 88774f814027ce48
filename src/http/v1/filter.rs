//! Which jobs are meant, as an address or a body says it.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;

use chrono::DateTime;
use journeyman_job::QueueName;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::super::error::{Fault, Problem};
use super::super::json;
use super::super::query::{Params, refused};
use super::super::words::{StateWord, WithinWord};
use crate::clock::Timestamp;
use crate::queue::operations::{Action, Filter, Fingerprint, Text, Within};
use crate::queue::{State, WorkerId};

/// Takes the parameters of a filter.
pub(super) fn taken(params: &mut Params) -> Result<Filter, Problem> {
    let text: Option<Verbatim> = params.take("text")?;
    let within: Option<Within> = params.take("text_in")?;
    let since: Option<Moment> = params.take("since")?;
    let until: Option<Moment> = params.take("until")?;
    let text = text.map(|Verbatim(text)| Text::new(&text, within.unwrap_or_default())).transpose();
    let state: Option<State> = params.take("state")?;
    let worker: Option<WorkerId> = params.take("worker")?;
    if let (Some(_), Some(state)) = (&worker, state.filter(|state| *state != State::Reserved)) {
        return Err(refused("worker", &format_args!("no {state} job has one: leave the state out, or name reserved")));
    }
    Ok(Filter {
        queue: params.take("queue_name")?,
        state,
        worker,
        fingerprint: params.take("fingerprint")?,
        task_type: params.take("task_type")?,
        tag: params.take("tag")?,
        text: text.map_err(|error| refused("text", &error))?,
        since: since.map(|Moment(time)| time),
        until: until.map(|Moment(time)| time),
    })
}

/// The same in a body. It names the state of the jobs that are meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkFilter, example = json!({"state": "failed", "queue_name": "default"}))]
pub(super) struct FilterGiven {
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false, pattern = "^[A-Za-z0-9._-]{1,255}$")]
    queue_name: Option<QueueName>,
    /// One that the action is for.
    #[serde(default, deserialize_with = "word_present")]
    #[schema(value_type = StateWord, required = true)]
    state: Option<State>,
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false)]
    task_type: Option<String>,
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false)]
    tag: Option<String>,
    /// In the payload or the latest failure, as they are shown; or the id of a job.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 1000)]
    text: Option<String>,
    /// Where the text is looked for; `any` by default.
    #[serde(default, deserialize_with = "word_present")]
    #[schema(value_type = WithinWord, required = false)]
    text_in: Option<Within>,
    /// Whose latest failure has it, as `GET /api/v1/failures` gives it.
    #[serde(default, deserialize_with = "word_present")]
    #[schema(value_type = String, required = false, pattern = "^[0-9a-f]{16}$")]
    fingerprint: Option<Fingerprint>,
    /// Dispatched then or later.
    #[serde(default, deserialize_with = "word_present")]
    #[schema(value_type = String, required = false, format = DateTime)]
    since: Option<Moment>,
    /// Dispatched then or earlier.
    #[serde(default, deserialize_with = "word_present")]
    #[schema(value_type = String, required = false, format = DateTime)]
    until: Option<Moment>,
}

impl FilterGiven {
    /// The filter, if the action is for jobs that fit it.
    pub(super) fn read(self, action: Action) -> Result<Filter, Fault> {
        let fault = |detail: String| Fault::new("/filter/state", detail);
        let state = self.state.ok_or_else(|| fault(format!("is missing: only {}", action.rule())))?;
        if !action.is_for(state) {
            return Err(fault(format!("is {state}, and so nothing would match: only {}", action.rule())));
        }
        let text = self.text.map(|text| Text::new(&text, self.text_in.unwrap_or_default())).transpose();
        Ok(Filter {
            queue: self.queue_name,
            state: Some(state),
            task_type: self.task_type,
            tag: self.tag,
            text: text.map_err(|error| Fault::new("/filter/text", error.to_string()))?,
            fingerprint: self.fingerprint,
            // Nothing that many jobs can be done to is for those that run.
            worker: None,
            since: self.since.map(|Moment(time)| time),
            until: self.until.map(|Moment(time)| time),
        })
    }
}

/// Reads a text by what it stands for.
pub(super) fn word<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let shown: String = text.chars().take(100).collect();
    text.parse().map_err(|error| D::Error::custom(format!("{shown:?} is not valid: {error}")))
}

fn word_present<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<Option<T>, D::Error> {
    word(deserializer).map(Some)
}

/// Reads a member that, if it is there, must be an object.
pub(super) fn object_present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    json::object(deserializer).map(Some)
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
