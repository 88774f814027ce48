//! Jobs that write down what happens to them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use journeyman_job::prelude::*;
use tokio::sync::Notify;

/// Shared with the jobs of one test.
#[derive(Debug, Clone, Default)]
pub(super) struct Diary(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    notes: Mutex<Vec<String>>,
    gate: Notify,
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Diary {
    pub(super) fn note(&self, note: impl Into<String>) {
        self.0.notes.lock().unwrap().push(note.into());
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.0.notes.lock().unwrap().clone()
    }

    pub(super) fn count(&self, note: &str) -> usize {
        self.notes().iter().filter(|n| *n == note).count()
    }

    /// Lets one waiting job go on.
    pub(super) fn open_gate(&self) {
        self.0.gate.notify_one();
    }

    /// Most jobs that ran at the same time.
    pub(super) fn most_at_once(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }

    pub(super) fn enter(&self) -> Inside {
        let now = self.0.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(now, Ordering::SeqCst);
        Inside(self.clone())
    }
}

/// Counts a job as running until dropped.
#[derive(Debug)]
pub(super) struct Inside(Diary);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn diary(ctx: &JobContext) -> &Diary {
    ctx.state::<Diary>().unwrap()
}

/// Writes its text down.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Write {
    pub(super) text: String,
}

#[job(name = "worker.write")]
impl Job for Write {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        diary(ctx).note(&self.text);
        Outcome::with(&self.text)
    }
}

/// Tells what its context holds.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Introspect {}

#[job(name = "worker.introspect", max_tries = 2, timeout = 7)]
impl Job for Introspect {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        diary(ctx).note(format!("key {}", ctx.idempotency_key()));
        let left = ctx.remaining().unwrap();
        assert!(left <= Duration::from_secs(7) && left > Duration::from_secs(5), "{left:?}");
        diary(ctx).note(format!("{} {} {}/{}", ctx.id(), ctx.queue(), ctx.attempt(), ctx.max_tries()));
        if ctx.attempt() == 1 { Err(JobError::new("once more")) } else { Ok(Outcome::done()) }
    }
}

/// Waits at the gate; notes its start, its end, and being dropped before its end.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Wait {
    pub(super) name: String,
}

struct Dropped<'a>(Option<(&'a Diary, &'a str)>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        if let Some((diary, name)) = self.0 {
            diary.note(format!("{name} dropped"));
        }
    }
}

#[job(name = "worker.wait")]
impl Job for Wait {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let diary = diary(ctx);
        diary.note(format!("{} started", self.name));
        let mut guard = Dropped(Some((diary, &self.name)));
        diary.0.gate.notified().await;
        guard.0 = None;
        diary.note(format!("{} ended", self.name));
        Ok(Outcome::done())
    }
}

/// Blocks its thread.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Block {
    pub(super) millis: u64,
}

#[job(name = "worker.block", lane = "blocking")]
impl Job for Block {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let _inside = diary(ctx).enter();
        std::thread::sleep(Duration::from_millis(self.millis));
        diary(ctx).note("blocked");
        Ok(Outcome::done())
    }
}

/// Hogs an async thread, as a job must not.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Hog {
    pub(super) millis: u64,
}

#[job(name = "worker.hog")]
impl Job for Hog {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        std::thread::sleep(Duration::from_millis(self.millis));
        diary(ctx).note("hogged");
        Ok(Outcome::done())
    }
}

/// Fails, and `failed` does as it is told.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Fail {
    pub(super) hook: String,
    #[serde(default)]
    pub(super) tries: u32,
    /// Never serialised: a fresh instance has none.
    #[serde(skip)]
    pub(super) memory: std::sync::atomic::AtomicBool,
}

impl Fail {
    pub(super) fn new(hook: &str, tries: u32) -> Self {
        Self { hook: hook.into(), tries, memory: false.into() }
    }
}

#[job(name = "worker.fail", timeout = 0.3)]
impl Job for Fail {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        self.memory.store(true, Ordering::SeqCst);
        diary(ctx).note("handled");
        Err(JobError::new("as told"))
    }

    async fn failed(&self, ctx: &JobContext, error: &JobError) -> Result<(), JobError> {
        let fresh = !self.memory.load(Ordering::SeqCst);
        diary(ctx).note(format!("failed: {error}, fresh: {fresh}"));
        match self.hook.as_str() {
            "panic" => panic!("in the hook"),
            "error" => Err(JobError::new("hook error")),
            "hang" => std::future::pending().await,
            _ => Ok(()),
        }
    }

    fn max_tries(&self) -> u32 {
        self.tries
    }
}

/// Returns a result of so many bytes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Large {
    pub(super) bytes: usize,
}

#[job(name = "worker.large")]
impl Job for Large {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        diary(ctx).note("large");
        Outcome::with("x".repeat(self.bytes - 2))
    }
}

/// Dispatches a [`Write`].
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Spawn {}

#[job(name = "worker.spawn")]
impl Job for Spawn {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let id = ctx.dispatch(&Write { text: "from a job".into() }).await?;
        Outcome::with(id)
    }
}

/// Snoozes or releases itself until its third start.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Later {
    pub(super) release: bool,
}

#[job(name = "worker.later")]
impl Job for Later {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        diary(ctx).note("later");
        if diary(ctx).count("later") >= 3 {
            return Ok(Outcome::done());
        }
        let wait = Duration::from_millis(10);
        Ok(if self.release { Outcome::release(wait) } else { Outcome::snooze(wait) })
    }
}

/// Panics, on the thread it runs on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Panic {}

#[job(name = "worker.panic")]
impl Job for Panic {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        panic!("as told")
    }
}

/// The plain typetag form: no attribute, no schema.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plain {}

mod plain {
    use super::{Job, JobContext, JobResult, Outcome, Plain, async_trait, diary};

    #[typetag::serde(name = "worker.plain")]
    #[async_trait]
    impl Job for Plain {
        async fn handle(&self, ctx: &JobContext) -> JobResult {
            diary(ctx).note("plain");
            Ok(Outcome::done())
        }
    }
}
