//! Pages of jobs.

use journeyman_job::{JobId, Priority};
use uuid::Uuid;

use super::fault::Fault;
use super::link::Row;
use super::rows::{record, whole};
use super::statements::Statement;
use super::value::Value;
use super::{Core, lanes};
use crate::queue::{Cursor, Listing, Page, State, StoreError};

/// Where a page ends: in which of the lines that are listed one after another, and there by what they are in the order of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: usize,
    place: i64,
    id: i64,
    job: JobId,
}

/// Which way a line is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    FromFront,
    FromBack,
}

impl Core {
    pub(super) async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        let Listing { queue, state, after, max } = listing;
        let after = after.as_ref().map(Place::read).transpose()?;
        let (way, lines) = match state {
            State::Pending => (Way::FromFront, Priority::DESCENDING.map(|one| lanes::pending(queue, one)).to_vec()),
            State::Delayed => (Way::FromFront, vec![lanes::delayed(queue)]),
            // They stand with their workers, so they are read in a way of their own.
            State::Reserved => (Way::FromFront, vec![0]),
            ended => (Way::FromBack, vec![lanes::ended(queue, *ended)]),
        };
        let mut page = Page::default();
        let first = after.map_or(0, |after| after.line);
        for (line, lane) in lines.into_iter().enumerate().skip(first) {
            let room = max - page.jobs.len();
            if room == 0 {
                break;
            }
            let from = after.filter(|after| after.line == line).unwrap_or(Place::end_of(line, way));
            let (statement, lane) = match (state, way) {
                (State::Reserved, _) => (&self.sql.list_reserved, None),
                (_, Way::FromFront) => (&self.sql.list, Some(Value::Int(lane))),
                (_, Way::FromBack) => (&self.sql.list_back, Some(Value::Int(lane))),
            };
            let rest = [
                Value::Text(queue.as_str()),
                Value::Int(from.place),
                Value::Int(from.id),
                Value::Id(from.job),
                Value::Int(whole(room)),
            ];
            let values: Vec<Value<'_>> = lane.into_iter().chain(rest).collect();
            self.read_into(&mut page, statement, &values, line).await?;
        }
        if page.jobs.len() < *max {
            page.next = None;
        }
        Ok(page)
    }

    async fn read_into(
        &self,
        page: &mut Page,
        statement: &'static Statement,
        values: &[Value<'_>],
        line: usize,
    ) -> Result<(), StoreError> {
        for row in self.read(statement, values).await? {
            let place = Place::of(row.as_ref(), line)?;
            page.jobs.push(record(row.as_ref())?);
            page.next = Some(place.as_cursor());
        }
        Ok(())
    }
}

impl Place {
    /// Before everything that is read.
    fn end_of(line: usize, way: Way) -> Self {
        match way {
            Way::FromFront => Self { line, place: i64::MIN, id: i64::MIN, job: Uuid::nil().into() },
            Way::FromBack => Self { line, place: i64::MAX, id: i64::MAX, job: Uuid::max().into() },
        }
    }

    fn of(row: &dyn Row, line: usize) -> Result<Self, Fault> {
        Ok(Self { line, place: row.int(11)?, id: row.int(12)?, job: row.job_id(0)? })
    }

    fn as_cursor(self) -> Cursor {
        let Self { line, place, id, job } = self;
        Cursor(format!("{line}.{place}.{id}.{job}"))
    }

    fn read(cursor: &Cursor) -> Result<Self, StoreError> {
        let read = || {
            let mut parts = cursor.0.splitn(4, '.');
            let line = parts.next()?.parse().ok()?;
            let (place, id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(Self { line, place, id, job: parts.next()?.parse().ok()? })
        };
        read().ok_or_else(|| StoreError::Refused(format!("{:?} is no place in a listing of this store", cursor.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_as_it_was_written() {
        let job = "0190a0b0-0000-7000-8000-00000000abcd".parse().unwrap();
        let place = Place { line: 2, place: -5, id: i64::MAX, job };
        assert_eq!(Place::read(&place.as_cursor()).unwrap(), place);
    }
}
