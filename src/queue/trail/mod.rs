//! What changes about a job after its dispatch, apart from where it is.

mod brief;

use bytes::Bytes;
use journeyman_job::{ErrorKind, JobError, JobId, RawJson};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A job's past: attempts, errors, result. Kept by the stores as opaque bytes beside the envelope and rewritten whole at
/// each settle, so that no store script has to understand it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// Times it was given back because the blocking pool was full.
    #[serde(rename = "q", skip_serializing_if = "is_zero")]
    pub requeues: u32,
    /// Workers that died while they ran it; moved only by the reaper.
    #[serde(rename = "c", skip_serializing_if = "is_zero")]
    pub crashes: u32,
    /// Times it was put back by hand after it had failed.
    #[serde(rename = "n", skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// When its first attempt began, by the store's clock.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub first_started_at: Option<Timestamp>,
    /// When it ended, by the store's clock.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// The last failure; none once the job has completed.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// It has failed for good with this error, but its `failed` has not run to its end yet: nothing else of it runs any more.
    #[serde(rename = "x", skip_serializing_if = "Option::is_none")]
    pub doomed: Option<JobError>,
    /// What `failed` itself ended with, if not well.
    #[serde(rename = "fe", skip_serializing_if = "Option::is_none")]
    pub failed_hook_error: Option<JobError>,
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub result: Option<RawJson>,
    /// The jobs that were stored because it ended, oldest first.
    #[serde(rename = "cb", skip_serializing_if = "Vec::is_empty")]
    pub callbacks: Vec<CallbackEntry>,
    /// The latest attempts, oldest first, at most [`Trail::MAX_HISTORY`].
    #[serde(rename = "h", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<AttemptEntry>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A job that was stored because another one ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackEntry {
    /// `success` or `failure`.
    #[serde(rename = "on")]
    pub on: String,
    #[serde(rename = "id")]
    pub id: JobId,
}

/// One attempt that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptEntry {
    #[serde(rename = "a")]
    pub attempt: u32,
    #[serde(rename = "s")]
    pub started_at: Timestamp,
    #[serde(rename = "d")]
    pub finished_at: Timestamp,
    /// `completed`, `released`, `snoozed`, `requeued`, `cancelled` or the kind of the error.
    #[serde(rename = "o")]
    pub outcome: String,
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    #[serde(rename = "w")]
    pub worker: String,
}

impl Trail {
    /// Attempts remembered; a job without a limit on its tries would otherwise grow for ever.
    pub const MAX_HISTORY: usize = 50;

    /// The stored form.
    pub fn encode(&self) -> Bytes {
        // Writing plain fields and finished JSON into memory cannot fail.
        brief::encode(self).or_else(|| serde_json::to_vec(self).ok()).map(Bytes::from).unwrap_or_default()
    }

    /// Reads the stored form. Nothing stored yet is a fresh trail; damaged bytes are a trail that says so, because a job
    /// must not be lost for want of its past.
    pub fn decode(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::default();
        }
        let read = if bytes.starts_with(&[brief::MARK]) {
            brief::decode(bytes).ok_or_else(|| "its short form cannot be read".to_owned())
        } else {
            serde_json::from_slice(bytes).map_err(|error| error.to_string())
        };
        read.unwrap_or_else(|reason| Self {
            error: Some(JobError::of(
                ErrorKind::Undecodable,
                format!("the record of earlier attempts is damaged: {reason}"),
            )),
            ..Self::default()
        })
    }

    /// The trail of a job that is put back by hand: it starts anew, and its past stays.
    #[must_use]
    pub fn retried(&self) -> Self {
        Self {
            retries: self.retries.saturating_add(1),
            error: self.error.clone(),
            callbacks: self.callbacks.clone(),
            history: self.history.clone(),
            ..Self::default()
        }
    }

    /// Adds an attempt and lets go of the oldest beyond the limit.
    pub fn remember(&mut self, entry: AttemptEntry) {
        self.history.push(entry);
        let surplus = self.history.len().saturating_sub(Self::MAX_HISTORY);
        self.history.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attempt: u32) -> AttemptEntry {
        AttemptEntry {
            attempt,
            started_at: Timestamp::from_micros(1),
            finished_at: Timestamp::from_micros(2),
            outcome: "error".into(),
            error: Some(JobError::new("no")),
            worker: "w".into(),
        }
    }

    #[test]
    fn a_fresh_trail_is_two_bytes() {
        assert_eq!(Trail::default().encode(), "{}");
        assert_eq!(Trail::decode(b""), Trail::default());
    }

    #[test]
    fn a_trail_comes_back_as_it_was() {
        let mut trail = Trail { requeues: 1, crashes: 2, error: Some(JobError::new("x")), ..Trail::default() };
        trail.result = Some(RawJson::parse("[ ]".into()).unwrap());
        trail.remember(entry(1));
        assert_eq!(Trail::decode(&trail.encode()), trail);
    }

    #[test]
    fn r29_a_job_put_back_starts_anew_and_keeps_its_past() {
        let mut trail = Trail { requeues: 1, crashes: 2, error: Some(JobError::new("x")), ..Trail::default() };
        trail.first_started_at = Some(Timestamp::from_micros(1));
        trail.finished_at = Some(Timestamp::from_micros(2));
        trail.doomed = Some(JobError::new("x"));
        trail.remember(entry(1));
        let again = trail.retried();
        assert_eq!((again.requeues, again.crashes, again.retries), (0, 0, 1));
        assert_eq!((again.first_started_at, again.finished_at, again.doomed), (None, None, None));
        assert_eq!((again.history, again.error), (trail.history, trail.error));
    }

    #[test]
    fn history_is_bounded_and_keeps_the_latest() {
        let mut trail = Trail::default();
        (1..=60).for_each(|attempt| trail.remember(entry(attempt)));
        assert_eq!(trail.history.len(), Trail::MAX_HISTORY);
        assert_eq!(trail.history.last().unwrap().attempt, 60);
    }

    #[test]
    fn a_damaged_trail_loses_no_job() {
        assert_eq!(Trail::decode(b"{]").error.unwrap().kind(), ErrorKind::Undecodable);
    }
}
