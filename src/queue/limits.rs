//! A limit on everything that a caller can make large.

use std::time::Duration;

use journeyman_job::{DispatchOptions, JobOptions, Unique, When, seconds};

/// Largest payload, bytes.
pub const PAYLOAD: usize = 1024 * 1024;
/// Largest result, bytes of JSON.
pub const RESULT: usize = 1024 * 1024;
/// Jobs in one bulk.
pub const BULK: usize = 1000;
/// Jobs that one store call touches, so that no script stalls a store.
pub const PER_CALL: usize = 500;
/// About how many bytes of jobs one store call carries, so that it ends in time however large they are.
pub const CALL_BYTES: usize = 4 * 1024 * 1024;
/// Tags of one job.
pub const TAGS: usize = 20;
/// Length of one tag, characters.
pub const TAG: usize = 100;
/// Longest `deduplication_key`, characters.
pub const UNIQUE_KEY: usize = 255;
/// Largest note, bytes.
pub const NOTE: usize = 256 * 1024;
/// Notes written at once.
pub const NOTES: usize = 100;
/// Bytes of notes written at once.
pub const NOTES_BYTES: usize = 4 * NOTE;
/// Notes that one write removes because their time has passed, at most: more than it adds, so that they do not pile up.
pub const NOTES_EXPIRED: usize = 2 * NOTES;
/// Farthest a job can be delayed.
pub const DELAY: Duration = Duration::from_secs(366 * 24 * 3600);

/// Shortest time limit: options are kept in milliseconds.
pub const TIMEOUT: Duration = Duration::from_millis(1);
/// Latest `run_at`, seconds since 1970: the end of 2199 wherever on earth it ends last, which every store can hold.
const LAST_RUN_AT: i64 = 7_258_204_800;

/// What is beyond a limit: the field, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Beyond {
    pub field: &'static str,
    pub message: String,
}

/// Refuses a payload that is too large.
pub fn check_payload(length: usize) -> Result<(), Beyond> {
    if length > PAYLOAD {
        let message = format!("is {length} bytes long: at most {PAYLOAD} are allowed");
        return Err(Beyond { field: "task_data", message });
    }
    Ok(())
}

/// Refuses options that are out of range.
pub fn check_options(options: &DispatchOptions) -> Result<(), Beyond> {
    if let When::After(delay) = options.when
        && delay > DELAY
    {
        let message = format!("is {} s: at most {} s (a year) are allowed", delay.as_secs_f64(), DELAY.as_secs());
        return Err(Beyond { field: "delay", message });
    }
    if let When::At(time) = options.when
        && time.timestamp() > LAST_RUN_AT
    {
        return Err(Beyond { field: "run_at", message: format!("is {time}: give a time before the year 2200") });
    }
    if options.timeout.is_some_and(|timeout| timeout < TIMEOUT && !timeout.is_zero()) {
        let message = format!("is below {} s", TIMEOUT.as_secs_f64());
        return Err(Beyond { field: "timeout", message });
    }
    if options.retry.as_ref().is_some_and(|retry| retry.timeout.is_some_and(|total| total < TIMEOUT)) {
        let message = format!("timeout is below {} s; leave it out for no limit", TIMEOUT.as_secs_f64());
        return Err(Beyond { field: "retry_config", message });
    }
    check_tags(&options.tags)?;
    check_unique(options.unique.as_ref())?;
    if options.max_tries.is_some() && options.retry.as_ref().is_some_and(|retry| retry.max_attempts.is_some()) {
        let message = "contradicts retry_config.max_attempts: give one of the two".to_owned();
        return Err(Beyond { field: "max_tries", message });
    }
    Ok(())
}

/// Refuses options that are out of range once the job's own methods and the caller have both had their say.
pub fn check_frozen(options: &JobOptions, unique: Option<&Unique>) -> Result<(), Beyond> {
    check_limit("timeout", Some(options.timeout).filter(|timeout| !timeout.is_zero()))?;
    check_limit("retry_for", options.retry_for)?;
    options.backoff.check().map_err(|message| Beyond { field: "backoff", message })?;
    check_tags(&options.tags)?;
    check_unique(unique)
}

fn check_limit(field: &'static str, limit: Option<Duration>) -> Result<(), Beyond> {
    let Some(limit) = limit.filter(|limit| !(TIMEOUT..=seconds::MAX).contains(limit)) else { return Ok(()) };
    let (given, least, most) = (limit.as_secs_f64(), TIMEOUT.as_secs_f64(), seconds::MAX.as_secs());
    Err(Beyond { field, message: format!("is {given} s: give {least} to {most}") })
}

fn check_tags(tags: &[String]) -> Result<(), Beyond> {
    if tags.len() > TAGS {
        let message = format!("holds {} entries: at most {TAGS} are allowed", tags.len());
        return Err(Beyond { field: "tags", message });
    }
    if let Some(tag) = tags.iter().find(|tag| !(1..=TAG).contains(&tag.chars().count())) {
        let message = format!("holds one of {} characters: give 1 to {TAG}", tag.chars().count());
        return Err(Beyond { field: "tags", message });
    }
    // A tag is shown on terminals, which obey what stands in it.
    if tags.iter().any(|tag| tag.contains(char::is_control)) {
        return Err(Beyond { field: "tags", message: "holds one with a control character".to_owned() });
    }
    Ok(())
}

fn check_unique(unique: Option<&Unique>) -> Result<(), Beyond> {
    if let Some(Unique::Key(key)) = unique
        && !(1..=UNIQUE_KEY).contains(&key.chars().count())
    {
        let message = format!("has {} characters: give 1 to {UNIQUE_KEY}, or auto", key.chars().count());
        return Err(Beyond { field: "deduplication_key", message });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};
    use journeyman_job::{Backoff, RetryConfig};

    fn refused(change: impl FnOnce(&mut DispatchOptions)) -> Option<&'static str> {
        let mut options = DispatchOptions::default();
        change(&mut options);
        check_options(&options).err().map(|beyond| beyond.field)
    }

    #[test]
    fn r19_a_time_that_a_store_cannot_hold_is_refused() {
        let at = |year| When::At(Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap());
        assert_eq!(refused(|options| options.when = at(2199)), None);
        assert_eq!(refused(|options| options.when = at(2201)), Some("run_at"));
        assert_eq!(refused(|options| options.when = When::After(DELAY + TIMEOUT)), Some("delay"));
    }

    #[test]
    fn r51_a_tag_that_a_terminal_would_obey_is_refused() {
        for tag in ["\u{1b}[2J", "a\nb", "\u{9b}31m", "\u{7f}"] {
            assert_eq!(refused(|options| options.tags = vec![tag.to_owned()]), Some("tags"), "{tag:?}");
        }
        assert_eq!(refused(|options| options.tags = vec!["für Ada ✓".to_owned()]), None);
    }

    #[test]
    fn a_time_limit_too_short_to_be_kept_is_refused_rather_than_dropped() {
        let instant = Duration::from_nanos(100);
        assert_eq!(refused(|options| options.timeout = Some(instant)), Some("timeout"));
        let retry = RetryConfig { timeout: Some(Duration::ZERO), ..RetryConfig::from(Backoff::exponential()) };
        assert_eq!(refused(|options| options.retry = Some(retry)), Some("retry_config"));
    }
}
