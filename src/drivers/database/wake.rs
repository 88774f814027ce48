//! Hints to idle workers: of this process at once, of others by way of the server.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use journeyman_job::QueueName;
use tokio::sync::Notify;

use super::Core;
use super::statements::Statement;
use super::value::{Rows, Value};
use crate::wake::WakeHub;

/// Between two announcements of one process: hints for all that was stored meanwhile go out together.
const GAP: Duration = Duration::from_millis(10);
/// How often a process with workers looks for others' announcements where the server does not pass them on.
const LOOK_EVERY: Duration = Duration::from_millis(50);

static WAKES: LazyLock<Statement> = LazyLock::new(|| Statement::numbered(include_str!("sql/mysql/wakes.sql")));

/// What is to be announced.
#[derive(Debug)]
pub(super) struct Waker {
    pub(super) hub: Arc<WakeHub>,
    waiting: Mutex<BTreeSet<QueueName>>,
    has_more: Notify,
}

impl Waker {
    pub(super) fn new() -> Self {
        Self { hub: Arc::new(WakeHub::default()), waiting: Mutex::default(), has_more: Notify::new() }
    }

    /// These queues may have work.
    pub(super) fn wake(&self, queues: &[QueueName]) {
        if queues.is_empty() {
            return;
        }
        queues.iter().for_each(|queue| self.hub.wake(queue));
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(queues.iter().cloned());
        self.has_more.notify_one();
    }

    fn take(&self) -> BTreeSet<QueueName> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Announces until it is dropped. Apart from the changes themselves, which are quicker without; and an announcement that
/// fails is let go, because workers poll as well.
pub(super) async fn announce(core: Arc<Core>) {
    loop {
        core.waker.has_more.notified().await;
        let queues = core.waker.take();
        if !queues.is_empty() {
            let rows = Rows::default().texts(queues.iter().map(QueueName::as_str));
            let _ = core.read(&core.sql.announce, &[Value::Rows(&rows)]).await;
            tokio::time::sleep(GAP).await;
        }
    }
}

/// Looks for others' announcements until it is dropped.
pub(super) async fn poll(core: Arc<Core>) {
    let mut known: Option<HashMap<String, i64>> = None;
    loop {
        if let Ok(rows) = core.read(&WAKES, &[]).await {
            let versions = rows.iter().map(|row| Ok::<_, super::fault::Fault>((row.text(0)?, row.int(1)?)));
            let now: HashMap<String, i64> = versions.filter_map(Result::ok).collect();
            // What was announced before the first look is found by the worker's own.
            if let Some(before) = &known {
                let is_new = |(queue, version): &(&String, &i64)| before.get(*queue) != Some(*version);
                now.iter().filter(is_new).for_each(|(queue, _)| core.waker.hub.wake_named(queue));
            }
            known = Some(now);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
