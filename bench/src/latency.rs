//! From the call that pushes a job to the job's first line, with a worker that has nothing else to do.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use journeyman::app::App;
use journeyman::chance;
use journeyman::config::{Config, Sources};
use journeyman_job::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;

use crate::figures;
use crate::guarded::Guarded;
use crate::starts::{self, Starts};
use crate::stores::{self, Stand};

/// No job may take longer to start: then something is broken rather than slow.
const LOST: Duration = Duration::from_secs(5);
/// Samples before those that count.
const WARM_UP: usize = 50;

/// Tells how long it was under way.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct BenchLatency {
    /// By the machine's clock, which every process here shares.
    sent_at_micros: i64,
}

#[job]
impl Job for BenchLatency {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        starts::report(starts::now_micros() - self.sent_at_micros);
        Ok(Outcome::done())
    }
}

/// Milliseconds.
#[derive(Debug)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// The worker in the process that pushes.
pub async fn same_process(stand: &Stand, starts: &mut Starts, samples: usize) -> anyhow::Result<Latency> {
    let app = stand.open().await?;
    let worker = app.work(false, None)?;
    let mut seen = Vec::with_capacity(samples);
    for sample in 0..WARM_UP + samples {
        push(&app).await?;
        let under_way = tokio::time::timeout(LOST, starts.next()).await.context("a job did not start within 5 s")??;
        keep(&mut seen, sample, under_way)?;
        pause().await;
    }
    worker.stop().await;
    Ok(summary(seen))
}

/// The worker in a process of its own.
pub async fn other_process(stand: &Stand, samples: usize) -> anyhow::Result<Latency> {
    let app = stand.open().await?;
    let program = stores::this_program()?;
    let mut worker = Guarded::start(program.as_os_str(), &["latency-worker"], |command| {
        stand.prepare(command);
        command.stdout(Stdio::piped());
    })?;
    let stdout = worker.take_stdout().context("the worker has no standard output")?;
    let mut lines = BufReader::new(ChildStdout::from_std(stdout)?).lines();
    number(&mut lines).await?;
    let mut seen = Vec::with_capacity(samples);
    for sample in 0..WARM_UP + samples {
        push(&app).await?;
        keep(&mut seen, sample, number(&mut lines).await?)?;
        pause().await;
    }
    Ok(summary(seen))
}

/// The hidden command: a worker of the environment's store that prints a number when it works, then one per job.
pub async fn worker() -> anyhow::Result<()> {
    let mut starts = Starts::listen()?;
    let app = App::start(Config::load(&Sources::from_process(None, Vec::new())?)?.config).await?;
    let _worker = app.work(false, None)?;
    let mut output = std::io::stdout();
    writeln!(output, "0")?;
    loop {
        writeln!(output, "{}", starts.next().await?)?;
        output.flush()?;
    }
}

/// From a task, as a request's handler pushes: what is outside of all tasks has to wake the runtime first.
async fn push(app: &App) -> anyhow::Result<()> {
    let manager = app.manager.clone();
    let pushed =
        tokio::spawn(async move { manager.push(&BenchLatency { sent_at_micros: starts::now_micros() }).await });
    pushed.await??;
    Ok(())
}

async fn number(lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<i64> {
    let line = tokio::time::timeout(LOST, lines.next_line()).await.context("a job did not start within 5 s")??;
    Ok(line.context("the worker has ended")?.parse()?)
}

/// Long enough for the worker to settle and fall idle, and never in step with anything.
async fn pause() {
    tokio::time::sleep(Duration::from_secs_f64(0.002 + 0.004 * chance::roll())).await;
}

fn keep(seen: &mut Vec<u64>, sample: usize, under_way: i64) -> anyhow::Result<()> {
    let under_way = u64::try_from(under_way).context("the machine's clock was set back during the run")?;
    if sample >= WARM_UP {
        seen.push(under_way);
    }
    Ok(())
}

/// Of microseconds in any order.
pub fn summary(mut seen: Vec<u64>) -> Latency {
    seen.sort_unstable();
    let millis = |percent| figures::percentile(&seen, percent) as f64 / 1000.0;
    Latency { p50: millis(50.0), p99: millis(99.0), max: millis(100.0) }
}
