//! What the dashboard asks, with many jobs in the store: each request by itself, over one connection.

use std::time::Duration;

use anyhow::{Context, ensure};
use jobs::always_fails::AlwaysFails;
use journeyman::app::App;
use journeyman::clock::Stopwatch;
use journeyman_job::{Dispatch, QueueName};
use serde_json::Value;

use crate::arguments::Sizes;
use crate::conversation::Conversation;
use crate::latency::{self, Latency};
use crate::push;
use crate::serving::Server;
use crate::stores::Stand;

/// Requests of each kind.
const REQUESTS: usize = 300;
/// Of a hundred jobs so many have failed and so many have completed; records of all of them are kept.
const FAILED: u64 = 2;
const COMPLETED: u64 = 5;
/// So many are delayed; the others wait.
const DELAYED: u64 = 10;
/// Queues that what waits is spread over.
const QUEUES: u64 = 5;
const NOOP: &str = "noop";

/// What the pages ask for, `ID` standing for a job of the middle of a queue.
const ASKED: [(&str, &str); 18] = [
    ("overview", "overview"),
    ("queues", "queues"),
    ("workers", "workers"),
    ("types", "types"),
    ("health", "health"),
    ("history of a day", "history?minutes=1440"),
    ("failed by fingerprint", "failures"),
    ("jobs, no filter", "jobs"),
    ("jobs waiting", "jobs?state=pending"),
    ("jobs delayed", "jobs?state=delayed"),
    ("jobs failed", "jobs?state=failed"),
    ("jobs completed", "jobs?state=completed"),
    ("jobs of a queue, 100", "jobs?queue_name=q3&state=pending&limit=100"),
    ("jobs of a type that has few", "jobs?task_type=always_fails&state=pending"),
    ("a word in errors", "jobs?state=failed&text=always&text_in=error"),
    ("a word that no payload has", "jobs?text=nowhere&text_in=payload"),
    ("one job", "jobs/ID"),
    ("why it does not run", "jobs/ID/explain"),
];

pub fn note(sizes: &Sizes) -> String {
    let jobs = sizes.pages_jobs;
    let ended = jobs / 100 * (FAILED + COMPLETED);
    format!(
        "Pages: {jobs} jobs, {ended} of them ended with their records, {} delayed, the rest waiting in {QUEUES} queues; each \
         request {REQUESTS} times, over one connection, at a server without workers. A search reads at most 1000 records \
         and says so. Goal: p99 within 50 ms.",
        jobs / 100 * DELAYED
    )
}

/// How long each kind of request takes.
pub async fn measure(stand: &Stand, jobs: u64) -> anyhow::Result<Vec<(&'static str, Latency)>> {
    let app = stand.open_with(vec![("worker.count", "64".to_owned())]).await?;
    fill(&app, jobs).await?;
    drop(app);
    let server = Server::of(stand).await?;
    let mut asker = Asker { host: server.address.to_string(), server: Conversation::with(server.address).await? };
    let id = asker.job_in_the_middle().await?;
    let mut all = Vec::new();
    for (name, path) in ASKED {
        let latency = asker.time(&path.replace("ID", &id)).await.context(name)?;
        all.push((name, latency));
    }
    Ok(all)
}

async fn fill(app: &App, jobs: u64) -> anyhow::Result<()> {
    let part = |percent: u64| jobs / 100 * percent;
    push::fill(app, part(COMPLETED)).await?;
    push::fill_with(app, part(FAILED), || Ok(Dispatch::new(&AlwaysFails {})?.max_tries(1))).await?;
    let worker = app.work(true, None)?;
    worker.finished().await;
    worker.stop().await;
    let late = Duration::from_secs(24 * 3600);
    push::fill_with(app, part(DELAYED), || Ok(Dispatch::new(&push::noop()?)?.delay(late))).await?;
    let waiting = jobs - part(COMPLETED + FAILED + DELAYED);
    for number in 0..QUEUES {
        let queue: QueueName = format!("q{number}").parse()?;
        let noop = push::noop()?;
        push::fill_with(app, waiting / QUEUES, || Ok(Dispatch::new(&noop)?.on_queue(queue.clone()))).await?;
    }
    let store = app.manager.store();
    let all = store.stats(&store.queues().await?).await?;
    let kept: u64 = all.iter().map(|queue| queue.size() + queue.completed + queue.failed).sum();
    // Records go little by little at the limit of their number, and what does not divide was not pushed.
    ensure!(kept + 100 >= jobs, "{kept} of {jobs} jobs are there");
    Ok(())
}

/// Who asks.
struct Asker {
    host: String,
    server: Conversation,
}

impl Asker {
    /// Requests after some that do not count: statements and connections are ready then, as they are in a running server.
    async fn time(&mut self, path: &str) -> anyhow::Result<Latency> {
        let request = self.request(path);
        for _ in 0..REQUESTS / 10 {
            self.server.ask(&request, 200).await?;
        }
        let mut seen = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let clock = Stopwatch::start();
            self.server.ask(&request, 200).await?;
            seen.push(u64::try_from(clock.elapsed().as_micros())?);
        }
        Ok(latency::summary(seen))
    }

    /// One that has others before it and behind it.
    async fn job_in_the_middle(&mut self) -> anyhow::Result<String> {
        let first = "jobs?queue_name=q2&state=pending&limit=100";
        let mut path = first.to_owned();
        let mut page = Value::Null;
        for _ in 0..10 {
            let request = self.request(&path);
            page = serde_json::from_slice(self.server.ask(&request, 200).await?)?;
            let next = page["next_cursor"].as_str().context("the queue is shorter than ten pages")?;
            path = format!("{first}&cursor={next}");
        }
        ensure!(page["jobs"][50]["task_type"] == NOOP, "a job of another type stands in the queue");
        Ok(page["jobs"][50]["task_id"].as_str().context("a job without an id")?.to_owned())
    }

    fn request(&self, path: &str) -> Vec<u8> {
        format!("GET /api/v1/{path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host).into_bytes()
    }
}
