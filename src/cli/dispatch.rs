//! `journeyman dispatch`.

use std::process::ExitCode;

use journeyman_job::{Dispatch, JobSpec, RawJson, seconds};
use serde_json::json;

use super::arguments::DispatchOptions;
use super::output::Output;
use super::{Failure, Outcome};
use crate::app::App;
use crate::config::Config;
use crate::queue::decode_payload;

pub(super) async fn run(config: Config, options: DispatchOptions, output: Output) -> Outcome {
    let dispatch = read(options)?;
    let app = App::start(config).await?;
    let sent = app.manager.send(dispatch).await?;
    let json = json!({"task_id": sent.id, "status": sent.state, "queue_name": sent.queue});
    output.tell(&json, sent.id)?;
    Ok(ExitCode::SUCCESS)
}

fn read(options: DispatchOptions) -> Result<Dispatch, Failure> {
    let other = |error: String| Failure::Other(error);
    let data = RawJson::parse(options.data).map_err(|error| other(format!("the payload is not JSON: {error}")))?;
    let job = decode_payload(&options.job_type, &data)
        .map_err(|error| other(format!("{error}; `journeyman types` lists the types and their fields")))?;
    let mut dispatch = Dispatch::from(JobSpec::with_data(job.as_ref(), options.job_type, data)?);
    if let Some(delay) = options.delay {
        dispatch = dispatch.delay(seconds::parse(delay).map_err(|error| other(format!("--delay: {error}")))?);
    }
    dispatch.options.queue = options.queue;
    dispatch.options.priority = options.priority;
    dispatch.options.max_tries = options.max_tries;
    dispatch.options.tags = options.tags;
    Ok(dispatch)
}
