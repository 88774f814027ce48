//! `journeyman retry`.

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use journeyman_job::{JobId, QueueName};
use serde_json::json;

use super::audit::recorded;
use super::by_id::{self, Told};
use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;
use crate::queue::operations::{Acted, Action, OperationError, Operations, RetriedMany};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["ids", "all", "queue"])))]
pub(super) struct RetryOptions {
    /// Failed or cancelled jobs
    #[arg(value_name = "ID")]
    ids: Vec<JobId>,
    /// All failed jobs of every queue
    #[arg(long)]
    all: bool,
    /// All failed jobs of this queue
    #[arg(long, value_name = "NAME")]
    queue: Option<QueueName>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: RetryOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    if options.ids.is_empty() {
        return retry_all(&operations, options.queue.as_ref(), output).await;
    }
    let retrying = async {
        let outcomes = operations.act_on_each(Action::Retry, &options.ids).await;
        let told = options.ids.iter().zip(outcomes).map(|(id, outcome)| outcome.map(|outcome| told(*id, outcome)));
        told.collect::<Result<Vec<_>, _>>()
    };
    by_id::do_and_tell(&operations, "retry", &options.ids, retrying, output).await
}

async fn retry_all(operations: &Operations, queue: Option<&QueueName>, output: Output) -> Outcome {
    let on = queue.map_or("every queue".to_owned(), ToString::to_string);
    let came_to =
        |sum: &RetriedMany| format!("retried {}, duplicates {}, gone {}", sum.retried, sum.duplicates, sum.gone);
    let retrying = retry_pages(operations, queue);
    let sum = recorded(operations, "retry", Some(on), retrying, came_to).await?;
    let RetriedMany { retried, duplicates, gone, .. } = sum;
    let mut sentence = format!("{retried} failed jobs put back");
    if duplicates > 0 {
        sentence += &format!("; {duplicates} left, as another job does the same work");
    }
    if gone > 0 {
        sentence += &format!("; {gone} were gone");
    }
    output.tell(&json!({"retried": retried, "duplicates": duplicates, "gone": gone}), sentence)?;
    Ok(ExitCode::SUCCESS)
}

async fn retry_pages(operations: &Operations, queue: Option<&QueueName>) -> Result<RetriedMany, OperationError> {
    let (mut sum, mut start) = (RetriedMany::default(), None);
    loop {
        let RetriedMany { retried, duplicates, gone, next } = operations.retry_failed(queue, start).await?;
        sum.retried += retried;
        sum.duplicates += duplicates;
        sum.gone += gone;
        start = next;
        if start.is_none() {
            return Ok(sum);
        }
    }
}

fn told(id: JobId, outcome: Acted) -> Told {
    match outcome {
        Acted::Done => Told::done(id, "retried"),
        Acted::Not(state) => {
            Told::left(id, state.as_str(), format!("is {state}: only failed and cancelled jobs can be retried"))
        }
        Acted::Duplicate(first) => {
            Told::left(id, "duplicate", format!("stays as it is: job {first} does the same work and has not ended"))
        }
        Acted::Expired => Told::left(id, "expired", "its record has been pruned"),
        Acted::Nothing => Told::nothing(id),
    }
}
