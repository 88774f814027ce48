//! What is worth a word about a store that is in use.

use std::time::Duration;

use serde::Serialize;

use super::{Operations, QueueView};
use crate::clock::{Timestamp, rough};
use crate::queue::StoreError;

/// Difference of two clocks that is worth a word.
const CLOCKS: Duration = Duration::from_secs(2);
/// Time that a job may wait for a worker before it is worth a word.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Ok,
    /// Works, and should be known.
    Warn,
    /// Does not work.
    Fail,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    #[serde(rename = "check")]
    pub name: &'static str,
    pub level: Level,
    /// A sentence. Of a check that failed it may name addresses.
    pub message: String,
}

impl Check {
    pub fn new(name: &'static str, level: Level, message: impl Into<String>) -> Self {
        Self { name, level, message: message.into() }
    }
}

impl Operations {
    /// Looks at the store called `name`; `here` is this machine's time. One that does not answer has one line.
    pub async fn checkup(&self, name: &str, here: Timestamp) -> Vec<Check> {
        if let Err(error) = self.store.ping().await {
            return vec![Check::new("store", Level::Fail, format!("{name}: {error}"))];
        }
        let mut checks = vec![Check::new("store", Level::Ok, format!("{name} answers"))];
        checks.push(self.store.durability().await.map_or_else(|error| failed("durability", &error), durability));
        checks.push(self.store.time().await.map_or_else(|error| failed("clock", &error), |there| clock(here, there)));
        match self.view_all().await {
            Ok(views) => {
                checks.push(paused(&views));
                checks.push(failures(&views));
                checks.push(self.waiting(&views).await.unwrap_or_else(|error| failed("waiting", &error)));
            }
            Err(error) => checks.push(failed("queues", &error)),
        }
        checks
    }

    /// Of each queue the job that would run next: if that one has waited long, no worker serves the queue, or too few.
    async fn waiting(&self, views: &[QueueView]) -> Result<Check, StoreError> {
        let now = self.store.time().await?;
        let since = self.waiting_since(views).await?;
        let waits = views.iter().zip(since).filter_map(|(view, since)| Some((now.since(since?), view)));
        // Of two alike the first.
        let longest = waits.reduce(|longest, other| if other.0 > longest.0 { other } else { longest });
        let Some((waited, view)) = longest else {
            return Ok(Check::new("waiting", Level::Ok, "no job waits for a worker"));
        };
        let message = format!("the next job of queue {} has waited {}", view.stats.queue, rough(waited));
        if waited < PATIENCE || view.is_paused {
            return Ok(Check::new("waiting", Level::Ok, message));
        }
        Ok(Check::new("waiting", Level::Warn, format!("{message}; is a worker running that serves it?")))
    }
}

fn failed(name: &'static str, error: &StoreError) -> Check {
    Check::new(name, Level::Fail, error.to_string())
}

/// The drivers begin what they say with the level.
fn durability(found: String) -> Check {
    let loses =
        ["memory", "snapshots", "unknown", "append-only", "evicting"].iter().any(|level| found.starts_with(level));
    Check::new("durability", if loses { Level::Warn } else { Level::Ok }, found)
}

/// The store's clock decides when jobs run; this one only shows in logs.
fn clock(here: Timestamp, there: Timestamp) -> Check {
    let apart = here.since(there).max(there.since(here));
    if apart < CLOCKS {
        let message = format!("the store's clock and this machine's agree within {} s", CLOCKS.as_secs());
        return Check::new("clock", Level::Ok, message);
    }
    let which = if there > here { "ahead of" } else { "behind" };
    let message =
        format!("the store's clock is {} {which} this machine's; the store's decides when jobs run", rough(apart));
    Check::new("clock", Level::Warn, message)
}

fn paused(views: &[QueueView]) -> Check {
    let names: Vec<&str> = views.iter().filter(|view| view.is_paused).map(|view| view.stats.queue.as_str()).collect();
    if names.is_empty() {
        return Check::new("paused", Level::Ok, "no queue is paused");
    }
    Check::new("paused", Level::Warn, format!("{}; `journeyman resume` ends a pause", names.join(", ")))
}

fn failures(views: &[QueueView]) -> Check {
    let failed: u64 = views.iter().map(|view| view.stats.failed).sum();
    if failed == 0 {
        return Check::new("failed", Level::Ok, "no failed jobs");
    }
    Check::new("failed", Level::Warn, format!("{failed} failed jobs; `journeyman failed` lists them"))
}
