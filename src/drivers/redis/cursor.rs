//! Places in listings. A cursor names the jobs around the place rather than a number that others could shift.

use journeyman_job::{JobId, Priority};

use super::records::{damaged, digits};
use crate::clock::Timestamp;
use crate::queue::{Cursor, State, StoreError};

/// A job next to the place, as it was when the page was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Anchor {
    /// Whether it was on the page, or would have come next.
    pub(super) is_listed: bool,
    pub(super) id: JobId,
    /// Changes with everything that happens to the job: eight hexadecimal digits, or dashes.
    pub(super) sign: String,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// In a list: of the pending jobs of one priority, or of ended ones.
    Among {
        /// Of pending jobs.
        priority: Option<Priority>,
        /// Jobs of this list before the place.
        passed: u64,
        /// When the last job on the page ended, microseconds; of pending jobs none.
        ended_at: Option<i64>,
        /// First those that would have come next, in their order, then the listed ones, the latest first.
        anchors: Vec<Anchor>,
    },
    /// Behind this delayed job: when it is due, and its priority.
    Due(Timestamp, Priority, JobId),
    /// Behind this reserved job, that has been held since then.
    Held(Timestamp, JobId),
}

impl Place {
    /// Writes the place; `state` keeps it from being taken for one in another listing.
    pub(super) fn write(&self, state: State) -> Cursor {
        let fields = match self {
            Self::Among { priority, passed, ended_at, anchors } => {
                let priority = priority.map_or(0, Priority::as_number);
                let mut fields = vec![priority.to_string(), passed.to_string(), ended_at.unwrap_or(0).to_string()];
                fields.extend(anchors.iter().map(|Anchor { is_listed, id, sign }| {
                    format!("{}{}{sign}", if *is_listed { 'l' } else { 'n' }, id.as_uuid().simple())
                }));
                fields
            }
            Self::Due(time, priority, id) => {
                vec![time.as_micros().to_string(), priority.as_number().to_string(), id.as_uuid().simple().to_string()]
            }
            Self::Held(time, id) => vec![time.as_micros().to_string(), id.as_uuid().simple().to_string()],
        };
        Cursor(format!("{state}.{}", fields.join(".")))
    }

    /// Reads what [`Place::write`] wrote for the same state.
    pub(super) fn read(cursor: &Cursor, state: State) -> Result<Self, StoreError> {
        let fields = cursor.0.strip_prefix(state.as_str()).and_then(|rest| rest.strip_prefix('.'));
        fields
            .and_then(|fields| read(&fields.split('.').collect::<Vec<_>>(), state))
            .ok_or_else(|| StoreError::Refused(format!("{:?} is no place in this listing", cursor.0)))
    }
}

fn read(fields: &[&str], state: State) -> Option<Place> {
    match (state, fields) {
        (State::Delayed, [time, priority, id]) => Some(Place::Due(micros(time)?, digit(priority)?, id.parse().ok()?)),
        (State::Reserved, [time, id]) => Some(Place::Held(micros(time)?, id.parse().ok()?)),
        (State::Delayed | State::Reserved, _) => None,
        (_, [priority, passed, ended_at, anchors @ ..]) => {
            let is_pending = state == State::Pending;
            let priority = if is_pending { Some(digit(priority)?) } else { None };
            let ended_at = if is_pending { None } else { Some(micros(ended_at)?.as_micros()) };
            let anchors = anchors.iter().map(|text| anchor(text)).collect::<Option<_>>()?;
            Some(Place::Among { priority, passed: number(passed)?.unsigned_abs(), ended_at, anchors })
        }
        _ => None,
    }
}

fn anchor(text: &str) -> Option<Anchor> {
    let is_listed = match text.as_bytes().first()? {
        b'l' => true,
        b'n' => false,
        _ => return None,
    };
    let (id, sign) = text.get(1..)?.split_at_checked(32)?;
    (sign.len() == 8).then_some(())?;
    Some(Anchor { is_listed, id: id.parse().ok()?, sign: sign.to_owned() })
}

fn number(text: &str) -> Option<i64> {
    let number = digits(text.as_bytes(), 0, text.len()).ok()?;
    // A script counts with what is in a cursor, in numbers that are whole up to here.
    (0..1 << 53).contains(&number).then_some(number)
}

fn micros(text: &str) -> Option<Timestamp> {
    number(text).filter(|&micros| micros < 10_000_000_000_000_000).map(Timestamp::from_micros)
}

fn digit(text: &str) -> Option<Priority> {
    Priority::from_number(u64::try_from(number(text)?).ok()?).ok()
}

impl Anchor {
    /// Reads a script's `l` or `n` + id + sign.
    pub(super) fn of(value: &[u8]) -> Result<Self, StoreError> {
        let id = value.get(1..17).and_then(JobId::from_slice).ok_or_else(damaged)?;
        let sign = value.get(17..).and_then(|sign| std::str::from_utf8(sign).ok()).ok_or_else(damaged)?;
        Ok(Self { is_listed: value[0] == b'l', id, sign: sign.to_owned() })
    }

    /// The same as an argument.
    pub(super) fn packed(&self) -> Vec<u8> {
        let mut value = vec![if self.is_listed { b'l' } else { b'n' }];
        value.extend_from_slice(self.id.as_bytes());
        value.extend_from_slice(self.sign.as_bytes());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use journeyman_job::QueueName;

    #[test]
    fn a_cursor_is_read_back_in_its_own_listing_only() {
        let id = JobId::generate(&QueueName::default());
        let anchors = [(false, "--------"), (true, "0123abcd")].map(|(is_listed, sign)| Anchor {
            is_listed,
            id,
            sign: sign.to_owned(),
        });
        let among = |priority, ended_at| Place::Among { priority, passed: 7, ended_at, anchors: anchors.to_vec() };
        let time = Timestamp::from_micros(5);
        for (state, place) in [
            (State::Pending, among(Some(Priority::High), None)),
            (State::Failed, among(None, Some(9))),
            (State::Delayed, Place::Due(time, Priority::Low, id)),
            (State::Reserved, Place::Held(time, id)),
        ] {
            let cursor = place.write(state);
            assert_eq!(Place::read(&cursor, state), Ok(place));
            for other in State::ALL.into_iter().filter(|other| *other != state) {
                assert!(Place::read(&cursor, other).is_err(), "{cursor} {other}");
            }
            for length in 0..cursor.0.len() {
                // Cut short it is another place or none; nothing panics over it.
                let _ = Place::read(&Cursor(cursor.0[..length].to_owned()), state);
            }
        }
    }
}
