//! Settings of the queues themselves.

use journeyman_job::{Priority, QueueName};

use super::reader::settings;
use super::value::Value;

settings! {
    /// What holds for a queue, whoever pushes to it.
    pub struct QueueConfig in "queue" {
        /// Priority of jobs pushed to a queue without one of their own, as queue=priority.
        priorities: Option<Vec<QueuePriority>> = "high_priority=high,low_priority=low", env "QUEUE_PRIORITIES";
        /// Whether jobs that name no queue go to one that is named as their type.
        per_type: bool = "false", env "QUEUE_PER_TYPE";
    }
}

/// Written `queue=priority`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuePriority {
    pub queue: QueueName,
    pub priority: Priority,
}

impl Value for QueuePriority {
    fn parse(text: &str) -> Result<Self, String> {
        let rule = || "give queue=priority, such as reports=low, with low, normal, high or critical".to_owned();
        let (queue, priority) = text.split_once('=').ok_or_else(rule)?;
        let queue = QueueName::parse(queue)?;
        let priority = priority.trim().parse().map_err(|_| rule())?;
        Ok(Self { queue, priority })
    }

    fn show(&self) -> Option<String> {
        Some(format!("{}={}", self.queue, self.priority))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r18_a_queues_priority_is_a_word_or_a_number() {
        for (text, priority) in
            [("a=low", Priority::Low), (" a = CRITICAL ", Priority::Critical), ("a=3", Priority::High)]
        {
            assert_eq!(QueuePriority::parse(text).map(|read| read.priority), Ok(priority), "{text}");
        }
        for bad in ["a", "a=", "=low", "a=urgent", "a=0", "a b=low"] {
            assert!(QueuePriority::parse(bad).is_err(), "{bad}");
        }
    }
}
