//! rusty-sidekiq: `fill N` pushes N no-op jobs, `drain N` runs them with 10 workers and prints how long it took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context, bail};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sidekiq::{Processor, ProcessorConfig, RedisConnectionManager, RedisPool, Worker};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Jobs run at once; more gained nothing.
const WORKERS: usize = 10;
/// Pushes under way at once: it has no call for many jobs.
const PUSHERS: u64 = 50;

/// 200 bytes of JSON.
#[derive(Clone, Serialize, Deserialize)]
struct Payload {
    data: String,
}

#[derive(Clone)]
struct Noop(Arc<Progress>);

/// How far the drain is.
struct Progress {
    jobs: u64,
    began: OnceLock<Instant>,
    ended: AtomicU64,
    done: Notify,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, jobs] = &arguments[..] else { bail!("expected a task and a number") };
    let manager = RedisConnectionManager::new(std::env::var("REDIS_URL")?)?;
    let jobs = jobs.parse()?;
    match task.as_str() {
        "fill" => fill(&pool(manager, PUSHERS as u32).await?, jobs).await,
        // A worker that waits for a job keeps one to itself; the others have to report what they do.
        "drain" => drain(pool(manager, 2 * WORKERS as u32).await?, jobs).await,
        _ => bail!("no such task: {task}"),
    }
}

async fn pool(manager: RedisConnectionManager, connections: u32) -> anyhow::Result<RedisPool> {
    Ok(bb8::Pool::builder().max_size(connections).build(manager).await?)
}

async fn fill(redis: &RedisPool, jobs: u64) -> anyhow::Result<()> {
    let payload = Payload { data: "x".repeat(200 - r#"{"data":""}"#.len()) };
    let mut pushers = JoinSet::new();
    for pusher in 0..PUSHERS {
        let (redis, payload) = (redis.clone(), payload.clone());
        pushers.spawn(async move {
            for _ in (pusher..jobs).step_by(PUSHERS as usize) {
                Noop::perform_async(&redis, payload.clone()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(pushed) = pushers.join_next().await {
        pushed??;
    }
    Ok(())
}

async fn drain(redis: RedisPool, jobs: u64) -> anyhow::Result<()> {
    let progress = Arc::new(Progress { jobs, began: OnceLock::new(), ended: AtomicU64::new(0), done: Notify::new() });
    let config = ProcessorConfig::default().num_workers(WORKERS);
    let mut processor = Processor::new(redis, vec!["default".to_owned()]).with_config(config);
    processor.register(Noop(progress.clone()));
    let running = tokio::spawn(processor.run());
    progress.done.notified().await;
    let seconds = progress.began.get().context("no job ran")?.elapsed().as_secs_f64();
    println!(r#"{{"seconds": {seconds}}}"#);
    running.abort();
    Ok(())
}

#[async_trait]
impl Worker<Payload> for Noop {
    async fn perform(&self, _payload: Payload) -> sidekiq::Result<()> {
        let progress = &self.0;
        progress.began.get_or_init(Instant::now);
        if progress.ended.fetch_add(1, Ordering::Relaxed) + 1 == progress.jobs {
            progress.done.notify_one();
        }
        Ok(())
    }
}
