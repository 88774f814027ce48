//! Why a job does not run, or when it will.

mod busy;

use journeyman_job::{JobError, Priority, QueueName, registry};

pub use busy::Busy;

use super::{Operations, PAGE};
use crate::clock::Timestamp;
use crate::queue::{Body, JobRecord, Listing, QueueStats, State, StoreError};

/// Jobs of a line that are looked through for the place of one.
const LINE: usize = 1000;
/// About how many bytes of them.
const LINE_BYTES: usize = 16 * 1024 * 1024;

/// What becomes of a job, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Nothing stands before it but a free worker.
    Now,
    /// By itself, when its time or its turn has come.
    Later,
    /// Not before somebody does something about it.
    Never,
    /// It has.
    Ended,
    /// It does.
    Running,
}

impl Runs {
    pub const ALL: [Self; 5] = [Self::Now, Self::Later, Self::Never, Self::Ended, Self::Running];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Later => "later",
            Self::Never => "never",
            Self::Ended => "ended",
            Self::Running => "running",
        }
    }
}

/// One thing that decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    Ended {
        state: State,
        at: Option<Timestamp>,
    },
    Running {
        worker: Option<String>,
        since: Option<Timestamp>,
    },
    QueuePaused {
        queue: QueueName,
    },
    /// No worker takes jobs of its queue: none that serves it is alive and not told to be quiet.
    NoWorker {
        queue: QueueName,
    },
    /// This binary does not know its type.
    UnknownType {
        task_type: String,
    },
    DueLater {
        at: Timestamp,
    },
    /// It has failed, and will be tried again.
    RetryWait {
        at: Timestamp,
        error: JobError,
    },
    /// Other jobs hold every slot that serves its queue.
    WorkersBusy(Busy),
    JobsAhead(Ahead),
    Ready,
}

/// Jobs of the same queue that go before one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ahead {
    pub count: u64,
    /// Whether there may be more.
    pub is_at_least: bool,
    /// Those of them that are more urgent.
    pub more_urgent: u64,
}

/// What is known around a job.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub now: Timestamp,
    pub is_paused: bool,
    /// Whether this binary knows its type; a record that cannot be read has none.
    pub unknown_type: Option<String>,
    pub ahead: Ahead,
    /// Workers alive that serve its queue; `None` where nobody knows.
    pub workers: Option<u64>,
    /// What holds all of their slots, if they are known to be taken.
    pub busy: Option<Busy>,
}

/// All that decides about a job, the weightiest first; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub runs: Runs,
    pub reasons: Vec<Reason>,
}

/// Makes sense of a job and what is known around it.
pub fn explain(job: &JobRecord, facts: &Facts) -> Explanation {
    let only = |runs, reason| Explanation { runs, reasons: vec![reason] };
    match job.state {
        state if state.is_ended() => only(Runs::Ended, Reason::Ended { state, at: job.trail.finished_at }),
        State::Reserved => only(Runs::Running, Reason::Running { worker: job.worker.clone(), since: job.started_at }),
        _ => waiting(job, facts),
    }
}

fn waiting(job: &JobRecord, facts: &Facts) -> Explanation {
    let mut reasons = Vec::new();
    if facts.is_paused {
        reasons.push(Reason::QueuePaused { queue: job.queue.clone() });
    }
    if facts.workers == Some(0) {
        reasons.push(Reason::NoWorker { queue: job.queue.clone() });
    }
    let is_stuck = !reasons.is_empty();
    reasons.extend(facts.unknown_type.clone().map(|task_type| Reason::UnknownType { task_type }));
    let at = job.available_at;
    // One that is due is taken as if it were pending already.
    if job.state == State::Delayed && at > facts.now {
        reasons.push(match &job.trail.error {
            Some(error) if job.attempts > 0 => Reason::RetryWait { at, error: error.clone() },
            _ => Reason::DueLater { at },
        });
    } else {
        reasons.extend(facts.busy.clone().filter(|_| !is_stuck).map(Reason::WorkersBusy));
        reasons.extend(Some(facts.ahead).filter(|ahead| ahead.count > 0).map(Reason::JobsAhead));
    }
    let runs = match reasons.is_empty() {
        _ if is_stuck => Runs::Never,
        true => Runs::Now,
        false => Runs::Later,
    };
    if reasons.is_empty() {
        reasons.push(Reason::Ready);
    }
    Explanation { runs, reasons }
}

impl Explanation {
    /// What is most to know, in one sentence.
    pub fn summary(&self) -> String {
        let main = self.reasons.first().map(Reason::to_string).unwrap_or_default();
        let verdict = match self.runs {
            Runs::Now => "it runs as soon as a worker has a slot free",
            Runs::Later => "it runs later",
            Runs::Never => "it does not run before something is done about that",
            Runs::Ended | Runs::Running => return main,
        };
        if self.runs == Runs::Now { verdict.to_owned() } else { format!("{main}: {verdict}") }
    }
}

impl Reason {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ended { .. } => "ended",
            Self::Running { .. } => "running",
            Self::QueuePaused { .. } => "queue_paused",
            Self::NoWorker { .. } => "no_worker",
            Self::UnknownType { .. } => "unknown_type",
            Self::DueLater { .. } => "due_later",
            Self::RetryWait { .. } => "retry_wait",
            Self::WorkersBusy(_) => "workers_busy",
            Self::JobsAhead(_) => "jobs_ahead",
            Self::Ready => "ready",
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended { state, at: Some(at) } => write!(f, "it is {state} since {}", at.to_rfc3339()),
            Self::Ended { state, at: None } => write!(f, "it is {state}"),
            Self::Running { worker, since } => {
                f.write_str("it runs")?;
                if let Some(worker) = worker {
                    write!(f, " on worker {worker}")?;
                }
                since.map_or(Ok(()), |since| write!(f, " since {}", since.to_rfc3339()))
            }
            Self::QueuePaused { queue } => write!(f, "queue {queue} is paused until somebody resumes it"),
            Self::NoWorker { queue } => write!(
                f,
                "no worker takes jobs of queue {queue} at present: none that serves it is alive and not told to be quiet"
            ),
            Self::UnknownType { task_type } => {
                let shown: String = task_type.chars().take(100).collect();
                write!(
                    f,
                    "this server's binary does not know the job type {shown:?}; a worker whose binary does may run it"
                )
            }
            Self::DueLater { at } => write!(f, "it is not due before {}", at.to_rfc3339()),
            Self::RetryWait { at, error } => {
                write!(
                    f,
                    "its latest attempt failed ({}), and the next one is not due before {}",
                    error.kind(),
                    at.to_rfc3339()
                )
            }
            Self::WorkersBusy(busy) => busy.fmt(f),
            Self::JobsAhead(ahead) => ahead.fmt(f),
            Self::Ready => f.write_str("nothing stands before it: the next worker with a free slot takes it"),
        }
    }
}

impl std::fmt::Display for Ahead {
    /// True of both ways in which workers can be set up to choose.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { count, is_at_least, more_urgent } = self;
        let least = if *is_at_least { "at least " } else { "" };
        write!(f, "in strict order {least}{count} jobs of its queue go before it")?;
        if *more_urgent > 0 {
            write!(
                f,
                ", {more_urgent} of them of a higher priority; workers that draw priorities by lot may take it before those"
            )?;
        }
        Ok(())
    }
}

impl Operations {
    /// What decides about a job.
    pub async fn explain(&self, job: &JobRecord) -> Result<Explanation, StoreError> {
        if !matches!(job.state, State::Pending | State::Delayed) {
            return Ok(explain(job, &Facts::default()));
        }
        let task_type = Body::read(&job.body).ok().map(|body| body.type_name.into_owned());
        let stats = self.store.stats(std::slice::from_ref(&job.queue)).await?;
        let ahead = match stats.first() {
            Some(stats) => self.ahead_of(job, stats).await?,
            None => Ahead::default(),
        };
        let workers = self.workers().await?;
        let facts = Facts {
            now: self.store.time().await?,
            is_paused: self.store.control().await?.paused.contains(&job.queue),
            unknown_type: task_type.filter(|name| !registry::knows(name)),
            ahead,
            workers: Some(workers.iter().filter(|worker| worker.takes(&job.queue)).count() as u64),
            busy: self.busy(&job.queue, &workers).await?,
        };
        Ok(explain(job, &facts))
    }

    /// How many go before a job: counted, if it is among the first of its queue.
    async fn ahead_of(&self, job: &JobRecord, stats: &QueueStats) -> Result<Ahead, StoreError> {
        let more_urgent = pending(stats, |priority| priority > job.priority);
        if job.state == State::Delayed {
            // Should it be due, it goes behind all that are pending, and behind those that came due before it.
            let count = pending(stats, |priority| priority >= job.priority);
            return Ok(Ahead { count, is_at_least: true, more_urgent });
        }
        let (mut passed, mut bytes, mut after) = (0_usize, 0, None);
        while more_urgent < LINE as u64 && passed < LINE && bytes < LINE_BYTES {
            let max = PAGE.min(LINE - passed);
            let listing = Listing { queue: job.queue.clone(), state: State::Pending, after, max };
            let page = self.store.list(&listing).await?;
            if let Some(at) = page.jobs.iter().position(|other| other.id == job.id) {
                let count = (passed + at) as u64;
                return Ok(Ahead { count, is_at_least: false, more_urgent: more_urgent.min(count) });
            }
            passed += page.jobs.len();
            bytes += page.jobs.iter().map(|other| other.body.len()).sum::<usize>();
            after = page.next;
            // It has been taken in this very moment.
            if after.is_none() {
                return Ok(Ahead::default());
            }
        }
        Ok(Ahead { count: more_urgent.max(passed as u64), is_at_least: true, more_urgent })
    }
}

fn pending(stats: &QueueStats, is_meant: impl Fn(Priority) -> bool) -> u64 {
    Priority::DESCENDING
        .into_iter()
        .filter(|priority| is_meant(*priority))
        .map(|priority| stats.pending_of(priority))
        .sum()
}

#[cfg(test)]
mod tests;
