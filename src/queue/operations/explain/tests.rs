use std::time::Duration;

use bytes::Bytes;
use journeyman_job::{ErrorKind, JobId};

use super::*;
use crate::queue::Trail;

const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);

fn job(state: State) -> JobRecord {
    let queue = QueueName::default();
    JobRecord {
        id: JobId::generate(&queue),
        queue,
        priority: Priority::Normal,
        state,
        attempts: 0,
        body: Bytes::from_static(br#"{"type":"echo","data":{},"v":1}"#),
        created_at: NOW,
        available_at: NOW,
        started_at: None,
        worker: None,
        trail: Trail::default(),
    }
}

fn facts() -> Facts {
    Facts { now: NOW, ..Facts::default() }
}

fn told(job: &JobRecord, facts: &Facts) -> (Runs, Vec<&'static str>) {
    let Explanation { runs, reasons } = explain(job, facts);
    (runs, reasons.iter().map(Reason::code).collect())
}

#[test]
fn a_job_that_waits_for_nothing_runs_now() {
    assert_eq!(told(&job(State::Pending), &facts()), (Runs::Now, vec!["ready"]));
    let served = Facts { workers: Some(3), ..facts() };
    assert_eq!(told(&job(State::Pending), &served), (Runs::Now, vec!["ready"]));
    assert_eq!(told(&job(State::Delayed), &facts()), (Runs::Now, vec!["ready"]), "due in this moment");
}

#[test]
fn an_ended_and_a_running_job_are_told_to_be_whatever_else_is_known() {
    let all = Facts { is_paused: true, workers: Some(0), unknown_type: Some("x".into()), ..facts() };
    for state in [State::Completed, State::Failed, State::Cancelled] {
        assert_eq!(told(&job(state), &all), (Runs::Ended, vec!["ended"]));
        assert_eq!(explain(&job(state), &all).summary(), format!("it is {state}"));
    }
    let mut running = job(State::Reserved);
    running.worker = Some("web-1.4711".into());
    assert_eq!(told(&running, &all), (Runs::Running, vec!["running"]));
    assert_eq!(explain(&running, &all).summary(), "it runs on worker web-1.4711");
}

#[test]
fn what_somebody_must_do_something_about_comes_first() {
    let mut delayed = job(State::Delayed);
    delayed.available_at = NOW.plus(Duration::from_secs(1));
    let all = Facts { is_paused: true, workers: Some(0), unknown_type: Some("x".into()), ..facts() };
    let codes = vec!["queue_paused", "no_worker", "unknown_type", "due_later"];
    assert_eq!(told(&delayed, &all), (Runs::Never, codes));
    assert_eq!(told(&job(State::Pending), &Facts { workers: Some(0), ..facts() }), (Runs::Never, vec!["no_worker"]));
    let paused = explain(&job(State::Pending), &Facts { is_paused: true, ..facts() }).summary();
    let expected =
        "queue default is paused until somebody resumes it: it does not run before something is done about that";
    assert_eq!(paused, expected);
}

/// Another binary may know it.
#[test]
fn a_type_that_is_unknown_here_is_no_verdict_on_other_workers() {
    let facts = Facts { unknown_type: Some("x".into()), ..facts() };
    assert_eq!(told(&job(State::Pending), &facts), (Runs::Later, vec!["unknown_type"]));
    let long = Facts { unknown_type: Some("\u{1b}x".repeat(1000)), ..facts };
    let summary = explain(&job(State::Pending), &long).summary();
    assert!(summary.len() < 2000 && !summary.contains('\u{1b}'), "{summary}");
}

#[test]
fn a_delay_is_told_from_the_wait_for_another_try() {
    let mut job = job(State::Delayed);
    job.available_at = NOW.plus(Duration::from_secs(1));
    assert_eq!(told(&job, &facts()), (Runs::Later, vec!["due_later"]));
    job.trail.error = Some(JobError::of(ErrorKind::Timeout, "too slow"));
    // Put back by hand and parked: it has an error, but no attempt counts.
    assert_eq!(told(&job, &facts()), (Runs::Later, vec!["due_later"]));
    job.attempts = 1;
    assert_eq!(told(&job, &facts()), (Runs::Later, vec!["retry_wait"]));
    let told = explain(&job, &facts()).summary();
    assert!(told.contains("(timeout)") && told.contains("2026-02-02T02:40:01"), "{told}");
}

#[test]
fn slots_that_are_all_taken_come_before_the_place_in_the_line() {
    let busy = Some(Busy { slots: 2, jobs: Vec::new() });
    let facts = Facts { busy, ahead: Ahead { count: 1, ..Ahead::default() }, ..facts() };
    assert_eq!(told(&job(State::Pending), &facts), (Runs::Later, vec!["workers_busy", "jobs_ahead"]));
    let alone = Facts { ahead: Ahead::default(), ..facts };
    assert_eq!(told(&job(State::Pending), &alone), (Runs::Later, vec!["workers_busy"]));
    let paused = Facts { is_paused: true, ..alone };
    assert_eq!(told(&job(State::Pending), &paused), (Runs::Never, vec!["queue_paused"]), "no slot would help");
}

#[test]
fn jobs_ahead_are_counted_in_strict_order_and_it_is_said_what_lots_change() {
    let of = |ahead| explain(&job(State::Pending), &Facts { ahead, ..facts() }).reasons[0].to_string();
    assert_eq!(of(Ahead { count: 2, ..Ahead::default() }), "in strict order 2 jobs of its queue go before it");
    let many = of(Ahead { count: 5000, is_at_least: true, more_urgent: 5000 });
    assert!(many.contains("at least 5000 jobs") && many.contains("by lot may take it before"), "{many}");
    let ahead = Ahead { count: 2, ..Ahead::default() };
    assert_eq!(told(&job(State::Pending), &Facts { ahead, ..facts() }), (Runs::Later, vec!["jobs_ahead"]));
}
