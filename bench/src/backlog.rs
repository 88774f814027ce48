//! What a job costs with many jobs waiting behind it, and with few.
//!
//! Both in the same way, turn by turn: a thousand jobs are pushed, and the worker runs the thousand that are next. Behind
//! them waits a backlog that stays as long as it is, or none. What the same worker takes for as many turns with nothing to do
//! is taken off, and pushing is left out: the store's time counts from one end of a turn to the other.

use anyhow::ensure;

use crate::arguments::Sizes;
use crate::process::Memory;
use crate::push;
use crate::stores::{Expected, Kind, Stores};
use crate::turns::Turns;

/// Jobs of one turn, so also those that wait at its beginning where there is no backlog.
pub const TURN: u64 = 1000;

pub fn note(sizes: &Sizes) -> String {
    let Sizes { backlog_jobs, backlog_claims, .. } = sizes;
    format!(
        "Backlog: {backlog_jobs} jobs waiting, or {TURN}. In each case {TURN} are pushed and {TURN} run, by turns, until \
         {backlog_claims} have run in one worker process; less as many empty turns, pushes left out. Own memory is without \
         the pages of files that SQLite maps. Goal: the same in both."
    )
}

/// What the jobs cost that ran.
#[derive(Debug)]
pub struct Claims {
    /// Microseconds of the worker's processor time per job.
    pub worker: f64,
    /// The same of the store, where it is not in the worker.
    pub store: Option<f64>,
    /// The worker's.
    pub memory: Memory,
}

#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    worker: f64,
    store: f64,
}

/// Runs `claims` jobs with `waiting` in the queue at the beginning of each turn.
pub async fn measure(stores: &Stores, kind: Kind, workers: usize, waiting: u64, claims: u64) -> anyhow::Result<Claims> {
    ensure!(waiting >= TURN && claims >= TURN, "a turn is {TURN} jobs: give more");
    let (behind, turns) = (waiting - TURN, claims / TURN);
    let stand = stores.fresh(kind)?;
    let app = stand.open().await?;
    let mut worker = Turns::start(&stand, workers, TURN).await?;
    // Scripts, statements and threads are there afterwards.
    push::fill(&app, TURN).await?;
    worker.take().await?;
    let (mut idle, mut full) = (Spent::default(), Spent::default());
    for _ in 0..turns {
        turn(stores, kind, &mut worker, &mut idle).await?;
    }
    push::fill(&app, behind).await?;
    let mut own = 0.0_f64;
    for _ in 0..turns {
        push::fill(&app, TURN).await?;
        turn(stores, kind, &mut worker, &mut full).await?;
        own = own.max(worker.memory()?.own);
    }
    let memory = Memory { own, ..worker.memory()? };
    drop(app);
    stand.verify(Expected::Both { completed: (turns + 1) * TURN, waiting: behind }).await?;
    let per_job = |full: f64, idle: f64| (full - idle) * 1e6 / (turns * TURN) as f64;
    let store = (kind != Kind::Sqlite).then(|| per_job(full.store, idle.store));
    Ok(Claims { worker: per_job(full.worker, idle.worker), store, memory })
}

/// One turn, added to what was spent before.
async fn turn(stores: &Stores, kind: Kind, worker: &mut Turns, spent: &mut Spent) -> anyhow::Result<()> {
    let now = |worker: &Turns| -> anyhow::Result<Spent> {
        Ok(Spent { worker: worker.cpu_seconds()?, store: stores.cpu_seconds(kind)?.unwrap_or_default() })
    };
    let before = now(worker)?;
    worker.take().await?;
    let after = now(worker)?;
    spent.worker += after.worker - before.worker;
    spent.store += after.store - before.store;
    Ok(())
}
