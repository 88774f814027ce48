//! How one job's row stands: where it is, and where its state says that it should be.

use journeyman_job::{JobId, Priority, QueueName};

use super::fault::Fault;
use super::lanes;
use super::link::Row;
use super::value::Rows;
use crate::queue::{Flaw, Remedy, State};

/// The line of rows that were put aside: no queue's and no worker's.
const ASIDE: i64 = 0;

/// What the statements `verify_page` and `verify_row` tell.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) job: JobId,
    pub(super) queue: String,
    priority: i64,
    state: String,
    pub(super) lane: i64,
    place: i64,
    available_at: i64,
    ended_at: Option<i64>,
    worker: Option<String>,
    reserved_at: Option<i64>,
    unique_key: Option<String>,
    key_held: Option<String>,
    attempts: i64,
    call: Option<i64>,
}

/// The same as this build reads it.
struct Known {
    queue: QueueName,
    priority: Priority,
    state: State,
}

impl Standing {
    pub(super) fn read(row: &dyn Row) -> Result<Self, Fault> {
        Ok(Self {
            job: row.job_id(0)?,
            queue: row.text(1)?,
            priority: row.int(2)?,
            state: row.text(3)?,
            lane: row.int(4)?,
            place: row.int(5)?,
            available_at: row.int(6)?,
            ended_at: row.maybe_int(7)?,
            worker: row.maybe_text(8)?,
            reserved_at: row.maybe_int(9)?,
            unique_key: row.maybe_text(10)?,
            key_held: row.maybe_text(11)?,
            attempts: row.int(12)?,
            call: row.maybe_int(13)?,
        })
    }

    pub(super) fn state(&self) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == self.state)
    }

    pub(super) fn has_key(&self) -> bool {
        self.key_held.is_some()
    }

    fn known(&self) -> Option<Known> {
        let priority = u64::try_from(self.priority).ok().and_then(|number| Priority::from_number(number).ok())?;
        let queue = QueueName::new(&self.queue).ok()?;
        u32::try_from(self.attempts).ok()?;
        Some(Known { queue, priority, state: self.state()? })
    }

    /// What is wrong with it, each with what to do.
    pub(super) fn flaws(&self) -> Vec<(Flaw, String, Remedy)> {
        let mut flaws = Vec::new();
        let mut wrong = |flaw, what: String, remedy: &str| flaws.push((flaw, what, Remedy::repair(remedy)));
        let Some(known) = self.known() else {
            let what = format!(
                "its row ({} of queue {:?}, priority {}) cannot be read",
                self.state, self.queue, self.priority
            );
            if self.lane == ASIDE {
                let remedy = Remedy::by_hand(
                    "correct the row of queue_jobs with SQL, or remove it; a repair then puts it in its place",
                );
                return vec![(Flaw::Quarantined, format!("{what}, and was put aside"), remedy)];
            }
            return vec![(Flaw::Unreadable, what, Remedy::repair("put it aside, where no worker meets it"))];
        };
        let lane = self.right_lane(&known);
        match lane {
            None => {
                wrong(Flaw::JobNowhere, "it is reserved, and by no worker's call".to_owned(), "let it wait again");
            }
            Some(lane) if lane != self.lane => {
                let what = format!("it is {} and stands in another line: nobody would find it there", self.state);
                wrong(Flaw::WrongPlace, what, "put it into the line of its state");
            }
            Some(_) if known.state == State::Delayed && self.place != self.available_at => {
                wrong(
                    Flaw::WrongTime,
                    "it is due at another time than its record says".to_owned(),
                    "let it be due then",
                );
            }
            Some(_) if known.state.is_ended() && Some(self.place) != self.ended_at => {
                wrong(
                    Flaw::WrongTime,
                    "it ended at another time than its record says".to_owned(),
                    "list it under that",
                );
            }
            Some(_) => {}
        }
        let is_held = known.state == State::Reserved;
        if (!known.state.is_ended() && self.ended_at.is_some())
            || (!is_held && (self.worker.is_some() || self.reserved_at.is_some()))
        {
            let what = format!("it is {}, and its row has a time of its end or a worker", self.state);
            wrong(Flaw::WrongCopy, what, "remove that");
        }
        if known.state.is_ended() && self.key_held.is_some() {
            wrong(Flaw::KeyWithoutOwner, "it has ended and still has its unique key".to_owned(), "free the key");
        } else if !known.state.is_ended() && self.key_held != self.unique_key {
            wrong(
                Flaw::KeyNotHeld,
                "it has not ended and does not have its unique key".to_owned(),
                "take the key for it",
            );
        }
        flaws
    }

    /// The line of its state; none of a job that is held by nobody.
    fn right_lane(&self, known: &Known) -> Option<i64> {
        Some(match known.state {
            State::Pending => lanes::pending(&known.queue, known.priority),
            State::Delayed => lanes::delayed(&known.queue),
            State::Reserved => {
                let worker = self.worker.as_ref().filter(|_| self.call.is_some() && self.reserved_at.is_some())?;
                lanes::of_worker(worker)
            }
            ended => lanes::ended(&known.queue, ended),
        })
    }

    /// It as it should be, given a place behind all others and whether its key is free. The state stays what it is, unless
    /// it is reserved by nobody.
    pub(super) fn mended(&self, back: i64, now: i64, key_is_free: bool) -> Option<Mended> {
        let Some(known) = self.known() else {
            let aside = Mended { lane: ASIDE, ..Mended::as_is(self) };
            return (self.lane != ASIDE).then_some(aside);
        };
        let mut mended = Mended::as_is(self);
        let Some(lane) = self.right_lane(&known) else {
            // The next look finds it pending, in this line.
            return Some(
                Mended { lane: lanes::pending(&known.queue, known.priority), place: back, is_pending: true, ..mended }
                    .freed(),
            );
        };
        mended.lane = lane;
        if known.state != State::Reserved {
            mended = mended.freed();
        }
        if known.state.is_ended() {
            let ended_at = self.ended_at.unwrap_or(now);
            (mended.place, mended.ended_at, mended.key_held) = (ended_at, Some(ended_at), None);
        } else {
            mended.ended_at = None;
            if key_is_free {
                mended.key_held.clone_from(&self.unique_key);
            }
        }
        match known.state {
            State::Delayed => mended.place = self.available_at,
            // A place of another line says nothing in this one.
            State::Pending if lane != self.lane => mended.place = back,
            _ => {}
        }
        (mended != Mended::as_is(self)).then_some(mended)
    }
}

/// What a repair writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mended {
    lane: i64,
    place: i64,
    ended_at: Option<i64>,
    worker: Option<String>,
    reserved_at: Option<i64>,
    key_held: Option<String>,
    /// Whether its state changes to that.
    pub(super) is_pending: bool,
}

impl Mended {
    fn as_is(standing: &Standing) -> Self {
        Self {
            lane: standing.lane,
            place: standing.place,
            ended_at: standing.ended_at,
            worker: standing.worker.clone(),
            reserved_at: standing.reserved_at,
            key_held: standing.key_held.clone(),
            is_pending: false,
        }
    }

    fn freed(self) -> Self {
        Self { worker: None, reserved_at: None, ..self }
    }

    pub(super) fn row(self, job: JobId, state: &str) -> Rows {
        Rows::default()
            .ids([job])
            .ints([self.lane])
            .ints([self.place])
            .ints([self.ended_at])
            .maybe_texts([self.worker])
            .ints([self.reserved_at])
            .maybe_texts([self.key_held])
            .texts([if self.is_pending { State::Pending.as_str() } else { state }])
    }
}

impl Standing {
    pub(super) fn state_text(&self) -> &str {
        &self.state
    }
}
