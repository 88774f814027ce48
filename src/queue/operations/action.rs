//! What can be done by hand to one job or to many, each for itself.

use std::str::FromStr;

use futures::future::join_all;
use journeyman_job::JobId;

use super::{AT_ONCE, Operations};
use crate::queue::{Cancelled, Forgotten, Found, Hastened, State, StoreError};

/// Something to do to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Back into its queue, with all its tries before it.
    Retry,
    /// Out of its queue before it runs.
    Cancel,
    /// Into its queue although its time has not come.
    Run,
    /// Away with its record.
    Delete,
}

/// What became of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acted {
    Done,
    /// It is in a state that the action is not for; nothing was written.
    Not(State),
    /// This job does the same work and has not ended; nothing was written.
    Duplicate(JobId),
    /// There was such a job; its record has been pruned.
    Expired,
    Nothing,
}

impl Action {
    pub const ALL: [Self; 4] = [Self::Retry, Self::Cancel, Self::Run, Self::Delete];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Run => "run",
            Self::Delete => "delete",
        }
    }

    /// Whether it is for jobs in this state.
    pub fn is_for(self, state: State) -> bool {
        match self {
            Self::Retry => matches!(state, State::Failed | State::Cancelled),
            Self::Cancel => matches!(state, State::Pending | State::Delayed),
            Self::Run => state == State::Delayed,
            Self::Delete => state.is_ended(),
        }
    }

    /// Which jobs it is for, in words that follow "only".
    pub fn rule(self) -> &'static str {
        match self {
            Self::Retry => "failed and cancelled jobs can be retried",
            Self::Cancel => "pending and delayed jobs can be cancelled",
            Self::Run => "delayed jobs can be run before their time",
            Self::Delete => "completed, failed and cancelled jobs can be deleted",
        }
    }
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(UnknownAction)
    }
}

/// A word for nothing that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give retry, cancel or delete")]
pub struct UnknownAction;

impl Operations {
    /// Does one thing to one job, if it is in a state for it.
    pub async fn act(&self, action: Action, id: JobId) -> Result<Acted, StoreError> {
        match action {
            Action::Retry => self.retry(id).await,
            Action::Cancel => match self.store.cancel(id).await? {
                Cancelled::Done => Ok(Acted::Done),
                Cancelled::Not(state) => Ok(Acted::Not(state)),
                Cancelled::Nothing => self.missing(id).await,
            },
            Action::Run => match self.store.hasten(id).await? {
                Hastened::Done => Ok(Acted::Done),
                Hastened::Not(state) => Ok(Acted::Not(state)),
                Hastened::Nothing => self.missing(id).await,
            },
            Action::Delete => match self.store.forget(id).await? {
                Forgotten::Done => Ok(Acted::Done),
                Forgotten::Not(state) => Ok(Acted::Not(state)),
                Forgotten::Nothing => self.missing(id).await,
            },
        }
    }

    /// The same to several, each for itself; one outcome each, in order.
    pub async fn act_on_each(&self, action: Action, ids: &[JobId]) -> Vec<Result<Acted, StoreError>> {
        let mut outcomes = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            outcomes.extend(join_all(some.iter().map(|id| self.act(action, *id))).await);
        }
        outcomes
    }

    /// The look-up knows a job that was pruned from one that never was.
    async fn missing(&self, id: JobId) -> Result<Acted, StoreError> {
        Ok(match self.store.find(id).await? {
            // It was enqueued in this very moment.
            Found::Here(record) => Acted::Not(record.state),
            Found::Expired => Acted::Expired,
            Found::Nothing => Acted::Nothing,
        })
    }
}
