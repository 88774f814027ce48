//! Options frozen into a job at dispatch.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Backoff, Callback, Job, Priority};

/// Where `handle` runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// On the async threads: for code that awaits.
    #[default]
    Async,
    /// In the bounded thread pool: for code that blocks.
    Blocking,
}

/// What a job runs under, as it was when it was dispatched. Stored with the job, defaults left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobOptions {
    #[serde(rename = "p", skip_serializing_if = "is_default")]
    pub priority: Priority,
    /// Executions in total; 0 = no limit.
    #[serde(rename = "m", skip_serializing_if = "is_three")]
    pub max_tries: u32,
    /// Longest one attempt may run; zero = no limit.
    #[serde(rename = "t", with = "millis", skip_serializing_if = "is_a_minute")]
    pub timeout: Duration,
    /// Total budget since the first attempt began.
    #[serde(rename = "f", with = "optional_millis", skip_serializing_if = "Option::is_none")]
    pub retry_for: Option<Duration>,
    #[serde(rename = "b", skip_serializing_if = "is_default")]
    pub backoff: Backoff,
    #[serde(rename = "l", skip_serializing_if = "is_default")]
    pub lane: Lane,
    #[serde(rename = "g", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Runs once the job has completed.
    #[serde(rename = "os", skip_serializing_if = "Option::is_none")]
    pub on_success: Option<Callback>,
    /// Runs once the job has failed for good.
    #[serde(rename = "of", skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<Callback>,
}

impl JobOptions {
    /// What the job itself says.
    pub fn of(job: &dyn Job) -> Self {
        Self {
            priority: job.priority().unwrap_or_default(),
            max_tries: job.max_tries(),
            timeout: job.timeout(),
            retry_for: job.retry_for(),
            backoff: job.backoff().unwrap_or_else(|| Backoff::fixed(job.retry_after())),
            lane: job.lane(),
            tags: job.tags(),
            on_success: None,
            on_failure: None,
        }
    }
}

impl Default for JobOptions {
    /// The defaults of the `Job` trait. They are part of the stored form, so they may never change.
    fn default() -> Self {
        Self {
            priority: Priority::Normal,
            max_tries: 3,
            timeout: Duration::from_secs(60),
            retry_for: None,
            backoff: Backoff::default(),
            lane: Lane::Async,
            tags: Vec::new(),
            on_success: None,
            on_failure: None,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_three(tries: &u32) -> bool {
    *tries == 3
}

fn is_a_minute(timeout: &Duration) -> bool {
    *timeout == Duration::from_secs(60)
}

mod millis {
    use super::{Deserialize, Duration};
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

mod optional_millis {
    use super::{Deserialize, Duration, millis};
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(duration) => millis::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_take_no_space_in_the_store() {
        assert_eq!(serde_json::to_string(&JobOptions::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<JobOptions>("{}").unwrap(), JobOptions::default());
    }

    #[test]
    fn every_option_comes_back_as_it_was_frozen() {
        let options = JobOptions {
            priority: Priority::Critical,
            max_tries: 0,
            timeout: Duration::from_millis(1500),
            retry_for: Some(Duration::from_secs(300)),
            backoff: Backoff::custom([Duration::from_secs(1), Duration::from_millis(2500)]),
            lane: Lane::Blocking,
            tags: vec!["a".into()],
            on_success: Some(Callback::Job("thank".into())),
            on_failure: Some(Callback::Url("https://example.org/failed".into())),
        };
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<JobOptions>(&text).unwrap(), options);
    }
}
