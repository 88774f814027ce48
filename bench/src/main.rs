//! Whole-system load, run by `cargo xtask bench`: pushes, HTTP, drain, latency, memory, jobs that come due at once, busy
//! processors, long backlogs, the dashboard's requests and a cluster, on any of the stores, and other job queues beside it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod arguments;
mod backlog;
mod bare;
mod busy;
mod ceiling;
mod cluster;
mod conversation;
mod crew;
mod drain;
mod due;
mod figures;
mod guarded;
mod http_load;
mod latency;
mod masters;
mod memory;
mod pages;
mod peers;
mod process;
mod push;
mod redis;
mod report;
mod rounds;
mod servers;
mod serving;
mod spin;
mod starts;
mod stores;
mod turns;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use arguments::{Arguments, Role};
use stores::Stores;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.role {
        None => whole(&arguments),
        Some(role) => play(role),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What this binary does as its own child.
fn play(role: &Role) -> anyhow::Result<()> {
    match role {
        // One thread: the server under load is to have the rest of the machine.
        Role::HttpLoad(load) => Builder::new_current_thread().enable_all().build()?.block_on(http_load::generate(load)),
        Role::BareServer { redis } => Runtime::new()?.block_on(bare::serve(redis.as_deref())),
        Role::SilentWorker { workers, queue } => {
            Runtime::new()?.block_on(crew::silent_worker(*workers, queue.as_deref()))
        }
        Role::LatencyWorker => Runtime::new()?.block_on(latency::worker()),
        Role::TurnsWorker { workers, turn } => Runtime::new()?.block_on(turns::worker(*workers, *turn)),
        Role::Spin { threads, turns, micros } => spin::alone(*threads, *turns, Duration::from_micros(*micros)),
    }
}

fn whole(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let outcome = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        // Whichever ends first, everything that was started or created ends with its owner here.
        tokio::select! {
            outcome = measure(arguments) => outcome,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
        }
    });
    runtime.shutdown_background();
    outcome
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let stores = Stores::start(&arguments.needed()).await?;
    let report = rounds::run(arguments, &stores).await?;
    print!("{report}");
    if let Some(file) = &arguments.json {
        let text = serde_json::to_string_pretty(&report.as_json())?;
        std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
