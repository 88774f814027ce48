//! `journeyman failed --groups`.

use std::process::ExitCode;

use journeyman_job::QueueName;

use super::super::Outcome;
use super::super::filter::Reach;
use super::super::output::{self, Output, jobs_list, moment, one_line};
use crate::clock::Timestamp;
use crate::http::FailuresPage;
use crate::queue::operations::{FailureGroup, Failures, OperationError, Operations};

pub(super) async fn run(operations: &Operations, queue: Option<QueueName>, reach: Reach, output: Output) -> Outcome {
    let found = gather(operations, queue, reach).await?;
    if output.is_json() {
        output.json(&FailuresPage::from(found))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Failures { groups, examined, total, next } = found;
    if total == 0 {
        output::line("No failed jobs.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = jobs_list(["jobs", "what they failed of"]);
    for group in &groups {
        table.add_row([head(group), cause(group)]);
    }
    output::line(table)?;
    if let Some(place) = next {
        output::line(format_args!("Of {examined} of {total} failed jobs; go on with\n--groups --cursor {place}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks on until all are grouped, or enough were looked at.
async fn gather(operations: &Operations, queue: Option<QueueName>, reach: Reach) -> Result<Failures, OperationError> {
    let mut found = operations.failures(queue.clone(), reach.cursor).await?;
    while found.examined < reach.look
        && let Some(place) = found.next.take()
    {
        found.add(operations.failures(queue.clone(), Some(place)).await?);
    }
    Ok(found)
}

fn head(group: &FailureGroup) -> String {
    let [first, last] = [group.first_seen, group.last_seen].map(|at| moment(&Timestamp::to_rfc3339(at)));
    format!("{} failed\nfirst {first}\nlast {last}", group.count)
}

fn cause(group: &FailureGroup) -> String {
    let task_type = if group.task_type.is_empty() { "(unreadable)".to_owned() } else { one_line(&group.task_type) };
    let queues = group.queues.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!(
        "{task_type} on {queues}\n{}: {}\n{}\n{}",
        group.kind,
        one_line(&group.message),
        group.fingerprint,
        group.sample
    )
}
