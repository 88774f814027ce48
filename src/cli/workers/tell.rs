//! `journeyman workers quiet`, `resume` and `stop`.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::super::Outcome;
use super::super::audit::recorded;
use super::super::output::{self, Output};
use crate::queue::operations::Operations;
use crate::queue::{Order, WorkerId};

#[derive(Debug, Args)]
pub(super) struct TellOptions {
    /// The workers, by name
    #[arg(value_name = "NAME", required = true)]
    workers: Vec<WorkerId>,
    #[arg(long)]
    pub(super) json: bool,
}

/// What a worker was told.
#[derive(Debug, Serialize)]
struct Told<'a> {
    worker: &'a str,
    /// `null` if there is no such worker.
    told: Option<&'static str>,
}

/// Exit code 1 if one of them is not there.
pub(super) async fn run(operations: &Operations, options: &TellOptions, order: Order, output: Output) -> Outcome {
    let mut all = Vec::new();
    for worker in &options.workers {
        let telling = operations.tell_worker(worker, order);
        let outcome = |is_there: &bool| if *is_there { "done" } else { "no such worker" }.to_owned();
        let is_there = recorded(operations, order.as_str(), Some(worker.to_string()), telling, outcome).await?;
        all.push(Told { worker: worker.as_str(), told: is_there.then_some(order.as_str()) });
    }
    if output.is_json() {
        output.json(&all)?;
    } else {
        for Told { worker, told } in &all {
            match told {
                Some(_) => output::line(format_args!("{worker}: told {}", sentence(order)))?,
                None => output::complain(&format_args!("no worker of this store is called {worker}")),
            }
        }
    }
    Ok(if all.iter().all(|one| one.told.is_some()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sentence(order: Order) -> &'static str {
    match order {
        Order::Quiet => "to take no more jobs",
        Order::Resume => "to take jobs again",
        Order::Stop => "to leave once its jobs are done",
    }
}
