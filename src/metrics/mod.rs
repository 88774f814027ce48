//! What goes on in this process and its store, in numbers: for Prometheus, and for the log when they move.
//!
//! Labels are bounded: the first [`MAX_QUEUES`] queues that this process sees have their own, all further ones share
//! [`OTHERS`]; job types are those of this binary; routes are patterns, never addresses.

pub mod history;
mod moves;
mod queues;
mod watch;

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use journeyman_job::registry;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use watch::{Watch, watch};

use crate::circuit::Phase;
use crate::queue::QueueStats;
use queues::QueueLabels;

/// Queues with a label of their own.
pub const MAX_QUEUES: usize = 200;
/// What all others together are called: no queue can be, and no job type.
pub const OTHERS: &str = "(other)";
/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const PREFIX: &str = "journeyman";
/// From a refusal without any work to a client that trickles its body, seconds.
const REQUEST_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// From a job that does nothing to one that takes an hour, seconds.
const JOB_BUCKETS: [f64; 12] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfJob {
    job_type: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBreaker {
    state: PhaseLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PhaseLabel(Phase);

impl prometheus_client::encoding::EncodeLabelValue for PhaseLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.0.as_str())
    }
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// What this process counts by itself. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: Histograms<OfRequest>,
    jobs: Histograms<OfJob>,
    queues: QueueLabels,
}

/// What is read anew for each [`Metrics::render`].
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// `None` when the store did not tell.
    pub store: Option<Vec<QueueStats>>,
    pub workers: Workers,
    /// State of the store's breaker and how often it has opened; `None` without one.
    pub breaker: Option<(Phase, u64)>,
}

/// How busy this process's workers are; all zero where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Workers {
    pub slots: usize,
    pub busy: usize,
    pub pool_size: usize,
    /// Busy part of the thread pool, 0 to 1.
    pub pool_utilization: f64,
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = Histograms::<OfRequest>::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS));
        let jobs = Histograms::<OfJob>::new_with_constructor(|| Histogram::new(JOB_BUCKETS));
        registry.register("build", "The version that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's head to its answer",
            requests.clone(),
        );
        registry.register("job_duration_seconds", "Time that one attempt of a job took", jobs.clone());
        Self(Arc::new(Inner { registry, requests, jobs, queues: QueueLabels::new(MAX_QUEUES) }))
    }

    /// Counts an answer. `route` is the pattern that matched, if one did.
    pub fn request(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or(OTHERS);
        let labels = OfRequest { method, route: route.unwrap_or("(none)").to_owned(), status };
        self.0.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Counts an attempt that has ended.
    pub fn attempt(&self, job_type: &str, outcome: &'static str, took: Duration) {
        let job_type = if registry::knows(job_type) { job_type } else { OTHERS }.to_owned();
        self.0.jobs.get_or_create(&OfJob { job_type, outcome }).observe(took.as_secs_f64());
    }

    /// Everything, in the text format of OpenMetrics, which Prometheus reads.
    pub fn render(&self, reading: &Reading) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.0.registry)?;
        encode_registry(&mut text, &of_process(reading))?;
        if let Some(stats) = &reading.store {
            encode_registry(&mut text, &self.0.queues.registry(stats))?;
        }
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn of_process(reading: &Reading) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let mut gauge = |name: &str, help: &str, value: usize| {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    };
    let Workers { slots, busy, pool_size, pool_utilization } = reading.workers;
    gauge("store_up", "Whether the store has told its numbers just now", usize::from(reading.store.is_some()));
    gauge("worker_slots", "Jobs that this process can run at once", slots);
    gauge("worker_slots_busy", "Jobs that this process runs now", busy.min(slots));
    gauge("thread_pool_size", "Threads for jobs that block", pool_size);
    let utilization = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
    utilization.set(pool_utilization);
    registry.register("thread_pool_utilization_ratio", "Busy part of the thread pool, 0 to 1", utilization);
    if let Some((phase, opened)) = reading.breaker {
        let states = Family::<OfBreaker, Gauge>::default();
        for state in Phase::ALL {
            states.get_or_create(&OfBreaker { state: PhaseLabel(state) }).set(i64::from(state == phase));
        }
        registry.register("store_breaker_state", "1 for the state that the store's breaker is in", states);
        let openings = Counter::<u64>::default();
        openings.inc_by(opened);
        registry.register("store_breaker_opened", "Times that the store was left alone", openings);
    }
    registry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r52_labels_are_bounded_whatever_is_asked_and_run() {
        let metrics = Metrics::new();
        for at in 0..100_u32 {
            metrics.request(&format!("M{at}"), None, 404, Duration::from_millis(1));
            metrics.attempt(&format!("unknown_{at}"), "completed", Duration::from_millis(1));
        }
        let text = metrics.render(&Reading::default()).unwrap();
        let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(count("journeyman_http_request_duration_seconds_count"), 1, "{text}");
        assert_eq!(count("journeyman_job_duration_seconds_count{job_type=\"(other)\",outcome=\"completed\"} 100"), 1);
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn r52_a_store_that_does_not_tell_takes_only_its_own_numbers_away() {
        let reading = Reading { breaker: Some((Phase::Open, 3)), ..Reading::default() };
        let text = Metrics::new().render(&reading).unwrap();
        for line in [
            "journeyman_store_up 0",
            "journeyman_store_breaker_state{state=\"open\"} 1",
            "journeyman_store_breaker_state{state=\"closed\"} 0",
            "journeyman_store_breaker_opened_total 3",
            "journeyman_worker_slots 0",
        ] {
            assert!(text.lines().any(|given| given == line), "{line} in\n{text}");
        }
        assert!(!text.contains("journeyman_queue_jobs"), "{text}");
    }
}
