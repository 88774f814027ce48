//! Workers' leases: one for all that a worker holds.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use journeyman_job::JobId;

use super::fault::Fault;
use super::lanes;
use super::rows::{Taken, attempts, call};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};
use crate::queue::{Beat, BeatReply, Reservation, Token, WorkerId};

/// The worker's hold lasts `lease` from now on.
pub(super) async fn renew(tx: &mut Transaction<'_>, worker: &WorkerId, lease: Duration) -> Result<(), Fault> {
    let until = tx.now.plus(lease).as_micros();
    tx.run(&tx.sql.renew, &[Value::Text(worker.as_str()), Value::Int(until)]).await?;
    Ok(())
}

/// The same for a worker that holds something; of another nothing is written.
pub(super) async fn renew_if_holding(
    tx: &mut Transaction<'_>,
    worker: &WorkerId,
    lease: Duration,
) -> Result<(), Fault> {
    let until = tx.now.plus(lease).as_micros();
    let values = [Value::Int(until), Value::Text(worker.as_str()), Value::Int(lanes::held_by(worker))];
    tx.run(&tx.sql.renew_if_holding, &values).await?;
    Ok(())
}

/// Ends the lease of a worker that holds nothing.
pub(super) async fn end(tx: &mut Transaction<'_>, worker: &str) -> Result<(), Fault> {
    tx.run(&tx.sql.end_lease, &[Value::Text(worker), Value::Int(lanes::of_worker(worker))]).await?;
    Ok(())
}

/// A look that found nothing.
#[derive(Debug)]
pub(super) struct RenewIfHolding<'a> {
    pub(super) worker: &'a WorkerId,
    pub(super) lease: Duration,
}

#[async_trait]
impl Change for RenewIfHolding<'_> {
    type Answer = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Fault> {
        renew_if_holding(tx, self.worker, self.lease).await
    }
}

/// A sign of life.
#[derive(Debug)]
pub(super) struct Extend<'a>(pub(super) &'a Beat<'a>);

#[async_trait]
impl Change for Extend<'_> {
    type Answer = BeatReply;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<BeatReply, Fault> {
        let Beat { worker, lease, held } = *self.0;
        // First, and a statement of its own: whoever reclaims has the lease locked, and what it took is seen after it.
        renew(tx, worker, lease).await?;
        let stored = tokens_held(tx, worker).await?;
        let claimed: HashSet<(JobId, Token)> = held.iter().map(|held| (held.job, held.token)).collect();
        let is_lost = |held: &&Reservation| held.worker != *worker || !stored.contains(&(held.job, held.token));
        let lost = held.iter().filter(is_lost).cloned().collect();
        let strays: HashSet<(JobId, Token)> = stored.difference(&claimed).copied().collect();
        let mut unknown = Vec::new();
        if !strays.is_empty() {
            let ids = Rows::default().ids(strays.iter().map(|(job, _)| *job));
            let values = [Value::Int(lanes::held_by(worker)), Value::Text(worker.as_str()), Value::Rows(&ids)];
            let rows = tx.rows(&tx.sql.held_by_id, &values).await?;
            unknown = rows.iter().map(|row| Taken::read(row.as_ref(), worker)).collect::<Result<_, _>>()?;
        }
        // A job may have been settled and taken again since the tokens were read.
        unknown.retain(|taken: &Taken| strays.contains(&(taken.job.reservation.job, taken.job.reservation.token)));
        unknown.sort_by_key(Taken::order);
        Ok(BeatReply { lost, unknown: unknown.into_iter().map(|taken| taken.job).collect() })
    }
}

async fn tokens_held(tx: &mut Transaction<'_>, worker: &WorkerId) -> Result<HashSet<(JobId, Token)>, Fault> {
    let values = [Value::Int(lanes::held_by(worker)), Value::Text(worker.as_str())];
    let rows = tx.rows(&tx.sql.held_tokens, &values).await?;
    let token = |row: &dyn super::link::Row| {
        Ok((row.job_id(0)?, Token { attempt: attempts(row, 1)?, call: call(row.int(2)?) }))
    };
    rows.iter().map(|row| token(row.as_ref())).collect()
}

/// A worker's goodbye.
#[derive(Debug)]
pub(super) struct Retire<'a>(pub(super) &'a WorkerId);

#[async_trait]
impl Change for Retire<'_> {
    type Answer = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Fault> {
        end(tx, self.0.as_str()).await
    }
}
