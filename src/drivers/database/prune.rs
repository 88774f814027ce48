//! Removing records of ended jobs.

use async_trait::async_trait;
use journeyman_job::{JobId, QueueName};

use super::fault::Fault;
use super::lanes;
use super::rows::{queue_name, whole};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};
use crate::queue::{Retention, State};

#[derive(Debug)]
pub(super) struct Prune {
    pub(super) retention: Retention,
    pub(super) max: usize,
}

#[async_trait]
impl Change for Prune {
    type Answer = usize;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<usize, Fault> {
        let mut removed = 0;
        for row in tx.rows(&tx.sql.ended_queues, &[]).await? {
            let queue = queue_name(row.as_ref(), 0)?;
            for (column, state) in [State::Completed, State::Cancelled, State::Failed].into_iter().enumerate() {
                let count = row.int(column + 1)?;
                removed += self.prune(tx, &queue, state, count, whole(self.max) - removed).await?;
            }
        }
        Ok(usize::try_from(removed).unwrap_or(0))
    }
}

impl Prune {
    /// First what is too old, then what is too much.
    async fn prune(
        &self,
        tx: &mut Transaction<'_>,
        queue: &QueueName,
        state: State,
        count: i64,
        room: i64,
    ) -> Result<i64, Fault> {
        let mut removed = 0;
        if let Some(end) = self.oldest_kept(tx, state) {
            removed += remove(tx, queue, state, end, room.min(count)).await?;
        }
        let surplus = count - removed - i64::try_from(self.retention.max_records).unwrap_or(i64::MAX);
        if surplus > 0 {
            removed += remove(tx, queue, state, i64::MAX, surplus.min(room - removed)).await?;
        }
        Ok(removed)
    }

    /// Records that ended up to here are too old; none if age does not matter.
    fn oldest_kept(&self, tx: &Transaction<'_>, state: State) -> Option<i64> {
        match (self.retention.ttl.is_zero(), state) {
            (true, State::Failed) => None,
            (true, _) => Some(i64::MAX),
            (false, _) => Some(tx.now.minus(self.retention.ttl).as_micros()),
        }
    }
}

async fn remove(tx: &mut Transaction<'_>, queue: &QueueName, state: State, end: i64, room: i64) -> Result<i64, Fault> {
    if room <= 0 {
        return Ok(0);
    }
    let values =
        [Value::Int(lanes::ended(queue, state)), Value::Text(queue.as_str()), Value::Int(end), Value::Int(room)];
    let rows = tx.rows(&tx.sql.ended, &values).await?;
    let ids: Vec<JobId> = rows.iter().map(|row| row.job_id(0)).collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(0);
    }
    let (count, latest) = (whole(ids.len()), ids.iter().filter_map(JobId::made_at_millis).max());
    let system_errors: i64 = rows.iter().map(|row| row.int(1)).sum::<Result<_, _>>()?;
    let ids = Rows::default().ids(ids);
    tx.run(&tx.sql.remove, &[Value::Rows(&ids)]).await?;
    if state == State::Failed {
        tx.run(&tx.sql.remove_failed, &[Value::Rows(&ids)]).await?;
    }
    let entry = tx.ledger.entry(queue);
    entry.add_ended(state, -count);
    entry.system_errors -= system_errors;
    let latest = latest.map(|millis| i64::try_from(millis).unwrap_or(i64::MAX));
    entry.pruned_until = entry.pruned_until.max(latest);
    Ok(count)
}
