//! `journeyman jobs`.

use std::process::ExitCode;

use clap::Args;

use super::filter::{FilterOptions, Reach};
use super::output::{self, Output, go_on, jobs_list, moment, one_line};
use super::{Outcome, operations};
use crate::config::Config;
use crate::http::JobsPage;
use crate::queue::operations::{Browsed, Filter};
use crate::queue::{Body, JobRecord, State, WorkerId};

#[derive(Debug, Args)]
pub(super) struct JobsOptions {
    /// Only in this state: pending, delayed, reserved, completed, failed, cancelled
    #[arg(long)]
    state: Option<State>,
    /// Only those that this worker runs now
    #[arg(long, value_name = "NAME", conflicts_with = "state")]
    worker: Option<WorkerId>,
    #[command(flatten)]
    filter: FilterOptions,
    #[command(flatten)]
    reach: Reach,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: JobsOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let filter = Filter { worker: options.worker, ..options.filter.read(options.state, &operations).await? };
    let found = options.reach.browse(&operations, &filter).await?;
    if output.is_json() {
        output.json(&JobsPage::from(found))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Browsed { jobs, next, examined } = found;
    if jobs.is_empty() && next.is_none() {
        output::line("No such jobs.")?;
        return Ok(ExitCode::SUCCESS);
    }
    if !jobs.is_empty() {
        let mut table = jobs_list(["job", "what"]);
        for job in &jobs {
            table.add_row([head(job), what(job)]);
        }
        output::line(table)?;
    }
    if let Some(place) = next {
        output::line(go_on(jobs.len(), examined, &place))?;
    }
    Ok(ExitCode::SUCCESS)
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
