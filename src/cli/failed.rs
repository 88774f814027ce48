//! `journeyman failed`.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{ColumnConstraint, Width};
use journeyman_job::{ErrorKind, JobId, QueueName};
use serde::Serialize;
use serde_json::{Value, json};

use super::output::{self, Output, list, moment, one_line};
use super::{Outcome, operations};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::queue::operations::Latest;
use crate::queue::{Body, JobRecord};

#[derive(Debug, Args)]
pub(super) struct FailedOptions {
    /// Only of this queue
    #[arg(long, value_name = "NAME")]
    queue: Option<QueueName>,
    /// How many to show, the latest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
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

pub(super) async fn run(config: Config, options: FailedOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let found = operations.latest_failed(options.queue.as_ref(), None, usize::from(options.limit)).await?;
    let Latest { jobs, total, .. } = found;
    let shown = jobs.len() as u64;
    let rows: Vec<Failed> = jobs.into_iter().map(Failed::from).collect();
    if output.is_json() {
        output.json(&rows)?;
    } else if rows.is_empty() {
        output::line("No failed jobs.")?;
    } else {
        output.show(&rows, || {
            let mut table = list(["job", "why it failed"]);
            // An id that is cut in two cannot be pasted.
            table.set_constraints([ColumnConstraint::LowerBoundary(Width::Fixed(38))]);
            for row in &rows {
                table.add_row([row.head(), row.cause()]);
            }
            table
        })?;
        if shown < total {
            output::line(format_args!("The latest {shown} of {total} failed jobs."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
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
        let task_type = self.task_type.as_deref().unwrap_or("(unreadable)");
        let [kind, message] = ["kind", "message"].map(|part| self.error[part].as_str().unwrap_or_default());
        format!("{task_type} on {}\n{kind}: {}", self.queue, one_line(message))
    }
}
