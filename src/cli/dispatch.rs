//! `journeyman dispatch`.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use journeyman_job::{
    Callback, Dispatch, JobId, JobSpec, Priority, QueueName, RawJson, RetryConfig, Unique, When, seconds,
};
use serde_json::json;

use super::output::Output;
use super::{Failure, Outcome};
use crate::app::App;
use crate::config::Config;
use crate::queue::{callbacks, decode_payload};

#[derive(Debug, Args)]
pub(super) struct DispatchOptions {
    /// Name of the job type; `journeyman types` lists them
    job_type: String,
    /// The payload as JSON
    #[arg(default_value = "{}")]
    data: String,
    /// Queue, in place of the job's own
    #[arg(long, value_name = "NAME")]
    queue: Option<QueueName>,
    /// low, normal, high, critical or 1 to 4
    #[arg(long)]
    priority: Option<Priority>,
    /// Seconds before it may run
    #[arg(long, value_name = "SECONDS", conflicts_with = "run_at")]
    delay: Option<f64>,
    /// When it may run, such as 2030-01-01T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    run_at: Option<DateTime<Utc>>,
    /// Executions in total; 0 = no limit
    #[arg(long, value_name = "N")]
    max_tries: Option<u32>,
    /// Seconds one attempt may run; 0 = no limit
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
    /// When to try again, as the API's retry_config
    #[arg(long, value_name = "JSON")]
    retry_config: Option<String>,
    /// Label to find it by; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// An id of your own: the same job under it again is the same dispatch
    #[arg(long, value_name = "UUID")]
    id: Option<JobId>,
    /// Not while a job of the queue with this key has not ended; `auto` for type and payload
    #[arg(long, value_name = "KEY")]
    unique: Option<String>,
    /// Job type or https URL to run once it has completed
    #[arg(long, value_name = "CALLBACK", value_parser = Callback::parse)]
    on_success: Option<Callback>,
    /// Job type or https URL to run once it has failed for good
    #[arg(long, value_name = "CALLBACK", value_parser = Callback::parse)]
    on_failure: Option<Callback>,
    #[arg(long)]
    pub(super) json: bool,
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let read = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    read.map_err(|error| format!("{error}; give a time such as 2030-01-01T09:00:00Z"))
}

pub(super) async fn run(config: Config, options: DispatchOptions, output: Output) -> Outcome {
    let dispatch = read(options)?;
    let app = App::start(config).await?;
    let sent = app.manager.send(dispatch).await?;
    let json = json!({
        "task_id": sent.id, "status": sent.state, "queue_name": sent.queue, "deduplicated": sent.is_repeat
    });
    output.tell(&json, sent.id)?;
    Ok(ExitCode::SUCCESS)
}

fn read(options: DispatchOptions) -> Result<Dispatch, Failure> {
    let other = |error: String| Failure::Other(error);
    let data = RawJson::parse(options.data).map_err(|error| other(format!("the payload is not JSON: {error}")))?;
    let job = decode_payload(&options.job_type, &data)
        .map_err(|error| other(format!("{error}; `journeyman types` lists the types and their fields")))?;
    let mut dispatch = Dispatch::from(JobSpec::with_data(job.as_ref(), options.job_type, data)?);
    for (flag, callback) in [("--on-success", &options.on_success), ("--on-failure", &options.on_failure)] {
        callback.as_ref().map_or(Ok(()), callbacks::check).map_err(|error| other(format!("{flag}: {error}")))?;
    }
    let in_seconds = |flag: &str, given: f64| seconds::parse(given).map_err(|error| other(format!("{flag}: {error}")));
    let asked = &mut dispatch.options;
    asked.when = match (options.delay, options.run_at) {
        (Some(delay), _) if delay != 0.0 => When::After(in_seconds("--delay", delay)?),
        (_, Some(time)) => When::At(time),
        _ => When::Now,
    };
    asked.timeout = options.timeout.map(|timeout| in_seconds("--timeout", timeout)).transpose()?;
    asked.retry = options.retry_config.map(|text| retry_config(&text)).transpose()?;
    asked.unique = options.unique.map(|key| if key == "auto" { Unique::Auto } else { Unique::Key(key) });
    asked.queue = options.queue;
    asked.priority = options.priority;
    asked.max_tries = options.max_tries;
    asked.tags = options.tags;
    asked.id = options.id;
    asked.on_success = options.on_success;
    asked.on_failure = options.on_failure;
    Ok(dispatch)
}

fn retry_config(text: &str) -> Result<RetryConfig, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Other(format!("--retry-config: {error}")))
}
