//! The operator's side.

use async_trait::async_trait;
use journeyman_job::{JobId, Priority, QueueName};

use super::fault::Fault;
use super::rows::{priority, queue_name, state, whole};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};
use super::{DatabaseStore, lanes};
use crate::queue::{
    Cancelled, Control, Forgotten, Hastened, Listing, Operator, Page, Retried, Retry, State, StoreError,
};

#[async_trait]
impl Operator for DatabaseStore {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        self.core.list(listing).await
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        self.core.change(&Cancel(job)).await
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        self.core.change(&Hasten(job)).await
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        self.core.change(&PutBack(retry)).await
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        self.core.change(&Forget(job)).await
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        self.core.change(&Purge { queue, priority, max }).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.core.change(&Pause { queue, is_on: true }).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.core.change(&Pause { queue, is_on: false }).await?;
        self.core.waker.wake(std::slice::from_ref(queue));
        Ok(())
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        self.core.change(&SignalRestart).await
    }

    async fn control(&self) -> Result<Control, StoreError> {
        let core = &self.core;
        let paused = core.read(&core.sql.paused, &[]).await?;
        let restarts = core.read(&core.sql.restarts, &[]).await?;
        let restarts = restarts.first().map_or(Ok(0), |row| row.int(0))?;
        let paused = paused.iter().map(|row| queue_name(row.as_ref(), 0)).collect::<Result<_, _>>()?;
        Ok(Control { restarts: u64::try_from(restarts).unwrap_or(0), paused })
    }
}

/// How a locked job stands.
struct Standing {
    queue: QueueName,
    state: State,
    priority: Priority,
    is_system_error: bool,
}

async fn lock(tx: &mut Transaction<'_>, job: JobId) -> Result<Option<Standing>, Fault> {
    let rows = tx.rows(&tx.sql.tokens, &[Value::Rows(&Rows::default().ids([job]))]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let row = row.as_ref();
    Ok(Some(Standing {
        queue: queue_name(row, 1)?,
        state: state(row, 2)?,
        priority: priority(row, 7)?,
        is_system_error: row.int(8)? != 0,
    }))
}

impl Standing {
    /// The job is no longer among the ended ones.
    fn leaves_the_ended(&self, tx: &mut Transaction<'_>) {
        let entry = tx.ledger.entry(&self.queue);
        entry.add_ended(self.state, -1);
        entry.system_errors -= i64::from(self.is_system_error);
    }
}

struct Cancel(JobId);

#[async_trait]
impl Change for Cancel {
    type Answer = Cancelled;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Cancelled, Fault> {
        let Some(job) = lock(tx, self.0).await? else { return Ok(Cancelled::Nothing) };
        if !matches!(job.state, State::Pending | State::Delayed) {
            return Ok(Cancelled::Not(job.state));
        }
        let lane = lanes::ended(&job.queue, State::Cancelled);
        let values = [Value::Int(tx.now.as_micros()), Value::Int(lane), Value::Id(self.0)];
        tx.run(&tx.sql.cancel, &values).await?;
        let entry = tx.ledger.entry(&job.queue);
        entry.left(job.state, job.priority, 1);
        entry.add_ended(State::Cancelled, 1);
        Ok(Cancelled::Done)
    }
}

struct Hasten(JobId);

#[async_trait]
impl Change for Hasten {
    type Answer = Hastened;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Hastened, Fault> {
        let Some(job) = lock(tx, self.0).await? else { return Ok(Hastened::Nothing) };
        if job.state != State::Delayed {
            return Ok(Hastened::Not(job.state));
        }
        let lane = lanes::pending(&job.queue, job.priority);
        let now = tx.now.as_micros();
        tx.run(&tx.sql.hasten, &[Value::Int(now), Value::Int(lane), Value::Int(tx.positions(1)), Value::Id(self.0)])
            .await?;
        let entry = tx.ledger.entry(&job.queue);
        entry.left(State::Delayed, job.priority, 1);
        entry.arrived(job.priority);
        Ok(Hastened::Done)
    }
}

struct PutBack<'a>(&'a Retry);

#[async_trait]
impl Change for PutBack<'_> {
    type Answer = Retried;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Retried, Fault> {
        let Retry { job: id, trail } = self.0;
        let Some(job) = lock(tx, *id).await? else { return Ok(Retried::Nothing) };
        if !matches!(job.state, State::Failed | State::Cancelled) {
            return Ok(Retried::Not(job.state));
        }
        if let Some(rival) = tx.rows(&tx.sql.key_rival, &[Value::Id(*id)]).await?.first() {
            return Ok(Retried::Duplicate(rival.job_id(0)?));
        }
        let values = [
            Value::Int(tx.now.as_micros()),
            Value::Int(lanes::pending(&job.queue, job.priority)),
            Value::Int(tx.positions(1)),
            Value::Bytes(trail),
            Value::Id(*id),
        ];
        tx.run(&tx.sql.retry, &values).await?;
        if job.state == State::Failed {
            tx.run(&tx.sql.remove_failed, &[Value::Rows(&Rows::default().ids([*id]))]).await?;
        }
        job.leaves_the_ended(tx);
        tx.ledger.entry(&job.queue).arrived(job.priority);
        Ok(Retried::Done)
    }
}

struct Forget(JobId);

#[async_trait]
impl Change for Forget {
    type Answer = Forgotten;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Forgotten, Fault> {
        let Some(job) = lock(tx, self.0).await? else { return Ok(Forgotten::Nothing) };
        if !job.state.is_ended() {
            return Ok(Forgotten::Not(job.state));
        }
        let ids = Rows::default().ids([self.0]);
        tx.run(&tx.sql.remove, &[Value::Rows(&ids)]).await?;
        tx.run(&tx.sql.remove_failed, &[Value::Rows(&ids)]).await?;
        job.leaves_the_ended(tx);
        tx.ledger.entry(&job.queue).gone(self.0, &job.queue);
        Ok(Forgotten::Done)
    }
}

struct Purge<'a> {
    queue: &'a QueueName,
    priority: Option<Priority>,
    max: usize,
}

#[async_trait]
impl Change for Purge<'_> {
    type Answer = usize;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<usize, Fault> {
        let wanted = |priority: &Priority| self.priority.is_none_or(|only| only == *priority);
        let mut removed = 0;
        for priority in Priority::DESCENDING.into_iter().filter(wanted) {
            for state in [State::Pending, State::Delayed] {
                if removed < self.max {
                    removed += self.purge_line(tx, state, priority, self.max - removed).await?;
                }
            }
        }
        Ok(removed)
    }
}

impl Purge<'_> {
    async fn purge_line(
        &self,
        tx: &mut Transaction<'_>,
        state: State,
        priority: Priority,
        max: usize,
    ) -> Result<usize, Fault> {
        let values = |lane| [Value::Int(lane), Value::Text(self.queue.as_str()), Value::Int(whole(max))];
        let rows = if state == State::Delayed {
            let [lane, queue, max] = values(lanes::delayed(self.queue));
            let only = Value::Int(i64::from(priority.as_number()));
            tx.rows(&tx.sql.waiting_delayed, &[lane, queue, max, only]).await?
        } else {
            tx.rows(&tx.sql.waiting, &values(lanes::pending(self.queue, priority))).await?
        };
        if rows.is_empty() {
            return Ok(0);
        }
        let ids = rows.iter().map(|row| row.job_id(0)).collect::<Result<Vec<_>, _>>()?;
        let entry = tx.ledger.entry(self.queue);
        entry.left(state, priority, whole(ids.len()));
        ids.iter().for_each(|id| entry.gone(*id, self.queue));
        tx.run(&tx.sql.remove, &[Value::Rows(&Rows::default().ids(ids))]).await?;
        Ok(rows.len())
    }
}

struct Pause<'a> {
    queue: &'a QueueName,
    is_on: bool,
}

#[async_trait]
impl Change for Pause<'_> {
    type Answer = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Fault> {
        let statement = if self.is_on { &tx.sql.pause } else { &tx.sql.resume };
        tx.run(statement, &[Value::Text(self.queue.as_str())]).await?;
        Ok(())
    }
}

struct SignalRestart;

#[async_trait]
impl Change for SignalRestart {
    type Answer = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Fault> {
        tx.run(&tx.sql.restart, &[]).await?;
        Ok(())
    }
}
