//! `journeyman workers`.

mod tell;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::{ColumnConstraint, Width};
use serde::Serialize;
use serde_json::json;

use super::filter::Reach;
use super::output::{self, Output, list, one_line, short};
use super::{Failure, Outcome, operations};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::http::{JobSummary, Worker, Workers};
use crate::queue::operations::{Filter, Operations};
use crate::queue::{Body, JobRecord, Order, State, WorkerView};
use tell::TellOptions;

/// Running jobs that are shown with their workers.
const MOST_JOBS: u16 = 1000;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct WorkersOptions {
    #[command(subcommand)]
    command: Option<WorkersCommand>,
    /// With the jobs that each one runs
    #[arg(long)]
    jobs: bool,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum WorkersCommand {
    /// Tell workers to take no more jobs; they finish what they run, and stay
    Quiet(TellOptions),
    /// Tell quiet workers to take jobs again
    Resume(TellOptions),
    /// Tell workers to leave once their jobs are done
    Stop(TellOptions),
}

/// A worker and what it runs.
#[derive(Debug, Serialize)]
struct Busy {
    #[serde(flatten)]
    worker: Worker,
    jobs: Vec<JobSummary>,
}

impl WorkersOptions {
    pub(super) fn wants_json(&self) -> bool {
        use WorkersCommand::{Quiet, Resume, Stop};
        match &self.command {
            Some(Quiet(options) | Resume(options) | Stop(options)) => options.json,
            None => self.json,
        }
    }
}

pub(super) async fn run(config: Config, options: WorkersOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    match options.command {
        Some(WorkersCommand::Quiet(told)) => tell::run(&operations, &told, Order::Quiet, output).await,
        Some(WorkersCommand::Resume(told)) => tell::run(&operations, &told, Order::Resume, output).await,
        Some(WorkersCommand::Stop(told)) => tell::run(&operations, &told, Order::Stop, output).await,
        None => show(&operations, options.jobs, output).await,
    }
}

async fn show(operations: &Operations, with_jobs: bool, output: Output) -> Outcome {
    let workers = operations.workers().await?;
    let jobs = if with_jobs { running(operations).await? } else { Vec::new() };
    if output.is_json() {
        tell_programs(workers, with_jobs.then_some(jobs), output)?;
    } else if workers.is_empty() {
        output::line("No workers.")?;
    } else {
        let now = operations.store().time().await?;
        let mut table = list(["worker", "what it takes"]);
        // The ids of jobs stay in one piece.
        table.set_constraints([ColumnConstraint::ContentWidth, ColumnConstraint::LowerBoundary(Width::Fixed(38))]);
        for worker in &workers {
            let own = jobs.iter().filter(|job| job.worker.as_ref() == Some(&worker.worker));
            table.add_row([head(worker, now), what(worker, own, now)]);
        }
        output::line(table)?;
        if jobs.len() >= usize::from(MOST_JOBS) {
            output::line(format_args!("The first {MOST_JOBS} running jobs; jobs --state reserved lists all"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn running(operations: &Operations) -> Result<Vec<JobRecord>, Failure> {
    let filter = Filter { state: Some(State::Reserved), ..Filter::default() };
    let reach = Reach { limit: MOST_JOBS, cursor: None, look: u64::MAX };
    Ok(reach.browse(operations, &filter).await?.jobs)
}

fn tell_programs(workers: Vec<WorkerView>, jobs: Option<Vec<JobRecord>>, output: Output) -> std::io::Result<()> {
    let Some(mut jobs) = jobs else { return output.json(&Workers::from(workers)) };
    let with_jobs = |worker: WorkerView| {
        let own: Vec<JobRecord> = jobs.extract_if(.., |job| job.worker.as_ref() == Some(&worker.worker)).collect();
        Busy { worker: worker.into(), jobs: own.into_iter().map(JobSummary::from).collect() }
    };
    let workers: Vec<Busy> = workers.into_iter().map(with_jobs).collect();
    output.json(&json!({"workers": workers}))
}

fn head(worker: &WorkerView, now: Timestamp) -> String {
    let seen = worker.seen_at.map(|at| format!(", told {} ago", short(now.since(at)))).unwrap_or_default();
    let WorkerView { worker, state, busy, slots, .. } = worker;
    format!("{}\n{state}, {busy} of {slots} busy{seen}", one_line(worker))
}

fn what<'a>(worker: &WorkerView, jobs: impl Iterator<Item = &'a JobRecord>, now: Timestamp) -> String {
    let mut lines = vec![takes(worker)];
    let host = one_line(worker.host.as_deref().unwrap_or("(unknown)"));
    let pid = worker.pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
    let up = worker.started_at.map(|at| format!(", up {}", short(now.since(at)))).unwrap_or_default();
    lines.push(format!("on {host}{pid}{up}"));
    for job in jobs {
        let body = Body::read(&job.body);
        let task_type = one_line(body.as_ref().map_or("(unreadable)", |body| &body.type_name));
        let runs = job.started_at.map(|at| format!(" for {}", short(now.since(at)))).unwrap_or_default();
        lines.push(format!("{}\n  {task_type} on {}{runs}", job.id, job.queue));
    }
    lines.join("\n")
}

/// The queues, in its order.
pub(super) fn takes(worker: &WorkerView) -> String {
    let mut names: Vec<String> = worker.queues.iter().map(ToString::to_string).collect();
    if worker.all_queues {
        names.push("any other".to_owned());
    }
    names.join(", ")
}
