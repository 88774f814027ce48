//! Jobs of this process that tell when they started.

use std::sync::OnceLock;

use anyhow::{Context, ensure};
use journeyman::clock::{Clock, SystemClock};
use tokio::sync::mpsc;

/// Where the jobs of this process report, once for all runs.
static STARTED: OnceLock<mpsc::UnboundedSender<i64>> = OnceLock::new();

/// The receiving end of the jobs of this process.
#[derive(Debug)]
pub struct Starts(mpsc::UnboundedReceiver<i64>);

impl Starts {
    /// May be called once in a process.
    pub fn listen() -> anyhow::Result<Self> {
        let (sender, receiver) = mpsc::unbounded_channel();
        ensure!(STARTED.set(sender).is_ok(), "the starts of jobs are listened to already");
        Ok(Self(receiver))
    }

    /// Microseconds that the next job tells.
    pub async fn next(&mut self) -> anyhow::Result<i64> {
        self.0.recv().await.context("no job can report its start")
    }
}

/// Called by a job as the first thing it does.
pub fn report(micros: i64) {
    if let Some(started) = STARTED.get() {
        // Nobody is left to tell at the end of a run.
        let _ = started.send(micros);
    }
}

/// The machine's clock, which every process here shares.
pub fn now_micros() -> i64 {
    SystemClock::default().now().as_micros()
}
