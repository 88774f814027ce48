//! Workers' leases: one for all that a worker holds.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::holds::{self, Held, Hold};
use super::rows::Taken;
use crate::queue::{BeatReply, Reservation, Token, WorkerId};
use journeyman_job::JobId;

const RENEW: &str = "INSERT INTO queue_leases (worker, expires_at) VALUES (?1, ?2)
    ON CONFLICT (worker) DO UPDATE SET expires_at = excluded.expires_at";

const HOLDS_ANY: &str = "SELECT 1 FROM queue_holds WHERE worker = ?1 LIMIT 1";

pub(super) const RETIRE: &str = "DELETE FROM queue_leases WHERE worker = ?1
    AND NOT EXISTS (SELECT 1 FROM queue_holds WHERE worker = ?1)";

/// The worker's hold lasts `lease` from now on.
pub(super) fn renew(group: &Group<'_>, worker: &WorkerId, lease: Duration) -> rusqlite::Result<()> {
    let expires_at = group.now.plus(lease).as_micros();
    group.statement(RENEW)?.execute(params![worker.as_str(), expires_at])?;
    Ok(())
}

pub(super) fn holds_any(group: &Group<'_>, worker: &WorkerId) -> rusqlite::Result<bool> {
    group.statement(HOLDS_ANY)?.exists([worker.as_str()])
}

/// A sign of life.
#[derive(Debug)]
pub(super) struct Extend {
    pub(super) worker: WorkerId,
    pub(super) lease: Duration,
    pub(super) held: Vec<Reservation>,
}

impl Change for Extend {
    type Answer = BeatReply;

    fn apply(&self, group: &mut Group<'_>) -> Result<BeatReply, Failure> {
        renew(group, &self.worker, self.lease)?;
        let holds = holds::of_worker(group.connection, self.worker.as_str())?;
        let token = |hold: &Hold, held: &Held| (held.job, Token { attempt: held.attempt, call: hold.call });
        let stored: HashSet<(JobId, Token)> =
            holds.iter().flat_map(|hold| hold.jobs.iter().map(|held| token(hold, held))).collect();
        let claimed: HashSet<(JobId, Token)> = self.held.iter().map(|held| (held.job, held.token)).collect();
        let is_lost = |held: &&Reservation| held.worker != self.worker || !stored.contains(&(held.job, held.token));
        let lost = self.held.iter().filter(is_lost).cloned().collect();
        let mut unknown = Vec::new();
        for hold in &holds {
            for held in hold.jobs.iter().filter(|held| !claimed.contains(&token(hold, held))) {
                unknown.extend(hold.reserved(group, held, &self.worker)?);
            }
        }
        unknown.sort_by_key(Taken::order);
        Ok(BeatReply { lost, unknown: unknown.into_iter().map(|taken| taken.job).collect() })
    }

    fn weight(&self) -> usize {
        1
    }
}

/// A worker's goodbye.
#[derive(Debug)]
pub(super) struct Retire {
    pub(super) worker: WorkerId,
}

impl Change for Retire {
    type Answer = ();

    fn apply(&self, group: &mut Group<'_>) -> Result<(), Failure> {
        group.statement(RETIRE)?.execute([self.worker.as_str()])?;
        Ok(())
    }

    fn weight(&self) -> usize {
        1
    }
}
