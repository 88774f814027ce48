//! `journeyman failed`.

mod groups;

use std::process::ExitCode;

use clap::Args;
use journeyman_job::{ErrorKind, JobId, QueueName};
use serde::Serialize;
use serde_json::{Value, json};

use super::filter::{FilterOptions, Reach};
use super::output::{self, Output, go_on, jobs_list, moment, one_line};
use super::{Failure, Outcome, operations};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::queue::operations::{Browsed, Latest, Operations, Place};
use crate::queue::{Body, JobRecord, State};

#[derive(Debug, Args)]
pub(super) struct FailedOptions {
    /// By what they failed of: type and error, with count, first and last time
    #[arg(long, conflicts_with_all = ["task_type", "tag", "text", "fingerprint", "since", "until", "limit"])]
    groups: bool,
    #[command(flatten)]
    filter: FilterOptions,
    #[command(flatten)]
    reach: Reach,
    #[arg(long)]
    pub(super) json: bool,
}

/// A failed job, as a row.
#[derive(Debug, Serialize)]
struct Failed {
    id: JobId,
    queue: QueueName,
    /// Unknown if the record cannot be read.
    #[serde(rename = "type")]
    task_type: Option<String>,
    /// `failure`: its tries are used up. `system_error`: its record cannot be read as a job.
    kind: &'static str,
    /// As the status has it: `{kind, message}`.
    error: Value,
    attempts: u32,
    failed_at: Option<String>,
}

/// Some of the failed jobs.
struct Found {
    jobs: Vec<JobRecord>,
    /// Where to go on, and how much was looked at, if there may be more.
    next: Option<(Place, u64)>,
    /// How many there are, where that is known.
    total: Option<u64>,
}

pub(super) async fn run(config: Config, options: FailedOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    if options.groups {
        return groups::run(&operations, options.filter.queue, options.reach, output).await;
    }
    let Found { jobs, next, total } = find(&operations, options).await?;
    let rows: Vec<Failed> = jobs.into_iter().map(Failed::from).collect();
    let more = next.map(|(place, examined)| go_on(rows.len(), examined, &place));
    if output.is_json() {
        output.json(&rows)?;
        // The list has no member for it.
        more.iter().for_each(output::complain);
        return Ok(ExitCode::SUCCESS);
    }
    if rows.is_empty() && more.is_none() {
        output::line(if total.is_some() { "No failed jobs." } else { "No such failed jobs." })?;
    } else if !rows.is_empty() {
        let mut table = jobs_list(["job", "why it failed"]);
        for row in &rows {
            table.add_row([row.head(), row.cause()]);
        }
        output::line(table)?;
    }
    let shown = rows.len() as u64;
    if let Some(total) = total.filter(|total| shown < *total) {
        // Of all queues together there are no pages.
        let how = if more.is_none() { " Those of one --queue go on by cursor." } else { "" };
        output::line(format_args!("The latest {shown} of {total} failed jobs.{how}"))?;
    }
    if let Some(more) = more {
        output::line(more)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Without a filter the latest of all queues; with one, or from a cursor on, queue by queue.
async fn find(operations: &Operations, options: FailedOptions) -> Result<Found, Failure> {
    let FailedOptions { filter, reach, .. } = options;
    if !filter.is_narrow() && reach.cursor.is_none() {
        let found = operations.latest_failed(filter.queue.as_ref(), None, usize::from(reach.limit)).await?;
        let Latest { jobs, total, next } = found;
        let examined = jobs.len() as u64;
        return Ok(Found { jobs, next: next.map(|place| (place, examined)), total: Some(total) });
    }
    let filter = filter.read(Some(State::Failed), operations).await?;
    let Browsed { jobs, next, examined } = reach.browse(operations, &filter).await?;
    Ok(Found { jobs, next: next.map(|place| (place, examined)), total: None })
}

impl From<JobRecord> for Failed {
    fn from(record: JobRecord) -> Self {
        let error = record.trail.error.as_ref();
        let is_system_error = error.is_some_and(|error| error.kind() == ErrorKind::Undecodable);
        Self {
            task_type: Body::read(&record.body).ok().map(|body| body.type_name.into_owned()),
            id: record.id,
            queue: record.queue,
            kind: if is_system_error { "system_error" } else { "failure" },
            error: error
                .map_or(Value::Null, |error| json!({"kind": error.kind().as_str(), "message": error.message()})),
            attempts: record.attempts,
            failed_at: record.trail.finished_at.map(Timestamp::to_rfc3339),
        }
    }
}

impl Failed {
    fn head(&self) -> String {
        let when = self.failed_at.as_deref().map(moment).unwrap_or_default();
        let tries = if self.attempts == 1 { "attempt" } else { "attempts" };
        format!("{}\n{when}, {} {tries}", self.id, self.attempts)
    }

    fn cause(&self) -> String {
        let task_type = one_line(self.task_type.as_deref().unwrap_or("(unreadable)"));
        let [kind, message] = ["kind", "message"].map(|part| self.error[part].as_str().unwrap_or_default());
        format!("{task_type} on {}\n{kind}: {}", self.queue, one_line(message))
    }
}
