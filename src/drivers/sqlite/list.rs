//! Jobs page by page. Each page is a range of an index, and its cursor the place of its last job there.

use std::sync::LazyLock;

use journeyman_job::Priority;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows::{self, FAILED_RECORD, RECORD};
use crate::queue::{Cursor, JobRecord, Listing, Page, State, StoreError};

/// What a listing is in the order of: two columns.
type Place = (i64, i64);

const FIRST: Place = (i64::MIN, i64::MIN);
const LAST: Place = (i64::MAX, i64::MAX);

pub(super) static PENDING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {RECORD}, -priority, position FROM queue_jobs
        WHERE state = 'pending' AND queue = ?1 AND priority = ?2 AND position > ?3 ORDER BY position LIMIT ?4"
    )
});

pub(super) static DELAYED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {RECORD}, available_at, position FROM queue_jobs
        WHERE state = 'delayed' AND queue = ?1 AND (available_at, position) > (?2, ?3)
        ORDER BY available_at, position LIMIT ?4"
    )
});

/// Whoever holds a job has a lease.
const WORKERS: &str = "SELECT worker FROM queue_leases";

pub(super) const HELD_BY: &str = "SELECT reserved_at, position, id FROM queue_jobs
    WHERE state = 'reserved' AND worker = ?1 AND queue = ?2 AND (reserved_at, position) > (?3, ?4)
    ORDER BY reserved_at, position LIMIT ?5";

pub(super) static HELD: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {RECORD}, reserved_at, position FROM queue_jobs WHERE id = ?1"));

pub(super) static ENDED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {RECORD}, ended_at, id FROM queue_jobs
        WHERE ended_at IS NOT NULL AND queue = ?1 AND state = ?2 AND (ended_at, id) < (?3, ?4)
        ORDER BY ended_at DESC, id DESC LIMIT ?5"
    )
});

pub(super) static FAILED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {FAILED_RECORD}, failed_at, id FROM queue_failed_jobs
        WHERE queue = ?1 AND (failed_at, id) < (?2, ?3) ORDER BY failed_at DESC, id DESC LIMIT ?4"
    )
});

/// A listing whose cursor has been read.
#[derive(Debug)]
pub(super) struct Lookup {
    listing: Listing,
    after: Option<Place>,
}

impl Lookup {
    pub(super) fn new(listing: &Listing) -> Result<Self, StoreError> {
        let refused = |cursor: &Cursor| {
            let (cursor, state) = (&cursor.0, listing.state);
            StoreError::Refused(format!("{cursor:?} is no place in this store's listing of {state} jobs"))
        };
        let place = |cursor| read_cursor(cursor, listing.state).ok_or_else(|| refused(cursor));
        let after = listing.after.as_ref().map(place).transpose()?;
        Ok(Self { listing: listing.clone(), after })
    }

    pub(super) fn page(&self, connection: &Connection) -> rusqlite::Result<Page> {
        // One transaction: a page of one moment.
        let snapshot = connection.unchecked_transaction()?;
        let max = self.listing.max;
        // One more than asked for tells whether there is a next page.
        let limit = rows::whole(max).saturating_add(1);
        let mut found = match self.listing.state {
            State::Pending => self.pending(&snapshot, limit)?,
            State::Reserved => self.reserved(&snapshot, limit)?,
            State::Delayed => {
                let (time, position) = self.after.unwrap_or(FIRST);
                read(&snapshot, &DELAYED, params![self.queue(), time, position, limit])?
            }
            State::Failed => {
                let (time, id) = self.after.unwrap_or(LAST);
                read(&snapshot, &FAILED, params![self.queue(), time, id, limit])?
            }
            State::Completed | State::Cancelled => {
                let (time, id) = self.after.unwrap_or(LAST);
                read(&snapshot, &ENDED, params![self.queue(), self.listing.state.as_str(), time, id, limit])?
            }
        };
        let has_more = found.len() > max;
        found.truncate(max);
        let next = found.last().filter(|_| has_more).map(|(_, place)| write_cursor(*place, self.listing.state));
        Ok(Page { jobs: found.into_iter().map(|(job, _)| job).collect(), next })
    }

    fn queue(&self) -> &str {
        self.listing.queue.as_str()
    }

    fn pending(&self, connection: &Connection, limit: i64) -> rusqlite::Result<Vec<(JobRecord, Place)>> {
        let mut found = Vec::new();
        let after = self.after.unwrap_or(FIRST);
        for priority in Priority::DESCENDING {
            let rank = -i64::from(priority.as_number());
            let position = match rank.cmp(&after.0) {
                std::cmp::Ordering::Less => continue,
                std::cmp::Ordering::Equal => after.1,
                std::cmp::Ordering::Greater => FIRST.1,
            };
            let room = limit - rows::whole(found.len());
            found.extend(read(connection, &PENDING, params![self.queue(), priority.as_number(), position, room])?);
        }
        Ok(found)
    }

    /// Merged from what each worker holds: they are few, and an index for this alone would slow every reserve down.
    fn reserved(&self, connection: &Connection, limit: i64) -> rusqlite::Result<Vec<(JobRecord, Place)>> {
        let (since, position) = self.after.unwrap_or(FIRST);
        let workers: Vec<String> =
            connection.prepare_cached(WORKERS)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut held: Vec<(i64, i64, i64)> = Vec::new();
        let mut select = connection.prepare_cached(HELD_BY)?;
        for worker in workers {
            let values = params![worker, self.queue(), since, position, limit];
            let rows = select.query_map(values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            held.extend(rows.collect::<Result<Vec<_>, _>>()?);
        }
        held.sort_unstable();
        held.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut select = connection.prepare_cached(&HELD)?;
        let mut read = |(_, _, id): &(i64, i64, i64)| select.query_row([id], placed).optional();
        held.iter().filter_map(|place| read(place).transpose()).collect()
    }
}

fn read(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<(JobRecord, Place)>> {
    connection.prepare_cached(sql)?.query_map(values, placed)?.collect()
}

fn placed(row: &Row<'_>) -> rusqlite::Result<(JobRecord, Place)> {
    Ok((rows::record(row)?, (row.get(11)?, row.get(12)?)))
}

fn write_cursor((first, second): Place, state: State) -> Cursor {
    Cursor(format!("{state}.{first}.{second}"))
}

/// None if it was not written for a listing of this state.
fn read_cursor(cursor: &Cursor, state: State) -> Option<Place> {
    let (first, second) = cursor.0.strip_prefix(state.as_str())?.strip_prefix('.')?.split_once('.')?;
    Some((first.parse().ok()?, second.parse().ok()?))
}
