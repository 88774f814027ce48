//! Jobs page by page. Each page is a range of an index, and its cursor the place of its last job there.

use std::sync::LazyLock;

use journeyman_job::Priority;
use rusqlite::{Connection, Row, params};

use super::ends;
use super::holds::{self, Held, Hold};
use super::rows::{self, FAILED_RECORD};
use crate::queue::{Cursor, JobRecord, Listing, Page, State, StoreError};

/// What a listing is in the order of: two columns.
type Place = (i64, i64);

const FIRST: Place = (i64::MIN, i64::MIN);
const LAST: Place = (i64::MAX, i64::MAX);

pub(super) static PENDING: LazyLock<String> = LazyLock::new(|| {
    let record = rows::record_columns("'pending'");
    format!(
        "SELECT {record}, -w.priority, w.position FROM queue_pending w CROSS JOIN queue_jobs j ON j.id = w.id
            LEFT JOIN queue_trails t ON t.id = w.id
        WHERE w.queue = ?1 AND w.priority = ?2 AND w.position > ?3 ORDER BY w.position LIMIT ?4"
    )
});

pub(super) static DELAYED: LazyLock<String> = LazyLock::new(|| {
    let record = rows::record_columns("'delayed'");
    format!(
        "SELECT {record}, w.available_at, w.position FROM queue_delayed w CROSS JOIN queue_jobs j ON j.id = w.id
            LEFT JOIN queue_trails t ON t.id = w.id
        WHERE w.queue = ?1 AND (w.available_at, w.position) > (?2, ?3) ORDER BY w.available_at, w.position LIMIT ?4"
    )
});

pub(super) static HELD: LazyLock<String> = LazyLock::new(|| {
    let record = rows::record_columns("'reserved'");
    format!("SELECT {record} FROM queue_jobs j LEFT JOIN queue_trails t ON t.id = j.id WHERE j.id = ?1")
});

pub(super) static ENDED: LazyLock<String> = LazyLock::new(|| {
    let record = rows::record_columns("t.state");
    format!("SELECT {record} FROM queue_jobs j JOIN queue_trails t ON t.id = j.id WHERE j.id = ?1")
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
            State::Completed | State::Cancelled => self.ended(&snapshot, max.saturating_add(1))?,
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

    fn ended(&self, connection: &Connection, max: usize) -> rusqlite::Result<Vec<(JobRecord, Place)>> {
        let places = ends::latest(connection, (self.queue(), self.listing.state), self.after.unwrap_or(LAST), max)?;
        let mut select = connection.prepare_cached(&ENDED)?;
        places.into_iter().map(|place| Ok((select.query_row([place.1], rows::record)?, place))).collect()
    }

    /// Sorted out of all that is held: that is little, and an index for this alone would slow every reserve down.
    fn reserved(&self, connection: &Connection, limit: i64) -> rusqlite::Result<Vec<(JobRecord, Place)>> {
        let after = self.after.unwrap_or(FIRST);
        let holds = holds::of_queue(connection, self.queue(), after.0)?;
        let placed = |hold: &Hold, held: &Held| (hold.reserved_at, held.position);
        let mut found: Vec<(Place, &Hold, &Held)> = holds
            .iter()
            .flat_map(|hold| hold.jobs.iter().map(move |held| (placed(hold, held), hold, held)))
            .filter(|(place, ..)| *place > after)
            .collect();
        found.sort_unstable_by_key(|(place, ..)| *place);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut select = connection.prepare_cached(&HELD)?;
        let read = |(place, hold, held): (Place, &Hold, &Held)| {
            let mut record = select.query_row([held.row], rows::record)?;
            held.show_in(&mut record, hold.worker.clone());
            Ok((record, place))
        };
        found.into_iter().map(read).collect()
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

pub(super) fn write_cursor((first, second): Place, state: State) -> Cursor {
    Cursor(format!("{state}.{first}.{second}"))
}

/// None if it was not written for a listing of this state.
pub(super) fn read_cursor(cursor: &Cursor, state: State) -> Option<Place> {
    let (first, second) = cursor.0.strip_prefix(state.as_str())?.strip_prefix('.')?.split_once('.')?;
    Some((first.parse().ok()?, second.parse().ok()?))
}
