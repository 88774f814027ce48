//! The values that the scripts keep, from this side. `scripts/shared.lua` says what they look like.

use std::time::Duration;

use bytes::Bytes;
use journeyman_job::{ErrorKind, JobId, Priority, QueueName, When};

use crate::clock::{Timestamp, micros};
use crate::queue::{
    CallId, Counted, JobRecord, Lost, NewJob, Reservation, ReservedJob, Settle, Settlement, State, StoreError, Token,
    Trail, WorkerId,
};

/// What never changes about a job.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJob {
    pub created_at: Timestamp,
    pub priority: Priority,
    /// When it was to run at first.
    pub available_at: Timestamp,
    pub body: Bytes,
}

impl StoredJob {
    pub fn read(value: &Bytes) -> Result<Self, StoreError> {
        let created_at = time(value, 0)?;
        let mark = *value.get(16).ok_or_else(damaged)?;
        let (digit, available_at, start) = match mark {
            b'a'..=b'd' => (mark - b'a' + b'1', time(value, 17)?, 33),
            digit => (digit, created_at, 17),
        };
        Ok(Self { created_at, priority: priority(digit)?, available_at, body: value.slice(start..) })
    }
}

/// What changes about a job.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredState {
    pub state: State,
    pub priority: Priority,
    pub attempts: u32,
    pub available_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub worker: String,
    pub trail: Bytes,
}

impl StoredState {
    pub fn read(value: &Bytes) -> Result<Self, StoreError> {
        let state = match value.first() {
            Some(b'p') => State::Pending,
            Some(b'd') => State::Delayed,
            Some(b'r') => State::Reserved,
            Some(b'c') => State::Completed,
            Some(b'f' | b'e') => State::Failed,
            Some(b'x') => State::Cancelled,
            _ => return Err(damaged()),
        };
        let rest = value.get(94..).ok_or_else(damaged)?;
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(damaged)?;
        let started_at = time(value, 78)?;
        Ok(Self {
            state,
            priority: priority(value[1])?,
            attempts: u32::try_from(digits(value, 2, 6)?).unwrap_or(u32::MAX),
            available_at: time(value, 62)?,
            started_at: (started_at.as_micros() > 0).then_some(started_at),
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
        available_at: job.available_at,
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
        available_at: due.unwrap_or(now.available_at),
        started_at: now.started_at,
        worker: (state == State::Reserved).then_some(now.worker),
        trail: Trail::decode(&now.trail),
    }
}

/// A handed-out job as the scripts tell it: `tag` is id + priority + attempts.
pub fn reserved_job(
    tag: &[u8],
    job: &Bytes,
    trail: Bytes,
    (queue, worker): (&QueueName, &WorkerId),
    call: CallId,
    reserved_at: Timestamp,
) -> Result<ReservedJob, StoreError> {
    let id = tag.get(..16).and_then(JobId::from_slice).ok_or_else(damaged)?;
    let attempt = u32::try_from(digits(tag, 17, 6)?).unwrap_or(u32::MAX);
    let reservation = Reservation {
        job: id,
        queue: queue.clone(),
        priority: priority(*tag.get(16).ok_or_else(damaged)?)?,
        worker: worker.clone(),
        token: Token { attempt, call },
    };
    Ok(ReservedJob { reservation, body: StoredJob::read(job)?.body, trail, reserved_at, lost: None })
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

/// Head of a pushed job: id, priority, when.
pub fn pack_new(job: &NewJob) -> Bytes {
    let when = match job.when {
        When::Now => "n0".to_owned(),
        When::After(delay) => format!("a{}", micros(delay)),
        When::At(time) => format!("t{}", Timestamp::from_datetime(time).as_micros()),
    };
    let mut head = job.id().as_bytes().to_vec();
    head.push(b'0' + job.envelope.priority.as_number());
    head.extend_from_slice(when.as_bytes());
    head.into()
}

/// A reservation as the scripts compare it: id and token.
pub fn pack_held(reservation: &Reservation) -> Vec<u8> {
    let mut head = reservation.job.as_bytes().to_vec();
    let Token { attempt, call } = reservation.token;
    head.extend_from_slice(format!("{attempt:06}{call}").as_bytes());
    head
}

/// Head of a settled job: reservation, verb, whether it timed out, delay.
pub fn pack_settle(settle: &Settle) -> Bytes {
    let (verb, delay) = match &settle.settlement {
        Settlement::Complete => ('c', Duration::ZERO),
        Settlement::Release { delay } => ('l', *delay),
        Settlement::Snooze { delay } => ('s', *delay),
        Settlement::Fail { error } if error.kind() == ErrorKind::Undecodable => ('e', Duration::ZERO),
        Settlement::Fail { .. } => ('f', Duration::ZERO),
        Settlement::Cancel => ('x', Duration::ZERO),
        Settlement::Requeue => ('q', Duration::ZERO),
    };
    let timed_out = if settle.counted == Some(Counted::Timeout) { 't' } else { '-' };
    let mut head = pack_held(&settle.reservation);
    head.extend_from_slice(format!("{verb}{timed_out}{}", micros(delay)).as_bytes());
    head.into()
}

fn priority(digit: u8) -> Result<Priority, StoreError> {
    Priority::from_number(u64::from(digit.wrapping_sub(b'0'))).map_err(|_| damaged())
}

fn digits(value: &[u8], start: usize, length: usize) -> Result<i64, StoreError> {
    let part = value.get(start..start + length).ok_or_else(damaged)?;
    std::str::from_utf8(part).ok().and_then(|text| text.parse().ok()).ok_or_else(damaged)
}

fn damaged() -> StoreError {
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
    fn a_state_is_read_back() {
        let state = StoredState::read(&Bytes::from_static(STATE.as_bytes())).unwrap();
        assert_eq!((state.state, state.priority, state.attempts), (State::Reserved, Priority::High, 2));
        assert_eq!(
            (state.available_at, state.started_at),
            (Timestamp::from_micros(2), Some(Timestamp::from_micros(3)))
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
        assert_eq!(record(id, queue, job, Some(state), None).state, State::Pending);
    }

    #[test]
    fn a_token_takes_22_bytes_behind_the_id() {
        let queue = QueueName::default();
        let reservation = Reservation {
            job: JobId::generate(&queue),
            queue,
            priority: Priority::Normal,
            worker: WorkerId::new("w").unwrap(),
            token: Token { attempt: 3, call: CallId(255) },
        };
        assert_eq!(&pack_held(&reservation)[16..], b"00000300000000000000ff");
        assert_eq!(call(b"00000000000000ff"), Ok(CallId(255)));
    }
}
