//! What a lane is told.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::store::Kind;

#[derive(Debug, Parser)]
#[command(about = "Kills what runs, under load, and tells whether anything was lost")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pushes jobs over HTTP while workers, servers and the store are killed, then holds the ledger against the store
    Storm(Storm),
    /// Judges once more the kept ledger of a storm on SQLite, whose file lies beside it; with the storm's own options
    Judge(Storm),
}

#[derive(Debug, Clone, Args)]
pub struct Storm {
    /// The store to attack
    #[arg(long, value_enum)]
    pub store: Kind,
    /// Jobs to push, callbacks not counted
    #[arg(long, default_value_t = 20_000)]
    pub jobs: u64,
    /// What the dice start from: the order of the faults, their victims, and what each job is like
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// kill -9 of a worker
    #[arg(long, default_value_t = 12)]
    pub worker_kills: usize,
    /// kill -9 of a server; one of the two has workers of its own
    #[arg(long, default_value_t = 6)]
    pub server_kills: usize,
    /// kill -9 of the store, which stays away for a moment or for longer than the lease; of SQLite: of every process
    #[arg(long, default_value_t = 3)]
    pub store_kills: usize,
    /// SIGSTOP of a worker for longer than its lease, then SIGCONT
    #[arg(long, default_value_t = 2)]
    pub freezes: usize,
    /// The same of one that has a slow job in hand, which another one is at when it wakes up
    #[arg(long, default_value_t = 0)]
    pub late_wakers: usize,
    /// A new folder for the ledger and all logs, which is kept; else it is kept only if something is amiss
    #[arg(long)]
    pub ledger: Option<PathBuf>,
}

impl Storm {
    /// The command that does it again.
    pub fn replay(&self) -> String {
        let Self { store, jobs, seed, worker_kills, server_kills, store_kills, freezes, late_wakers, .. } = self;
        format!(
            "cargo xtask storm --store {} --jobs {jobs} --seed {seed} --worker-kills {worker_kills} --server-kills \
             {server_kills} --store-kills {store_kills} --freezes {freezes} --late-wakers {late_wakers}",
            store.word(),
        )
    }
}
