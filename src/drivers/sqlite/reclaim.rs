//! Taking over what dead workers held.

use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::reserve::{Request, taken_by_call};
use super::{lease, rows};
use crate::clock::Timestamp;
use crate::queue::{Lost, ReservedJob, limits};

const ENDED: &str = "SELECT worker FROM queue_leases WHERE expires_at <= ?1 AND worker <> ?2 ORDER BY expires_at";

pub(super) const LEFT: &str = "SELECT id FROM queue_jobs WHERE state = 'reserved' AND worker = ?1
    ORDER BY reserved_at, priority DESC, position LIMIT ?2";

/// The attempt goes on in other hands, so its number and its start stay.
const TAKE_OVER: &str = "UPDATE queue_jobs SET reserved_at = ?2, worker = ?3, call = ?4 WHERE id = ?1
    RETURNING job_id, attempts, reserved_at, trail, payload, queue, priority, position, call, started_at";

const FORGET: &str = "DELETE FROM queue_leases WHERE worker = ?1
    AND NOT EXISTS (SELECT 1 FROM queue_jobs WHERE state = 'reserved' AND worker = ?1)";

#[derive(Debug)]
pub(super) struct Reclaim(pub(super) Request);

impl Change for Reclaim {
    type Answer = Vec<ReservedJob>;

    fn apply(&self, group: &mut Group<'_>) -> Result<Vec<ReservedJob>, Failure> {
        let Self(request) = self;
        let mut jobs = if request.is_repeat { taken_by_call(group, request)? } else { Vec::new() };
        if jobs.is_empty() {
            for lost in workers_lost(group, request)? {
                take_over(group, request, &lost, &mut jobs)?;
            }
        }
        // The call is itself a sign of life; like `reserve`, it writes nothing if there is no hold to renew.
        if !jobs.is_empty() || lease::holds_any(group, &request.worker)? {
            lease::renew(group, &request.worker, request.lease)?;
        }
        Ok(jobs)
    }

    fn weight(&self) -> usize {
        self.0.max.min(limits::PER_CALL)
    }
}

/// A reaper never takes from its own worker: it is alive.
fn workers_lost(group: &Group<'_>, request: &Request) -> rusqlite::Result<Vec<String>> {
    let mut select = group.statement(ENDED)?;
    let lost = select.query_map(params![group.now.as_micros(), request.worker.as_str()], |row| row.get(0))?;
    lost.collect()
}

fn take_over(group: &Group<'_>, request: &Request, lost: &str, jobs: &mut Vec<ReservedJob>) -> rusqlite::Result<()> {
    let room = rows::whole(request.max - jobs.len());
    let ids: Vec<i64> =
        group.statement(LEFT)?.query_map(params![lost, room], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut update = group.statement(TAKE_OVER)?;
    let (now, worker, call) = (group.now.as_micros(), request.worker.as_str(), rows::call_column(request.call));
    for id in ids {
        let values = params![id, now, worker, call];
        let taken = update.query_row(values, |row| {
            let started_at = Timestamp::from_micros(row.get(9)?);
            let lost = Some(Lost { worker: lost.to_owned(), started_at });
            Ok(ReservedJob { lost, ..rows::reserved_job(row, &request.worker)?.job })
        })?;
        jobs.push(taken);
    }
    group.statement(FORGET)?.execute([lost])?;
    Ok(())
}
