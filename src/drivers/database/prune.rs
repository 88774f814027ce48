//! Removing records of ended jobs.

use std::collections::HashMap;

use async_trait::async_trait;
use journeyman_job::{JobId, QueueName};

use super::fault::Fault;
use super::rows::{queue_name, whole};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};
use super::{fronts, lanes, notes};
use crate::queue::{NoteKind, Retention, State};

#[derive(Debug)]
pub(super) struct Prune {
    pub(super) retention: Retention,
    pub(super) max: usize,
}

/// The records of one queue's jobs that ended in one way.
#[derive(Debug)]
struct Kept {
    queue: QueueName,
    state: State,
    count: i64,
}

#[async_trait]
impl Change for Prune {
    type Answer = usize;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<usize, Fault> {
        // Two at once would each remove what is too much. The numbers are read after that, so they are those of now.
        if tx.rows(&tx.sql.prune_alone, &[]).await?.is_empty() {
            return Ok(0);
        }
        for kind in NoteKind::ALL {
            notes::expire(tx, kind).await?;
        }
        let kept = kept(tx).await?;
        let oldest = oldest_ends(tx, &kept).await?;
        let (mut removed, mut failed) = (Vec::new(), Vec::new());
        for line in &kept {
            let room = self.max - removed.len();
            if room == 0 {
                break;
            }
            let Some(oldest) = oldest.get(&lanes::ended(&line.queue, line.state)) else { continue };
            let ids = self.prune(tx, line, *oldest, room).await?;
            if line.state == State::Failed {
                failed.extend_from_slice(&ids);
            }
            removed.extend(ids);
        }
        let count = removed.len();
        if count > 0 {
            tx.run(&tx.sql.remove, &[Value::Rows(&Rows::default().ids(removed))]).await?;
        }
        if !failed.is_empty() {
            tx.run(&tx.sql.remove_failed, &[Value::Rows(&Rows::default().ids(failed))]).await?;
        }
        Ok(count)
    }
}

async fn kept(tx: &mut Transaction<'_>) -> Result<Vec<Kept>, Fault> {
    let mut kept = Vec::new();
    for row in tx.rows(&tx.sql.ended_queues, &[]).await? {
        let queue = queue_name(row.as_ref(), 0)?;
        for (column, state) in [State::Completed, State::Cancelled, State::Failed].into_iter().enumerate() {
            let count = row.int(column + 1)?;
            kept.push(Kept { queue: queue.clone(), state, count });
        }
    }
    Ok(kept)
}

/// When the first job of each line ended, in one look: most lines have nothing to give, however many queues there are.
async fn oldest_ends(tx: &mut Transaction<'_>, kept: &[Kept]) -> Result<HashMap<i64, i64>, Fault> {
    let lines = kept.iter().map(|line| lanes::ended(&line.queue, line.state));
    let rows = Rows::default()
        .ints(lines)
        .texts(kept.iter().map(|line| line.queue.as_str()))
        .ints(kept.iter().map(|_| fronts::BEGINNING));
    let found = tx.rows(&tx.sql.look, &[Value::Int(0), Value::Rows(&rows)]).await?;
    found.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
}

impl Prune {
    /// Takes off the numbers what is too old or too much; which jobs that is.
    async fn prune(
        &self,
        tx: &mut Transaction<'_>,
        line: &Kept,
        oldest: i64,
        room: usize,
    ) -> Result<Vec<JobId>, Fault> {
        let mut going = Vec::new();
        let surplus = line.count - i64::try_from(self.retention.max_records).unwrap_or(i64::MAX);
        if let Some(end) = self.oldest_kept(tx, line.state).filter(|end| oldest <= *end) {
            going = lock(tx, line, end, whole(room)).await?;
        }
        // The oldest are what is too much as well, so nothing of it is left once as many are too old.
        let surplus = surplus.min(whole(room));
        if surplus > whole(going.len()) {
            going = lock(tx, line, i64::MAX, surplus).await?;
        }
        if going.is_empty() {
            return Ok(Vec::new());
        }
        let entry = tx.ledger.entry(&line.queue);
        entry.add_ended(line.state, -whole(going.len()));
        entry.system_errors -= going.iter().map(|(_, is_system_error)| is_system_error).sum::<i64>();
        going.iter().for_each(|(id, _)| entry.gone(*id, &line.queue));
        Ok(going.into_iter().map(|(id, _)| id).collect())
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

/// Locks the oldest of a line that ended up to `end`; each with whether it is a system error.
async fn lock(tx: &mut Transaction<'_>, line: &Kept, end: i64, room: i64) -> Result<Vec<(JobId, i64)>, Fault> {
    let Kept { queue, state, .. } = line;
    let lane = lanes::ended(queue, *state);
    let values = [Value::Int(lane), Value::Text(queue.as_str()), Value::Int(end), Value::Int(room)];
    let rows = tx.rows(&tx.sql.ended, &values).await?;
    rows.iter().map(|row| Ok((row.job_id(0)?, row.int(1)?))).collect()
}
