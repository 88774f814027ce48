//! The worker processes that drain.

use std::process::Command;

use journeyman::app::App;
use journeyman::config::{Config, Sources};

use crate::process::{self, Usage};
use crate::stores::{self, Stand};

/// A worker must not outlive the section it is measured in, seconds.
const LONGEST: &str = "50";

/// Which worker drains.
#[derive(Debug, Clone, Copy)]
pub enum Crew<'a> {
    /// `journeyman work`, which writes a line per job; to nowhere.
    Work { workers: usize },
    /// The same worker through the library, without an observer: what `journeyman serve` runs.
    Silent { workers: usize },
    /// The same for these queues and no others.
    Serving { workers: usize, queues: &'a str },
}

impl Crew<'_> {
    /// Works until nothing is left.
    pub fn command(self, stand: &Stand) -> anyhow::Result<Command> {
        let (program, arguments, workers) = match self {
            Self::Work { workers } => {
                let arguments = vec!["work", "--stop-when-empty", "--max-time", LONGEST];
                (stores::journeyman()?, arguments, workers)
            }
            Self::Silent { workers } => (stores::this_program()?, vec!["silent-worker"], workers),
            Self::Serving { workers, queues } => {
                (stores::this_program()?, vec!["silent-worker", "--queue", queues], workers)
            }
        };
        let mut command = stand.program(&program);
        command.args(arguments).args(["--workers", &workers.to_string()]);
        Ok(command)
    }
}

/// The fastest of three empty runs: whatever slows one down does not belong to it.
pub async fn start_up(stand: &Stand, crew: Crew<'_>) -> anyhow::Result<Usage> {
    let mut fastest: Option<Usage> = None;
    for _ in 0..3 {
        let idle = process::run(crew.command(stand)?).await?;
        fastest = Some(fastest.map_or(idle, |best| if idle.wall < best.wall { idle } else { best }));
    }
    fastest.ok_or_else(|| anyhow::anyhow!("no empty run"))
}

/// The hidden command: a worker of the environment's store until nothing is left, for all queues or these alone.
pub async fn silent_worker(workers: usize, queues: Option<&str>) -> anyhow::Result<()> {
    let mut settings = vec![("worker.count", workers.to_string()), ("worker.max_time", LONGEST.to_owned())];
    if let Some(queues) = queues {
        settings.extend([("worker.queues", queues.to_owned()), ("worker.all_queues", "false".to_owned())]);
    }
    let app = start(settings).await?;
    let worker = app.work(true, None)?;
    worker.finished().await;
    worker.stop().await;
    Ok(())
}

/// The environment's store, with these settings.
pub async fn start(settings: Vec<(&str, String)>) -> anyhow::Result<App> {
    Ok(App::start(Config::load(&Sources::from_process(None, stores::flags(settings))?)?.config).await?)
}
