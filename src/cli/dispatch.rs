//! `journeyman dispatch`.

use std::process::ExitCode;
use std::time::Duration;

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
use crate::webhook;

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
    #[arg(long, value_name = "SECONDS", value_parser = in_seconds, conflicts_with = "run_at")]
    delay: Option<Duration>,
    /// When it may run, such as 2030-01-01T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    run_at: Option<DateTime<Utc>>,
    /// Executions in total; 0 = no limit
    #[arg(long, value_name = "N")]
    max_tries: Option<u32>,
    /// Seconds one attempt may run; 0 = no limit
    #[arg(long, value_name = "SECONDS", value_parser = in_seconds)]
    timeout: Option<Duration>,
    /// When to try again, as the API's retry_config
    #[arg(long, value_name = "JSON", value_parser = retry_config)]
    retry_config: Option<RetryConfig>,
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

fn in_seconds(text: &str) -> Result<Duration, String> {
    text.parse().map_err(|_| "give a number of seconds".to_owned()).and_then(seconds::parse)
}

fn retry_config(text: &str) -> Result<RetryConfig, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

pub(super) async fn run(config: Config, options: DispatchOptions, output: Output) -> Outcome {
    let dispatch = read(options, &(&config.callbacks).into())?;
    let app = App::start(config).await?;
    let sent = app.manager.send(dispatch).await?;
    let json = json!({
        "task_id": sent.id, "status": sent.state, "queue_name": sent.queue, "deduplicated": sent.is_repeat
    });
    output.tell(&json, sent.id)?;
    Ok(ExitCode::SUCCESS)
}

fn read(options: DispatchOptions, rules: &webhook::Rules) -> Result<Dispatch, Failure> {
    let other = |error: String| Failure::Other(error);
    let data = RawJson::parse(options.data).map_err(|error| other(format!("the payload is not JSON: {error}")))?;
    let job = decode_payload(&options.job_type, &data)
        .map_err(|error| other(format!("{error}; `journeyman types` lists the types and their fields")))?;
    let mut dispatch = Dispatch::from(JobSpec::with_data(job.as_ref(), options.job_type, data)?);
    for (flag, callback) in [("--on-success", &options.on_success), ("--on-failure", &options.on_failure)] {
        let checked = match callback {
            Some(Callback::Url(url)) => rules.check(url),
            Some(callback) => callbacks::check(callback).map_err(|error| error.to_string()),
            None => Ok(()),
        };
        checked.map_err(|error| other(format!("{flag}: {error}")))?;
    }
    let asked = &mut dispatch.options;
    asked.when = match (options.delay, options.run_at) {
        (Some(delay), _) if !delay.is_zero() => When::After(delay),
        (_, Some(time)) => When::At(time),
        _ => When::Now,
    };
    asked.timeout = options.timeout;
    asked.retry = options.retry_config;
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
