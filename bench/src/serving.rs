//! Pushes over HTTP: the real server, a bare one, and the load on either.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStdout, Command};

use crate::arguments::Sizes;
use crate::ceiling;
use crate::guarded::Guarded;
use crate::http_load::Outcome;
use crate::redis::RedisServer;
use crate::stores::{self, Expected, Stand};

pub const CONNECTIONS: usize = 64;

/// A server's banner must come within this time.
const START: Duration = Duration::from_secs(10);

/// Loads `journeyman serve --no-worker` on an empty store; every accepted job must be there afterwards.
pub async fn enqueue(stand: &Stand, sizes: &Sizes) -> anyhow::Result<Served> {
    let server = Server::of(stand).await?;
    let served = server.load(sizes).await?;
    drop(server);
    stand.verify(Expected::Waiting(served.outcome.accepted)).await?;
    Ok(served)
}

/// Loads the handler that does nothing but parse and, if it is given a Redis, store the job there by a call of its own.
pub async fn bare(sizes: &Sizes, redis: Option<&RedisServer>) -> anyhow::Result<Served> {
    let url = redis.map(RedisServer::url);
    let arguments: Vec<&str> = ["bare-server"].into_iter().chain(url.iter().flat_map(|url| ["--redis", url])).collect();
    if let Some(redis) = redis {
        redis.clear()?;
    }
    let served = Server::start(&stores::this_program()?, &arguments, |_| {}).await?.load(sizes).await?;
    if let Some(redis) = redis {
        ensure!(redis.length(ceiling::LIST)? == served.outcome.accepted, "the bare handler has lost jobs");
    }
    Ok(served)
}

/// What a load came to, and what it cost the server.
#[derive(Debug)]
pub struct Served {
    pub outcome: Outcome,
    /// Processor seconds of the server for 100 000 requests.
    pub cpu_per_100k: f64,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    /// Kept open, or what the server prints later would fail.
    _banner: BufReader<ChildStdout>,
    process: Guarded,
}

impl Server {
    /// The real one, without workers.
    pub async fn of(stand: &Stand) -> anyhow::Result<Self> {
        let arguments = ["serve", "--no-worker", "--examples", "--bind", "127.0.0.1:0", "--log-level", "warn"];
        Self::start(&stores::journeyman()?, &arguments, |command| stand.prepare(command)).await
    }

    async fn start(
        program: &Path,
        arguments: &[&str],
        prepare: impl FnOnce(&mut std::process::Command),
    ) -> anyhow::Result<Self> {
        let mut process = Guarded::start(program.as_os_str(), arguments, |command| {
            prepare(command);
            command.stdout(Stdio::piped());
        })?;
        let stdout = process.take_stdout().context("the server has no standard output")?;
        let mut banner = BufReader::new(ChildStdout::from_std(stdout)?);
        let address = tokio::time::timeout(START, address(&mut banner)).await;
        let address = address.context("the server does not tell its address within 10 s")??;
        Ok(Self { address, _banner: banner, process })
    }

    async fn load(&self, sizes: &Sizes) -> anyhow::Result<Served> {
        let before = self.process.cpu_seconds()?;
        let outcome = load(self.address, sizes).await?;
        let used = self.process.cpu_seconds()? - before;
        let cpu_per_100k = used * 100_000.0 / outcome.accepted as f64;
        Ok(Served { outcome, cpu_per_100k })
    }
}

async fn address(banner: &mut BufReader<ChildStdout>) -> anyhow::Result<SocketAddr> {
    let mut line = String::new();
    loop {
        line.clear();
        ensure!(banner.read_line(&mut line).await? > 0, "the server ended before it told its address");
        if let Some((_, rest)) = line.split_once("http://") {
            let address = rest.split([' ', '\n']).next().unwrap_or_default();
            return address.parse().with_context(|| format!("the server told no address but {address:?}"));
        }
    }
}

async fn load(address: SocketAddr, sizes: &Sizes) -> anyhow::Result<Outcome> {
    let output = Command::new(stores::this_program()?)
        .args(["http-load", "--address", &address.to_string()])
        .args(["--connections", &CONNECTIONS.to_string()])
        .args(["--warm-up", &sizes.http_warm_up.as_millis().to_string()])
        .args(["--counted", &sizes.http_counted.as_millis().to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await?;
    ensure!(output.status.success(), "the load generator failed ({})", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}
