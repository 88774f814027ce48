//! How long to wait between attempts.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::seconds;

/// What an exponential schedule may grow by each time.
const BASES: RangeInclusive<f64> = 1.0..=1000.0;
/// Most entries of a custom schedule.
const MAX_DELAYS: usize = 100;

/// The shape of the waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "strategy", rename_all = "lowercase")]
pub enum Strategy {
    /// The same wait each time.
    Fixed {
        #[serde(with = "seconds")]
        delay: Duration,
    },
    /// `min_delay`, then `base` times as long each time, at most `max_delay`.
    Exponential {
        base: f64,
        #[serde(with = "seconds")]
        min_delay: Duration,
        #[serde(with = "seconds")]
        max_delay: Duration,
    },
    /// A wait for each retry in turn; past the end the last one repeats.
    Custom { delays: Vec<Seconds> },
}

/// A duration that JSON writes in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(#[serde(with = "seconds")] pub Duration);

/// A retry schedule: a strategy, and whether each wait is varied by ±10 % so that jobs that failed together do not come
/// back together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    #[serde(flatten)]
    pub strategy: Strategy,
    pub jitter: bool,
}

impl Backoff {
    /// The same wait each time, without jitter.
    pub fn fixed(delay: Duration) -> Self {
        Self { strategy: Strategy::Fixed { delay }, jitter: false }
    }

    /// 1, 2, 4 … 60 seconds, with jitter.
    pub fn exponential() -> Self {
        Self::exponential_with(2.0, Duration::from_secs(1), Duration::from_secs(60))
    }

    /// `min_delay` times `base` to the number of earlier retries, at most `max_delay`, with jitter.
    pub fn exponential_with(base: f64, min_delay: Duration, max_delay: Duration) -> Self {
        Self { strategy: Strategy::Exponential { base, min_delay, max_delay }, jitter: true }
    }

    /// A wait for each retry in turn, with jitter; past the end the last one repeats.
    pub fn custom(delays: impl IntoIterator<Item = Duration>) -> Self {
        Self { strategy: Strategy::Custom { delays: delays.into_iter().map(Seconds).collect() }, jitter: true }
    }

    #[must_use]
    pub fn with_jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// Says what is out of range, if anything: a schedule made in code may be any, but only one of these can be stored.
    pub fn check(&self) -> Result<(), String> {
        let in_range = |delay: Duration| {
            let told =
                || format!("a wait of {} s: at most {} are allowed", delay.as_secs_f64(), seconds::MAX.as_secs());
            if delay > seconds::MAX { Err(told()) } else { Ok(()) }
        };
        match &self.strategy {
            Strategy::Fixed { delay } => in_range(*delay),
            Strategy::Exponential { base, .. } if !BASES.contains(base) => {
                Err(RetryConfigError::Base(*base).to_string())
            }
            Strategy::Exponential { min_delay, max_delay, .. } => {
                in_range(*min_delay).and_then(|()| in_range(*max_delay))
            }
            Strategy::Custom { delays } if delays.len() > MAX_DELAYS => {
                Err(RetryConfigError::Delays(delays.len()).to_string())
            }
            Strategy::Custom { delays } => delays.iter().try_for_each(|delay| in_range(delay.0)),
        }
    }

    /// The wait after attempt number `attempt` (1 = the first) has failed. Pure: chance comes in as `roll`, 0 to 1.
    pub fn delay_after(&self, attempt: u32, roll: f64) -> Duration {
        let (plain, ceiling) = match &self.strategy {
            Strategy::Fixed { delay } => (*delay, seconds::MAX),
            Strategy::Exponential { base, min_delay, max_delay } => {
                (exponential(*base, *min_delay, *max_delay, attempt), *max_delay)
            }
            Strategy::Custom { delays } => (custom(delays, attempt), seconds::MAX),
        };
        let factor = if self.jitter { 0.9 + 0.2 * roll.clamp(0.0, 1.0) } else { 1.0 };
        // A schedule made in code may hold any duration, and one times more than 1 may be none.
        let varied = if factor == 1.0 { plain } else { varied(plain, factor).unwrap_or(ceiling) };
        varied.min(ceiling).min(seconds::MAX)
    }
}

impl Default for Backoff {
    /// Retry at once, as a job's `retry_after` of 0 means.
    fn default() -> Self {
        Self::fixed(Duration::ZERO)
    }
}

fn varied(plain: Duration, factor: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(plain.as_secs_f64() * factor).ok()
}

fn exponential(base: f64, min_delay: Duration, max_delay: Duration, attempt: u32) -> Duration {
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let grown = min_delay.as_secs_f64() * base.powi(exponent);
    // Also true where the power has overflowed to infinity.
    if grown >= max_delay.as_secs_f64() {
        return max_delay;
    }
    Duration::try_from_secs_f64(grown).unwrap_or(max_delay)
}

fn custom(delays: &[Seconds], attempt: u32) -> Duration {
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    delays.get(index).or(delays.last()).map_or(Duration::ZERO, |delay| delay.0)
}

/// The `retry_config` object of the API: `{"strategy": "fixed" | "exponential" | "custom", …}`, seconds as numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "RetryConfigJson", into = "RetryConfigJson")]
pub struct RetryConfig {
    pub backoff: RetryBackoff,
    /// Executions in total; `None` = what the strategy implies (5, or one more than a custom list has delays).
    pub max_attempts: Option<u32>,
    /// Total budget since the first attempt began.
    pub timeout: Option<Duration>,
}

/// The schedule of a [`RetryConfig`]; exponential unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryBackoff(pub Backoff);

impl Default for RetryBackoff {
    fn default() -> Self {
        Self(Backoff::exponential())
    }
}

/// Why a `retry_config` is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RetryConfigError {
    #[error("retry_config: {field} does not belong to strategy {strategy}")]
    Foreign { field: &'static str, strategy: &'static str },
    #[error("retry_config: strategy {strategy} needs {field}")]
    Missing { field: &'static str, strategy: &'static str },
    #[error("retry_config: base is {0}: give a number from 1 to 1000")]
    Base(f64),
    #[error("retry_config: min_delay is longer than max_delay")]
    Order,
    #[error("retry_config: delays holds {0} entries: give 1 to 100")]
    Delays(usize),
}

impl RetryConfig {
    /// Executions in total that this configuration allows; 0 = no limit.
    pub fn tries(&self) -> u32 {
        match (&self.max_attempts, &self.backoff.0.strategy) {
            (Some(attempts), _) => *attempts,
            (None, Strategy::Custom { delays }) => {
                u32::try_from(delays.len()).map_or(u32::MAX, |n| n.saturating_add(1))
            }
            (None, _) => 5,
        }
    }
}

impl From<Backoff> for RetryConfig {
    fn from(backoff: Backoff) -> Self {
        Self { backoff: RetryBackoff(backoff), max_attempts: None, timeout: None }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StrategyName {
    Fixed,
    #[default]
    Exponential,
    Custom,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RetryConfigJson {
    strategy: StrategyName,
    #[serde(with = "seconds::optional", skip_serializing_if = "Option::is_none")]
    delay: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<f64>,
    #[serde(with = "seconds::optional", skip_serializing_if = "Option::is_none")]
    min_delay: Option<Duration>,
    #[serde(with = "seconds::optional", skip_serializing_if = "Option::is_none")]
    max_delay: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delays: Option<Vec<Seconds>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_attempts: Option<u32>,
    #[serde(with = "seconds::optional", skip_serializing_if = "Option::is_none")]
    timeout: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<bool>,
}

impl TryFrom<RetryConfigJson> for RetryConfig {
    type Error = RetryConfigError;

    fn try_from(json: RetryConfigJson) -> Result<Self, Self::Error> {
        let given = [
            ("delay", json.delay.is_some()),
            ("base", json.base.is_some()),
            ("min_delay", json.min_delay.is_some()),
            ("max_delay", json.max_delay.is_some()),
            ("delays", json.delays.is_some()),
        ];
        let only = |strategy: &'static str, own: &[&str]| match given
            .iter()
            .find(|(name, is_given)| *is_given && !own.contains(name))
        {
            Some((field, _)) => Err(RetryConfigError::Foreign { field, strategy }),
            None => Ok(()),
        };
        let backoff = match json.strategy {
            StrategyName::Fixed => {
                only("fixed", &["delay"])?;
                let missing = RetryConfigError::Missing { field: "delay", strategy: "fixed" };
                Backoff::fixed(json.delay.ok_or(missing)?)
            }
            StrategyName::Exponential => {
                only("exponential", &["base", "min_delay", "max_delay"])?;
                exponential_from(json.base, json.min_delay, json.max_delay)?
            }
            StrategyName::Custom => {
                only("custom", &["delays"])?;
                let missing = RetryConfigError::Missing { field: "delays", strategy: "custom" };
                let delays = json.delays.ok_or(missing)?;
                if delays.is_empty() || delays.len() > MAX_DELAYS {
                    return Err(RetryConfigError::Delays(delays.len()));
                }
                Backoff::custom(delays.into_iter().map(|delay| delay.0))
            }
        };
        let backoff = match json.jitter {
            Some(jitter) => backoff.with_jitter(jitter),
            None => backoff,
        };
        Ok(Self { backoff: RetryBackoff(backoff), max_attempts: json.max_attempts, timeout: json.timeout })
    }
}

fn exponential_from(
    base: Option<f64>,
    min_delay: Option<Duration>,
    max_delay: Option<Duration>,
) -> Result<Backoff, RetryConfigError> {
    let base = base.unwrap_or(2.0);
    if !BASES.contains(&base) {
        return Err(RetryConfigError::Base(base));
    }
    let min_delay = min_delay.unwrap_or(Duration::from_secs(1));
    // A caller who starts above a minute and says nothing about the end means "do not cap me below that".
    let max_delay = max_delay.unwrap_or(Duration::from_secs(60).max(min_delay));
    if min_delay > max_delay {
        return Err(RetryConfigError::Order);
    }
    Ok(Backoff::exponential_with(base, min_delay, max_delay))
}

impl From<RetryConfig> for RetryConfigJson {
    fn from(config: RetryConfig) -> Self {
        let Backoff { strategy, jitter } = config.backoff.0;
        let mut json = Self {
            max_attempts: config.max_attempts,
            timeout: config.timeout,
            jitter: Some(jitter),
            ..Self::default()
        };
        match strategy {
            Strategy::Fixed { delay } => {
                json.strategy = StrategyName::Fixed;
                json.delay = Some(delay);
            }
            Strategy::Exponential { base, min_delay, max_delay } => {
                json.base = Some(base);
                json.min_delay = Some(min_delay);
                json.max_delay = Some(max_delay);
            }
            Strategy::Custom { delays } => {
                json.strategy = StrategyName::Custom;
                json.delays = Some(delays);
            }
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn delays(backoff: &Backoff, count: u32) -> Vec<f64> {
        (1..=count).map(|attempt| backoff.delay_after(attempt, 0.5).as_secs_f64()).collect()
    }

    #[test]
    fn r13_fixed_waits_the_same_and_never_jitters_by_itself() {
        let backoff = Backoff::fixed(secs(30.0));
        assert_eq!(delays(&backoff, 3), [30.0, 30.0, 30.0]);
        assert_eq!(backoff.delay_after(1, 0.0), backoff.delay_after(1, 1.0));
    }

    #[test]
    fn r13_exponential_doubles_up_to_its_ceiling() {
        let backoff = Backoff::exponential().with_jitter(false);
        assert_eq!(delays(&backoff, 8), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        assert_eq!(backoff.delay_after(u32::MAX, 0.0), secs(60.0));
        let slow = Backoff::exponential_with(3.0, secs(0.5), secs(10.0)).with_jitter(false);
        assert_eq!(delays(&slow, 4), [0.5, 1.5, 4.5, 10.0]);
    }

    #[test]
    fn r13_custom_repeats_its_last_delay() {
        let backoff = Backoff::custom([secs(1.0), secs(5.0)]).with_jitter(false);
        assert_eq!(delays(&backoff, 4), [1.0, 5.0, 5.0, 5.0]);
        assert_eq!(Backoff::custom([]).delay_after(1, 0.5), Duration::ZERO);
    }

    #[test]
    fn r13_jitter_is_a_tenth_either_way_and_never_past_the_ceiling() {
        let backoff = Backoff::exponential();
        assert_eq!(backoff.delay_after(1, 0.0), secs(0.9));
        assert_eq!(backoff.delay_after(1, 1.0), secs(1.1));
        assert_eq!(backoff.delay_after(9, 0.0), secs(54.0));
        assert_eq!(backoff.delay_after(9, 1.0), secs(60.0));
    }

    #[test]
    fn r13_the_json_form_of_each_strategy() {
        let read = |text: &str| serde_json::from_str::<RetryConfig>(text);
        let fixed = read(r#"{"strategy":"fixed","delay":30,"max_attempts":3,"timeout":300}"#).unwrap();
        assert_eq!(fixed.backoff.0, Backoff::fixed(secs(30.0)));
        assert_eq!((fixed.tries(), fixed.timeout), (3, Some(secs(300.0))));
        let exponential = read(r#"{"strategy":"exponential","base":3,"min_delay":0.5,"max_delay":9}"#).unwrap();
        assert_eq!(exponential.backoff.0, Backoff::exponential_with(3.0, secs(0.5), secs(9.0)));
        assert_eq!(exponential.tries(), 5);
        let custom = read(r#"{"strategy":"custom","delays":[60,300.5]}"#).unwrap();
        assert_eq!(custom.backoff.0, Backoff::custom([secs(60.0), secs(300.5)]));
        assert_eq!(custom.tries(), 3);
        assert_eq!(read("{}").unwrap(), RetryConfig::default());
        assert!(!read(r#"{"jitter":false}"#).unwrap().backoff.0.jitter);
    }

    #[test]
    fn r13_what_makes_no_sense_is_refused_by_name() {
        for (text, part) in [
            (r#"{"strategy":"fixed"}"#, "needs delay"),
            (r#"{"strategy":"custom"}"#, "needs delays"),
            (r#"{"strategy":"custom","delays":[]}"#, "0 entries"),
            (r#"{"strategy":"fixed","delay":1,"base":2}"#, "base does not belong"),
            (r#"{"delay":1}"#, "delay does not belong"),
            (r#"{"base":0.5}"#, "base is 0.5"),
            (r#"{"min_delay":5,"max_delay":1}"#, "longer than max_delay"),
            (r#"{"strategy":"linear"}"#, "linear"),
            (r#"{"timeout":-1}"#, "out of range"),
            (r#"{"strategy":"fixed","delay":1e300}"#, "out of range"),
            (r#"{"max_attempts":-1}"#, "-1"),
            (r#"{"tries":1}"#, "tries"),
        ] {
            let error = serde_json::from_str::<RetryConfig>(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text} gave {error}");
        }
    }

    #[test]
    fn r13_a_written_config_reads_back_as_itself() {
        for backoff in [Backoff::fixed(secs(1.5)), Backoff::exponential(), Backoff::custom([secs(1.0)])] {
            let config = RetryConfig { max_attempts: Some(7), ..RetryConfig::from(backoff) };
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<RetryConfig>(&text).unwrap(), config, "{text}");
        }
    }
}
