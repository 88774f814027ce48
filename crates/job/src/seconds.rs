//! Durations as the API writes them: seconds, integer or decimal.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

/// Longest duration taken anywhere: ten years.
pub const MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Reads a number of seconds. The error says what is wrong with it.
pub fn parse(seconds: f64) -> Result<Duration, String> {
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= MAX => Ok(duration),
        // 1e308 is not worth its 309 digits.
        _ if seconds.abs() >= 1e15 => Err(format!("{seconds:e} seconds is out of range: give 0 to {}", MAX.as_secs())),
        _ => Err(format!("{seconds} seconds is out of range: give 0 to {}", MAX.as_secs())),
    }
}

/// Writes whole seconds as an integer, others as a decimal.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    if value.subsec_nanos() == 0 {
        serializer.serialize_u64(value.as_secs())
    } else {
        serializer.serialize_f64(value.as_secs_f64())
    }
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(f64::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// The same for a field that may be missing or null.
pub mod optional {
    use super::{Deserialize, Deserializer, Duration, Serializer};
    use serde::de::Error as _;

    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Option::<f64>::deserialize(deserializer)?
            .map(|seconds| super::parse(seconds).map_err(D::Error::custom))
            .transpose()
    }
}
