//! The values that the scripts keep, from this side. `scripts/shared.lua` says what they look like.

use std::fmt;

use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName};
use tracing::warn;

use crate::clock::Timestamp;
use crate::queue::{CallId, JobRecord, Lost, Reservation, ReservedJob, State, StoreError, Token, Trail, WorkerId};

/// What never changes about a job.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJob {
    pub created_at: Timestamp,
    pub priority: Priority,
    /// When it was to run at first.
    pub available_at: Timestamp,
    /// Number of the latest claim on its id, if that is named.
    pub claim: Option<ClaimNumber>,
    pub body: Bytes,
}

/// Which of the claims on one id: a later one has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimNumber(i64);

impl ClaimNumber {
    pub fn read(value: &[u8]) -> Result<Self, StoreError> {
        digits(value, 0, 16).map(Self)
    }
}

impl fmt::Display for ClaimNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016}", self.0)
    }
}

impl StoredJob {
    pub fn read(value: &Bytes) -> Result<Self, StoreError> {
        let created_at = time(value, 0)?;
        let mark = *value.get(16).ok_or_else(damaged)?;
        let (available_at, start, claim) = match mark {
            b'a'..=b'd' => (time(value, 17)?, 33, 0),
            b'A'..=b'D' => {
                let key = usize::try_from(digits(value, 49, 3)?).map_err(|_| damaged())?;
                (time(value, 17)?, 52 + key, digits(value, 33, 16)?)
            }
            _ => (created_at, 17, 0),
        };
        value.get(start..).ok_or_else(damaged)?;
        let claim = (claim != 0).then_some(ClaimNumber(claim));
        Ok(Self { created_at, priority: priority(mark)?, available_at, claim, body: value.slice(start..) })
    }
}

/// What changes about a job.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredState {
    pub state: State,
    pub priority: Priority,
    pub attempts: u32,
    /// When it came into this state, of an ended one: when it ended.
    pub changed_at: Timestamp,
    /// As its push said, if there is nothing here.
    pub available_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub worker: String,
    pub trail: Bytes,
}

impl StoredState {
    /// The state of this letter.
    pub fn named(letter: u8) -> Option<State> {
        match letter {
            b'p' => Some(State::Pending),
            b'd' => Some(State::Delayed),
            b'r' => Some(State::Reserved),
            b'c' => Some(State::Completed),
            b'f' | b'e' => Some(State::Failed),
            b'x' => Some(State::Cancelled),
            _ => None,
        }
    }

    pub fn read(value: &Bytes) -> Result<Self, StoreError> {
        let state = value.first().and_then(|&letter| Self::named(letter)).ok_or_else(damaged)?;
        let rest = value.get(94..).ok_or_else(damaged)?;
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(damaged)?;
        let or_none = |time: Timestamp| (time.as_micros() > 0).then_some(time);
        Ok(Self {
            state,
            priority: priority(value[1])?,
            attempts: u32::try_from(digits(value, 2, 6)?).unwrap_or(u32::MAX),
            changed_at: time(value, 46)?,
            available_at: or_none(time(value, 62)?),
            started_at: or_none(time(value, 78)?),
            worker: String::from_utf8_lossy(&rest[..end]).into_owned(),
            trail: value.slice(94 + end + 1..),
        })
    }
}

/// Puts together what is known of a job; `due` is its time while it is in the delayed set.
pub fn record(
    id: JobId,
    queue: QueueName,
    job: StoredJob,
    state: Option<StoredState>,
    due: Option<Timestamp>,
) -> JobRecord {
    let waiting = if due.is_some() { State::Delayed } else { State::Pending };
    let first = StoredState {
        state: waiting,
        priority: job.priority,
        attempts: 0,
        changed_at: job.created_at,
        available_at: None,
        started_at: None,
        worker: String::new(),
        trail: Bytes::new(),
    };
    let now = state.unwrap_or(first);
    // A promotion moves the id alone, so being in the delayed set tells more than the letter.
    let state = if matches!(now.state, State::Pending | State::Delayed) { waiting } else { now.state };
    JobRecord {
        id,
        queue,
        priority: now.priority,
        state,
        attempts: now.attempts,
        body: job.body,
        created_at: job.created_at,
        available_at: due.or(now.available_at).unwrap_or(job.available_at),
        started_at: now.started_at,
        worker: (state == State::Reserved).then_some(now.worker),
        trail: Trail::decode(&now.trail),
    }
}

/// By whom jobs are held that the scripts hand out, and since when.
#[derive(Debug, Clone, Copy)]
pub struct Hold<'a> {
    pub queue: &'a QueueName,
    pub worker: &'a WorkerId,
    pub call: CallId,
    pub since: Timestamp,
}

impl Hold<'_> {
    /// A job as most scripts tell it: `tag` is id + priority + attempts.
    pub fn tagged(&self, tag: &[u8], job: &Bytes, trail: Bytes) -> Result<ReservedJob, StoreError> {
        let (id, tag) = tag.split_at_checked(16).ok_or_else(damaged)?;
        let (&mark, attempts) = tag.split_first().ok_or_else(damaged)?;
        self.job(id, mark, attempts, (job, trail))
    }

    /// A job as a reserve tells it, in parts.
    pub fn job(
        &self,
        id: &[u8],
        mark: u8,
        attempts: &[u8],
        (job, trail): (&Bytes, Bytes),
    ) -> Result<ReservedJob, StoreError> {
        let attempt = u32::try_from(digits(attempts, 0, 6)?).unwrap_or(u32::MAX);
        let reservation = Reservation {
            job: JobId::from_slice(id).ok_or_else(damaged)?,
            queue: self.queue.clone(),
            priority: priority(mark)?,
            worker: self.worker.clone(),
            token: Token { attempt, call: self.call },
        };
        let body = StoredJob::read(job)?.body;
        Ok(ReservedJob { reservation, body, trail, reserved_at: self.since, lost: None })
    }
}

/// One item of many: what cannot be read is logged and left where it is, and never costs the others.
pub fn readable<T>(queue: &QueueName, read: Result<T, StoreError>) -> Option<T> {
    read.inspect_err(|error| warn!(%queue, %error, "a job is passed over")).ok()
}

/// Start and worker of the attempt that a dead worker left behind.
pub fn lost(value: &[u8]) -> Result<Lost, StoreError> {
    let started_at = digits(value, 0, 16).map(Timestamp::from_micros)?;
    let worker = value.get(16..).and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(damaged)?;
    Ok(Lost { worker: worker.to_owned(), started_at })
}

/// A call as 16 hexadecimal digits.
pub fn call(digits: &[u8]) -> Result<CallId, StoreError> {
    let text = std::str::from_utf8(digits).map_err(|_| damaged())?;
    u64::from_str_radix(text, 16).map(CallId).map_err(|_| damaged())
}

/// A time as 16 decimal digits from `start` on.
pub fn time(value: &[u8], start: usize) -> Result<Timestamp, StoreError> {
    digits(value, start, 16).map(Timestamp::from_micros)
}

/// The priority that a mark of any kind stands for.
fn priority(mark: u8) -> Result<Priority, StoreError> {
    let number = match mark {
        b'A'..=b'D' => mark - b'A' + 1,
        b'a'..=b'd' => mark - b'a' + 1,
        digit => digit.wrapping_sub(b'0'),
    };
    Priority::from_number(u64::from(number)).map_err(|_| damaged())
}

pub fn digits(value: &[u8], start: usize, length: usize) -> Result<i64, StoreError> {
    let part = value.get(start..start + length).ok_or_else(damaged)?;
    std::str::from_utf8(part).ok().and_then(|text| text.parse().ok()).ok_or_else(damaged)
}

pub fn damaged() -> StoreError {
    StoreError::Refused("a stored job is not in the form that this build reads".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "r3000002000000000000000a000001000000000000000b\
        000000000000000100000000000000020000000000000003host-1\n{}";

    #[test]
    fn a_job_is_read_back_with_and_without_a_delay() {
        let plain = StoredJob::read(&Bytes::from_static(b"00000000000000072body")).unwrap();
        assert_eq!((plain.created_at, plain.available_at), (Timestamp::from_micros(7), Timestamp::from_micros(7)));
        assert_eq!((plain.priority, &plain.body[..]), (Priority::Normal, &b"body"[..]));
        let delayed = StoredJob::read(&Bytes::from_static(b"0000000000000007d0000000000000009")).unwrap();
        assert_eq!((delayed.priority, delayed.available_at), (Priority::Critical, Timestamp::from_micros(9)));
        assert!(delayed.body.is_empty());
    }

    #[test]
    fn r23_a_job_with_more_to_it_is_read_back() {
        let value = b"0000000000000007C00000000000000090000000000000011003keybody";
        let job = StoredJob::read(&Bytes::from_static(value)).unwrap();
        assert_eq!((job.priority, job.available_at), (Priority::High, Timestamp::from_micros(9)));
        assert_eq!((job.claim, &job.body[..]), (Some(ClaimNumber(11)), &b"body"[..]));
        assert_eq!(ClaimNumber(11).to_string(), "0000000000000011");
        for length in 0..value.len() - 4 {
            assert!(length == 17 || StoredJob::read(&Bytes::copy_from_slice(&value[..length])).is_err(), "{length}");
        }
    }

    #[test]
    fn a_state_is_read_back() {
        let state = StoredState::read(&Bytes::from_static(STATE.as_bytes())).unwrap();
        assert_eq!((state.state, state.priority, state.attempts), (State::Reserved, Priority::High, 2));
        assert_eq!(
            (state.available_at, state.started_at),
            (Some(Timestamp::from_micros(2)), Some(Timestamp::from_micros(3)))
        );
        assert_eq!((state.worker.as_str(), &state.trail[..]), ("host-1", &b"{}"[..]));
    }

    #[test]
    fn damaged_values_are_refused_not_panicked_over() {
        for length in 0..STATE.len() - 3 {
            assert!(StoredState::read(&Bytes::copy_from_slice(&STATE.as_bytes()[..length])).is_err(), "{length}");
        }
        for value in ["", "0000000000000007", "00000000000000075x", "0000000000000007a1", "x000000000000007"] {
            assert!(StoredJob::read(&Bytes::from_static(value.as_bytes())).is_err(), "{value}");
        }
    }

    #[test]
    fn being_in_the_delayed_set_decides_between_pending_and_delayed() {
        let queue = QueueName::default();
        let id = JobId::generate(&queue);
        let job = StoredJob::read(&Bytes::from_static(b"0000000000000007b0000000000000009x")).unwrap();
        let due = Some(Timestamp::from_micros(9));
        assert_eq!(record(id, queue.clone(), job.clone(), None, due).state, State::Delayed);
        let promoted = record(id, queue.clone(), job.clone(), None, None);
        assert_eq!((promoted.state, promoted.available_at), (State::Pending, Timestamp::from_micros(9)));
        let state = StoredState::read(&Bytes::from(STATE.replacen('r', "d", 1))).unwrap();
        assert_eq!(record(id, queue.clone(), job.clone(), Some(state), None).state, State::Pending);
        let state = StoredState::read(&Bytes::from(STATE.replacen("0000000000000002", &"0".repeat(16), 1))).unwrap();
        let reserved = record(id, queue, job, Some(state), None);
        assert_eq!((reserved.state, reserved.available_at), (State::Reserved, Timestamp::from_micros(9)));
    }
}
