//! What the worker costs beside handlers that keep the processors busy.

use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use journeyman_job::prelude::*;

use crate::crew::{self, Crew};
use crate::spin;
use crate::stores::{self, Expected, Stand};
use crate::{process, push};

/// Jobs that the worker runs at once.
pub const SLOTS: usize = 64;
pub const NOTE: &str = "Busy: every job is 1 ms of processor time, measured out as such. The handler alone is the same work \
    in a process with as many threads, half of it before and half after the drain; the worker is less the fastest of three \
    empty runs. Goal: beyond the handler no more than a tenth of it and 15 µs.";

/// Processor time of one handler.
const WORK: Duration = Duration::from_millis(1);

/// Keeps a processor busy.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct BenchBusy {
    micros: u32,
}

#[job]
impl Job for BenchBusy {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        spin::spin(Duration::from_micros(self.micros.into()));
        Ok(Outcome::done())
    }
}

/// Processor time per job, microseconds.
#[derive(Debug)]
pub struct Busy {
    /// Of the handler where nothing else runs.
    pub alone: f64,
    /// Of the whole worker, the handler in it.
    pub worker: f64,
}

pub async fn measure(stand: &Stand, jobs: u64) -> anyhow::Result<Busy> {
    let before = alone(jobs / 2).await?;
    let crew = Crew::Silent { workers: SLOTS };
    // Creates the tables, so that the empty run does what the full one will do.
    drop(stand.open().await?);
    let idle = crew::start_up(stand, crew).await?;
    let app = stand.open().await?;
    let job = BenchBusy { micros: u32::try_from(WORK.as_micros())? };
    push::fill_with(&app, jobs, || Ok(journeyman_job::Dispatch::new(&job)?)).await?;
    drop(app);
    let full = process::run(crew.command(stand)?).await?;
    stand.verify(Expected::Completed(jobs)).await?;
    let after = alone(jobs / 2).await?;
    let worker = (full.cpu_seconds - idle.cpu_seconds) * 1e6 / jobs as f64;
    Ok(Busy { alone: f64::midpoint(before, after), worker })
}

/// Microseconds of processor time of one handler, over about so many.
async fn alone(handlers: u64) -> anyhow::Result<f64> {
    // As many as the worker's runtime starts.
    let threads = std::thread::available_parallelism()?.get() as u64;
    let turns = handlers / threads;
    ensure!(turns > 0, "too few jobs to share among {threads} threads");
    let mut command = Command::new(stores::this_program()?);
    command.args(["spin", "--threads", &threads.to_string(), "--turns", &turns.to_string()]);
    command.args(["--micros", &WORK.as_micros().to_string()]);
    let usage = process::run(command).await?;
    Ok(usage.cpu_seconds * 1e6 / (threads * turns) as f64)
}
