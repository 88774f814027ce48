//! What is done to several jobs that were named by their ids, and told of each.

use std::process::ExitCode;

use journeyman_job::JobId;
use serde::Serialize;

use super::audit::recorded;
use super::output::{self, Output};
use super::{Failure, Outcome};
use crate::http::Problem;
use crate::queue::operations::{Operations, audit};

/// What became of one job.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub(super) id: JobId,
    /// One word, for programs.
    pub(super) outcome: &'static str,
    #[serde(skip)]
    pub(super) is_done: bool,
    /// What people read after the id.
    #[serde(skip)]
    pub(super) sentence: String,
}

impl Told {
    pub(super) fn done(id: JobId, outcome: &'static str) -> Self {
        Self { id, outcome, is_done: true, sentence: outcome.to_owned() }
    }

    pub(super) fn left(id: JobId, outcome: &'static str, sentence: impl Into<String>) -> Self {
        Self { id, outcome, is_done: false, sentence: sentence.into() }
    }

    pub(super) fn nothing(id: JobId) -> Self {
        Self::left(id, "not_found", "there is no such job")
    }
}

/// Does it to these jobs, leaves a row of it, and tells what became of each.
pub(super) async fn do_and_tell<E>(
    operations: &Operations,
    action: &str,
    ids: &[JobId],
    doing: impl Future<Output = Result<Vec<Told>, E>>,
    output: Output,
) -> Outcome
where
    E: Clone + Into<Problem>,
    Failure: From<E>,
{
    let all = recorded(operations, action, Some(audit::named(ids)), doing, |all| done(all)).await?;
    tell(&all, output)
}

fn done(all: &[Told]) -> String {
    format!("{} done of {}", all.iter().filter(|one| one.is_done).count(), all.len())
}

/// A line for each: what was done on standard output, what was not on standard error. Exit code 1 if anything was not.
fn tell(all: &[Told], output: Output) -> Outcome {
    if output.is_json() {
        output.json(&all)?;
    } else {
        for Told { id, sentence, is_done, .. } in all {
            if *is_done {
                output::line(format_args!("{id} {sentence}"))?;
            } else {
                output::complain(&format_args!("{id}: {sentence}"));
            }
        }
    }
    Ok(if all.iter().all(|one| one.is_done) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
