//! One worker process empties a full queue.
//!
//! Timed from the start of the process to its exit, less what the same command takes on an empty store: connecting,
//! noticing that nothing is left, and stopping. No polling for the end disturbs the store meanwhile.

use anyhow::ensure;

use crate::crew::{self, Crew};
use crate::process;
use crate::push;
use crate::stores::{Expected, Kind, Stores};

/// What one drain came to.
#[derive(Debug)]
pub struct Drained {
    pub jobs_per_second: f64,
    pub peak_mib: f64,
    /// Processor seconds of the worker per 100 000 jobs.
    pub worker_cpu: f64,
    /// The same of Redis.
    pub redis_cpu: Option<f64>,
}

pub async fn measure(stores: &Stores, kind: Kind, crew: Crew<'_>, jobs: u64) -> anyhow::Result<Drained> {
    let stand = stores.fresh(kind)?;
    // Creates the tables, so that the empty run does what the full one will do.
    drop(stand.open().await?);
    let idle = crew::start_up(&stand, crew).await?;
    let app = stand.open().await?;
    push::fill(&app, jobs).await?;
    drop(app);
    let redis_before = stores.redis.cpu_seconds()?;
    let full = process::run(crew.command(&stand)?).await?;
    let redis_cpu = stores.redis.cpu_seconds()? - redis_before;
    stand.verify(Expected::Completed(jobs)).await?;
    ensure!(full.wall > idle.wall, "{jobs} jobs took no longer than none: give --jobs more");
    let scale = 100_000.0 / jobs as f64;
    Ok(Drained {
        jobs_per_second: jobs as f64 / (full.wall - idle.wall).as_secs_f64(),
        peak_mib: full.peak_mib,
        worker_cpu: full.cpu_seconds * scale,
        redis_cpu: (kind == Kind::Redis).then_some(redis_cpu * scale),
    })
}
