//! Those who push: some insist under an id of their own until they are told that the job is stored, some ask once.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ledger::{Event, Ledger};
use crate::plan::Plans;
use crate::support::http::{Answer, Api};

pub const CLIENTS: u64 = 6;
/// Most jobs of one request.
const BATCH: u64 = 200;
/// Between two attempts of one who insists.
const PAUSE: Duration = Duration::from_millis(50);
/// Attempts before the lane is given up.
const MOST_TRIES: usize = 1_200;

/// How far the clients are, and how far they may go.
#[derive(Debug)]
pub struct Pace {
    jobs: u64,
    next: AtomicU64,
    /// Jobs whose requests are over.
    done: AtomicU64,
    /// Nobody goes beyond it, so that the faults strike all along the way.
    gate: AtomicU64,
    is_over: AtomicBool,
}

/// What a request came to.
enum Outcome {
    Stored(Vec<Uuid>),
    /// The server says that nothing was done.
    Refused,
    /// It may or may not have been done.
    Unknown,
}

struct EndsPace<'a>(&'a Pace);

impl Drop for EndsPace<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Pace {
    pub fn new(jobs: u64) -> Self {
        let is_over = AtomicBool::new(false);
        Self { jobs, next: AtomicU64::new(0), done: AtomicU64::new(0), gate: AtomicU64::new(0), is_over }
    }

    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub fn open_up_to(&self, jobs: u64) {
        self.gate.store(jobs, Ordering::Relaxed);
    }

    /// Sends the clients home, wherever they are.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Ends it whichever way the holder's work ends, a panic included: the clients would push for ever.
    pub fn ended_with(&self) -> impl Drop {
        EndsPace(self)
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// The next numbers, at most `size` of them; waits at the gate. `None` at the end.
    fn take(&self, size: u64) -> Option<Range<u64>> {
        let first = self.next.fetch_add(size, Ordering::Relaxed);
        let range = first..(first + size).min(self.jobs);
        while first >= self.gate.load(Ordering::Relaxed) && first < self.jobs {
            if self.is_over() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        (!range.is_empty() && !self.is_over()).then_some(range)
    }
}

/// One client, until there is nothing left to push.
pub fn push(folder: &Path, plans: &Plans, client: u64, servers: &[SocketAddr], pace: &Pace) -> anyhow::Result<()> {
    let ledger = Ledger::open(folder, &format!("client{client}"))?;
    let mut dice = SmallRng::seed_from_u64(plans.seed ^ (client << 32));
    loop {
        let size = if dice.random_bool(0.3) { 1 } else { dice.random_range(1..=BATCH) };
        let Some(numbers) = pace.take(size) else { return Ok(()) };
        let insists = dice.random_bool(0.7);
        let tasks: Vec<Value> = numbers.clone().map(|number| plans.of(number).task(insists)).collect();
        ledger.write_all(&attempted(&numbers))?;
        let outcome = loop {
            let server = servers[dice.random_range(0..servers.len())];
            let outcome = send(Api(server), &tasks)?;
            if matches!(outcome, Outcome::Stored(_)) || !insists || pace.is_over() {
                break outcome;
            }
            std::thread::sleep(PAUSE);
        };
        let told: Vec<Event> = match outcome {
            Outcome::Stored(ids) => acknowledged(&numbers, ids),
            // Whoever insisted may have been stored by an attempt before the last.
            Outcome::Refused if !insists => numbers.clone().map(|number| Event::Refused { number }).collect(),
            Outcome::Refused | Outcome::Unknown => Vec::new(),
        };
        ledger.write_all(&told)?;
        pace.done.fetch_add(numbers.end - numbers.start, Ordering::Relaxed);
    }
}

/// Pushes these jobs until a server has taken them.
pub fn insist(ledger: &Ledger, plans: &Plans, numbers: Range<u64>, servers: &[SocketAddr]) -> anyhow::Result<()> {
    let tasks: Vec<Value> = numbers.clone().map(|number| plans.of(number).task(true)).collect();
    ledger.write_all(&attempted(&numbers))?;
    for server in servers.iter().cycle().take(MOST_TRIES) {
        if let Outcome::Stored(ids) = send(Api(*server), &tasks)? {
            return Ok(ledger.write_all(&acknowledged(&numbers, ids))?);
        }
        std::thread::sleep(PAUSE);
    }
    bail!("no server takes the slow jobs")
}

fn attempted(numbers: &Range<u64>) -> Vec<Event> {
    numbers.clone().map(|number| Event::Attempted { number }).collect()
}

fn acknowledged(numbers: &Range<u64>, ids: Vec<Uuid>) -> Vec<Event> {
    numbers.clone().zip(ids).map(|(number, id)| Event::Acknowledged { number, id }).collect()
}

fn send(server: Api, tasks: &[Value]) -> anyhow::Result<Outcome> {
    let sent = match tasks {
        [task] => server.try_post(&task.to_string()),
        _ => server.post_to("/api/queue/enqueue/batch", &json!({"tasks": tasks}).to_string()),
    };
    let Ok(answer) = sent else { return Ok(Outcome::Unknown) };
    match answer.status {
        200 | 201 => Ok(Outcome::Stored(ids(&answer, tasks.len())?)),
        429 | 503 => match answer.json()["code"].as_str() {
            Some("store_timeout") => Ok(Outcome::Unknown),
            Some(_) => Ok(Outcome::Refused),
            None => bail!("an answer without a code: {answer:?}"),
        },
        _ => bail!("a server answers {answer:?}"),
    }
}

fn ids(answer: &Answer, count: usize) -> anyhow::Result<Vec<Uuid>> {
    let body = answer.json();
    let results = if count == 1 { vec![body] } else { body["results"].as_array().cloned().unwrap_or_default() };
    let id = |result: &Value| result["task_id"].as_str().and_then(|id| id.parse().ok());
    let ids: Option<Vec<Uuid>> = results.iter().map(id).collect();
    ids.filter(|ids| ids.len() == count).with_context(|| format!("not {count} ids: {answer:?}"))
}
