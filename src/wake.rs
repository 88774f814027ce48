//! Hints that wake idle workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use journeyman_job::QueueName;
use tokio::sync::Notify;

/// Where a store announces that a queue may have work, for the workers of this process.
#[derive(Debug, Default)]
pub struct WakeHub(Mutex<HashMap<QueueName, Vec<Weak<Notify>>>>);

/// A worker's end of a [`WakeHub`]. A hint given while nobody listens is kept.
#[derive(Debug)]
pub struct Wakeups(Arc<Notify>);

impl WakeHub {
    pub fn listen(&self, queues: &[QueueName]) -> Wakeups {
        let notify = Arc::new(Notify::new());
        let mut listeners = self.listeners();
        for queue in queues {
            let of_queue = listeners.entry(queue.clone()).or_default();
            of_queue.retain(|listener| listener.strong_count() > 0);
            of_queue.push(Arc::downgrade(&notify));
        }
        Wakeups(notify)
    }

    pub fn wake(&self, queue: &QueueName) {
        self.wake_named(queue.as_str());
    }

    /// The same for a name as it came over a wire.
    pub fn wake_named(&self, queue: &str) {
        if let Some(of_queue) = self.listeners().get(queue) {
            notify(of_queue);
        }
    }

    /// For when it is not known which queue has work: after a reconnect, say.
    pub fn wake_all(&self) {
        self.listeners().values().for_each(|of_queue| notify(of_queue));
    }

    fn listeners(&self) -> std::sync::MutexGuard<'_, HashMap<QueueName, Vec<Weak<Notify>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn notify(listeners: &[Weak<Notify>]) {
    // `notify_one` keeps a permit for a listener that is not waiting at this moment.
    listeners.iter().filter_map(Weak::upgrade).for_each(|listener| listener.notify_one());
}

impl Wakeups {
    /// Returns at the next hint, or at once if one came since the last call.
    pub async fn next(&self) {
        self.0.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hint_given_before_anyone_waits_is_kept() {
        let hub = WakeHub::default();
        let queue = QueueName::default();
        let wakeups = hub.listen(std::slice::from_ref(&queue));
        hub.wake(&queue);
        wakeups.next().await;
    }

    #[tokio::test]
    async fn only_listeners_of_the_queue_are_woken() {
        let hub = WakeHub::default();
        let other = hub.listen(&[QueueName::new("other").unwrap()]);
        hub.wake(&QueueName::default());
        let woken = tokio::time::timeout(std::time::Duration::from_millis(20), other.next()).await;
        assert!(woken.is_err());
    }
}
