//! `journeyman jobs`.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{ColumnConstraint, Width};
use journeyman_job::QueueName;
use serde_json::json;

use super::output::{self, Output, list, moment, one_line};
use super::{Outcome, operations};
use crate::config::Config;
use crate::http::JobSummary;
use crate::queue::operations::{Browsed, Filter, OperationError, Operations, Place};
use crate::queue::{Body, JobRecord, State};

#[derive(Debug, Args)]
pub(super) struct JobsOptions {
    /// Only of this queue
    #[arg(long, value_name = "NAME")]
    queue: Option<QueueName>,
    /// Only in this state: pending, delayed, reserved, completed, failed, cancelled
    #[arg(long)]
    state: Option<State>,
    /// Only of this type
    #[arg(long = "type", value_name = "TYPE")]
    task_type: Option<String>,
    /// Only with this tag
    #[arg(long)]
    tag: Option<String>,
    /// How many to show
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Go on where the list before ended
    #[arg(long, value_name = "TEXT")]
    cursor: Option<Place>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: JobsOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let limit = usize::from(options.limit);
    let JobsOptions { queue, state, task_type, tag, cursor, .. } = options;
    let filter = Filter { queue, state, task_type, tag, ..Filter::default() };
    let Browsed { jobs, next, .. } = read(&operations, &filter, cursor, limit).await?;
    if output.is_json() {
        let next_cursor = next.map(|place| place.to_string());
        let jobs: Vec<JobSummary> = jobs.into_iter().map(JobSummary::from).collect();
        output.json(&json!({"jobs": jobs, "next_cursor": next_cursor}))?;
        return Ok(ExitCode::SUCCESS);
    }
    if jobs.is_empty() {
        output::line("No such jobs.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = list(["job", "what"]);
    // An id that is cut in two cannot be pasted.
    table.set_constraints([ColumnConstraint::LowerBoundary(Width::Fixed(38))]);
    for job in &jobs {
        table.add_row([head(job), what(job)]);
    }
    output::line(table)?;
    if let Some(place) = next {
        output::line(format_args!("More with --cursor {place}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks on until the page is full or nothing is left: on the command line nobody waits for others.
async fn read(
    operations: &Operations,
    filter: &Filter,
    start: Option<Place>,
    limit: usize,
) -> Result<Browsed, OperationError> {
    let mut found = Browsed { next: start, ..Browsed::default() };
    loop {
        let more = operations.browse(filter, found.next, limit - found.jobs.len()).await?;
        found.jobs.extend(more.jobs);
        found.next = more.next;
        if found.next.is_none() || found.jobs.len() >= limit {
            return Ok(found);
        }
    }
}

fn head(job: &JobRecord) -> String {
    let time = match job.state {
        State::Pending => format!("since {}", moment(&job.available_at.to_rfc3339())),
        State::Delayed => format!("due {}", moment(&job.available_at.to_rfc3339())),
        State::Reserved => job.started_at.map(|at| format!("since {}", moment(&at.to_rfc3339()))).unwrap_or_default(),
        State::Completed | State::Failed | State::Cancelled => {
            job.trail.finished_at.map(|at| moment(&at.to_rfc3339())).unwrap_or_default()
        }
    };
    format!("{}\n{} {time}", job.id, job.state)
}

fn what(job: &JobRecord) -> String {
    let body = Body::read(&job.body);
    let task_type = one_line(body.as_ref().map_or("(unreadable)", |body| &body.type_name));
    let tags: Vec<String> = body.iter().flat_map(|body| &body.options.tags).map(|tag| one_line(tag)).collect();
    let tags = tags.join(" ");
    let tries = if job.attempts == 1 { "attempt" } else { "attempts" };
    format!("{task_type} on {}\n{}, {} {tries} {tags}", job.queue, job.priority, job.attempts)
}
