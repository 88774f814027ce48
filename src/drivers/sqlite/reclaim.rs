//! Taking over what dead workers held.

use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::holds::{self, Held};
use super::lease;
use super::reserve::{Request, taken_by_call};
use crate::clock::Timestamp;
use crate::drivers::takeover::Takeover;
use crate::queue::{Lost, ReservedJob, limits};

const ENDED: &str = "SELECT worker FROM queue_leases WHERE expires_at <= ?1 AND worker <> ?2 ORDER BY expires_at";

const FORGET: &str = "DELETE FROM queue_leases WHERE worker = ?1
    AND NOT EXISTS (SELECT 1 FROM queue_holds WHERE worker = ?1)";

#[derive(Debug)]
pub(super) struct Reclaim(pub(super) Request, pub(super) Takeover);

impl Change for Reclaim {
    type Answer = Vec<ReservedJob>;

    fn apply(&self, group: &mut Group<'_>) -> Result<Vec<ReservedJob>, Failure> {
        let Self(request, takeover) = self;
        let mut jobs = if request.is_repeat { taken_by_call(group, request)? } else { Vec::new() };
        if jobs.is_empty() {
            if takeover.is_too_late() {
                return Err(Failure::TooLate);
            }
            for lost in workers_lost(group, request)? {
                // What is left is for the next call, which need not read it twice.
                if jobs.len() >= request.max {
                    break;
                }
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

/// The attempt goes on in other hands, so its number and its start stay.
fn take_over(group: &Group<'_>, request: &Request, lost: &str, jobs: &mut Vec<ReservedJob>) -> rusqlite::Result<()> {
    for mut hold in holds::of_worker(group.connection, lost)? {
        let room = request.max - jobs.len();
        if room == 0 {
            break;
        }
        let taken: Vec<Held> = hold.jobs.drain(..room.min(hold.jobs.len())).collect();
        hold.store(group)?;
        holds::take(group, (&request.worker, request.call), &hold.queue, hold.priority, &taken)?;
        (hold.call, hold.reserved_at) = (request.call, group.now.as_micros());
        for held in &taken {
            let started_at = Timestamp::from_micros(held.started_at);
            let lost = Some(Lost { worker: lost.to_owned(), started_at });
            jobs.extend(hold.reserved(group, held, &request.worker)?.map(|taken| ReservedJob { lost, ..taken.job }));
        }
    }
    group.statement(FORGET)?.execute([lost])?;
    Ok(())
}
