//! Which jobs are meant, as flags: the filters of `GET /api/v1/jobs`; and how far a listing goes.

use clap::Args;
use journeyman_job::QueueName;

use super::Failure;
use super::when::When;
use crate::clock::Timestamp;
use crate::queue::State;
use crate::queue::operations::{Browsed, Filter, Fingerprint, NoText, OperationError, Operations, Place, Text, Within};

/// Flags of every listing of jobs.
#[derive(Debug, Args)]
pub(super) struct FilterOptions {
    /// Only of this queue
    #[arg(long, value_name = "NAME")]
    pub(super) queue: Option<QueueName>,
    /// Only of this type
    #[arg(long = "type", value_name = "TYPE")]
    task_type: Option<String>,
    /// Only with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only with this text, in letters of any case; or the id of a job
    #[arg(long, value_parser = searchable)]
    text: Option<String>,
    /// Only those whose latest failure has it, as the groups of failed jobs show it
    #[arg(long, value_name = "DIGITS")]
    fingerprint: Option<Fingerprint>,
    /// Where the text is looked for: any, payload, error [default: any]
    #[arg(long = "in", value_name = "PART", requires = "text")]
    within: Option<Within>,
    /// Only dispatched then or later: 2030-01-01T09:00:00Z, or 2h for two hours ago
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Only dispatched then or earlier
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
}

/// How much a listing shows.
#[derive(Debug, Args)]
pub(super) struct Reach {
    /// How many to show
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) limit: u16,
    /// Go on where the list before ended
    #[arg(long, value_name = "TEXT")]
    pub(super) cursor: Option<Place>,
    /// About how many stored jobs to look at for it; the list says where it stopped
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) look: u64,
}

fn searchable(text: &str) -> Result<String, NoText> {
    Text::new(text, Within::Any).map(|_| text.to_owned())
}

impl FilterOptions {
    /// Whether it says more than a queue.
    pub(super) fn is_narrow(&self) -> bool {
        let Self { task_type, tag, text, fingerprint, since, until, .. } = self;
        let is_of_a_time = since.is_some() || until.is_some();
        is_of_a_time || task_type.is_some() || tag.is_some() || text.is_some() || fingerprint.is_some()
    }

    /// The filter; the store's time decides how long ago something was.
    pub(super) async fn read(self, state: Option<State>, operations: &Operations) -> Result<Filter, Failure> {
        let Self { queue, task_type, tag, text, fingerprint, within, since, until } = self;
        let text = text.map(|text| Text::new(&text, within.unwrap_or_default())).transpose();
        let text = text.map_err(|error| Failure::Other(format!("--text: {error}")))?;
        let is_relative = [since, until].iter().any(|when| matches!(when, Some(When::Ago(_))));
        let now = if is_relative { operations.store().time().await? } else { Timestamp::default() };
        let seen = |when: When| when.seen_from(now);
        let (since, until) = (since.map(seen), until.map(seen));
        Ok(Filter { queue, state, task_type, tag, text, fingerprint, worker: None, since, until })
    }
}

impl Reach {
    /// Looks on until the page is full, nothing is left, or enough was looked at: on the command line nobody waits for
    /// others.
    pub(super) async fn browse(self, operations: &Operations, filter: &Filter) -> Result<Browsed, OperationError> {
        let limit = usize::from(self.limit);
        let mut found = Browsed { next: self.cursor, ..Browsed::default() };
        loop {
            let more = operations.browse(filter, found.next, limit - found.jobs.len()).await?;
            found.jobs.extend(more.jobs);
            found.examined += more.examined;
            found.next = more.next;
            if found.next.is_none() || found.jobs.len() >= limit || found.examined >= self.look {
                return Ok(found);
            }
        }
    }
}
