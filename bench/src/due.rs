//! Many jobs that come due at one instant, and how late each of them starts; the worker has nothing to do before.

use std::time::Duration;

use anyhow::{Context, ensure};
use journeyman::clock::{Clock, Stopwatch, SystemClock};
use journeyman_job::prelude::*;

use crate::latency::{self, Latency};
use crate::push;
use crate::starts::{self, Starts};
use crate::stores::{Expected, Stand};

/// Jobs that the worker runs at once.
pub const SLOTS: usize = 256;
pub const NOTE: &str = "Due: all jobs are delayed to one instant and stored before it, in the process of the worker, which has \
    run a tenth as many before and is idle by then. Lateness: from the instant to a job's first line; the last one's is the \
    time for all. Goal: 150 ms for 10 000 jobs.";

/// What has to be left of the time until the instant once all jobs are stored: then the worker is idle.
const IDLE: Duration = Duration::from_millis(500);
/// No two jobs may start further apart: then something is broken rather than slow.
const LOST: Duration = Duration::from_secs(10);

/// Tells how late it is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct BenchDue {
    /// By the machine's clock, which the store's is too.
    due_at_micros: i64,
}

#[job]
impl Job for BenchDue {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        starts::report(starts::now_micros() - self.due_at_micros);
        Ok(Outcome::done())
    }
}

/// Milliseconds that the jobs are late.
pub async fn measure(stand: &Stand, starts: &mut Starts, jobs: u64) -> anyhow::Result<Latency> {
    let app = stand.open_with(vec![("worker.count", SLOTS.to_string())]).await?;
    let worker = app.work(false, None)?;
    let warm_up = (jobs / 10).max(1);
    let clock = Stopwatch::start();
    let job = BenchDue { due_at_micros: starts::now_micros() };
    push::fill_with(&app, warm_up, || Ok(Dispatch::new(&job)?)).await?;
    let lead = lead(clock.elapsed(), warm_up, jobs);
    lateness(starts, warm_up).await?;

    let due = SystemClock::default().now().plus(lead);
    let (job, instant) = (BenchDue { due_at_micros: due.as_micros() }, due.to_rfc3339());
    push::fill_with(&app, jobs, || Ok(Dispatch::new(&job)?.run_at(instant.parse()?))).await?;
    let left = due.since(SystemClock::default().now());
    ensure!(left >= IDLE, "the jobs were stored only {left:?} before they came due: the worker was not idle");
    tokio::time::sleep(left).await;
    let late = lateness(starts, jobs).await?;
    worker.stop().await;
    drop(app);
    stand.verify(Expected::Completed(warm_up + jobs)).await?;
    Ok(latency::summary(late))
}

/// How far ahead the instant has to be if storing `of` jobs took `took`: twice what all should take, and the idle time.
fn lead(took: Duration, of: u64, jobs: u64) -> Duration {
    IDLE * 2 + took.mul_f64(2.0 * jobs as f64 / of as f64)
}

/// Microseconds of so many jobs.
async fn lateness(starts: &mut Starts, jobs: u64) -> anyhow::Result<Vec<u64>> {
    let mut late = Vec::new();
    for started in 0..jobs {
        let next = tokio::time::timeout(LOST, starts.next()).await;
        let micros = next.with_context(|| format!("{started} of {jobs} jobs started, the next did not"))??;
        late.push(u64::try_from(micros).context("a job started before it was due, or the machine's clock was set")?);
    }
    Ok(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instant_is_far_enough_for_all_to_be_stored() {
        assert_eq!(lead(Duration::from_millis(10), 100, 1000), Duration::from_millis(1200));
        assert!(lead(Duration::ZERO, 1, 10) > IDLE);
    }
}
