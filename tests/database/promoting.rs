//! R17: due jobs keep their order although many promote them, and whoever can take other jobs does not wait for that.

use std::time::Duration;

use journeyman::drivers::database::DatabaseStore;
use journeyman::job::{JobId, When};
use journeyman::queue::{Driver, Inspector, NewJob, Unit, WorkerId};

use super::gate::Gate;
use super::{job, open, open_as, take};
use crate::support::{eventually, mariadb, postgres};

const PATIENCE: Duration = Duration::from_secs(10);
/// How the statement that promotes begins where it changes a job: said once its jobs are locked.
const PROMOTES: &[&[u8]] = &[b"SET j.state = 'pending', j.lane = t.lane", b"SET state = 'pending', lane = t.lane"];

#[tokio::test]
async fn r17_a_reserve_passes_by_who_promotes_on_mariadb() {
    passes_by(&mariadb::shared().fresh_url()).await;
}

#[tokio::test]
async fn r17_a_reserve_passes_by_who_promotes_on_postgres() {
    passes_by(&postgres::shared().fresh_url()).await;
}

async fn passes_by(url: &str) {
    let gate = Gate::to(url);
    let promoter = open_as(&format!("{url}, elsewhere"), &gate.url, PATIENCE).await;
    let (other, worker) = (open(url, PATIENCE).await, WorkerId::new("w").unwrap());
    let due = push(&other, &[When::After(Duration::from_millis(1)), When::After(Duration::from_millis(2))]).await;
    let waiting = push(&other, &[When::Now]).await;
    let pushed = other.time().await.unwrap();
    eventually("both are due", async || other.time().await.unwrap().since(pushed) > Duration::from_millis(2)).await;

    gate.close_at(PROMOTES);
    let promoting = tokio::spawn(async move { promoter.promote(1).await });
    gate.is_closed().await;
    let taken = tokio::time::timeout(PATIENCE / 2, take(&other, &worker, 10, 1)).await;
    let taken = taken.expect("nobody waits for the promoter").iter().map(|job| job.reservation.job).collect::<Vec<_>>();
    assert_eq!(taken, waiting, "the second due job does not overtake the first");

    gate.open();
    assert_eq!(promoting.await.unwrap(), Ok(1));
    let taken = take(&other, &worker, 10, 2).await.iter().map(|job| job.reservation.job).collect::<Vec<_>>();
    assert_eq!(taken, due);
}

async fn push(store: &DatabaseStore, whens: &[When]) -> Vec<JobId> {
    let jobs: Vec<_> = whens.iter().map(|when| NewJob { when: *when, ..job() }).collect();
    store.push(&jobs, Unit::Queue).await.unwrap();
    jobs.iter().map(NewJob::id).collect()
}
