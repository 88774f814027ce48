//! Jobs as the scripts take them. What a script compares or counts goes into a short head, ahead of bytes it only keeps.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use journeyman_job::{ErrorKind, JobId, Priority, QueueName, When};

use super::records::{ClaimNumber, damaged, digits};
use crate::clock::{Timestamp, micros};
use crate::queue::{Counted, Envelope, NewJob, Reservation, Settle, Settlement, StoreError, Token, UniqueKey};

/// Longest that a unique key can be, so that three digits tell its length.
const LONGEST_KEY: usize = 999;

/// Head of a pushed job: id, mark, when. `claim` is that on the id of a named one.
pub fn new(job: &NewJob, claim: Option<ClaimNumber>) -> Result<Bytes, StoreError> {
    let priority = job.envelope.priority.as_number();
    let (kind, time) = when(&job.when);
    let mut head = job.id().as_bytes().to_vec();
    if job.unique.is_none() && claim.is_none() {
        head.push(b'0' + priority);
        head.push(kind);
    } else {
        let key = job.unique.as_ref().map_or("", UniqueKey::as_str);
        if key.len() > LONGEST_KEY {
            return Err(StoreError::Refused(format!("a unique key of {} bytes is too long", key.len())));
        }
        let claim = claim.map_or_else(|| "0".repeat(16), |claim| claim.to_string());
        head.push(b'@' + priority);
        head.push(kind);
        head.extend_from_slice(format!("{claim}{:03}{key}", key.len()).as_bytes());
    }
    head.extend_from_slice(time.to_string().as_bytes());
    Ok(head.into())
}

fn when(when: &When) -> (u8, i64) {
    match when {
        When::Now => (b'n', 0),
        When::After(delay) => (b'a', micros(*delay)),
        When::At(time) => (b't', Timestamp::from_datetime(*time).as_micros()),
    }
}

/// A reservation as the scripts compare it: id and token.
pub fn held(reservation: &Reservation) -> Vec<u8> {
    let mut head = reservation.job.as_bytes().to_vec();
    let Token { attempt, call } = reservation.token;
    head.extend_from_slice(format!("{attempt:06}{call}").as_bytes());
    head
}

/// How a job ends, for the head of a group: token, verb, what is counted beside it, delay.
pub fn ending(settle: &Settle) -> Ending {
    let (verb, delay) = match &settle.settlement {
        Settlement::Complete => ('c', Duration::ZERO),
        Settlement::Release { delay } => ('l', *delay),
        Settlement::Snooze { delay } => ('s', *delay),
        Settlement::Fail { error } if error.kind() == ErrorKind::Undecodable => ('e', Duration::ZERO),
        Settlement::Fail { .. } => ('f', Duration::ZERO),
        Settlement::Cancel => ('x', Duration::ZERO),
        Settlement::Requeue => ('q', Duration::ZERO),
    };
    let counted = match settle.counted {
        Some(Counted::Timeout) => 't',
        Some(Counted::PoolExhausted) => 'p',
        None => '-',
    };
    Ending { token: settle.reservation.token, verb, counted, delay: micros(delay) }
}

/// What the scripts do with a job that has ended an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    token: Token,
    verb: char,
    counted: char,
    delay: i64,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Token { attempt, call } = self.token;
        write!(f, "{attempt:06}{call}{}{}{}", self.verb, self.counted, self.delay)
    }
}

/// The field of an outbox under which a job waits to be delivered.
pub fn field(kind: u8, id: JobId) -> Bytes {
    let mut field = vec![kind];
    field.extend_from_slice(id.as_bytes());
    field.into()
}

/// A job as an outbox keeps it: three lines and its body. The scripts put the time in front.
pub fn letter(job: &NewJob) -> Bytes {
    let Envelope { queue, priority, body, .. } = &job.envelope;
    let (kind, time) = when(&job.when);
    let named = if job.is_named { 'n' } else { '-' };
    let key = job.unique.as_ref().map_or("", UniqueKey::as_str);
    let head = format!("{queue}\n{}{}{time}\n{named}{key}\n", priority.as_number(), char::from(kind));
    [head.as_bytes(), body].concat().into()
}

/// Reads what [`letter`] wrote. A delay counts from when it was written.
pub fn open(id: JobId, value: &Bytes) -> Result<NewJob, StoreError> {
    let written = digits(value, 0, 16)?;
    let mut parts = value.get(16..).ok_or_else(damaged)?.splitn(4, |&byte| byte == b'\n');
    let mut line = || parts.next().and_then(|line| std::str::from_utf8(line).ok()).ok_or_else(damaged);
    let (queue, order, uniqueness) = (line()?, line()?, line()?);
    let start = 16 + queue.len() + order.len() + uniqueness.len() + 3;
    value.get(start..).ok_or_else(damaged)?;
    let order = order.as_bytes();
    let (&[digit, kind], time) = order.split_first_chunk::<2>().ok_or_else(damaged)?;
    let time = digits(time, 0, time.len())?;
    let at = |micros| DateTime::from_timestamp_micros(micros).map(When::At).ok_or_else(damaged);
    let when = match kind {
        b'n' => When::Now,
        b'a' => at(written.saturating_add(time))?,
        b't' => at(time)?,
        _ => return Err(damaged()),
    };
    let (is_named, key) = uniqueness.split_at_checked(1).ok_or_else(damaged)?;
    let envelope = Envelope {
        id,
        queue: QueueName::new(queue).map_err(|_| damaged())?,
        priority: Priority::from_number(u64::from(digit.wrapping_sub(b'0'))).map_err(|_| damaged())?,
        body: value.slice(start..),
    };
    let unique = (!key.is_empty()).then(|| UniqueKey::stored(key));
    Ok(NewJob { envelope, when, unique, is_named: is_named == "n" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{CallId, WorkerId};

    fn job(body: &'static [u8]) -> NewJob {
        let queue = QueueName::default();
        let id = JobId::generate(&queue);
        let envelope = Envelope { id, queue, priority: Priority::High, body: Bytes::from_static(body) };
        NewJob::new(envelope, When::Now)
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
        assert_eq!(&held(&reservation)[16..], b"00000300000000000000ff");
        assert_eq!(super::super::records::call(b"00000000000000ff"), Ok(CallId(255)));
    }

    #[test]
    fn r23_only_a_job_with_a_key_or_a_name_has_a_longer_head() {
        let plain = job(b"x");
        assert_eq!(&new(&plain, None).unwrap()[16..], b"3n0");
        let keyed =
            NewJob { unique: Some(UniqueKey::stored("key")), when: When::After(Duration::from_micros(9)), ..plain };
        assert_eq!(&new(&keyed, None).unwrap()[16..], b"Ca0000000000000000003key9");
        let claim = ClaimNumber::read(b"0000000000000012").unwrap();
        let named = NewJob { unique: None, ..keyed };
        assert_eq!(&new(&named, Some(claim)).unwrap()[16..], b"Ca00000000000000120009");
        let endless = NewJob { unique: Some(UniqueKey::stored(&"k".repeat(1000))), ..named };
        assert!(new(&endless, None).is_err());
    }

    #[test]
    fn r25_a_letter_is_read_back_byte_for_byte() {
        let plain = job(b"\n{}\x00\xff\n");
        let keyed = NewJob { unique: Some(UniqueKey::stored("key")), is_named: true, ..job(b"") };
        for job in [plain, keyed] {
            let value = Bytes::from([&b"0000000000000100"[..], &letter(&job)].concat());
            assert_eq!(open(job.id(), &value), Ok(job.clone()));
            let delayed = NewJob { when: When::After(Duration::from_micros(5)), ..job };
            let value = Bytes::from([&b"0000000000000100"[..], &letter(&delayed)].concat());
            let due = When::At(DateTime::from_timestamp_micros(105).unwrap());
            assert_eq!(open(delayed.id(), &value), Ok(NewJob { when: due, ..delayed }));
        }
    }

    #[test]
    fn a_damaged_letter_is_refused_not_panicked_over() {
        let id = JobId::generate(&QueueName::default());
        for value in [
            "",
            "0000000000000100",
            "0000000000000100q\n3n0\n",
            "0000000000000100q\n3\n-\n",
            "0000000000000100q\n3z1\n-\n",
        ] {
            assert!(open(id, &Bytes::from_static(value.as_bytes())).is_err(), "{value}");
        }
    }
}
