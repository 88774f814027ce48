//! What `journeyman work` prints of each job.

use std::sync::Arc;

use owo_colors::{OwoColorize, Style};
use serde_json::json;

use super::output::{self, moment, one_line};
use crate::clock::{Clock, SystemClock};
use crate::worker::{Happened, JobEvent, Observer};

/// Prints a line for each attempt that has ended; as JSON one object for each event.
pub(super) fn observer(json: bool) -> Observer {
    let clock = SystemClock::default();
    // Asked once: it takes two system calls, and a line takes one.
    let is_coloured = !json && output::is_coloured();
    Arc::new(move |event: &JobEvent| {
        let now = || clock.now().to_rfc3339();
        let text = if json { Some(as_json(event, &now())) } else { as_line(event, now, is_coloured) };
        if let Some(text) = text {
            // A closed pipe must not stop the jobs.
            let _ = if is_coloured { output::line(text) } else { output::bare_line(text) };
        }
    })
}

/// Time, type, id, duration, outcome.
fn as_line(event: &JobEvent, now: impl Fn() -> String, is_coloured: bool) -> Option<String> {
    let (word, style, note) = match &event.what {
        Happened::Started => return None,
        Happened::Completed { .. } => ("DONE", Style::new().green(), String::new()),
        Happened::Retrying { delay, error, .. } => {
            ("FAIL", Style::new().yellow(), format!(" (again in {} s) {}", delay.as_secs_f64(), one_line(error)))
        }
        Happened::PutOff { .. } => ("BACK", Style::new().yellow(), String::new()),
        Happened::Failed { error, .. } => ("FAIL", Style::new().red(), format!(" {}", one_line(error))),
        Happened::Refused { .. } => ("LOST", Style::new().red(), " its lease passed to another worker".to_owned()),
    };
    let time = moment(&now());
    let took = format!("{:.2?}", event.what.duration());
    // A type that no process here knows may be any text that somebody wrote to the store.
    let head = format!("  {time} {} {}", one_line(&event.job_type), event.id);
    // A dotted leader to where an 80-column terminal has room for duration and outcome.
    let dots = ".".repeat(66_usize.saturating_sub(head.chars().count()).max(3));
    Some(if is_coloured {
        format!("{head} {} {} {}{note}", dots.dimmed(), took.dimmed(), word.style(style.bold()))
    } else {
        format!("{head} {dots} {took} {word}{note}")
    })
}

fn as_json(event: &JobEvent, now: &str) -> String {
    let (status, error, delay) = match &event.what {
        Happened::Started => ("started", None, None),
        Happened::Completed { .. } => ("completed", None, None),
        Happened::Retrying { error, delay, .. } => ("retrying", Some(error), Some(delay.as_secs_f64())),
        Happened::PutOff { .. } => ("put_off", None, None),
        Happened::Failed { error, .. } => ("failed", Some(error), None),
        Happened::Refused { .. } => ("refused", None, None),
    };
    let duration = event.what.duration().as_secs_f64();
    json!({
        "timestamp": now, "id": event.id, "queue": event.queue, "job": event.job_type, "attempt": event.attempt,
        "status": status, "duration": duration, "delay": delay, "error": error,
    })
    .to_string()
}
