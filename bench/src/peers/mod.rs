//! Other job queues doing the same work: no-op jobs with the same payload, drained by the worker that each of them ships.
//!
//! What a peer does is in `bench/peers/<name>`. It is timed from its first job to its last, its start-up left out, which
//! favours it a little: our own drains include the way to the first job and the last settlement.

mod depth;
mod install;
mod report;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use clap::ValueEnum;
pub use install::ensure as install;

use crate::process;
use crate::stores::{Kind, Stores};

/// The program of a peer that is written in Rust, in its folder.
const BUILT: &str = "target/release/peer";

/// Another system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    Bullmq,
    Sidekiq,
    Laravel,
    Apalis,
    RustySidekiq,
    Graphile,
}

/// How the end of a drain is known.
enum Clock {
    /// The worker's program says how long it took.
    Told,
    /// The list of waiting jobs in Redis, looked at from outside: these workers have several processes.
    Depth { list: &'static str, processes: usize },
}

impl Peer {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bullmq => "BullMQ, concurrency 50",
            Self::Sidekiq => "Sidekiq, 2 x 10 threads",
            Self::Laravel => "Laravel, 2 processes",
            Self::Apalis => "apalis, batch 100, no leases",
            Self::RustySidekiq => "rusty-sidekiq, 10 workers",
            Self::Graphile => "graphile-worker, 24 jobs",
        }
    }

    /// What it does not promise, or promises otherwise.
    pub fn caveat(self) -> &'static str {
        match self {
            Self::Bullmq => "BullMQ 6.7: at least once, by a lock of 30 s; keeps every completed job",
            Self::Sidekiq => "Sidekiq 6.4: loses the jobs in hand when its process dies; keeps no record of a job",
            Self::Laravel => "Laravel 8.83: at least once, by a time limit; keeps no record of a job",
            Self::Apalis => {
                "apalis 1.0: at least once, by its worker's heartbeat; leases off, so nothing is written of a job that \
                 begins (with them each job walks the list of those waiting); jobs promoted before the clock starts; \
                 keeps every completed job"
            }
            Self::RustySidekiq => {
                "rusty-sidekiq 0.15: loses the jobs in hand when its process dies; keeps no record of a job"
            }
            Self::Graphile => {
                "graphile-worker 0.18: at least once, by a lock of 4 h; takes 500 jobs ahead and confirms those that \
                 have ended together; keeps no record of a job"
            }
        }
    }

    pub fn store(self) -> Kind {
        match self {
            Self::Bullmq | Self::Sidekiq | Self::Laravel | Self::Apalis | Self::RustySidekiq => Kind::Redis,
            Self::Graphile => Kind::Postgres,
        }
    }

    /// Most jobs of one drain: the slow ones would take minutes over what shows as much in seconds.
    pub fn jobs(self) -> u64 {
        match self {
            Self::Bullmq | Self::Sidekiq | Self::Apalis | Self::RustySidekiq => 100_000,
            Self::Laravel => 30_000,
            Self::Graphile => 20_000,
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Bullmq => "bullmq",
            Self::Sidekiq => "sidekiq",
            Self::Laravel => "laravel",
            Self::Apalis => "apalis",
            Self::RustySidekiq => "rusty-sidekiq",
            Self::Graphile => "graphile",
        }
    }

    fn clock(self) -> Clock {
        match self {
            Self::Bullmq | Self::Apalis | Self::RustySidekiq | Self::Graphile => Clock::Told,
            Self::Sidekiq => Clock::Depth { list: "queue:default", processes: 2 },
            Self::Laravel => Clock::Depth { list: "queues:default", processes: 2 },
        }
    }

    fn fill(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Bullmq | Self::Graphile => ("node", &["peer.mjs", "fill"]),
            Self::Sidekiq => ("ruby", &["peer.rb", "fill"]),
            Self::Laravel => ("php", &["peer.php", "fill"]),
            Self::Apalis | Self::RustySidekiq => (BUILT, &["fill"]),
        }
    }

    fn work(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Bullmq | Self::Graphile => ("node", &["peer.mjs", "drain"]),
            Self::Sidekiq => ("sidekiq", &["-r", "./peer.rb", "-c", "10"]),
            Self::Laravel => ("php", &["peer.php", "work"]),
            Self::Apalis | Self::RustySidekiq => (BUILT, &["drain"]),
        }
    }
}

/// Jobs per second of one drain of `jobs` jobs. The peer has to be installed.
pub async fn drain(stores: &Stores, peer: Peer, jobs: u64) -> anyhow::Result<f64> {
    let place = install::place(peer)?;
    let stand = stores.fresh(peer.store())?;
    let command = |(program, arguments): (&str, &[&str])| -> Command {
        let built = place.join(program);
        let mut command = stand.program(if program == BUILT { &built } else { program.as_ref() });
        command.args(arguments).current_dir(&place).env("HOME", &place);
        command
    };
    let mut fill = command(peer.fill());
    process::run({
        fill.arg(jobs.to_string());
        fill
    })
    .await
    .with_context(|| format!("cannot fill the store of {}", peer.name()))?;
    let seconds = match peer.clock() {
        Clock::Told => {
            let mut work = command(peer.work());
            work.arg(jobs.to_string());
            report::seconds(work).await?
        }
        Clock::Depth { list, processes } => {
            let workers = (0..processes).map(|_| command(peer.work()));
            depth::seconds(stores, list, jobs, workers).await?
        }
    };
    ensure!(seconds > 0.0, "{} drained {jobs} jobs in no time", peer.name());
    Ok(jobs as f64 / seconds)
}

/// Where the programs of the peers are written.
fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers")
}
