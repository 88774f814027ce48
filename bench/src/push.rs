//! Pushes through the library.

use std::sync::Arc;

use anyhow::ensure;
use jobs::noop::Noop;
use journeyman::app::App;
use journeyman::clock::Stopwatch;
use journeyman::queue::QueueManager;
use journeyman_job::{Dispatch, RawJson};
use tokio::task::JoinSet;

use crate::stores::{Expected, Stand};

/// Bytes of JSON in every measured job.
pub const PAYLOAD: usize = 200;
/// Jobs of one bulk.
pub const BULK: u64 = 100;

/// How jobs are pushed.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// One job per call, so many callers at once.
    Single { callers: u64 },
    /// A hundred jobs per call.
    Bulk { callers: u64 },
}

/// A no-op with exactly [`PAYLOAD`] bytes of JSON.
pub fn noop() -> anyhow::Result<Noop> {
    let ballast = "x".repeat(PAYLOAD - r#"{"data":""}"#.len());
    Ok(Noop { data: Some(RawJson::encode(&ballast)?) })
}

/// Pushes per second of about `jobs` jobs into an empty store.
pub async fn rate(stand: &Stand, shape: Shape, jobs: u64) -> anyhow::Result<f64> {
    let app = stand.open().await?;
    // Connections, scripts and statements are ready afterwards, as they are in a running server.
    push(&app, shape, callers(shape) * BULK).await?;
    let stopwatch = Stopwatch::start();
    let pushed = push(&app, shape, jobs).await?;
    let rate = pushed as f64 / stopwatch.elapsed().as_secs_f64();
    drop(app);
    stand.verify(Expected::Waiting(pushed + callers(shape) * BULK)).await?;
    Ok(rate)
}

/// Fills the store as fast as it goes.
pub async fn fill(app: &App, jobs: u64) -> anyhow::Result<()> {
    let (bulks, rest) = (jobs / BULK * BULK, jobs % BULK);
    push(app, Shape::Bulk { callers: 1 }, bulks).await?;
    push(app, Shape::Single { callers: 1 }, rest).await?;
    Ok(())
}

/// Fills the store with `jobs` of what `dispatch` makes.
pub async fn fill_with(app: &App, jobs: u64, dispatch: impl Fn() -> anyhow::Result<Dispatch>) -> anyhow::Result<()> {
    let mut left = jobs;
    while left > 0 {
        let count = left.min(BULK);
        let bulk = (0..count).map(|_| dispatch()).collect::<anyhow::Result<Vec<_>>>()?;
        let sent = app.manager.bulk(bulk).await?;
        ensure!(sent.len() as u64 == count, "a bulk was answered in part");
        left -= count;
    }
    Ok(())
}

fn callers(shape: Shape) -> u64 {
    match shape {
        Shape::Single { callers } | Shape::Bulk { callers } => callers,
    }
}

/// Returns how many were pushed: `jobs`, less what does not divide among the callers.
async fn push(app: &App, shape: Shape, jobs: u64) -> anyhow::Result<u64> {
    let job = Arc::new(noop()?);
    let mut running = JoinSet::new();
    let share = jobs / callers(shape);
    for _ in 0..callers(shape) {
        let (manager, job) = (app.manager.clone(), Arc::clone(&job));
        running.spawn(async move {
            match shape {
                Shape::Single { .. } => singly(&manager, &job, share).await,
                Shape::Bulk { .. } => in_bulk(&manager, &job, share).await,
            }
        });
    }
    let mut pushed = 0;
    while let Some(of_caller) = running.join_next().await {
        pushed += of_caller??;
    }
    Ok(pushed)
}

async fn singly(manager: &QueueManager, job: &Noop, jobs: u64) -> anyhow::Result<u64> {
    for _ in 0..jobs {
        manager.push(job).await?;
    }
    Ok(jobs)
}

async fn in_bulk(manager: &QueueManager, job: &Noop, jobs: u64) -> anyhow::Result<u64> {
    let calls = jobs / BULK;
    for _ in 0..calls {
        let bulk: Vec<Dispatch> = (0..BULK).map(|_| Dispatch::new(job)).collect::<Result<_, _>>()?;
        let sent = manager.bulk(bulk).await?;
        ensure!(sent.len() as u64 == BULK, "a bulk was answered in part");
    }
    Ok(calls * BULK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_as_long_as_it_says() {
        let dispatch = Dispatch::new(&noop().unwrap()).unwrap();
        assert_eq!(dispatch.spec.data.get().len(), PAYLOAD);
    }
}
