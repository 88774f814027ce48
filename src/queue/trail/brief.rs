//! The short form of the commonest trail: one attempt, and it completed. A job server writes nothing more often, and keeps
//! nothing longer.

use std::io::Write;
use std::time::Duration;

use journeyman_job::RawJson;

use super::{AttemptEntry, Trail};
use crate::clock::Timestamp;

/// First byte of the short form; the long one begins with a brace.
pub(super) const MARK: u8 = b'+';

/// The outcome that the short form stands for.
const COMPLETED: &str = "completed";

/// `+` start `,` duration `,` worker `,` result: both times in microseconds, the result as its JSON or nothing. `None` if
/// there is more to the trail.
pub(super) fn encode(trail: &Trail) -> Option<Vec<u8>> {
    let [only] = &trail.history[..] else { return None };
    let is_plain = only.attempt == 1
        && only.outcome == COMPLETED
        && only.error.is_none()
        && trail.first_started_at == Some(only.started_at)
        && trail.finished_at == Some(only.finished_at)
        && (trail.requeues, trail.crashes, trail.retries) == (0, 0, 0)
        && trail.error.is_none()
        && trail.doomed.is_none()
        && trail.failed_hook_error.is_none()
        && trail.callbacks.is_empty();
    let duration = only.finished_at.as_micros().checked_sub(only.started_at.as_micros()).filter(|&span| span >= 0);
    let (true, Some(duration), false) = (is_plain, duration, only.worker.contains(',')) else { return None };
    let result = trail.result.as_ref().map_or("", RawJson::get);
    let mut text = Vec::with_capacity(40 + only.worker.len() + result.len());
    // Writing into memory cannot fail.
    let _ = write!(text, "+{},{duration},{},{result}", only.started_at.as_micros(), only.worker);
    Some(text)
}

/// Reads what [`encode`] wrote; `None` if it is damaged.
pub(super) fn decode(bytes: &[u8]) -> Option<Trail> {
    let text = std::str::from_utf8(bytes.strip_prefix(&[MARK])?).ok()?;
    let mut parts = text.splitn(4, ',');
    let mut part = || parts.next();
    let (start, duration, worker, result) = (part()?.parse().ok()?, part()?.parse().ok()?, part()?, part()?);
    let started_at = Timestamp::from_micros(start);
    let finished_at = started_at.plus(Duration::from_micros(duration));
    let result = match result {
        "" => None,
        json => Some(RawJson::parse(json.into()).ok()?),
    };
    let entry = AttemptEntry {
        attempt: 1,
        started_at,
        finished_at,
        outcome: COMPLETED.into(),
        error: None,
        worker: worker.into(),
    };
    let (first_started_at, finished_at) = (Some(started_at), Some(finished_at));
    Some(Trail { first_started_at, finished_at, result, history: vec![entry], ..Trail::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use journeyman_job::JobError;

    fn completed(result: Option<&str>) -> Trail {
        let entry = AttemptEntry {
            attempt: 1,
            started_at: Timestamp::from_micros(1_764_140_000_000_000),
            finished_at: Timestamp::from_micros(1_764_140_000_000_123),
            outcome: "completed".into(),
            error: None,
            worker: "host-1".into(),
        };
        Trail {
            first_started_at: Some(entry.started_at),
            finished_at: Some(entry.finished_at),
            result: result.map(|json| RawJson::parse(json.into()).unwrap()),
            history: vec![entry],
            ..Trail::default()
        }
    }

    #[test]
    fn the_short_form_is_pinned_and_comes_back_as_it_was() {
        let plain = completed(None);
        assert_eq!(plain.encode(), "+1764140000000000,123,host-1,");
        assert_eq!(Trail::decode(&plain.encode()), plain);
        let telling = completed(Some(r#"{"a":"1,2", "n":9007199254740993}"#));
        assert!(telling.encode().starts_with(b"+17641400000000"));
        assert_eq!(Trail::decode(&telling.encode()), telling);
    }

    #[test]
    fn whatever_more_there_is_takes_the_long_form_and_loses_nothing() {
        let second = |change: fn(&mut Trail)| {
            let mut trail = completed(Some("[1]"));
            change(&mut trail);
            trail
        };
        let trails = [
            second(|trail| trail.requeues = 1),
            second(|trail| trail.crashes = 1),
            second(|trail| trail.retries = 1),
            second(|trail| trail.first_started_at = None),
            second(|trail| trail.finished_at = None),
            second(|trail| trail.error = Some(JobError::new("x"))),
            second(|trail| trail.doomed = Some(JobError::new("x"))),
            second(|trail| trail.failed_hook_error = Some(JobError::new("x"))),
            second(|trail| trail.history[0].attempt = 2),
            second(|trail| trail.history[0].outcome = "released".into()),
            second(|trail| trail.history[0].error = Some(JobError::new("x"))),
            second(|trail| trail.history[0].finished_at = Timestamp::from_micros(3)),
            second(|trail| trail.history[0].worker = "a,b".into()),
            second(|trail| trail.history.push(trail.history[0].clone())),
            second(|trail| trail.history.clear()),
        ];
        for trail in trails {
            assert!(trail.encode().starts_with(b"{"), "{trail:?}");
            assert_eq!(Trail::decode(&trail.encode()), trail);
        }
    }

    #[test]
    fn a_damaged_short_form_loses_no_job() {
        for damaged in ["+", "+1", "+1,2", "+1,2,w", "+x,2,w,", "+1,-2,w,", "+1,2,w,{]", "+9999999999999999999,2,w,"] {
            assert!(Trail::decode(damaged.as_bytes()).error.is_some(), "{damaged}");
        }
        assert!(Trail::decode(b"+1,2,\xff,").error.is_some());
    }
}
