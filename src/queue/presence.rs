//! What a worker tells of itself, and what it can be told: the bodies of two kinds of notes.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use journeyman_job::QueueName;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkerState {
    /// It takes jobs.
    Running,
    /// It takes none, and finishes what it runs.
    Quiet,
    /// It is about to leave.
    Stopping,
    /// It has not told of itself for longer than it would.
    Lost,
}

impl WorkerState {
    pub const ALL: [Self; 4] = [Self::Running, Self::Quiet, Self::Stopping, Self::Lost];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Quiet => "quiet",
            Self::Stopping => "stopping",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for WorkerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a worker is told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Take no more jobs, finish what runs, stay.
    Quiet,
    /// Take jobs again.
    Resume,
    /// Leave, as at a signal.
    Stop,
}

impl Order {
    pub const ALL: [Self; 3] = [Self::Quiet, Self::Resume, Self::Stop];
    /// How long an order waits for its worker, which looks about once a second. Long after it would surprise.
    pub const KEPT: Duration = Duration::from_secs(60);

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Resume => "resume",
            Self::Stop => "stop",
        }
    }

    pub fn encode(self) -> Bytes {
        Bytes::from(format!(r#"{{"tell":"{}"}}"#, self.as_str()))
    }

    /// `None` of what is no order that this build knows.
    pub fn decode(body: &[u8]) -> Option<Self> {
        let told: Value = serde_json::from_slice(body).ok()?;
        let word = told.get("tell")?.as_str()?;
        Self::ALL.into_iter().find(|order| order.as_str() == word)
    }
}

/// Slots of a worker for some queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PoolPresence {
    /// In its order.
    pub queues: Vec<QueueName>,
    /// Whether it takes from those too that no pool names.
    pub all_queues: bool,
    pub slots: usize,
    pub busy: usize,
}

/// What a worker tells of itself. Times are the store's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Presence {
    pub worker: String,
    pub host: String,
    pub pid: u32,
    pub version: String,
    /// In its order.
    pub queues: Vec<QueueName>,
    /// Whether it takes those that are not named too.
    pub all_queues: bool,
    pub slots: usize,
    pub busy: usize,
    /// How its slots are shared out among them.
    pub pools: Vec<PoolPresence>,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    /// It will have told again by then, unless it is lost.
    pub due_at: Timestamp,
    pub state: WorkerState,
}

impl Presence {
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// Slots of a worker as its note shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolView {
    pub queues: Vec<QueueName>,
    pub all_queues: bool,
    pub slots: u64,
    pub busy: u64,
}

/// A worker as its note shows it: what cannot be read of it is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerView {
    pub worker: String,
    pub host: Option<String>,
    pub pid: Option<u32>,
    pub version: Option<String>,
    pub queues: Vec<QueueName>,
    pub all_queues: bool,
    pub slots: u64,
    pub busy: u64,
    /// One of all slots where it does not tell of several.
    pub pools: Vec<PoolView>,
    pub started_at: Option<Timestamp>,
    pub seen_at: Option<Timestamp>,
    pub state: WorkerState,
}

impl WorkerView {
    /// Reads the note of that key, at this moment.
    pub fn read(key: &str, body: &[u8], now: Timestamp) -> Self {
        let told: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| told.get(name).and_then(Value::as_u64);
        let time = |name: &str| told.get(name).and_then(Value::as_i64).map(Timestamp::from_micros);
        let word = text("state");
        let state = WorkerState::ALL.into_iter().find(|state| word.as_deref() == Some(state.as_str()));
        let is_due = time("due_at").is_none_or(|due_at| due_at < now);
        let whole = PoolView::read(&told);
        let pools = told.get("pools").and_then(Value::as_array).into_iter().flatten();
        let pools: Vec<PoolView> = pools.map(PoolView::read).collect();
        let PoolView { queues, all_queues, slots, busy } = whole.clone();
        Self {
            worker: key.to_owned(),
            host: text("host"),
            pid: number("pid").and_then(|pid| u32::try_from(pid).ok()),
            version: text("version"),
            queues,
            all_queues,
            slots,
            busy,
            pools: if pools.is_empty() { vec![whole] } else { pools },
            started_at: time("started_at"),
            seen_at: time("seen_at"),
            state: state.filter(|_| !is_due).unwrap_or(WorkerState::Lost),
        }
    }

    /// Whether it would take a job of this queue.
    pub fn takes(&self, queue: &QueueName) -> bool {
        self.state == WorkerState::Running && (self.all_queues || self.queues.contains(queue))
    }

    /// Which of its slots a job of this queue would take, by the place in `pools`.
    pub fn pool_of(&self, queue: &QueueName) -> Option<usize> {
        let named = self.pools.iter().position(|pool| pool.queues.contains(queue));
        named.or_else(|| self.pools.iter().position(|pool| pool.all_queues))
    }
}

impl PoolView {
    fn read(told: &Value) -> Self {
        let number = |name: &str| told.get(name).and_then(Value::as_u64).unwrap_or(0);
        let queues = told.get("queues").and_then(Value::as_array).into_iter().flatten();
        Self {
            queues: queues.filter_map(|name| QueueName::new(name.as_str()?).ok()).collect(),
            all_queues: told.get("all_queues").and_then(Value::as_bool).unwrap_or(false),
            slots: number("slots"),
            busy: number("busy"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str) -> QueueName {
        QueueName::new(name).unwrap()
    }

    fn pool(name: &str, all_queues: bool, slots: usize, busy: usize) -> PoolPresence {
        PoolPresence { queues: vec![queue(name)], all_queues, slots, busy }
    }

    fn presence() -> Presence {
        Presence {
            worker: "w".into(),
            host: "h".into(),
            pid: 7,
            version: "1.2.3".into(),
            queues: vec![QueueName::new("b").unwrap(), QueueName::new("a").unwrap()],
            all_queues: false,
            slots: 5,
            busy: 2,
            pools: vec![pool("b", false, 3, 2), pool("a", true, 2, 0)],
            started_at: Timestamp::from_micros(10),
            seen_at: Timestamp::from_micros(20),
            due_at: Timestamp::from_micros(30),
            state: WorkerState::Quiet,
        }
    }

    #[test]
    fn a_presence_is_read_as_it_was_told_and_lost_once_it_is_overdue() {
        let (told, body) = (presence(), presence().encode());
        let view = WorkerView::read("w", &body, Timestamp::from_micros(30));
        assert_eq!((view.host, view.pid, view.version), (Some(told.host), Some(7), Some(told.version)));
        assert_eq!((&view.queues, view.slots, view.busy), (&told.queues, 5, 2));
        assert_eq!((view.started_at, view.seen_at), (Some(told.started_at), Some(told.seen_at)));
        assert_eq!(view.state, WorkerState::Quiet);
        let pools: Vec<_> = view.pools.iter().map(|pool| (pool.all_queues, pool.slots, pool.busy)).collect();
        assert_eq!(pools, [(false, 3, 2), (true, 2, 0)]);
        assert_eq!(WorkerView::read("w", &body, Timestamp::from_micros(31)).state, WorkerState::Lost);
    }

    #[test]
    fn a_damaged_note_is_shown_by_its_key_with_what_can_be_read() {
        let now = Timestamp::from_micros(1);
        let bodies: [&[u8]; 5] =
            [b"", b"{", b"[1]", b"\xff", br#"{"pid":-1,"queues":[1,"a b"],"state":"x","busy":"2"}"#];
        for body in bodies {
            let view = WorkerView::read("w", body, now);
            assert_eq!((view.worker.as_str(), view.pid, view.busy), ("w", None, 0));
            assert_eq!((view.queues.len(), view.state), (0, WorkerState::Lost));
        }
        let some = WorkerView::read("w", br#"{"host":"h","due_at":9,"state":"running","queues":["a",3]}"#, now);
        assert_eq!((some.host.as_deref(), some.state), (Some("h"), WorkerState::Running));
        assert_eq!((some.pools.len(), &some.pools[0].queues), (1, &some.queues), "of a build that knows no pools");
        assert!(some.takes(&QueueName::new("a").unwrap()) && !some.takes(&QueueName::new("b").unwrap()));
    }

    #[test]
    fn a_job_takes_a_slot_of_the_pool_that_names_its_queue_or_else_of_the_one_for_all() {
        let view = WorkerView::read("w", &presence().encode(), Timestamp::from_micros(30));
        assert_eq!(["a", "b", "c"].map(|name| view.pool_of(&queue(name))), [Some(1), Some(0), Some(1)]);
        let one = WorkerView::read("w", br#"{"queues":["a"],"slots":1}"#, Timestamp::from_micros(30));
        assert_eq!(["a", "b"].map(|name| one.pool_of(&queue(name))), [Some(0), None]);
    }

    #[test]
    fn an_order_is_read_as_it_was_written() {
        for order in Order::ALL {
            assert_eq!(Order::decode(&order.encode()), Some(order));
        }
        for body in [&b""[..], b"quiet", br#"{"tell":"jump"}"#, br#"{"tell":7}"#] {
            assert_eq!(Order::decode(body), None);
        }
    }
}
