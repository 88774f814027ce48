//! R17: who waits for whom.

use journeyman::job::{Dispatch, JobId, prelude::*};
use journeyman::queue::State;
use journeyman::worker::{Ordering, PriorityMode, Worker, WorkerOptions};

use super::Rig;
use super::jobs::{Diary, Write};
use crate::support::eventually;

/// Leaves another one like itself behind before it ends: there always is a critical job that waits.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Endless {}

#[job(name = "priorities.endless")]
impl Job for Endless {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        ctx.dispatch(self).await?;
        ctx.require::<Diary>()?.note("critical");
        Ok(Outcome::done())
    }

    fn priority(&self) -> Option<Priority> {
        Some(Priority::Critical)
    }
}

/// A worker with one slot under a constant load of critical jobs, and a low one beside them.
async fn loaded(rig: &Rig, ordering: Ordering) -> (Worker, JobId) {
    rig.push(&Endless {}).await;
    rig.push(&Endless {}).await;
    let low = Dispatch::new(&Write { text: "low".into() }).unwrap().priority(Priority::Low);
    let low = rig.send(low).await;
    (rig.work(WorkerOptions { slots: 1, ordering, ..rig.options() }), low)
}

#[tokio::test]
async fn r17_in_strict_order_a_constant_critical_load_starves_the_rest() {
    let rig = Rig::new();
    let (worker, low) = loaded(&rig, Ordering::default()).await;
    eventually("many critical jobs ran", async || rig.diary.count("critical") >= 300).await;
    assert_eq!(rig.record(low).await.state, State::Pending);
    worker.stop().await;
}

#[tokio::test]
async fn r17_aging_lets_a_low_job_through_and_the_critical_ones_go_on() {
    let rig = Rig::new();
    let ordering = Ordering { aging_after: Some(Duration::from_millis(50)), ..Ordering::default() };
    let (worker, low) = loaded(&rig, ordering).await;
    rig.until(low, State::Completed).await;
    let critical = rig.diary.count("critical");
    eventually("more critical jobs ran", async || rig.diary.count("critical") > critical + 100).await;
    worker.stop().await;
}

#[tokio::test]
async fn r17_by_lot_a_low_job_gets_its_turn_without_aging() {
    let rig = Rig::new();
    let (worker, low) = loaded(&rig, Ordering { mode: PriorityMode::Weighted, ..Ordering::default() }).await;
    rig.until(low, State::Completed).await;
    worker.stop().await;
}
