//! apalis on Redis: `fill N` pushes N no-op jobs, `drain N` runs them with one worker and prints how long it took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use apalis::prelude::{Data, TaskSink, WorkerBuilder, WorkerContext};
use apalis_redis::{Config, RedisStorage};
use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};

/// Jobs fetched at once.
const BATCH: usize = 100;
/// Jobs pushed in one call and promoted at once.
const PIECE: u64 = 5_000;

/// 200 bytes of JSON.
#[derive(Clone, Serialize, Deserialize)]
struct Noop {
    data: String,
}

/// How far the drain is.
struct Progress {
    jobs: u64,
    began: OnceLock<Instant>,
    ended: AtomicU64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, jobs] = &arguments[..] else { bail!("expected a task and a number") };
    let redis = apalis_redis::connect(std::env::var("REDIS_URL")?).await?;
    // Leases off: to take one, the list of waiting jobs is walked, which would be all that the drain shows.
    let config = Config::default().queue("bench").batch_size(BATCH).lock_tasks(false);
    let jobs = jobs.parse()?;
    match task.as_str() {
        "fill" => fill(redis, &config, jobs).await,
        "drain" => drain(redis, &config, jobs).await,
        _ => bail!("no such task: {task}"),
    }
}

async fn fill(mut redis: ConnectionManager, config: &Config, jobs: u64) -> anyhow::Result<()> {
    let mut storage = RedisStorage::new(redis.clone()).with_config(config.clone());
    let job = Noop { data: "x".repeat(200 - r#"{"data":""}"#.len()) };
    let mut left = jobs;
    while left > 0 {
        let piece = left.min(PIECE);
        storage.push_bulk(vec![job.clone(); piece as usize]).await?;
        promote(&mut redis, config).await?;
        left -= piece;
    }
    let waiting: u64 = redis.llen(config.active_jobs_list()).await?;
    ensure!(waiting == jobs, "{waiting} jobs wait instead of {jobs}");
    Ok(())
}

/// Makes available what was pushed, which is only due. A worker does so by itself, but for all that is due in one call,
/// and that fails beyond some 8 000 jobs.
async fn promote(redis: &mut ConnectionManager, config: &Config) -> anyhow::Result<()> {
    let due: Vec<String> = redis.zrange(config.scheduled_jobs_set(), 0, -1).await?;
    let (): () = redis.rpush(config.active_jobs_list(), &due).await?;
    let (): () = redis.zrem(config.scheduled_jobs_set(), &due).await?;
    Ok(())
}

async fn drain(mut redis: ConnectionManager, config: &Config, jobs: u64) -> anyhow::Result<()> {
    let progress = Arc::new(Progress { jobs, began: OnceLock::new(), ended: AtomicU64::new(0) });
    let worker = WorkerBuilder::new("bench")
        .backend(RedisStorage::<Noop, _>::new(redis.clone()).with_config(config.clone()))
        .data(progress.clone())
        .build(noop);
    worker.run().await?;
    // Having stopped, it has confirmed its last jobs too; a worker left idle would do so at its next heartbeat.
    let seconds = progress.began.get().context("no job ran")?.elapsed().as_secs_f64();
    let done: u64 = redis.scard(config.done_jobs_set()).await?;
    ensure!(done == jobs, "{done} jobs are done instead of {jobs}");
    println!(r#"{{"seconds": {seconds}}}"#);
    Ok(())
}

async fn noop(_job: Noop, progress: Data<Arc<Progress>>, worker: WorkerContext) -> anyhow::Result<()> {
    progress.began.get_or_init(Instant::now);
    if progress.ended.fetch_add(1, Ordering::Relaxed) + 1 == progress.jobs {
        worker.stop()?;
    }
    Ok(())
}
