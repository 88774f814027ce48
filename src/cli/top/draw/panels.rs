//! What the panels hold: wider screens have more columns.

use std::time::Duration;

use super::super::super::output::short;
use super::super::look::{FailureLine, Look, QueueLine, WorkerLine};
use super::super::view::View;
use super::Mood;
use super::grid::{Column, Grid, Row, Side};
use crate::clock::Timestamp;
use crate::queue::WorkerState;

/// A column that is there from a width of the screen on; no width of its own takes what is left.
struct Spec<T> {
    name: &'static str,
    from: u16,
    width: Option<usize>,
    side: Side,
    cell: fn(&T) -> String,
}

/// Queues, workers, failures.
pub(super) fn all(view: &View, width: u16) -> [Grid; 3] {
    let Some(look) = &view.look else {
        let waiting = |title| Grid { title, columns: Vec::new(), rows: Vec::new(), nothing: "looking …" };
        return ["Queues", "Workers", "Latest failures"].map(waiting);
    };
    [queues(view, look, width), workers(look, width), failures(look, width)]
}

/// A queue with its rate, jobs a second.
type Queue<'a> = (&'a QueueLine, Option<f64>);

fn queues(view: &View, look: &Look, width: u16) -> Grid {
    use Side::{Left, Right};
    let specs: [Spec<Queue>; 10] = [
        Spec { name: "queue", from: 0, width: None, side: Left, cell: |(queue, _)| queue.name.clone() },
        Spec { name: "state", from: 60, width: Some(7), side: Left, cell: |(queue, _)| state(queue) },
        Spec { name: "pending", from: 0, width: Some(7), side: Right, cell: |(queue, _)| number(queue.pending) },
        Spec { name: "delayed", from: 60, width: Some(7), side: Right, cell: |(queue, _)| number(queue.delayed) },
        Spec { name: "running", from: 0, width: Some(7), side: Right, cell: |(queue, _)| number(queue.running) },
        Spec { name: "failed", from: 0, width: Some(6), side: Right, cell: |(queue, _)| number(queue.failed) },
        Spec {
            name: "per s", from: 50, width: Some(6), side: Right, cell: |(_, pace)| pace.map_or("–".into(), rate)
        },
        Spec { name: "oldest", from: 60, width: Some(6), side: Right, cell: |(queue, _)| age(queue.oldest) },
        Spec { name: "drains", from: 100, width: Some(7), side: Right, cell: |(queue, pace)| drains(queue, *pace) },
        Spec { name: "ended", from: 100, width: Some(7), side: Right, cell: |(queue, _)| ended(queue) },
    ];
    let mood = |(queue, _): &Queue| if queue.is_paused { Mood::Odd } else { Mood::Well };
    let rows: Vec<Queue> = look.queues.iter().map(|queue| (queue, view.rates.of(&queue.name))).collect();
    grid("Queues", "no queue yet: a queue is made by its first job", &specs, &rows, mood, width)
}

fn workers(look: &Look, width: u16) -> Grid {
    use Side::{Left, Right};
    // On a narrow screen a worker's name is all that has room beside its state.
    let name = if width < 60 { None } else { Some(usize::from(width) * 2 / 5) };
    let specs: [Spec<WorkerLine>; 7] = [
        Spec { name: "worker", from: 0, width: name, side: Left, cell: |worker| worker.name.clone() },
        Spec { name: "host", from: 140, width: Some(16), side: Left, cell: |worker| worker.host.clone() },
        Spec { name: "state", from: 0, width: Some(8), side: Left, cell: |worker| worker.state.to_string() },
        Spec { name: "busy", from: 0, width: Some(7), side: Right, cell: |w| format!("{}/{}", w.busy, w.slots) },
        Spec { name: "told", from: 60, width: Some(4), side: Right, cell: |worker| age(worker.seen) },
        Spec { name: "runs", from: 60, width: None, side: Left, cell: |worker| worker.runs.clone() },
        Spec { name: "takes", from: 120, width: Some(24), side: Left, cell: |worker| worker.queues.clone() },
    ];
    let mood = |worker: &WorkerLine| match worker.state {
        WorkerState::Running => Mood::Well,
        WorkerState::Quiet | WorkerState::Stopping => Mood::Odd,
        WorkerState::Lost => Mood::Bad,
    };
    grid("Workers", "no workers: nothing is run", &specs, &look.workers, mood, width)
}

/// A failure, and now.
type Failed<'a> = (&'a FailureLine, Timestamp);

fn failures(look: &Look, width: u16) -> Grid {
    use Side::{Left, Right};
    let type_width = if width < 60 { 14 } else { usize::from(width) / 4 };
    let specs: [Spec<Failed>; 4] = [
        Spec {
            name: "ago",
            from: 0,
            width: Some(4),
            side: Right,
            cell: |(one, now)| age(one.at.map(|at| now.since(at))),
        },
        Spec { name: "type", from: 0, width: Some(type_width), side: Left, cell: |(one, _)| one.task_type.clone() },
        Spec { name: "queue", from: 60, width: Some(14), side: Left, cell: |(one, _)| one.queue.clone() },
        Spec { name: "why", from: 0, width: None, side: Left, cell: |(one, _)| one.why.clone() },
    ];
    let rows: Vec<Failed> = look.failures.lines.iter().map(|line| (line, look.at)).collect();
    grid("Latest failures", "no failed jobs", &specs, &rows, |_| Mood::Well, width)
}

fn grid<T>(
    title: &'static str,
    nothing: &'static str,
    specs: &[Spec<T>],
    items: &[T],
    mood: impl Fn(&T) -> Mood,
    width: u16,
) -> Grid {
    let shown: Vec<&Spec<T>> = specs.iter().filter(|spec| spec.from <= width).collect();
    let taken: usize = shown.iter().map(|spec| spec.width.unwrap_or(0) + 1).sum::<usize>() - 1;
    let left = usize::from(width).saturating_sub(taken);
    let column = |spec: &&Spec<T>| Column { name: spec.name, width: spec.width.unwrap_or(left), side: spec.side };
    let row = |item: &T| Row { cells: shown.iter().map(|spec| (spec.cell)(item)).collect(), mood: mood(item) };
    Grid { title, nothing, columns: shown.iter().map(column).collect(), rows: items.iter().map(row).collect() }
}

fn state(queue: &QueueLine) -> String {
    if queue.is_paused { "paused" } else { "running" }.to_owned()
}

fn age(duration: Option<Duration>) -> String {
    duration.map(short).unwrap_or_default()
}

fn ended(queue: &QueueLine) -> String {
    number(queue.counters.processed)
}

/// How long what is pending takes at that rate.
fn drains(queue: &QueueLine, pace: Option<f64>) -> String {
    let pace = pace.filter(|pace| *pace > 0.0 && queue.pending > 0 && !queue.is_paused);
    let seconds = pace.map(|pace| queue.pending as f64 / pace);
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map(short).unwrap_or_default()
}

/// In six columns at most.
pub(super) fn number(number: u64) -> String {
    match number {
        0..1_000_000 => number.to_string(),
        1_000_000..1_000_000_000 => format!("{:.1}M", number as f64 / 1e6),
        _ => format!("{:.1}G", number as f64 / 1e9),
    }
}

/// A rate, with as many digits as say something.
pub(super) fn rate(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { number(rate.round() as u64) }
}
