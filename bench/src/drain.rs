//! One worker process empties a full queue.
//!
//! Timed from the start of the process to its exit, less what the same command takes on an empty store: connecting,
//! noticing that nothing is left, and stopping. No polling for the end disturbs the store meanwhile.

use std::process::Command;

use anyhow::ensure;
use journeyman::app::App;
use journeyman::config::{Config, Sources};

use crate::process::{self, Usage};
use crate::push;
use crate::stores::{self, Expected, Kind, Stand, Stores};

/// A worker must not outlive the section it is measured in, seconds.
const LONGEST: &str = "50";

/// Which worker drains.
#[derive(Debug, Clone, Copy)]
pub enum Crew {
    /// `journeyman work`, which writes a line per job; to nowhere.
    Work { workers: usize },
    /// The same worker through the library, without an observer: what `journeyman serve` runs.
    Silent { workers: usize },
}

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

pub async fn measure(stores: &Stores, kind: Kind, crew: Crew, jobs: u64) -> anyhow::Result<Drained> {
    let stand = stores.fresh(kind)?;
    // Creates the tables, so that the empty run does what the full one will do.
    drop(stand.open().await?);
    let idle = start_up(&stand, crew).await?;
    let app = stand.open().await?;
    push::fill(&app, jobs).await?;
    drop(app);
    let redis_before = stores.redis.cpu_seconds()?;
    let full = process::run(command(&stand, crew)?).await?;
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

/// The fastest of three empty runs: whatever slows one down does not belong to it.
async fn start_up(stand: &Stand, crew: Crew) -> anyhow::Result<Usage> {
    let mut fastest: Option<Usage> = None;
    for _ in 0..3 {
        let idle = process::run(command(stand, crew)?).await?;
        fastest = Some(fastest.map_or(idle, |best| if idle.wall < best.wall { idle } else { best }));
    }
    fastest.ok_or_else(|| anyhow::anyhow!("no empty run"))
}

fn command(stand: &Stand, crew: Crew) -> anyhow::Result<Command> {
    let (program, arguments, workers) = match crew {
        Crew::Work { workers } => {
            let arguments = &["work", "--stop-when-empty", "--max-time", LONGEST, "--workers"][..];
            (stores::journeyman()?, arguments, workers)
        }
        Crew::Silent { workers } => (stores::this_program()?, &["silent-worker", "--workers"][..], workers),
    };
    let mut command = stand.program(&program);
    command.args(arguments).arg(workers.to_string());
    Ok(command)
}

/// The hidden command: a worker of the environment's store until nothing is left.
pub async fn silent_worker(workers: usize) -> anyhow::Result<()> {
    let setting = |key: &str, value: String| (key.to_owned(), "--workers".to_owned(), value);
    let flags = vec![setting("worker.count", workers.to_string()), setting("worker.max_time", LONGEST.to_owned())];
    let config = Config::load(&Sources::from_process(None, flags)?)?.config;
    let app = App::start(config).await?;
    let worker = app.work(true, None)?;
    worker.finished().await;
    worker.stop().await;
    Ok(())
}
