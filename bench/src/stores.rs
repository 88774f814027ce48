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
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let mut settings = vec![("JOURNEYMAN_DATA_DIR".to_owned(), data.display().to_string())];
        match kind {
            Kind::Sqlite => settings.push(("QUEUE_CONNECTION".into(), "sqlite".into())),
            Kind::Redis => {
                self.redis.clear()?;
                settings.push(("QUEUE_CONNECTION".into(), "redis".into()));
                settings.push(("REDIS_URL".into(), self.redis.url()));
            }
            Kind::Mariadb | Kind::Postgres => {
                let server = if kind == Kind::Mariadb { &self.mariadb } else { &self.postgres };
                let url = server.as_ref().context("a server was not started")?.fresh_url();
                settings.push(("QUEUE_CONNECTION".into(), "database".into()));
                settings.push(("DATABASE_URL".into(), url));
                settings.push(("DB_AUTO_MIGRATE".into(), "true".into()));
            }
        }
        settings.push(("LOG_LEVEL".into(), "warn".into()));
        Ok(Stand { kind, settings, folder })
    }
}

impl Stand {
    /// Opens the store in this process, with every other setting at its default.
    pub async fn open(&self) -> anyhow::Result<App> {
        let sources = Sources { environment: self.settings.clone(), ..Sources::default() };
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

    /// Fails unless the queue has seen exactly these jobs: all completed, or all waiting.
    pub async fn verify(&self, expected: Expected) -> anyhow::Result<()> {
        let app = self.open().await?;
        let stats = stats(&app).await?;
        let kept = app.config.retention.max_records;
        let is_as_expected = match expected {
            Expected::Completed(jobs) => {
                let counters = stats.counters;
                // Records beyond those kept go little by little; the counters stay.
                let is_done = counters.enqueued == jobs && counters.processed == jobs;
                let are_kept = (jobs.min(kept)..=jobs).contains(&stats.completed);
                is_done && are_kept && counters.failed == 0 && counters.retried == 0 && stats.size() == 0
            }
            Expected::Waiting(jobs) => stats.total_pending() == jobs && stats.size() == jobs,
        };
        ensure!(is_as_expected, "{}: expected {expected:?}, but the store says {stats:?}", self.kind.name());
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Expected {
    Completed(u64),
    Waiting(u64),
}

async fn stats(app: &App) -> anyhow::Result<QueueStats> {
    let mut stats = app.manager.store().stats(&[QueueName::default()]).await?;
    stats.pop().context("the store gave no numbers")
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
