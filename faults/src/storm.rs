//! One lane from the first process to the verdict.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use journeyman::app;
use journeyman::clock::Stopwatch;
use journeyman::config::Config;
use journeyman::queue::QueueStats;

use crate::arguments::Storm;
use crate::clients::{self, Pace};
use crate::crew::{self, Crew};
use crate::plan::Plans;
use crate::report::Report;
use crate::schedule::{Fault, Meanwhile, Stroke, schedule, slow_jobs};
use crate::store::{Kind, Store};
use crate::verdict::{self, Remains};

/// Longest without any job pushed, or any job ended, before the lane is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Once nothing has happened for so long, nothing will: callbacks are stored a moment after the end that set them off.
const QUIET: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(20);

/// Whether all went as it must.
pub fn run(options: &Storm) -> anyhow::Result<bool> {
    let folder = match &options.ledger {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            ensure!(std::fs::read_dir(folder)?.next().is_none(), "{} is not empty", folder.display());
            folder.canonicalize()?
        }
        None => tempfile::Builder::new().prefix("journeyman-storm-").tempdir()?.keep(),
    };
    println!("{}, seed {}, ledger in {}", options.store.name(), options.seed, folder.display());
    let report = attack(options, &folder);
    let is_well = report.as_ref().is_ok_and(Report::is_well);
    if let Ok(report) = &report {
        println!("{report}");
    }
    if is_well && options.ledger.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    if !is_well {
        println!("again: {}", options.replay());
    }
    report.map(|_| is_well)
}

/// The verdict alone, on what a storm has left.
pub fn judge(options: &Storm) -> anyhow::Result<bool> {
    let folder = options.ledger.as_deref().context("--ledger names the folder of the storm")?;
    ensure!(options.store == Kind::Sqlite, "only SQLite outlives its storm");
    let config = crew::config(folder, &Store::File)?;
    let plans = Plans { seed: options.seed, slow: slow_jobs(options.jobs, &schedule(options)) };
    let verdict = tokio::runtime::Runtime::new()?.block_on(async {
        let remains = Remains::of(&config).await?;
        verdict::judge(plans.count(options.jobs), &plans, folder, &remains).await
    })?;
    println!("{verdict:#?}");
    Ok(verdict.is_well())
}

fn attack(options: &Storm, folder: &Path) -> anyhow::Result<Report> {
    let clock = Stopwatch::start();
    let mut store = Store::start(options.store);
    let mut crew = Crew::start(folder.to_owned(), &store)?;
    let strokes = schedule(options);
    let plans = Plans { seed: options.seed, slow: slow_jobs(options.jobs, &strokes) };
    std::fs::write(folder.join("schedule"), strokes.iter().map(|stroke| format!("{stroke:?}\n")).collect::<String>())?;
    push_and_strike(options.jobs, &plans, folder, &strokes, &mut crew, &mut store)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let config = crew::config(folder, &store)?;
    runtime.block_on(drained(&config, &mut crew))?;
    crew.stop()?;
    let remains = runtime.block_on(Remains::of(&config))?;
    let verdict = runtime.block_on(verdict::judge(plans.count(options.jobs), &plans, folder, &remains))?;
    Ok(Report {
        options: options.clone(),
        verdict,
        stale_refused: crew.count_in_logs("result refused")?,
        panics: crew.count_in_logs("panicked")?,
        own_ends: crew.own_ends,
        took: clock.elapsed(),
    })
}

/// Until every job is pushed and every fault has struck.
fn push_and_strike(
    jobs: u64,
    plans: &Plans,
    folder: &Path,
    strokes: &[Stroke],
    crew: &mut Crew,
    store: &mut Store,
) -> anyhow::Result<()> {
    let pace = Pace::new(jobs);
    let servers = crew.addresses();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients::CLIENTS)
            .map(|client| {
                let (pace, servers) = (&pace, &servers);
                scope.spawn(move || {
                    let pushed = clients::push(folder, plans, client, servers, pace);
                    if pushed.is_err() {
                        pace.end();
                    }
                    pushed
                })
            })
            .collect();
        let _pushing = pace.ended_with();
        let struck = strike_all(strokes, plans, &pace, crew, store);
        if struck.is_err() {
            pace.end();
        }
        pace.open_up_to(jobs);
        let finished = wait_for(&pace, jobs, crew);
        pace.end();
        for client in clients {
            client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        struck.and(finished)
    })
}

fn strike_all(
    strokes: &[Stroke],
    plans: &Plans,
    pace: &Pace,
    crew: &mut Crew,
    store: &mut Store,
) -> anyhow::Result<()> {
    let mut slow = plans.slow.iter().cloned();
    for (place, stroke) in strokes.iter().enumerate() {
        // The clients are one fault ahead, so that it strikes while they push.
        pace.open_up_to(strokes.get(place + 1).map_or(u64::MAX, |next| next.after));
        wait_for(pace, stroke.after, crew)?;
        std::thread::sleep(stroke.pause);
        match stroke.fault {
            Fault::WakeLate { lasting } => crew.freeze_worker_at(plans, slow.next().unwrap_or_default(), lasting)?,
            _ => strike(stroke, crew, store)?,
        }
    }
    Ok(())
}

fn strike(stroke: &Stroke, crew: &mut Crew, store: &mut Store) -> anyhow::Result<()> {
    match stroke.fault {
        Fault::KillWorker => crew.kill_worker(stroke.victim),
        Fault::KillServer => crew.kill_server(stroke.victim),
        Fault::FreezeWorker { lasting } | Fault::WakeLate { lasting } => crew.freeze_worker(stroke.victim, lasting),
        Fault::KillStore { .. } if matches!(store, Store::File) => crew.kill_all(),
        Fault::KillStore { away, meanwhile } => {
            store.kill();
            std::thread::sleep(away / 2);
            match meanwhile {
                Some(Meanwhile::KillWorker) => crew.kill_worker(stroke.victim)?,
                Some(Meanwhile::KillServer) => crew.kill_server(stroke.victim)?,
                None => {}
            }
            std::thread::sleep(away / 2);
            store.start_again();
            Ok(())
        }
    }
}

/// Until so many jobs are pushed.
fn wait_for(pace: &Pace, jobs: u64, crew: &mut Crew) -> anyhow::Result<()> {
    let (mut clock, mut last) = (Stopwatch::start(), pace.done());
    while pace.done() < jobs {
        crew.tend()?;
        if pace.is_over() {
            bail!("the clients have given up");
        }
        if pace.done() != last {
            (clock, last) = (Stopwatch::start(), pace.done());
        }
        ensure!(clock.elapsed() < PATIENCE, "no job could be pushed for {} s", PATIENCE.as_secs());
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Until no job is left that has not ended, and no callback on its way.
async fn drained(config: &Config, crew: &mut Crew) -> anyhow::Result<()> {
    let store = app::open(config).await?.store;
    let (mut clock, mut last) = (Stopwatch::start(), None);
    loop {
        crew.tend()?;
        let queues = store.queues().await?;
        let stats = store.stats(&queues).await?;
        let left: u64 = stats.iter().map(QueueStats::size).sum();
        let ended: u64 = stats.iter().map(|stats| stats.counters.processed).sum();
        if last != Some((left, ended)) {
            (clock, last) = (Stopwatch::start(), Some((left, ended)));
        }
        if left == 0 && clock.elapsed() > QUIET {
            return Ok(());
        }
        // What is stuck is then found missing by the verdict, job by job.
        if clock.elapsed() > PATIENCE {
            println!("{left} jobs do not end: {stats:?}");
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
