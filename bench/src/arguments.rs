//! What can be asked for, and how much work that is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::peers::Peer;
use crate::stores::Kind;

/// Measures the whole system on this machine, for SQLite and for a private Redis.
#[derive(Debug, Parser)]
#[command(name = "bench", max_term_width = 100)]
pub struct Arguments {
    /// Times everything is measured; the stores take turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Jobs of one drain
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..=2_000_000))]
    pub jobs: u64,
    /// Jobs the draining worker runs at once
    #[arg(long, default_value_t = 256)]
    pub workers: usize,
    /// Also drain with 5, 64 and 256 jobs at once
    #[arg(long)]
    pub sweep: bool,
    /// A tenth of everything
    #[arg(long)]
    pub quick: bool,
    /// Write all figures to this file too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Measure only these
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Section>,
    /// Measure these stores
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Kind::Sqlite, Kind::Redis])]
    pub store: Vec<Kind>,
    /// Drain these other job queues too, in turn with the stores; needs what they are written in
    #[arg(long, value_enum, value_delimiter = ',')]
    pub peers: Vec<Peer>,
    #[command(subcommand)]
    pub role: Option<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Section {
    Push,
    Http,
    Drain,
    Latency,
    Memory,
    Due,
    Busy,
    Backlog,
    Pages,
    Cluster,
}

/// What the binary does when it is started by itself.
#[derive(Debug, Subcommand)]
pub enum Role {
    #[command(hide = true)]
    HttpLoad(HttpLoad),
    #[command(hide = true)]
    BareServer {
        /// Stores each request's job there
        #[arg(long)]
        redis: Option<String>,
    },
    #[command(hide = true)]
    SilentWorker {
        #[arg(long)]
        workers: usize,
        /// These and no others
        #[arg(long, value_name = "A,B")]
        queue: Option<String>,
    },
    #[command(hide = true)]
    LatencyWorker,
    #[command(hide = true)]
    TurnsWorker {
        #[arg(long)]
        workers: usize,
        /// Jobs after which a turn ends
        #[arg(long)]
        turn: u64,
    },
    #[command(hide = true)]
    Spin {
        #[arg(long)]
        threads: u64,
        /// Of each thread
        #[arg(long)]
        turns: u64,
        /// Of each turn
        #[arg(long)]
        micros: u64,
    },
}

#[derive(Debug, Args)]
pub struct HttpLoad {
    #[arg(long)]
    pub address: SocketAddr,
    #[arg(long)]
    pub connections: usize,
    /// Milliseconds before counting starts.
    #[arg(long)]
    pub warm_up: u64,
    /// Milliseconds that count.
    #[arg(long)]
    pub counted: u64,
}

/// How much work a run is.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub single_pushes: u64,
    pub parallel_pushes: u64,
    pub bulk_jobs: u64,
    pub http_warm_up: Duration,
    pub http_counted: Duration,
    pub drained: u64,
    pub latency_samples: usize,
    pub memory_jobs: u64,
    pub due_jobs: u64,
    pub busy_jobs: u64,
    /// Jobs that wait while others run.
    pub backlog_jobs: u64,
    /// Jobs that run meanwhile.
    pub backlog_claims: u64,
    pub cluster_jobs: u64,
    /// Jobs that the pages look at.
    pub pages_jobs: u64,
}

impl Arguments {
    pub fn sizes(&self) -> Sizes {
        let part: u32 = if self.quick { 10 } else { 1 };
        let of = |whole: u64| whole / u64::from(part);
        Sizes {
            single_pushes: of(20_000),
            parallel_pushes: of(100_000),
            bulk_jobs: of(200_000),
            http_warm_up: Duration::from_secs(1) / part,
            http_counted: Duration::from_secs(4) / part,
            drained: of(self.jobs),
            latency_samples: 2_000 / part as usize,
            memory_jobs: of(10_000),
            due_jobs: of(10_000),
            busy_jobs: of(10_000),
            backlog_jobs: of(1_000_000),
            backlog_claims: of(50_000),
            cluster_jobs: of(60_000),
            pages_jobs: of(1_000_000),
        }
    }

    pub fn wants(&self, section: Section) -> bool {
        self.only.is_empty() || self.only.contains(&section)
    }

    /// Whatever has to be there for what is measured.
    pub fn needed(&self) -> Vec<Kind> {
        self.store.iter().copied().chain(self.peers.iter().map(|peer| peer.store())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn quick_is_a_tenth() {
        let sizes = |line: &str| Arguments::parse_from(line.split(' ')).sizes();
        assert_eq!(sizes("bench --jobs 5000").drained, 5000);
        assert_eq!(sizes("bench --jobs 5000 --quick").drained, 500);
        assert_eq!(sizes("bench --quick").latency_samples, 200);
        assert_eq!(sizes("bench --jobs 5000 --quick").backlog_jobs, 100_000);
    }

    #[test]
    fn no_section_named_is_all() {
        assert!(Arguments::parse_from(["bench"]).wants(Section::Http));
        let only = Arguments::parse_from(["bench", "--only", "push,drain,due,busy,backlog,pages,cluster"]);
        assert!(only.wants(Section::Drain) && !only.wants(Section::Http));
    }
}
