//! R59: the worker runs what a type puts around itself without being told.

use journeyman::job::prelude::*;
use journeyman::queue::State;

use super::Rig;
use super::jobs::Diary;

/// Calls a service that is down.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Calls {}

#[job(name = "middleware.calls", max_tries = 1)]
impl Job for Calls {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        ctx.require::<Diary>()?.note("called");
        Err(JobError::new("line busy"))
    }

    async fn failed(&self, ctx: &JobContext, _: &JobError) -> Result<(), JobError> {
        ctx.require::<Diary>()?.note("failed");
        Ok(())
    }

    fn middleware(&self) -> Middleware {
        let breaker = CircuitBreaker::after(2).recovering_in(Duration::from_secs(60));
        Middleware::new().circuit_breaker(breaker).retry_with_backoff(3, Backoff::fixed(Duration::from_millis(1)))
    }
}

#[tokio::test]
async fn r59_a_type_wraps_its_own_handle_and_an_open_circuit_costs_no_attempt() {
    let rig = Rig::new();
    let worker = rig.start();
    for _ in 0..2 {
        let id = rig.push(&Calls {}).await;
        assert_eq!(rig.until(id, State::Failed).await.attempts, 1, "three calls are one attempt");
    }
    assert_eq!((rig.diary.count("called"), rig.diary.count("failed")), (6, 2), "failed is not wrapped");

    let put_off = rig.push(&Calls {}).await;
    let record = rig.until(put_off, State::Delayed).await;
    assert_eq!((record.attempts, rig.diary.count("called")), (0, 6));
    worker.stop().await;
}
