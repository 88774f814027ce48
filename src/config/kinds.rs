//! The plain kinds of value: numbers, durations, truths, paths, addresses, names, secrets.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use journeyman_job::{QueueName, seconds};

use super::secret::{MASK, Secret};
use super::value::{Bounded, Value};

/// Seconds.
const DAY: u64 = 24 * 3600;

macro_rules! whole_numbers {
    ($($number:ty),+) => {$(
        impl Value for $number {
            fn parse(text: &str) -> Result<Self, String> {
                text.trim().parse().map_err(|_| Self::rule(&(Self::MIN..=Self::MAX)))
            }

            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        }

        impl Bounded for $number {
            type Bound = Self;

            fn is_within(&self, bounds: &RangeInclusive<Self>) -> bool {
                bounds.contains(self)
            }

            fn rule(bounds: &RangeInclusive<Self>) -> String {
                format!("give a whole number from {} to {}", bounds.start(), bounds.end())
            }
        }
    )+};
}

whole_numbers!(u8, u16, u32, u64, usize);

/// Written as a number of seconds, integer or decimal, or with units: `30s`, `5m`, `1h 30m`.
impl Value for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // `f64` would take `inf`, `nan` and signs as well.
        let duration = if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            text.parse().ok().and_then(|number| seconds::parse(number).ok())
        } else {
            humantime::parse_duration(text).ok().filter(|duration| *duration <= seconds::MAX)
        };
        duration.ok_or_else(|| Self::rule(&(Self::ZERO..=seconds::MAX)))
    }

    fn show(&self) -> Option<String> {
        let is_whole_days = self.subsec_nanos() == 0 && self.as_secs().is_multiple_of(DAY);
        Some(match self.as_secs() / DAY {
            // Not in months, which are no whole number of days.
            days @ 2.. if is_whole_days => format!("{days}days"),
            _ => humantime::format_duration(*self).to_string(),
        })
    }
}

impl Bounded for Duration {
    type Bound = Self;

    fn is_within(&self, bounds: &RangeInclusive<Self>) -> bool {
        bounds.contains(self)
    }

    fn rule(bounds: &RangeInclusive<Self>) -> String {
        let [least, most] = [bounds.start(), bounds.end()].map(|bound| humantime::format_duration(*bound));
        format!("give a duration from {least} to {most}, as seconds (2.5) or with units (30s, 5m)")
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("give true or false".to_owned()),
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("give a path".to_owned()) } else { Ok(text.into()) }
    }

    fn show(&self) -> Option<String> {
        Some(self.display().to_string())
    }
}

impl Value for SocketAddr {
    fn parse(text: &str) -> Result<Self, String> {
        text.trim()
            .parse()
            .map_err(|_| "give an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for QueueName {
    fn parse(text: &str) -> Result<Self, String> {
        // The error quotes the name, which is not to be seen where it is an address with its password.
        Self::new(text.trim()).map_err(|error| match Self::mask(text) == text {
            true => error.to_string(),
            false => "give names of queues, of A-Z a-z 0-9 . _ -".to_owned(),
        })
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for Secret {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::new(text))
    }

    fn show(&self) -> Option<String> {
        Some(MASK.to_owned())
    }

    fn mask(_text: &str) -> String {
        MASK.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r49_durations_are_seconds_or_have_units() {
        for (text, millis) in
            [("5", 5_000), ("0", 0), ("0.25", 250), (" 30s ", 30_000), ("5m", 300_000), ("1h 1s", 3_601_000)]
        {
            assert_eq!(Duration::parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", ".", "-1", "+1", "inf", "nan", "1e3", "1.2.3", "5 parsecs", "315360001", "11years"] {
            assert!(Duration::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn r49_what_is_shown_reads_back_as_the_same_value() {
        fn holds<T: Value + PartialEq + std::fmt::Debug>(text: &str) {
            let value = T::parse(text).unwrap();
            assert_eq!(T::parse(&value.show().unwrap_or_default()), Ok(value));
        }
        ["0", "0.001", "90061", "604800", "7776000", "315360000"].into_iter().for_each(holds::<Duration>);
        ["yes", "off"].into_iter().for_each(holds::<bool>);
        ["127.0.0.1:1", "[::1]:8080"].into_iter().for_each(holds::<SocketAddr>);
        ["", "7"].into_iter().for_each(holds::<Option<u32>>);
        holds::<Vec<QueueName>>("b, a,b");
        holds::<PathBuf>("some/where");
        holds::<String>("any text");
    }

    #[test]
    fn r49_lists_keep_their_order_and_lose_repeats() {
        assert_eq!(Vec::<u8>::parse("3, 1,3"), Ok(vec![3, 1]));
        assert!(Vec::<QueueName>::parse("a,,b").is_err());
        assert!(Vec::<QueueName>::parse("").is_err());
    }
}
