//! Wire faults × verbs: whatever happens to whichever request of a verb, each call ends in time, and repeating it as the
//! contract says makes the verb take effect exactly once.
//!
//! A row is a verb, a column a fault. On Redis each request of the verb meets each fault, but of the silent ones one at most, in turn.
//! On a database each COMMIT meets all, and every other request, those of a new connection included, one of them, in turn.
//! With `JOURNEYMAN_TEST_EFFORT` above 1 each request meets each.

use std::fmt;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use journeyman::clock::Stopwatch;
use tokio::sync::Semaphore;

use super::cell::{Cell, Target};
use super::store::{Kind, Place};
use super::{looking, noting, operating, taking};
use crate::support::effort::{effort, replay, seed};
use crate::support::proxy::{Ending, Fault};

/// Rows at work at once.
const AT_ONCE: usize = 40;
/// More requests than any verb makes.
const MOST_REQUESTS: usize = 60;

type Run = for<'c> fn(&'c Cell<'c>) -> LocalBoxFuture<'c, ()>;

#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    run: Run,
    /// Whether a database commits anything for it.
    commits: bool,
}

macro_rules! rows {
    ($($commits:literal: $($name:path),+;)+) => {
        &[$($(Row { name: stringify!($name), run: |cell| Box::pin($name(cell)), commits: $commits }),+),+]
    };
}

const ROWS: &[Row] = rows! {
    true: taking::push, taking::push_later, taking::push_bulk, taking::push_unique, taking::push_named,
        taking::push_whole, taking::reserve, taking::reserve_due, taking::extend, taking::reclaim, taking::retire,
        taking::complete, taking::complete_then, taking::release, taking::release_later, taking::snooze,
        taking::requeue, taking::fail, taking::give_up, taking::settle_batch, taking::promote, taking::prune,
        operating::cancel, operating::hasten, operating::retry, operating::forget, operating::purge,
        operating::pause, operating::resume, operating::signal_restart, noting::write_notes, noting::erase_note,
        noting::read_notes;
    false: looking::find, looking::queues, looking::stats, looking::list, looking::control;
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_every_verb_takes_effect_once_whatever_the_wire_does_redis() {
    // One request at least of each row.
    fill(Kind::Redis, ROWS.len() * 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_every_verb_takes_effect_once_whatever_the_wire_does_mariadb() {
    fill(Kind::MariaDb, of_database()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_every_verb_takes_effect_once_whatever_the_wire_does_postgres() {
    fill(Kind::Postgres, of_database()).await;
}

/// Each fault to each commit; and begin, a statement, and the commit of each row.
fn of_database() -> usize {
    ROWS.iter().map(|row| if row.commits { Fault::ALL.len() + 3 } else { 1 }).sum()
}

/// Fills all cells of a store, some rows beside one another, and asserts how many there were.
async fn fill(kind: Kind, at_least: usize) {
    let (clock, turns) = (Stopwatch::start(), Semaphore::new(AT_ONCE));
    let turns = &turns;
    let row = |(number, &row): (usize, &'static Row)| async move {
        let _turn = turns.acquire().await.unwrap();
        let place = Place::on(kind).await;
        (row.name, AssertUnwindSafe(fill_row(&place, row, number)).catch_unwind().await)
    };
    let filled = join_all(ROWS.iter().enumerate().map(row)).await;
    let wrong: Vec<&str> = filled.iter().filter(|(_, cells)| cells.is_err()).map(|(name, _)| *name).collect();
    assert!(wrong.is_empty(), "{kind:?}: {wrong:?} went wrong, as told above; again with {}", replay());
    let filled: Vec<(&str, usize)> = filled.into_iter().map(|(name, cells)| (name, cells.unwrap())).collect();
    let cells: usize = filled.iter().map(|(_, cells)| cells).sum();
    assert!(cells >= at_least, "only {cells} of {at_least} cells were filled: {filled:?}");
    told(format_args!("{kind:?}: {cells} cells in {:.1?}: {filled:?}", clock.elapsed()));
}

/// The cells of one row, one after the other; how many there were.
async fn fill_row(place: &Place, row: Row, number: usize) -> usize {
    let turn = number + usize::try_from(seed()).unwrap();
    let mut cells = 0;
    for request in 0.. {
        assert!(request < MOST_REQUESTS, "{} makes ever more requests", row.name);
        let in_turn = |column: &usize| is_tried(place.kind, request, turn, *column);
        let mut struck = 0;
        for column in (0..Fault::ALL.len()).filter(in_turn) {
            struck += usize::from(fill_cell(place, row, Target::Nth(request), Fault::ALL[column]).await);
        }
        if struck == 0 {
            break;
        }
        cells += struck;
    }
    if place.kind != Kind::Redis && row.commits {
        for fault in Fault::ALL {
            assert!(fill_cell(place, row, Target::Commit, fault).await, "{} commits", row.name);
            cells += 1;
        }
    }
    cells
}

/// Whether a request meets the fault of that column, other than a COMMIT.
fn is_tried(kind: Kind, request: usize, turn: usize, column: usize) -> bool {
    let is_silent = Fault::ALL[column].ending == Ending::Silent;
    let is_its_turn = (request + turn) % Fault::ALL.len() == column;
    match kind {
        _ if effort() > 1 => true,
        // A connection that is silent takes seconds to be found out.
        Kind::Redis if is_silent && request < 3 => (request + turn) % 3 == column / 3,
        Kind::Redis => !is_silent || is_its_turn,
        Kind::MariaDb | Kind::Postgres => is_its_turn,
    }
}

/// Whether the fault has met the request; else there was none so late.
async fn fill_cell(place: &Place, row: Row, target: Target, fault: Fault) -> bool {
    let cell = Cell::new(place, target, fault);
    (row.run)(&cell).await;
    let has_struck = place.proxy.has_struck();
    if fault.ending == Ending::Silent {
        // The server finds out that its client is gone, as it would in the end.
        place.proxy.bury();
    }
    has_struck
}

#[expect(clippy::print_stdout, reason = "the harness shows it beside the outcome")]
fn told(line: fmt::Arguments<'_>) {
    println!("{line}");
}
