//! One look at the store.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::workers::takes;
use crate::clock::Timestamp;
use crate::queue::operations::{Filter, OperationError, Operations, QueueView};
use crate::queue::{Body, Counters, JobRecord, State, WorkerState, WorkerView};

/// Running jobs that are read for what the workers run.
const RUNNING: usize = 30;
/// Failed jobs that are shown.
const FAILED: usize = 10;

/// What was found. Names and messages are as others wrote them.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// By the store's clock.
    pub(super) at: Timestamp,
    pub(super) queues: Vec<QueueLine>,
    pub(super) workers: Vec<WorkerLine>,
    pub(super) failures: Failures,
}

#[derive(Debug, Clone, Default)]
pub(super) struct QueueLine {
    pub(super) name: String,
    pub(super) is_paused: bool,
    pub(super) pending: u64,
    pub(super) delayed: u64,
    pub(super) running: u64,
    pub(super) failed: u64,
    pub(super) counters: Counters,
    /// How long the job has waited that runs next.
    pub(super) oldest: Option<Duration>,
}

#[derive(Debug, Clone)]
pub(super) struct WorkerLine {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) state: WorkerState,
    pub(super) busy: u64,
    pub(super) slots: u64,
    /// How long ago it told of itself.
    pub(super) seen: Option<Duration>,
    pub(super) queues: String,
    /// Types of the jobs it runs, as far as they were looked at.
    pub(super) runs: String,
}

/// The jobs that failed last.
#[derive(Debug, Clone, Default)]
pub(super) struct Failures {
    pub(super) lines: Vec<FailureLine>,
    /// Numbers that move whenever a job fails, or one that failed goes.
    mark: (u64, u64),
}

#[derive(Debug, Clone)]
pub(super) struct FailureLine {
    pub(super) at: Option<Timestamp>,
    pub(super) task_type: String,
    pub(super) queue: String,
    pub(super) why: String,
}

/// Looks once; `known` are the failures of the look before.
pub(super) async fn look(operations: &Operations, known: Option<Failures>) -> Result<Look, OperationError> {
    let views = operations.view_all().await?;
    let since = operations.waiting_since(&views).await?;
    let workers = operations.workers().await?;
    let running = running(operations, &views).await?;
    let failures = failures(operations, &views, known).await?;
    // Last: nothing that was read lies ahead of it.
    let at = operations.store().time().await?;
    Ok(Look {
        at,
        queues: views.into_iter().zip(since).map(|(view, since)| QueueLine::of(view, since, at)).collect(),
        workers: workers.into_iter().map(|worker| WorkerLine::of(worker, &running, at)).collect(),
        failures,
    })
}

async fn running(operations: &Operations, views: &[QueueView]) -> Result<Vec<JobRecord>, OperationError> {
    if views.iter().all(|view| view.stats.reserved == 0) {
        return Ok(Vec::new());
    }
    let filter = Filter { state: Some(State::Reserved), ..Filter::default() };
    Ok(operations.browse(&filter, None, RUNNING).await?.jobs)
}

async fn failures(
    operations: &Operations,
    views: &[QueueView],
    known: Option<Failures>,
) -> Result<Failures, OperationError> {
    let stats = || views.iter().map(|view| &view.stats);
    let mark = (stats().map(|stats| stats.failed).sum(), stats().map(|stats| stats.counters.failed).sum());
    if let Some(known) = known.filter(|known| known.mark == mark) {
        return Ok(known);
    }
    let jobs = if mark.0 > 0 { operations.latest_failed(None, None, FAILED).await?.jobs } else { Vec::new() };
    Ok(Failures { lines: jobs.into_iter().map(FailureLine::from).collect(), mark })
}

impl QueueLine {
    fn of(QueueView { stats, is_paused }: QueueView, since: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            is_paused,
            pending: stats.total_pending(),
            delayed: stats.delayed,
            running: stats.reserved,
            failed: stats.failed,
            counters: stats.counters,
            oldest: since.map(|since| now.since(since)),
            name: stats.queue.to_string(),
        }
    }
}

impl WorkerLine {
    fn of(worker: WorkerView, running: &[JobRecord], now: Timestamp) -> Self {
        Self {
            queues: takes(&worker),
            runs: types(running.iter().filter(|job| job.worker.as_ref() == Some(&worker.worker))),
            name: worker.worker,
            host: worker.host.unwrap_or_default(),
            state: worker.state,
            busy: worker.busy,
            slots: worker.slots,
            seen: worker.seen_at.map(|at| now.since(at)),
        }
    }
}

/// `sleep ×3, flaky`.
fn types<'a>(jobs: impl Iterator<Item = &'a JobRecord>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for job in jobs {
        *counts.entry(type_of(job)).or_default() += 1;
    }
    let shown = counts.into_iter().map(|(name, count)| if count == 1 { name } else { format!("{name} ×{count}") });
    shown.collect::<Vec<_>>().join(", ")
}

fn type_of(job: &JobRecord) -> String {
    Body::read(&job.body).map_or_else(|_| "(unreadable)".to_owned(), |body| body.type_name.into())
}

impl From<JobRecord> for FailureLine {
    fn from(job: JobRecord) -> Self {
        let error = job.trail.error.as_ref();
        Self {
            at: job.trail.finished_at,
            task_type: type_of(&job),
            queue: job.queue.to_string(),
            why: error.map(|error| format!("{}: {}", error.kind().as_str(), error.message())).unwrap_or_default(),
        }
    }
}
