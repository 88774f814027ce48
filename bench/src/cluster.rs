//! Whether a job costs more where there are more processes, more queues and more Redis servers.

use anyhow::Context;
use journeyman_job::{Dispatch, QueueName};
use tokio::task::JoinSet;

use crate::crew::Crew;
use crate::masters::Masters;
use crate::redis::RedisServer;
use crate::stores::{Expected, Stand};
use crate::{process, push};

pub const NOTE: &str = "Cluster: worker processes x queues, each process for all of the queues, each queue on another of three \
    masters; processor time of all processes and of all masters, less the least of three empty runs. Goal: the same in \
    every row.";

/// Processes and queues, the row to compare with first.
pub const CASES: [Case; 4] = [
    Case { name: "1 x 1, one server", is_on_cluster: false, processes: 1, queues: 1 },
    Case { name: "1 x 1, cluster", is_on_cluster: true, processes: 1, queues: 1 },
    Case { name: "1 x 3, cluster", is_on_cluster: true, processes: 1, queues: 3 },
    Case { name: "4 x 3, cluster", is_on_cluster: true, processes: 4, queues: 3 },
];

#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    is_on_cluster: bool,
    processes: usize,
    queues: usize,
}

/// Seconds of processor time of a run, or microseconds of a job.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub workers: f64,
    pub redis: f64,
}

/// Where the jobs are.
struct Place<'a> {
    stand: Stand,
    nodes: &'a [RedisServer],
}

/// Drains `jobs` jobs, less what does not divide among the queues; microseconds of one.
pub async fn measure(
    single: &RedisServer,
    masters: &Masters,
    case: Case,
    slots: usize,
    jobs: u64,
) -> anyhow::Result<Cost> {
    let (url, nodes) = match case.is_on_cluster {
        true => (masters.url(), masters.nodes()),
        false => (single.url(), std::slice::from_ref(single)),
    };
    nodes.iter().try_for_each(RedisServer::clear)?;
    let place = Place { stand: Stand::of_redis(url)?, nodes };
    let queues: Vec<QueueName> = masters.queues()?.into_iter().take(case.queues).collect();
    let names: Vec<&str> = queues.iter().map(QueueName::as_str).collect();
    let names = names.join(",");
    let crew = Crew::Serving { workers: slots, queues: &names };
    let idle = place.idle(crew, case.processes).await?;
    let share = jobs / case.queues as u64;
    place.fill(&queues, share).await?;
    let full = place.run(crew, case.processes).await?;
    for queue in &queues {
        place.stand.verify_queue(queue, Expected::Completed(share)).await?;
    }
    let per_job = |full: f64, idle: f64| (full - idle) * 1e6 / (share * case.queues as u64) as f64;
    Ok(Cost { workers: per_job(full.workers, idle.workers), redis: per_job(full.redis, idle.redis) })
}

impl Place<'_> {
    async fn fill(&self, queues: &[QueueName], share: u64) -> anyhow::Result<()> {
        let app = self.stand.open().await?;
        let job = push::noop()?;
        for queue in queues {
            push::fill_with(&app, share, || Ok(Dispatch::new(&job)?.on_queue(queue.clone()))).await?;
        }
        Ok(())
    }

    /// The cheapest of three runs with nothing to do.
    async fn idle(&self, crew: Crew<'_>, processes: usize) -> anyhow::Result<Cost> {
        let mut least: Option<Cost> = None;
        for _ in 0..3 {
            let cost = self.run(crew, processes).await?;
            least = Some(least.map_or(cost, |best| if cost.workers < best.workers { cost } else { best }));
        }
        least.context("no empty run")
    }

    /// Until every process has found nothing left.
    async fn run(&self, crew: Crew<'_>, processes: usize) -> anyhow::Result<Cost> {
        let before = self.redis_seconds()?;
        let mut running = JoinSet::new();
        for _ in 0..processes {
            running.spawn(process::run(crew.command(&self.stand)?));
        }
        let mut workers = 0.0;
        while let Some(ended) = running.join_next().await {
            workers += ended??.cpu_seconds;
        }
        Ok(Cost { workers, redis: self.redis_seconds()? - before })
    }

    fn redis_seconds(&self) -> anyhow::Result<f64> {
        self.nodes.iter().map(RedisServer::cpu_seconds).sum()
    }
}
