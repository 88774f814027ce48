//! Every measurement, round after round, the stores taking turns.

use std::time::Duration;

use anyhow::Context;

use crate::arguments::{Arguments, Section, Sizes};
use crate::crew::Crew;
use crate::latency::{self, Latency};
use crate::masters::Masters;
use crate::process;
use crate::push::{self, Shape};
use crate::report::{Report, Unit};
use crate::serving::{self, Served};
use crate::starts::Starts;
use crate::stores::{Kind, Stores};
use crate::{backlog, busy, ceiling, cluster, drain, due, memory, pages, peers};

/// Longest that one measurement may take.
const LONGEST: Duration = Duration::from_secs(60);
/// The same with a store that has to be filled with a million jobs first.
const LONGEST_WITH_BACKLOG: Duration = Duration::from_secs(1800);
/// Heading of our pushes through the library.
pub const PUSH: &str = "Pushes by library, jobs/s";
/// Heading of the same without what is ours.
pub const BARE_PUSH: &str = "Pushes to a bare Redis, jobs/s";
/// Heading of what is pushed over HTTP.
pub const HTTP: &str = "Pushes over HTTP, 64 connections";
/// What the handlers are called that only parse, without and with a call of Redis.
pub const BARE: &str = "bare axum";
pub const BARE_REDIS: &str = "bare axum + Redis";
/// The rate's name, behind who reached it.
pub const REQUESTS: &str = ", requests/s";
/// Heading of our drains.
pub const DRAIN: &str = "Drain by one worker process";
/// Heading of what others drain.
pub const PEERS: &str = "Drain by others, jobs/s";
/// Heading of what a job costs by what waits behind it.
pub const BACKLOG: &str = "Backlog: CPU of worker and store per job, µs";
/// The two cases of it.
pub const FEW: &str = "few waiting";
pub const MANY: &str = "many waiting";
/// Heading of what a job costs by processes, queues and servers.
pub const CLUSTER: &str = "Processes x queues: CPU per job, µs";

struct Rounds<'a> {
    arguments: &'a Arguments,
    sizes: Sizes,
    stores: &'a Stores,
    starts: Starts,
    report: Report,
}

pub async fn run(arguments: &Arguments, stores: &Stores) -> anyhow::Result<Report> {
    let report = Report::new(&stores.redis.version()?, arguments);
    // Before anything is measured, as some have to be built.
    if arguments.wants(Section::Drain) {
        arguments.peers.iter().try_for_each(|&peer| peers::install(peer))?;
    }
    let mut rounds = Rounds { arguments, sizes: arguments.sizes(), stores, starts: Starts::listen()?, report };
    for round in 1..=arguments.rounds {
        let load = process::load_average();
        eprintln!("round {round} of {}, load average {load}", arguments.rounds);
        rounds.report.round_begins(load);
        rounds.one().await?;
    }
    Ok(rounds.report)
}

impl Rounds<'_> {
    async fn one(&mut self) -> anyhow::Result<()> {
        for section in [
            Section::Push,
            Section::Http,
            Section::Drain,
            Section::Latency,
            Section::Due,
            Section::Busy,
            Section::Backlog,
            Section::Pages,
        ] {
            if self.arguments.wants(section) {
                self.ceilings(section).await?;
            }
            for kind in self.arguments.store.clone() {
                if self.arguments.wants(section) {
                    self.measure(section, kind).await?;
                }
            }
            if section == Section::Drain && self.arguments.wants(section) {
                self.peers().await?;
            }
        }
        if self.arguments.wants(Section::Memory) && self.arguments.store.contains(&Kind::Redis) {
            let bytes = bounded("memory", memory::bytes_per_job(self.stores, self.sizes.memory_jobs)).await?;
            self.report.add("Redis memory", "bytes per waiting job", Some(Kind::Redis), Unit::Bytes, bytes);
        }
        if self.arguments.wants(Section::Cluster) && self.arguments.store.contains(&Kind::Redis) {
            self.cluster().await?;
        }
        Ok(())
    }

    async fn measure(&mut self, section: Section, kind: Kind) -> anyhow::Result<()> {
        match section {
            Section::Push => self.push(kind).await,
            Section::Http => {
                let stand = self.stores.fresh(kind)?;
                let served = bounded("HTTP", serving::enqueue(&stand, &self.sizes)).await?;
                self.add_http("enqueue", Some(kind), &served);
                Ok(())
            }
            Section::Drain => self.drain(kind).await,
            Section::Latency => self.latency(kind).await,
            Section::Due => {
                let stand = self.stores.fresh(kind)?;
                let late = due::measure(&stand, &mut self.starts, self.sizes.due_jobs);
                let late = bounded("due", late).await?;
                for (name, value) in [("p50", late.p50), ("p99", late.p99), ("the last", late.max)] {
                    self.report.add("Due at one instant: late by, ms", name, Some(kind), Unit::Millis, value);
                }
                Ok(())
            }
            Section::Busy => self.busy(kind).await,
            Section::Backlog => self.backlog(kind).await,
            Section::Pages => self.pages(kind).await,
            Section::Memory | Section::Cluster => Ok(()),
        }
    }

    /// What the same machine does in this very round without what is ours.
    async fn ceilings(&mut self, section: Section) -> anyhow::Result<()> {
        let has_redis = self.arguments.store.contains(&Kind::Redis);
        match section {
            Section::Http => {
                let served = bounded("the bare axum handler", serving::bare(&self.sizes, None)).await?;
                self.add_http(BARE, None, &served);
                if has_redis {
                    let served = serving::bare(&self.sizes, Some(&self.stores.redis));
                    let served = bounded("the bare axum handler with Redis", served).await?;
                    self.add_http(BARE_REDIS, Some(Kind::Redis), &served);
                }
            }
            Section::Push if has_redis => {
                for (name, shape, jobs) in pushes(&self.sizes) {
                    let rate = bounded(name, ceiling::rate(&self.stores.redis, shape, jobs)).await?;
                    self.report.add(BARE_PUSH, name, Some(Kind::Redis), Unit::PerSecond, rate);
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn push(&mut self, kind: Kind) -> anyhow::Result<()> {
        for (name, shape, jobs) in pushes(&self.sizes) {
            let stand = self.stores.fresh(kind)?;
            let rate = bounded(name, push::rate(&stand, shape, jobs)).await?;
            self.report.add(PUSH, name, Some(kind), Unit::PerSecond, rate);
        }
        Ok(())
    }

    fn add_http(&mut self, who: &str, kind: Option<Kind>, served: &Served) {
        let Served { outcome, cpu_per_100k } = served;
        let mut add = |what: &str, unit, value| self.report.add(HTTP, &format!("{who}{what}"), kind, unit, value);
        add(REQUESTS, Unit::PerSecond, outcome.rate);
        add(" p50, ms", Unit::Millis, outcome.p50_ms);
        add(" p99, ms", Unit::Millis, outcome.p99_ms);
        add(": server CPU s/100k", Unit::Seconds, *cpu_per_100k);
    }

    async fn peers(&mut self) -> anyhow::Result<()> {
        for &peer in &self.arguments.peers {
            let jobs = self.sizes.drained.min(peer.jobs());
            let rate = bounded(peer.name(), peers::drain(self.stores, peer, jobs)).await?;
            self.report.add(PEERS, peer.name(), Some(peer.store()), Unit::PerSecond, rate);
        }
        Ok(())
    }

    async fn drain(&mut self, kind: Kind) -> anyhow::Result<()> {
        const SECTION: &str = DRAIN;
        let workers = self.arguments.workers;
        let mut crews = vec![
            (format!("work, {workers} slots, jobs/s"), Crew::Work { workers }, true),
            (format!("no job lines, {workers} slots, jobs/s"), Crew::Silent { workers }, true),
        ];
        if self.arguments.sweep {
            let slots = [5, 64, 256].into_iter().filter(|&slots| slots != workers);
            crews.extend(
                slots.map(|slots| {
                    (format!("no job lines, {slots} slots, jobs/s"), Crew::Silent { workers: slots }, false)
                }),
            );
        }
        for (name, crew, is_whole) in crews {
            let drained = bounded(&name, drain::measure(self.stores, kind, crew, self.sizes.drained)).await?;
            self.report.add(SECTION, &name, Some(kind), Unit::PerSecond, drained.jobs_per_second);
            if !is_whole {
                continue;
            }
            let prefix = if matches!(crew, Crew::Work { .. }) { "work" } else { "no job lines" };
            let mut add = |what: &str, unit, value| self.report.add(SECTION, what, Some(kind), unit, value);
            add(&format!("{prefix}: peak RSS, MiB"), Unit::Mib, drained.peak_mib);
            add(&format!("{prefix}: worker CPU s/100k"), Unit::Seconds, drained.worker_cpu);
            if let Some(redis_cpu) = drained.redis_cpu {
                add(&format!("{prefix}: Redis CPU s/100k"), Unit::Seconds, redis_cpu);
            }
        }
        Ok(())
    }

    async fn latency(&mut self, kind: Kind) -> anyhow::Result<()> {
        let samples = self.sizes.latency_samples;
        let stand = self.stores.fresh(kind)?;
        let same = bounded("latency", latency::same_process(&stand, &mut self.starts, samples)).await?;
        self.add_latency("same process", kind, &same);
        let stand = self.stores.fresh(kind)?;
        let other = bounded("latency", latency::other_process(&stand, samples)).await?;
        self.add_latency("other process", kind, &other);
        Ok(())
    }

    async fn busy(&mut self, kind: Kind) -> anyhow::Result<()> {
        let stand = self.stores.fresh(kind)?;
        let busy = bounded("busy", busy::measure(&stand, self.sizes.busy_jobs)).await?;
        for (name, value) in [
            ("the handler alone", busy.alone),
            ("worker", busy.worker),
            ("beyond the handler", busy.worker - busy.alone),
        ] {
            self.report.add("Jobs of 1 ms: CPU per job, µs", name, Some(kind), Unit::Micros, value);
        }
        Ok(())
    }

    async fn backlog(&mut self, kind: Kind) -> anyhow::Result<()> {
        let (workers, claims) = (self.arguments.workers, self.sizes.backlog_claims);
        for (case, waiting) in [(FEW, backlog::TURN), (MANY, self.sizes.backlog_jobs)] {
            let cost = backlog::measure(self.stores, kind, workers, waiting, claims);
            let cost = within(LONGEST_WITH_BACKLOG, case, cost).await?;
            let mut add = |section, unit, value| self.report.add(section, case, Some(kind), unit, value);
            add(BACKLOG, Unit::Micros, cost.worker + cost.store.unwrap_or_default());
            add("Backlog: the worker's CPU per job, µs", Unit::Micros, cost.worker);
            if let Some(store) = cost.store {
                add("Backlog: the store's CPU per job, µs", Unit::Micros, store);
            }
            add("Backlog: the worker's peak RSS, MiB", Unit::Mib, cost.memory.peak);
            add("Backlog: the worker's own memory, MiB", Unit::Mib, cost.memory.own);
        }
        Ok(())
    }

    async fn pages(&mut self, kind: Kind) -> anyhow::Result<()> {
        let stand = self.stores.fresh(kind)?;
        let asked = pages::measure(&stand, self.sizes.pages_jobs);
        for (name, latency) in within(LONGEST_WITH_BACKLOG, "pages", asked).await? {
            self.report.add("Pages: p50 of a request, ms", name, Some(kind), Unit::Millis, latency.p50);
            self.report.add("Pages: p99 of a request, ms", name, Some(kind), Unit::Millis, latency.p99);
        }
        Ok(())
    }

    async fn cluster(&mut self) -> anyhow::Result<()> {
        let masters = bounded("the cluster", Masters::start()).await?;
        for case in cluster::CASES {
            let (slots, jobs) = (self.arguments.workers, self.sizes.cluster_jobs);
            let cost = cluster::measure(&self.stores.redis, &masters, case, slots, jobs);
            let cost = bounded(case.name, cost).await?;
            for (who, value) in [("workers", cost.workers), ("Redis", cost.redis)] {
                self.report.add(CLUSTER, &format!("{}: {who}", case.name), Some(Kind::Redis), Unit::Micros, value);
            }
        }
        Ok(())
    }

    fn add_latency(&mut self, place: &str, kind: Kind, latency: &Latency) {
        for (word, value) in [("p50", latency.p50), ("p99", latency.p99), ("max", latency.max)] {
            let name = format!("{place}, {word}");
            self.report.add("Push to start, idle worker, ms", &name, Some(kind), Unit::Millis, value);
        }
    }
}

fn pushes(sizes: &Sizes) -> [(&'static str, Shape, u64); 4] {
    [
        ("one at a time", Shape::Single { callers: 1 }, sizes.single_pushes),
        ("50 in flight", Shape::Single { callers: 50 }, sizes.parallel_pushes),
        ("bulks of 100, 1 in flight", Shape::Bulk { callers: 1 }, sizes.bulk_jobs),
        ("bulks of 100, 4 in flight", Shape::Bulk { callers: 4 }, sizes.bulk_jobs),
    ]
}

async fn bounded<T>(name: &str, measurement: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    within(LONGEST, name, measurement).await
}

async fn within<T>(
    longest: Duration,
    name: &str,
    measurement: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let outcome = tokio::time::timeout(longest, measurement).await;
    outcome
        .with_context(|| format!("{name}: not done within {} s", longest.as_secs()))?
        .with_context(|| name.to_owned())
}
