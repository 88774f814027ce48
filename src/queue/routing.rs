//! Where jobs go that do not say so themselves.

use std::borrow::Cow;
use std::collections::HashMap;

use journeyman_job::{Dispatch, Priority, QueueName};

/// What holds for jobs that say nothing else.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    /// Priority of jobs pushed to a queue.
    pub priorities: HashMap<QueueName, Priority>,
    /// Whether jobs that name no queue go to one named as their type.
    pub queue_per_type: bool,
    /// Whether a dispatch returns only once its job has ended; a delay is then none.
    pub waits_for_end: bool,
}

impl Routing {
    /// The priority of jobs in this queue, where neither they nor their callers name one.
    pub fn priority(&self, queue: &QueueName) -> Option<Priority> {
        self.priorities.get(queue).copied()
    }

    /// The same dispatch, to the queue of its type if it goes there.
    pub fn routed<'a>(&self, dispatch: &'a Dispatch) -> Cow<'a, Dispatch> {
        let names_none = dispatch.options.queue.is_none() && dispatch.spec.queue == QueueName::default();
        if !self.queue_per_type || !names_none {
            return Cow::Borrowed(dispatch);
        }
        // A type whose name is none of a queue stays where it is.
        let queue = QueueName::new(&dispatch.spec.type_name);
        queue.map_or(Cow::Borrowed(dispatch), |queue| Cow::Owned(dispatch.clone().on_queue(queue)))
    }
}
