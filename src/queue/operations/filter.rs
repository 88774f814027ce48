//! Which jobs are meant.

use std::fmt::Display;
use std::str::FromStr;

use journeyman_job::secret::redact;
use journeyman_job::{JobId, QueueName};

use super::failures::Cause;
use super::needle::Needle;
use crate::clock::Timestamp;
use crate::queue::{Body, JobRecord, State, WorkerId};

/// Which jobs are meant; what is not said does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub queue: Option<QueueName>,
    pub state: Option<State>,
    pub task_type: Option<String>,
    pub tag: Option<String>,
    pub text: Option<Text>,
    /// Whose latest failure has it.
    pub fingerprint: Option<Fingerprint>,
    /// Reserved by it now; goes with no state but [`State::Reserved`].
    pub worker: Option<WorkerId>,
    /// Dispatched then or later.
    pub since: Option<Timestamp>,
    /// Dispatched then or earlier.
    pub until: Option<Timestamp>,
}

/// What failures of one cause have in common; see [`fingerprint`](crate::queue::fingerprint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

/// What is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give 16 hexadecimal digits, as a group of failures has them")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 16 && text.bytes().all(is_hex) { Ok(Self(text.to_owned())) } else { Err(NoFingerprint) }
    }
}

impl Fingerprint {
    fn is_of(&self, job: &JobRecord) -> bool {
        // A job that has not failed is not the like of one that failed of nothing known.
        (job.state == State::Failed || job.trail.error.is_some()) && Cause::of(job).fingerprint() == self.0
    }
}

/// A text that a job must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    needle: Needle,
    within: Within,
    /// The text itself, if it is a job's id.
    pub(super) id: Option<JobId>,
}

/// Where a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Within {
    #[default]
    Any,
    Payload,
    /// Kind and message of the latest failure.
    Error,
}

impl Within {
    pub const ALL: [Self; 3] = [Self::Any, Self::Payload, Self::Error];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Payload => "payload",
            Self::Error => "error",
        }
    }
}

impl FromStr for Within {
    type Err = UnknownPart;

    fn from_str(text: &str) -> Result<Self, UnknownPart> {
        Self::ALL.into_iter().find(|within| within.as_str() == text).ok_or(UnknownPart)
    }
}

/// A word for no part of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give any, payload or error")]
pub struct UnknownPart;

/// What is no text to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give 1 to {most} characters", most = Text::MOST)]
pub struct NoText;

impl Text {
    /// Longest text, characters.
    pub const MOST: usize = 1000;

    pub fn new(text: &str, within: Within) -> Result<Self, NoText> {
        // One that is empty would be in every job.
        if !(1..=Self::MOST).contains(&text.chars().count()) {
            return Err(NoText);
        }
        Ok(Self { needle: Needle::new(text), within, id: text.trim().parse().ok() })
    }

    /// Looks at what is shown of a job and never at what is stored: a secret cannot be guessed at by asking for parts of it.
    fn is_in(&self, job: &JobRecord, body: Option<&Body<'_>>) -> bool {
        let in_payload = || body.is_some_and(|body| self.needle.is_in_json(&redact(body.data.get())));
        let in_error = || {
            let error = job.trail.error.as_ref();
            error.is_some_and(|error| self.needle.is_in(error.kind().as_str()) || self.needle.is_in(error.message()))
        };
        match self.within {
            Within::Payload => in_payload(),
            Within::Error => in_error(),
            Within::Any => in_error() || in_payload(),
        }
    }
}

impl Filter {
    /// Whether a job of the right queue and state, as a listing gives it, fits the rest.
    pub(super) fn fits(&self, job: &JobRecord) -> bool {
        let is_in_time = self.since.is_none_or(|since| job.created_at >= since)
            && self.until.is_none_or(|until| job.created_at <= until);
        let is_held = self.worker.as_ref().is_none_or(|worker| job.worker.as_deref() == Some(worker.as_str()));
        let is_alike = || self.fingerprint.as_ref().is_none_or(|fingerprint| fingerprint.is_of(job));
        if !is_in_time || !is_held || !is_alike() {
            return false;
        }
        if self.task_type.is_none() && self.tag.is_none() && self.text.is_none() {
            return true;
        }
        // A record that cannot be read has no type, no tags and no payload.
        let body = Body::read(&job.body).ok();
        let body = body.as_ref();
        let is_of = |wanted: &String| body.is_some_and(|body| body.type_name == *wanted);
        let has = |wanted: &String| body.is_some_and(|body| body.options.tags.contains(wanted));
        self.task_type.as_ref().is_none_or(is_of)
            && self.tag.as_ref().is_none_or(has)
            && self.text.as_ref().is_none_or(|text| text.is_in(job, body))
    }

    /// The one state whose jobs can fit, if only those can.
    pub(super) fn only_state(&self) -> Option<State> {
        self.state.or(self.worker.as_ref().map(|_| State::Reserved))
    }

    /// Whether a job that was found otherwise is one of them, but for the text.
    pub(super) fn fits_but_for_text(&self, job: &JobRecord) -> bool {
        self.queue.as_ref().is_none_or(|queue| *queue == job.queue)
            && self.only_state().is_none_or(|state| state == job.state)
            && Self { text: None, ..self.clone() }.fits(job)
    }

    /// What it asks for, but for the text, which may be out of a payload.
    pub fn in_words(&self) -> String {
        let Self { queue, state, task_type, tag, text, fingerprint, worker, since, until } = self;
        let said = |name: &str, value: Option<&dyn Display>| value.map(|value| format!("{name} {value}"));
        let time = |name: &str, time: &Option<Timestamp>| time.map(|time| format!("{name} {}", time.to_rfc3339()));
        let parts = [
            said("queue", queue.as_ref().map(|queue| queue as _)),
            said("state", state.as_ref().map(|state| state as _)),
            said("type", task_type.as_ref().map(|name| name as _)),
            said("tag", tag.as_ref().map(|tag| tag as _)),
            text.as_ref().map(|_| "a text".to_owned()),
            said("fingerprint", fingerprint.as_ref().map(|Fingerprint(digits)| digits as _)),
            said("worker", worker.as_ref().map(|worker| worker as _)),
            time("since", since),
            time("until", until),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Whether a listing may leave most jobs out.
    pub(super) fn is_narrow(&self) -> bool {
        let Self { task_type, tag, text, fingerprint, worker, since, until, .. } = self;
        let by_failure_or_worker = fingerprint.is_some() || worker.is_some();
        let by_content = task_type.is_some() || tag.is_some() || text.is_some();
        by_failure_or_worker || by_content || since.is_some() || until.is_some()
    }
}
