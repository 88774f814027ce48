//! Jobs of all kinds, pushed as fast as a client is told, and an account of what became of each push.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::effort::{figures, replay};
use crate::support::http::{Answer, Api};
use crate::support::process::Process;
use crate::support::until;

/// Longest that everything may take to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A job that outlasts the grace periods that tests give.
pub const LONG: f64 = 2.5;

/// What a job is and so what must become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Quick,
    Short,
    /// Outlasts the grace period.
    Long,
    Blocking,
    /// Outlasts the grace period, and cannot be cut off.
    BlockingLong,
    FailsOnce,
    FailsTwice,
    FailsForGood,
    CallsBack,
}

use Kind::{Blocking, BlockingLong, CallsBack, FailsForGood, FailsOnce, FailsTwice, Long, Quick, Short};

/// How many of each among 40.
const MIX: [(Kind, usize); 9] = [
    (Quick, 12),
    (Short, 12),
    (Blocking, 4),
    (FailsOnce, 2),
    (FailsTwice, 2),
    (FailsForGood, 2),
    (CallsBack, 4),
    (Long, 1),
    (BlockingLong, 1),
];

impl Kind {
    fn body(self) -> Value {
        match self {
            Quick => json!({"task_type": "noop"}),
            Short => json!({"task_type": "sleep", "task_data": {"seconds": 0.05}}),
            Long => json!({"task_type": "sleep", "task_data": {"seconds": LONG}}),
            Blocking => json!({"task_type": "blocking_sleep", "task_data": {"seconds": 0.05}}),
            BlockingLong => json!({"task_type": "blocking_sleep", "task_data": {"seconds": LONG}}),
            FailsOnce => json!({"task_type": "flaky", "task_data": {"failures": 1}}),
            FailsTwice => json!({"task_type": "flaky", "task_data": {"failures": 2}}),
            FailsForGood => json!({"task_type": "always_fails", "max_tries": 2, "on_failure": "record_callback"}),
            CallsBack => json!({"task_type": "echo", "task_data": {"value": 1}, "on_success": "record_callback"}),
        }
    }

    /// Executions that count.
    fn attempts(self) -> u64 {
        match self {
            FailsOnce | FailsForGood => 2,
            FailsTwice => 3,
            _ => 1,
        }
    }

    /// Whether it ends within any grace period, so that nobody may begin it twice.
    fn is_cooperative(self) -> bool {
        !matches!(self, Long | BlockingLong)
    }
}

/// One push.
#[derive(Debug, Clone)]
pub struct Pushed {
    pub id: String,
    pub kind: Kind,
}

/// Makes up pushes, the same ones for the same seed.
#[derive(Debug)]
pub struct Mix(StdRng);

impl Mix {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub fn next(&mut self) -> (Pushed, String) {
        let mut lot = self.0.random_range(0..MIX.iter().map(|(_, count)| count).sum());
        let drawn = MIX.iter().find(|(_, count)| {
            let is_drawn = lot < *count;
            lot = lot.saturating_sub(*count);
            is_drawn
        });
        self.of(drawn.unwrap().0)
    }

    /// One of that kind, as a body to post.
    pub fn of(&mut self, kind: Kind) -> (Pushed, String) {
        let id = Uuid::from_u128(self.0.random()).to_string();
        let mut body = kind.body();
        body["operation_id"] = json!(id);
        body["retry_config"] = json!({"strategy": "fixed", "delay": 0.05});
        (Pushed { id, kind }, body.to_string())
    }

    /// For another one.
    pub fn seed(&mut self) -> u64 {
        self.0.random()
    }

    pub fn moment(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.0.random())
    }
}

/// Whether a push was taken, now or at an earlier try.
pub fn is_taken(answer: &Answer) -> bool {
    matches!(answer.status, 200 | 201)
}

/// How a process left, as its log says.
#[derive(Debug)]
pub struct Departure {
    /// The store was too slow, on a very busy machine, to hear all that the process had to say in time. Its jobs are then
    /// left to its lease; and whoever died, or seems to have, costs a try.
    pub was_cut_short: bool,
    /// Connections that were still open at the end.
    pub dropped: usize,
}

impl Departure {
    pub fn of(process: &Process) -> Self {
        let log = process.stderr();
        let dropped = log.split("drain timeout dropped=").nth(1).and_then(|rest| rest.split(' ').next());
        Self {
            was_cut_short: log.contains("its lease will run out") || log.contains("did not take the last results"),
            dropped: dropped.map_or(0, |count| count.parse().unwrap()),
        }
    }
}

/// Checks each job. On a very busy machine a call to reserve may come back only when the grace period is almost over, and
/// what it brought is cut off though it would not have taken long; that must be the exception.
pub fn check_all(api: Api, pushed: &[Pushed], departures: &[Departure]) {
    let cut_off = pushed.iter().filter(|pushed| check(api, pushed, departures)).count();
    figures(&format!("{cut_off} of {} jobs that end soon were cut off", pushed.len()));
    assert!(cut_off * 4 <= pushed.len(), "{cut_off} of {} jobs were begun twice, {}", pushed.len(), replay());
}

/// Waits until the job and what it calls back have ended, and checks that nothing of it was lost, used up or done twice.
/// Tells whether it was cut off though it ends soon.
fn check(api: Api, pushed: &Pushed, departures: &[Departure]) -> bool {
    let Pushed { id, kind } = pushed;
    let ended = until_ended(api, id);
    let history = ended["history"].as_array().unwrap();
    let outcomes = || history.iter().map(|entry| entry["outcome"].as_str().unwrap());
    let deaths = outcomes().filter(|&outcome| outcome == "worker_lost").count();
    let excused = departures.iter().filter(|departure| departure.was_cut_short).count();
    assert!(deaths <= excused, "{}: {ended}", replay());
    if deaths > 0 {
        return false;
    }
    let expected = if *kind == FailsForGood { "failed" } else { "completed" };
    let as_expected = (&json!(expected), &json!(kind.attempts()));
    assert_eq!((&ended["status"], &ended["attempts"]), as_expected, "{}: {ended}", replay());
    let counted: Vec<&str> = outcomes().filter(|&outcome| outcome != "requeued").collect();
    let mut usual = vec!["error"; usize::try_from(kind.attempts()).unwrap()];
    if *kind != FailsForGood {
        usual.pop();
        usual.push("completed");
    }
    assert_eq!(counted, usual, "{}: {ended}", replay());
    let callbacks = ended["callbacks"].as_array().unwrap();
    assert_eq!(callbacks.len(), usize::from(matches!(kind, CallsBack | FailsForGood)), "{}: {ended}", replay());
    for callback in callbacks {
        let callback = until_ended(api, callback["task_id"].as_str().unwrap());
        assert_eq!(callback["status"], "completed", "{}: {callback}", replay());
    }
    kind.is_cooperative() && outcomes().any(|outcome| outcome == "requeued")
}

fn until_ended(api: Api, id: &str) -> Value {
    until(&format!("job {id} ends"), PATIENCE, || {
        let answer = api.get(&format!("/api/queue/status/{id}"));
        // A callback may be stored a moment after the job whose end it follows.
        let status = (answer.status == 200).then(|| answer.json())?;
        matches!(status["status"].as_str(), Some("completed" | "failed")).then_some(status)
    })
}

/// Memory that a process holds, MiB.
pub fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1024
}

/// How long things took, in words.
pub fn latencies(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let [half, most, all] = [50, 99, 100].map(|share| at(share).copied().unwrap_or_default());
    format!("{half:.2?} (half), {most:.2?} (99 %), {all:.2?} (all)")
}
