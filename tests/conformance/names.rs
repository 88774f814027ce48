//! Queue names never meet, nor any key that a store makes of them.

use journeyman::queue::{Settlement, State};

use super::harness::{Harness, fail, release};
use super::jobs::{Ids, job_on, queues};
use journeyman::job::ErrorKind;

/// R20: names that look like another's parts, or like a store's own words.
const ALIKE: [&str; 16] = [
    "a",
    "a.delayed",
    "a-reserved",
    "a_failed",
    "delayed",
    "failed",
    "reserved",
    "pending",
    "queue",
    "queues",
    "default",
    "default-reserved",
    "default.delayed",
    "null",
    "-",
    "..",
];

/// R20, R32: jobs in every state of sixteen queues stay where they are.
pub async fn queues_named_alike_do_not_touch(h: &Harness) {
    for name in ALIKE {
        let ids = h.push_to(name, 5).await;
        let taken = h.reserve_as(name_of_worker(name).as_str(), &[name], 4).await;
        assert_eq!(taken.ids(), ids[..4], "{name}");
        h.done(&taken[0], Settlement::Complete).await;
        h.done(&taken[1], fail(ErrorKind::Fatal)).await;
        h.done(&taken[2], release(60)).await;
    }
    let mut sorted = queues(&ALIKE);
    sorted.sort();
    assert_eq!(h.store.queues().await.unwrap(), sorted);
    for name in ALIKE {
        let stats = h.stats_of(name).await;
        let numbers = [stats.total_pending(), stats.delayed, stats.reserved, stats.completed, stats.failed];
        assert_eq!(numbers, [1; 5], "{name}");
        assert_eq!(h.reserve_as("late", &[name], 9).await.len(), 1, "{name}");
    }
}

fn name_of_worker(queue: &str) -> String {
    format!("worker.{queue}")
}

/// R20: 255 characters that differ in the last.
pub async fn the_longest_names_are_told_apart(h: &Harness) {
    let (one, two) = (format!("{}1", "q".repeat(254)), format!("{}2", "q".repeat(254)));
    let first = h.push_one(job_on(&one)).await;
    let second = h.push_one(job_on(&two)).await;
    assert_eq!(h.reserve_as("w", &[&two], 9).await.ids(), [second]);
    assert_eq!(h.state(first).await, State::Pending);
    assert_eq!(h.reserve_as("w", &[&one], 9).await.ids(), [first]);
}

/// R20
pub async fn upper_and_lower_case_are_two_queues(h: &Harness) {
    let (lower, upper) = (h.push_to("mail", 1).await, h.push_to("Mail", 1).await);
    assert_eq!(h.reserve_as("w", &["Mail"], 9).await.ids(), upper);
    assert_eq!(h.reserve_as("w", &["mail"], 9).await.ids(), lower);
}
