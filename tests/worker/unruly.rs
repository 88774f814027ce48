//! R10: code of a job that panics where it runs beside its attempt.

use journeyman::job::{Callback, Dispatch, ErrorKind, RawJson, prelude::*};
use journeyman::queue::{JobRecord, State};

use super::Rig;
use super::jobs::{Diary, Write};

/// Cannot even be decoded.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Unreadable {
    #[serde(deserialize_with = "panics")]
    text: String,
}

fn panics<'de, D: serde::Deserializer<'de>>(_: D) -> Result<String, D::Error> {
    panic!("in decode")
}

#[job(name = "unruly.unreadable")]
impl Job for Unreadable {
    async fn handle(&self, _: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

/// Does not end, and resents being dropped.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Clinging {
    limit_millis: u64,
}

struct Resent;

impl Drop for Resent {
    fn drop(&mut self) {
        panic!("in drop")
    }
}

#[job(name = "unruly.clinging", max_tries = 1)]
impl Job for Clinging {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let _resent = Resent;
        ctx.require::<Diary>()?.note("clings");
        std::future::pending().await
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.limit_millis)
    }
}

/// Panics once it is done with.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct SoreLoser {
    name: String,
    #[serde(skip, default = "armed")]
    is_armed: bool,
}

fn armed() -> bool {
    true
}

impl Drop for SoreLoser {
    fn drop(&mut self) {
        assert!(!self.is_armed, "in the drop of the job");
    }
}

#[job(name = "unruly.sore_loser")]
impl Job for SoreLoser {
    async fn handle(&self, _: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

/// A callback that is no help at its own dispatch.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Unhelpful {
    operation_id: RawJson,
}

#[job(name = "unruly.unhelpful")]
impl Job for Unhelpful {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        ctx.require::<Diary>()?.note("called back");
        Ok(Outcome::done())
    }

    fn tags(&self) -> Vec<String> {
        panic!("in tags")
    }
}

async fn ends(rig: &Rig, job: &dyn Job, state: State) -> JobRecord {
    let worker = rig.start();
    let id = rig.push(job).await;
    let record = rig.until(id, state).await;
    let next = rig.push(&Write { text: "alive".into() }).await;
    rig.until(next, State::Completed).await;
    worker.stop().await;
    record
}

#[tokio::test]
async fn r10_a_job_that_panics_while_it_is_decoded_fails_as_undecodable() {
    let record = ends(&Rig::new(), &Unreadable { text: "x".into() }, State::Failed).await;
    let error = record.trail.error.unwrap();
    assert_eq!((error.kind(), error.message().contains("in decode")), (ErrorKind::Undecodable, true), "{error}");
    assert_eq!(record.attempts, 1);
}

#[tokio::test]
async fn r10_a_job_that_panics_as_it_is_cut_off_has_panicked() {
    let record = ends(&Rig::new(), &Clinging { limit_millis: 50 }, State::Failed).await;
    assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::Panic);
}

#[tokio::test]
async fn r10_a_job_that_panics_as_the_worker_stops_does_not_stay_reserved() {
    let rig = Rig::new();
    let worker = rig.work(super::WorkerOptions { grace: Duration::from_millis(50), ..rig.options() });
    let id = rig.push(&Clinging { limit_millis: 0 }).await;
    rig.until_noted("clings").await;
    worker.stop().await;
    let record = rig.record(id).await;
    assert_eq!((record.state, record.attempts), (State::Pending, 0), "given back like any other");
}

#[tokio::test]
async fn r10_a_panic_after_the_end_changes_nothing_about_it() {
    let record = ends(&Rig::new(), &SoreLoser { name: "x".into(), is_armed: false }, State::Completed).await;
    assert_eq!((record.attempts, record.trail.error), (1, None));
}

#[tokio::test]
async fn r25_a_callback_that_panics_at_its_dispatch_leaves_its_parent_alone_and_runs() {
    let rig = Rig::new();
    let worker = rig.start();
    let callback = Callback::parse("unruly.unhelpful").unwrap();
    let id = rig.send(Dispatch::new(&Write { text: "done".into() }).unwrap().on_success(callback)).await;
    assert_eq!(rig.until(id, State::Completed).await.attempts, 1);
    rig.until_noted("called back").await;
    assert_eq!(rig.diary.count("done"), 1);
    worker.stop().await;
}
