//! Every measurement, round after round, the stores taking turns.

use std::time::Duration;

use anyhow::Context;

use crate::arguments::{Arguments, Section, Sizes};
use crate::drain::{self, Crew};
use crate::latency::{self, Latency, Starts};
use crate::process;
use crate::push::{self, Shape};
use crate::report::{Report, Unit};
use crate::serving::{self, Served};
use crate::stores::{Kind, Stores};
use crate::{ceiling, memory, peers};

/// Longest that one measurement may take.
const LONGEST: Duration = Duration::from_secs(60);
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
        for section in [Section::Push, Section::Http, Section::Drain, Section::Latency] {
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
            Section::Memory => Ok(()),
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
    let outcome = tokio::time::timeout(LONGEST, measurement).await;
    outcome
        .with_context(|| format!("{name}: not done within {} s", LONGEST.as_secs()))?
        .with_context(|| name.to_owned())
}
