//! Taking over what dead workers held.

use async_trait::async_trait;

use super::fault::Fault;
use super::reserve::taken_by_call;
use super::rows::{Taken, whole};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};
use super::{lanes, lease};
use crate::drivers::takeover::{TOO_LATE, Takeover};
use crate::queue::{ReserveRequest, ReservedJob};

#[derive(Debug)]
pub(super) struct Reclaim<'a>(pub(super) &'a ReserveRequest<'a>, pub(super) Takeover);

#[async_trait]
impl Change for Reclaim<'_> {
    type Answer = Vec<ReservedJob>;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Vec<ReservedJob>, Fault> {
        let Self(request, takeover) = self;
        let mut jobs = if request.is_repeat { taken_by_call(tx, request).await? } else { Vec::new() };
        if jobs.is_empty() {
            if takeover.is_too_late() {
                return Err(Fault::Unavailable(TOO_LATE.to_owned()));
            }
            for lost in workers_lost(tx, request).await? {
                take_over(tx, request, &lost, &mut jobs).await?;
            }
        }
        // The call is itself a sign of life; like `reserve`, it writes nothing if there is no hold to renew.
        if jobs.is_empty() {
            lease::renew_if_holding(tx, request.worker, request.lease).await?;
        } else {
            lease::renew(tx, request.worker, request.lease).await?;
        }
        Ok(jobs)
    }
}

/// A reaper never takes from its own worker: it is alive.
async fn workers_lost(tx: &mut Transaction<'_>, request: &ReserveRequest<'_>) -> Result<Vec<String>, Fault> {
    let values = [Value::Int(tx.now.as_micros()), Value::Text(request.worker.as_str())];
    let rows = tx.rows(&tx.sql.lost_workers, &values).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

async fn take_over(
    tx: &mut Transaction<'_>,
    request: &ReserveRequest<'_>,
    lost: &str,
    jobs: &mut Vec<ReservedJob>,
) -> Result<(), Fault> {
    let room = whole(request.max - jobs.len());
    let values = [Value::Int(lanes::of_worker(lost)), Value::Text(lost), Value::Int(room)];
    let left = tx.rows(&tx.sql.left_behind, &values).await?;
    let before = jobs.len();
    for row in left {
        let taken = Taken::read(row.as_ref(), request.worker)?;
        jobs.push(taken.taken_over(lost, request.call, tx.now));
    }
    if jobs.len() > before {
        let ids = Rows::default().ids(jobs[before..].iter().map(|job| job.reservation.job));
        let values = [
            Value::Int(tx.now.as_micros()),
            Value::Text(request.worker.as_str()),
            Value::Int(lanes::held_by(request.worker)),
            Value::Int(request.call.0.cast_signed()),
            Value::Rows(&ids),
        ];
        tx.run(&tx.sql.take_over, &values).await?;
    }
    lease::end(tx, lost).await
}
