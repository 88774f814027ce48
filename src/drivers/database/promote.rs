//! Making delayed jobs pending that have come due.

use async_trait::async_trait;
use journeyman_job::QueueName;

use super::fault::Fault;
use super::lanes;
use super::link::Row;
use super::reserve::look_at_delayed;
use super::rows::{priority, queue_name, whole};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};

/// What is done while another promotes jobs of the same queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manners {
    Waits,
    /// Leaves it all to the other: to go on behind those that it has locked would turn their order round.
    GivesWay {
        /// The place of the first due job when it was last looked at.
        head: i64,
    },
}

/// Sends up to `max` due jobs to the back of their queue, the first due first. Returns how many.
pub(super) async fn promote_queue(
    tx: &mut Transaction<'_>,
    queue: &QueueName,
    max: usize,
    manners: Manners,
) -> Result<usize, Fault> {
    let due = locked(tx, queue, max, manners).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut now = tx.now;
    let (mut ids, mut lines) = (Vec::with_capacity(due.len()), Vec::with_capacity(due.len()));
    for row in &due {
        let priority = priority(row.as_ref(), 1)?;
        ids.push(row.job_id(0)?);
        lines.push(lanes::pending(queue, priority));
        now = now.max(tx.time_told(row.int(2)?));
        let entry = tx.ledger.entry(queue);
        entry.delayed -= 1;
        entry.arrived(priority);
    }
    // Behind those whom another promoted while this one waited.
    let places = tx.positions_at(now, due.len())..;
    let rows = Rows::default().ids(ids).ints(lines).ints(places.take(due.len()));
    tx.run(&tx.sql.promote, &[Value::Rows(&rows)]).await?;
    Ok(due.len())
}

async fn locked(
    tx: &mut Transaction<'_>,
    queue: &QueueName,
    max: usize,
    manners: Manners,
) -> Result<Vec<Box<dyn Row>>, Fault> {
    let (lane, now) = (lanes::delayed(queue), tx.now.as_micros());
    let values = [Value::Int(lane), Value::Text(queue.as_str()), Value::Int(now), Value::Int(whole(max))];
    let Manners::GivesWay { head } = manners else { return tx.rows(&tx.sql.due, &values).await };
    let free = tx.rows(&tx.sql.due_free, &values).await?;
    let has_head = match free.first() {
        Some(first) => first.int(3)? <= head,
        None => false,
    };
    Ok(if has_head { free } else { Vec::new() })
}

/// The same for every queue.
#[derive(Debug)]
pub(super) struct Promote {
    pub(super) max: usize,
}

#[async_trait]
impl Change for Promote {
    type Answer = usize;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<usize, Fault> {
        let rows = tx.rows(&tx.sql.queues, &[]).await?;
        let queues = rows.iter().map(|row| queue_name(row.as_ref(), 0)).collect::<Result<Vec<_>, _>>()?;
        let heads = look_at_delayed(tx, &queues, false).await?;
        let mut promoted = 0;
        for queue in heads.due_queues().into_keys() {
            if promoted < self.max {
                promoted += promote_queue(tx, queue, self.max - promoted, Manners::Waits).await?;
            }
        }
        Ok(promoted)
    }
}
