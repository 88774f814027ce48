//! Putting right what does not agree: each finding in a transaction that locks the job and looks again.

use std::time::Duration;

use async_trait::async_trait;
use journeyman_job::{JobId, Priority, QueueName};

use super::fault::Fault;
use super::lanes;
use super::rows::whole;
use super::standing::Standing;
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};
use super::verify::{differences, values_of_counts};
use crate::queue::{Finding, Flaw, Repaired, State, Trail, WorkerId};

/// Long enough for a living worker to renew it, which it does without being told.
const GRACE: Duration = Duration::from_secs(60);

pub(super) struct Repair<'a>(pub(super) &'a Finding);

#[async_trait]
impl Change for Repair<'_> {
    type Answer = Repaired;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Repaired, Fault> {
        let Finding { flaw, queue, job, place, .. } = self.0;
        let is_done = match (flaw, job) {
            (Flaw::WrongCount | Flaw::QueueUnlisted, _) => match QueueName::new(queue) {
                Ok(queue) => count(tx, &queue, *flaw == Flaw::QueueUnlisted).await?,
                Err(_) => false,
            },
            (Flaw::NoLease, _) => grant(tx, &String::from_utf8_lossy(place)).await?,
            (Flaw::FailureWithoutJob, Some(job)) => strike_failure(tx, *job).await?,
            (Flaw::FailureUnlisted, Some(job)) => record_failure(tx, *job).await?,
            (_, Some(job)) => mend(tx, *job).await?,
            (_, None) => false,
        };
        Ok(if is_done { Repaired::Done } else { Repaired::Not })
    }
}

async fn locked(tx: &mut Transaction<'_>, job: JobId) -> Result<Option<Standing>, Fault> {
    let rows = tx.rows(&tx.sql.verify_row, &[Value::Id(job)]).await?;
    rows.first().map(|row| Standing::read(row.as_ref())).transpose()
}

/// The numbers that are kept follow in a repair of their own.
async fn mend(tx: &mut Transaction<'_>, job: JobId) -> Result<bool, Fault> {
    let Some(standing) = locked(tx, job).await? else { return Ok(false) };
    let key_is_free = tx.rows(&tx.sql.key_rival, &[Value::Id(job)]).await?.is_empty();
    let back = tx.positions(1);
    let Some(mended) = standing.mended(back, tx.now.as_micros(), key_is_free) else { return Ok(false) };
    let row = mended.row(job, standing.state_text());
    tx.run(&tx.sql.mend, &[Value::Rows(&row)]).await?;
    if let Ok(queue) = QueueName::new(&standing.queue) {
        tx.ledger.entry(&queue).returned_by_hand();
    }
    Ok(true)
}

/// Whatever others do meanwhile moves the numbers and the jobs alike, so what they differ by is right to add at any time.
async fn count(tx: &mut Transaction<'_>, queue: &QueueName, must_list: bool) -> Result<bool, Fault> {
    let rows = tx.rows(&tx.sql.verify_counts, &values_of_counts(queue)).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let differences = differences(row.as_ref())?;
    if differences.is_empty() && !must_list {
        return Ok(false);
    }
    let entry = tx.ledger.entry(queue);
    for (number, kept, real) in differences {
        let more = real - kept;
        match number {
            0 => entry.add_pending(Priority::Low, more),
            1 => entry.add_pending(Priority::Normal, more),
            2 => entry.add_pending(Priority::High, more),
            3 => entry.add_pending(Priority::Critical, more),
            4 => entry.delayed += more,
            5 => entry.reserved += more,
            6 => entry.completed += more,
            7 => entry.failed += more,
            8 => entry.cancelled += more,
            _ => entry.system_errors += more,
        }
    }
    entry.wakes();
    Ok(true)
}

async fn grant(tx: &mut Transaction<'_>, worker: &str) -> Result<bool, Fault> {
    let rows = tx.rows(&tx.sql.verify_leases, &[]).await?;
    let without: Vec<String> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    let Some(worker) = WorkerId::new(worker).ok().filter(|_| without.iter().any(|name| name == worker)) else {
        return Ok(false);
    };
    super::lease::renew(tx, &worker, GRACE).await?;
    Ok(true)
}

async fn strike_failure(tx: &mut Transaction<'_>, job: JobId) -> Result<bool, Fault> {
    // One whose job is gone is all that is left of it.
    let Some(standing) = locked(tx, job).await? else { return Ok(false) };
    if standing.state().is_none_or(|state| state == State::Failed) {
        return Ok(false);
    }
    Ok(tx.run(&tx.sql.remove_failed, &[Value::Rows(&Rows::default().ids([job]))]).await? > 0)
}

async fn record_failure(tx: &mut Transaction<'_>, job: JobId) -> Result<bool, Fault> {
    let Some(standing) = locked(tx, job).await?.filter(|standing| standing.state() == Some(State::Failed)) else {
        return Ok(false);
    };
    let Ok(queue) = QueueName::new(&standing.queue) else { return Ok(false) };
    let values = [Value::Int(lanes::ended(&queue, State::Failed)), Value::Int(whole(usize::MAX))];
    let unlisted = tx.rows(&tx.sql.verify_failed, &values).await?;
    let ids: Vec<JobId> = unlisted.iter().map(|row| row.job_id(0)).collect::<Result<_, _>>()?;
    if !ids.contains(&job) {
        return Ok(false);
    }
    let found = tx.rows(&tx.sql.find, &[Value::Id(job)]).await?;
    let trail = found.first().map_or(Ok(bytes::Bytes::new()), |row| row.bytes(10))?;
    let said = Trail::decode(&trail).error.map_or_else(
        || "unknown: the record of this failure was lost".to_owned(),
        |error| format!("{}: {}", error.kind(), error.message()),
    );
    let row = Rows::default().ids([job]).texts([said.replace('\0', "\u{fffd}")]);
    tx.run(&tx.sql.fail, &[Value::Int(tx.now.as_micros()), Value::Rows(&row)]).await?;
    Ok(true)
}
