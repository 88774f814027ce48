//! The stores under load: a fresh one for each measurement.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use journeyman::app::App;
use journeyman::config::{Config, Sources};
use journeyman::queue::QueueStats;
use journeyman_job::QueueName;
use tempfile::TempDir;

use crate::process;
use crate::redis::{self, RedisServer};
use crate::servers::database::{Care, DatabaseServer, Engine};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Sqlite,
    Redis,
    Mariadb,
    Postgres,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Redis => "Redis",
            Self::Mariadb => "MariaDB",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Everything that a run starts and that ends with it.
#[derive(Debug)]
pub struct Stores {
    pub redis: RedisServer,
    mariadb: Option<DatabaseServer>,
    postgres: Option<DatabaseServer>,
}

/// An empty store, until it is dropped.
#[derive(Debug)]
pub struct Stand {
    pub kind: Kind,
    settings: Vec<(String, String)>,
    folder: TempDir,
}

impl Stores {
    /// Starts what these need; a Redis in any case.
    pub async fn start(kinds: &[Kind]) -> anyhow::Result<Self> {
        ensure!(redis::is_installed(), "redis-server is missing: install it to measure the Redis store");
        // As careful as they are by default: what is confirmed is on the disk.
        let server = |kind, engine| kinds.contains(&kind).then(|| DatabaseServer::start(engine, Care::Durable));
        let (mariadb, postgres) = (server(Kind::Mariadb, Engine::MariaDb), server(Kind::Postgres, Engine::Postgres));
        Ok(Self { redis: RedisServer::start().await?, mariadb, postgres })
    }

    pub fn fresh(&self, kind: Kind) -> anyhow::Result<Stand> {
        match kind {
            Kind::Sqlite => Stand::of(kind, [("QUEUE_CONNECTION", "sqlite".into())]),
            Kind::Redis => {
                self.redis.clear()?;
                Stand::of_redis(self.redis.url())
            }
            Kind::Mariadb | Kind::Postgres => {
                let server = if kind == Kind::Mariadb { &self.mariadb } else { &self.postgres };
                let url = server.as_ref().context("a server was not started")?.fresh_url();
                let connection = ("QUEUE_CONNECTION", "database".into());
                Stand::of(kind, [connection, ("DATABASE_URL", url), ("DB_AUTO_MIGRATE", "true".into())])
            }
        }
    }

    /// Seconds of processor time that the store's own server has used so far; `None` where the worker is the store.
    pub fn cpu_seconds(&self, kind: Kind) -> anyhow::Result<Option<f64>> {
        let server = match kind {
            Kind::Sqlite => return Ok(None),
            Kind::Redis => return self.redis.cpu_seconds().map(Some),
            Kind::Mariadb => "mariadbd",
            Kind::Postgres => "postgres",
        };
        let process = process::descendant(server).with_context(|| format!("{server} does not run"))?;
        process::family_cpu_seconds(&process).map(Some)
    }
}

impl Stand {
    /// Of any Redis, or a cluster, that is empty.
    pub fn of_redis(url: String) -> anyhow::Result<Self> {
        Self::of(Kind::Redis, [("QUEUE_CONNECTION", "redis".into()), ("REDIS_URL", url)])
    }

    fn of<const N: usize>(kind: Kind, settings: [(&str, String); N]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let shared = [
            ("JOURNEYMAN_DATA_DIR", folder.path().join("data").display().to_string()),
            ("LOG_LEVEL", "warn".to_owned()),
        ];
        let settings = settings.into_iter().chain(shared).map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Self { kind, settings, folder })
    }

    /// Opens the store in this process, with every other setting at its default.
    pub async fn open(&self) -> anyhow::Result<App> {
        self.open_with(Vec::new()).await
    }

    /// The same with these settings.
    pub async fn open_with(&self, settings: Vec<(&str, String)>) -> anyhow::Result<App> {
        let sources = Sources { environment: self.settings.clone(), flags: flags(settings), ..Sources::default() };
        Ok(App::start(Config::load(&sources)?.config).await?)
    }

    /// A program that will use this store and no setting from outside.
    pub fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        self.prepare(&mut command);
        command
    }

    pub fn prepare(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).envs(self.settings.iter().cloned()).current_dir(self.folder.path());
    }

    /// Fails unless the default queue has seen exactly these jobs.
    pub async fn verify(&self, expected: Expected) -> anyhow::Result<()> {
        self.verify_queue(&QueueName::default(), expected).await
    }

    pub async fn verify_queue(&self, queue: &QueueName, expected: Expected) -> anyhow::Result<()> {
        let app = self.open().await?;
        let stats = app.manager.store().stats(std::slice::from_ref(queue)).await?.pop();
        let stats = stats.context("the store gave no numbers")?;
        let is_as_expected = expected.is_seen_in(&stats, app.config.retention.max_records);
        ensure!(is_as_expected, "{}: expected {expected:?}, but the store says {stats:?}", self.kind.name());
        Ok(())
    }
}

/// What a store has to say of a queue afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// All of these have completed.
    Completed(u64),
    /// All of these wait.
    Waiting(u64),
    Both {
        completed: u64,
        waiting: u64,
    },
}

impl Expected {
    /// Records beyond those `kept` go little by little; the counters stay.
    fn is_seen_in(self, stats: &QueueStats, kept: u64) -> bool {
        let (completed, waiting) = match self {
            Self::Completed(completed) => (completed, 0),
            Self::Waiting(waiting) => return stats.total_pending() == waiting && stats.size() == waiting,
            Self::Both { completed, waiting } => (completed, waiting),
        };
        let counters = stats.counters;
        let is_done = counters.enqueued == completed + waiting && counters.processed == completed;
        let are_kept = (completed.min(kept)..=completed).contains(&stats.completed);
        let is_left = stats.total_pending() == waiting && stats.size() == waiting;
        is_done && are_kept && is_left && counters.failed == 0 && counters.retried == 0
    }
}

/// Settings as if they had been given on the command line.
pub fn flags(settings: Vec<(&str, String)>) -> Vec<(String, String, String)> {
    settings.into_iter().map(|(key, value)| (key.to_owned(), format!("--{key}"), value)).collect()
}

/// This program.
pub fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("cannot tell where this program is")
}

/// The real server, built next to this program.
pub fn journeyman() -> anyhow::Result<PathBuf> {
    let program = this_program()?.with_file_name("journeyman");
    if !program.is_file() {
        bail!("there is no journeyman next to this program: run `cargo xtask bench`, which builds both");
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exactly_what_was_expected_is_accepted() {
        let mut stats = QueueStats::empty(QueueName::default());
        (stats.counters.enqueued, stats.counters.processed, stats.completed) = (7, 5, 5);
        stats.pending[1] = 2;
        let both = |completed, waiting| Expected::Both { completed, waiting };
        for (expected, is_seen) in [
            (both(5, 2), true),
            (both(4, 3), false),
            (both(5, 1), false),
            (Expected::Waiting(2), true),
            (Expected::Completed(5), false),
        ] {
            assert_eq!(expected.is_seen_in(&stats, 100), is_seen, "{expected:?}");
        }
        assert!(!both(5, 2).is_seen_in(&QueueStats { completed: 3, ..stats.clone() }, 4), "a kept record is missing");
        assert!(both(5, 2).is_seen_in(&QueueStats { completed: 4, ..stats.clone() }, 4), "those beyond may be gone");
        stats.counters.retried = 1;
        assert!(!both(5, 2).is_seen_in(&stats, 100), "a job ran twice");
    }
}
