//! Ids that the caller chose, and bulks that are stored whole.

use journeyman::job::{JobId, QueueName};
use journeyman::queue::{NewJob, PushOutcome, Settlement, State, Unit};

use super::harness::Harness;
use super::jobs::{Building, Ids, QUEUE, job, job_on, queue, seconds};

const STORED: PushOutcome = PushOutcome::Stored { delayed: false };
/// Version 4, as most callers make them: it says nothing of its time or queue.
const ID: &str = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
const OTHER_ID: &str = "00000000-0000-0000-0000-000000000001";

fn named() -> NewJob {
    job().named(ID).body(r#"{"type":"noop","data":1,"v":1}"#)
}

/// R24: any UUID is an id.
pub async fn a_job_is_found_and_runs_under_the_callers_id(h: &Harness) {
    let jobs = [named(), job().named(OTHER_ID)];
    assert_eq!(h.put(&jobs).await, [STORED, STORED]);
    assert_eq!(h.record(ID.parse().unwrap()).await.body, jobs[0].envelope.body);
    let held = h.reserve(2).await;
    assert_eq!(held.ids(), jobs.ids());
    h.done(&held[0], Settlement::Complete).await;
    assert_eq!(h.state(held[0].reservation.job).await, State::Completed);
    // It sorts by when it was pushed, not by its id.
    assert_eq!(h.record(OTHER_ID.parse().unwrap()).await.state, State::Reserved);
}

/// R24: same id and body: the same job, whatever has become of it.
pub async fn the_same_dispatch_again_is_the_same_job(h: &Harness) {
    h.put(&[named()]).await;
    assert_eq!(h.put(&[named()]).await, [PushOutcome::Repeated]);
    let held = h.take().await;
    assert_eq!(h.put(&[named()]).await, [PushOutcome::Repeated]);
    h.done(&held, Settlement::Complete).await;
    assert_eq!(h.put(&[named()]).await, [PushOutcome::Repeated]);
    assert_eq!(h.state(ID.parse().unwrap()).await, State::Completed);
}

/// R24: same id, another body.
pub async fn another_body_under_the_id_is_a_conflict(h: &Harness) {
    h.put(&[named()]).await;
    let before = h.everything().await;
    let other = named().body(r#"{"type":"noop","data":2,"v":1}"#);
    assert_eq!(h.put(&[other]).await, [PushOutcome::Conflict]);
    assert_eq!(h.everything().await, before);
}

/// R24: unique across the connection, whatever the queue.
pub async fn another_queue_under_the_id_is_a_conflict(h: &Harness) {
    h.put(&[named()]).await;
    h.push_to("other", 1).await;
    let mut other = named();
    other.envelope.queue = queue("other");
    let before = h.everything().await;
    assert_eq!(h.put(&[other]).await, [PushOutcome::Conflict]);
    assert_eq!(h.everything().await, before);
    assert_eq!(h.record(ID.parse().unwrap()).await.queue, queue(QUEUE));
}

/// R24: of pushes at once to several queues, one is stored.
pub async fn pushes_at_once_to_several_queues_store_the_id_once(h: &Harness) {
    let names: Vec<QueueName> = (0..6).map(|n| queue(&format!("q{n}"))).collect();
    let pushes: Vec<_> = names
        .iter()
        .map(|name| {
            let (store, mut job) = (h.store.clone(), named());
            job.envelope.queue = name.clone();
            tokio::spawn(async move { store.push(&[job], Unit::Queue).await.unwrap()[0] })
        })
        .collect();
    let mut stored = Vec::new();
    for (name, push) in names.into_iter().zip(pushes) {
        match push.await.unwrap() {
            PushOutcome::Stored { .. } => stored.push(name),
            outcome => assert_eq!(outcome, PushOutcome::Conflict),
        }
    }
    assert_eq!(stored.len(), 1, "{stored:?}");
    h.adopt(&stored[0], ID.parse().unwrap());
    assert_eq!(h.record(ID.parse().unwrap()).await.queue, stored[0]);
}

/// R22: a bulk over several queues is stored whole.
pub async fn a_whole_bulk_over_several_queues_is_stored(h: &Harness) {
    let bulk = [job_on("a"), job_on("b").after(seconds(60)), job_on("a"), job_on("c")];
    let delayed = PushOutcome::Stored { delayed: true };
    assert_eq!(h.put_as(&bulk, Unit::Whole).await, [STORED, delayed, STORED, STORED]);
    assert_eq!(h.reserve_as("w", &["a", "b", "c"], 9).await.ids(), [bulk[0].id(), bulk[2].id(), bulk[3].id()]);
}

/// R22: all or nothing.
pub async fn a_conflict_withholds_a_whole_bulk(h: &Harness) {
    h.put(&[named()]).await;
    let before = h.everything().await;
    let bulk = [job(), named().body("{}"), job_on("other"), job().named(OTHER_ID)];
    let withheld = PushOutcome::Withheld;
    let outcomes = h.put_as(&bulk, Unit::Whole).await;
    assert_eq!(outcomes, [withheld, PushOutcome::Conflict, withheld, withheld]);
    assert_eq!(h.everything().await, before);
    for id in [bulk[0].id(), bulk[2].id(), bulk[3].id()] {
        assert_eq!(h.find(id).await, journeyman::queue::Found::Nothing);
    }
    // What was withheld left nothing behind that would stand in its own way.
    assert_eq!(h.put(&[bulk[3].clone()]).await, [STORED]);
}

/// R22, R24: an id may not be used twice within a bulk for two jobs.
pub async fn a_bulk_in_conflict_with_itself_is_withheld(h: &Harness) {
    h.push(1).await;
    let bulk = [named(), named().body("{}")];
    assert_eq!(h.put_as(&bulk, Unit::Whole).await, [PushOutcome::Withheld, PushOutcome::Conflict]);
    assert_eq!(h.find(ID.parse::<JobId>().unwrap()).await, journeyman::queue::Found::Nothing);
}

/// R24: who repeats a dispatch learns so, whatever else the push says under the same id.
pub async fn a_repetition_beside_a_conflict_is_told_from_it(h: &Harness) {
    h.put(&[named()]).await;
    let outcomes = h.put(&[named().body("{}"), named()]).await;
    assert_eq!(outcomes, [PushOutcome::Conflict, PushOutcome::Repeated]);
}

/// R22, R24: every job of a bulk that stands in its way is named, whoever chose its id.
pub async fn a_withheld_bulk_names_every_conflict(h: &Harness) {
    let known = h.push(1).await[0];
    h.put(&[named()]).await;
    let mut other = job();
    other.envelope.id = known;
    let bulk = [other.body("{}"), named().body("{}"), job()];
    let conflict = PushOutcome::Conflict;
    assert_eq!(h.put_as(&bulk, Unit::Whole).await, [conflict, conflict, PushOutcome::Withheld]);
}

/// R22, S5: repeating a whole bulk stores nothing twice.
pub async fn a_whole_bulk_again_is_the_same_jobs(h: &Harness) {
    let bulk = [job_on("a"), job_on("b"), named()];
    assert_eq!(h.put_as(&bulk, Unit::Whole).await, [STORED; 3]);
    let before = h.everything().await;
    assert_eq!(h.put_as(&bulk, Unit::Whole).await, [PushOutcome::Repeated; 3]);
    assert_eq!(h.everything().await, before);
}

/// R24, R30: once its record is gone the id may be used again.
pub async fn a_forgotten_id_may_be_used_again(h: &Harness) {
    h.put(&[named()]).await;
    let held = h.take().await;
    h.done(&held, Settlement::Complete).await;
    assert_eq!(h.store.forget(held.reservation.job).await.unwrap(), journeyman::queue::Forgotten::Done);
    let other = named().body(r#"{"type":"noop","data":2,"v":1}"#);
    let mut elsewhere = other;
    elsewhere.envelope.queue = queue("other");
    h.removed(held.reservation.job);
    assert_eq!(h.store.push(&[elsewhere], Unit::Queue).await.unwrap(), [STORED]);
    assert_eq!(h.record(held.reservation.job).await.queue, queue("other"));
    h.removed_from(QUEUE, held.reservation.job);
    h.adopt(&queue("other"), held.reservation.job);
}
