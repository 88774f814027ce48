//! What each job of a lane is like. It follows from the lane's seed and the job's number, whoever pushes it.

use std::ops::Range;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::{Builder, Uuid};

use crate::jobs::Tracked;

/// How long a job takes that a frozen worker shall have in hand, and the one after it when it wakes up, milliseconds.
const SLOW: u32 = 6_000;

/// The plans of a lane's jobs.
#[derive(Debug, Clone)]
pub struct Plans {
    pub seed: u64,
    /// Which jobs are slow; all others are as the dice say.
    pub slow: Vec<Range<u64>>,
}

impl Plans {
    pub fn of(&self, number: u64) -> Plan {
        let plan = Plan::of(self.seed, number);
        if self.is_slow(number) { Plan { kind: Kind::Long { millis: SLOW }, ..plan } } else { plan }
    }

    /// All jobs of a lane whose clients push so many.
    pub fn count(&self, jobs: u64) -> u64 {
        jobs + self.slow.iter().map(|range| range.end - range.start).sum::<u64>()
    }

    fn is_slow(&self, number: u64) -> bool {
        self.slow.iter().any(|range| range.contains(&number))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    number: u64,
    kind: Kind,
    id: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Runs that long.
    Long {
        millis: u32,
    },
    /// Waits that long first.
    Delayed {
        millis: u32,
    },
    /// Fails that many attempts first.
    Flaky {
        failures: u32,
    },
    /// Completes and calls back.
    Calling,
    /// Fails for good and calls back.
    Doomed,
}

/// How a job has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    pub completes: bool,
    pub calls_back: bool,
}

impl Plan {
    fn of(seed: u64, number: u64) -> Self {
        let mut dice = SmallRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        let kind = match dice.random_range(0..100) {
            0..60 => Kind::Plain,
            60..68 => Kind::Long { millis: dice.random_range(20..300) },
            68..78 => Kind::Delayed { millis: dice.random_range(200..4_000) },
            78..88 => Kind::Flaky { failures: dice.random_range(1..3) },
            88..96 => Kind::Calling,
            _ => Kind::Doomed,
        };
        Self { number, kind, id: Builder::from_random_bytes(dice.random()).into_uuid() }
    }

    pub fn expected(self) -> Expected {
        let completes = self.kind != Kind::Doomed;
        Expected { completes, calls_back: matches!(self.kind, Kind::Calling | Kind::Doomed) }
    }

    /// The task as a client sends it, under an id of the client's own or without one.
    pub fn task(self, is_named: bool) -> Value {
        let (mut failures, mut millis, mut more) = (0, 0, json!({}));
        match self.kind {
            Kind::Plain => {}
            Kind::Long { millis: long } => millis = long,
            Kind::Delayed { millis } => more["delay"] = json!(f64::from(millis) / 1000.0),
            Kind::Flaky { failures: first } => {
                failures = first;
                more["retry_config"] = json!({"strategy": "fixed", "delay": 0.2, "jitter": true});
            }
            Kind::Calling => more["on_success"] = json!("tracked_callback"),
            Kind::Doomed => {
                failures = u32::MAX;
                more["max_tries"] = json!(2);
                more["retry_config"] = json!({"strategy": "fixed", "delay": 0.1});
                more["on_failure"] = json!("tracked_callback");
            }
        }
        more["task_type"] = json!("tracked");
        more["task_data"] = json!(Tracked { number: self.number, failures, millis });
        more["queue_name"] = json!(["storm-a", "storm-b", "storm-c"][(self.number % 3) as usize]);
        more["priority"] = json!(1 + self.number % 4);
        if is_named {
            more["operation_id"] = json!(self.id);
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_follows_from_seed_and_number_and_all_kinds_come_up() {
        assert_eq!(Plan::of(7, 11), Plan::of(7, 11));
        assert_ne!(Plan::of(7, 11).id, Plan::of(8, 11).id);
        let kinds: Vec<_> = (0..1000).map(|number| Plan::of(1, number).kind).collect();
        let is_there = |is_it: fn(&Kind) -> bool| kinds.iter().any(is_it);
        assert!(is_there(|kind| *kind == Kind::Plain) && is_there(|kind| *kind == Kind::Doomed));
        assert!(is_there(|kind| *kind == Kind::Calling) && is_there(|kind| matches!(kind, Kind::Long { .. })));
        assert!(is_there(|kind| matches!(kind, Kind::Delayed { .. })));
        assert!(is_there(|kind| matches!(kind, Kind::Flaky { .. })));
    }
}
