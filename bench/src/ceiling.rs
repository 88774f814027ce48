//! The ceiling for pushes on Redis: the same client and the smallest script that stores a job, without anything else.

use std::sync::Arc;

use anyhow::ensure;
use fred::clients::Pool;
use fred::interfaces::ClientLike;
use fred::types::config::{Config, ConnectionConfig, TcpConfig};
use fred::types::scripts::Script;
use fred::types::{Builder, Value};
use journeyman::clock::Stopwatch;
use tokio::task::JoinSet;

use crate::push::{BULK, Shape, noop};
use crate::redis::RedisServer;

/// A hash for each job, its id in a list.
const SCRIPT: &str = "\
for i = 1, #ARGV, 2 do
  redis.call('HSET', 'job:' .. ARGV[i], 'body', ARGV[i + 1])
  redis.call('LPUSH', KEYS[1], ARGV[i])
end";
/// Where the ids are.
pub const LIST: &str = "pending";
/// As many as the store has.
const CONNECTIONS: usize = 2;

/// A bare store.
#[derive(Debug, Clone)]
pub struct Bare {
    pool: Pool,
    script: Script,
    body: Arc<str>,
}

impl Bare {
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        let tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
        let connection = ConnectionConfig { tcp, ..ConnectionConfig::default() };
        let mut builder = Builder::from_config(Config::from_url(url)?);
        let pool = builder.set_connection_config(connection).build_pool(CONNECTIONS)?;
        pool.init().await?;
        let script = Script::from_lua(SCRIPT);
        script.load(pool.next()).await?;
        let body = serde_json::to_string(&noop()?)?;
        Ok(Self { pool, script, body: body.into() })
    }

    /// Stores jobs under these numbers by one call.
    pub async fn push(&self, numbers: impl Iterator<Item = u64>) -> anyhow::Result<()> {
        let body = || Value::from(&*self.body);
        let args: Vec<Value> = numbers.flat_map(|number| [format!("{number:016}").into(), body()]).collect();
        Ok(self.script.evalsha::<(), _, _, _>(self.pool.next(), LIST, args).await?)
    }
}

/// Pushes per second of about `jobs` jobs into an empty Redis.
pub async fn rate(redis: &RedisServer, shape: Shape, jobs: u64) -> anyhow::Result<f64> {
    redis.clear()?;
    let bare = Bare::connect(&redis.url()).await?;
    let (callers, per_call) = match shape {
        Shape::Single { callers } => (callers, 1),
        Shape::Bulk { callers } => (callers, BULK),
    };
    let calls = jobs / callers / per_call;
    let stopwatch = Stopwatch::start();
    let mut running = JoinSet::new();
    for caller in 0..callers {
        let bare = bare.clone();
        running.spawn(async move {
            for call in 0..calls {
                let first = (caller * calls + call) * per_call;
                bare.push(first..first + per_call).await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let (pushed, elapsed) = (callers * calls * per_call, stopwatch.elapsed());
    bare.pool.quit().await?;
    ensure!(redis.length(LIST)? == pushed, "the bare store has lost jobs");
    Ok(pushed as f64 / elapsed.as_secs_f64())
}
