//! Hints that wake idle workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use journeyman_job::QueueName;
use tokio::sync::Notify;

/// Where a store announces that a queue may have work, for the workers of this process.
#[derive(Debug, Default)]
pub struct WakeHub(Mutex<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    by_queue: HashMap<QueueName, Vec<Weak<Notify>>>,
    /// Those who want to hear of every queue, known or yet to come.
    of_any: Vec<Weak<Notify>>,
}

/// A worker's end of a [`WakeHub`]. A hint given while nobody listens is kept.
#[derive(Debug)]
pub struct Wakeups(Arc<Notify>);

impl WakeHub {
    /// Listens to these queues; to every queue if none is named.
    pub fn listen(&self, queues: &[QueueName]) -> Wakeups {
        let notify = Arc::new(Notify::new());
        let mut listeners = self.listeners();
        if queues.is_empty() {
            add(&mut listeners.of_any, &notify);
        }
        for queue in queues {
            add(listeners.by_queue.entry(queue.clone()).or_default(), &notify);
        }
        Wakeups(notify)
    }

    pub fn wake(&self, queue: &QueueName) {
        self.wake_named(queue.as_str());
    }

    /// The same for a name as it came over a wire.
    pub fn wake_named(&self, queue: &str) {
        let listeners = self.listeners();
        if let Some(of_queue) = listeners.by_queue.get(queue) {
            notify(of_queue);
        }
        notify(&listeners.of_any);
    }

    /// For when it is not known which queue has work: after a reconnect, say.
    pub fn wake_all(&self) {
        let listeners = self.listeners();
        listeners.by_queue.values().for_each(|of_queue| notify(of_queue));
        notify(&listeners.of_any);
    }

    fn listeners(&self) -> std::sync::MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(listeners: &mut Vec<Weak<Notify>>, listener: &Arc<Notify>) {
    listeners.retain(|other| other.strong_count() > 0);
    listeners.push(Arc::downgrade(listener));
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
    async fn whoever_names_no_queue_hears_of_all() {
        let hub = WakeHub::default();
        let any = hub.listen(&[]);
        hub.wake_named("never-seen-before");
        any.next().await;
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
