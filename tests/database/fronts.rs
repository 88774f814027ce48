//! R17: a line is not read from its beginning each time; whatever comes back to the beginning is found all the same.

use std::time::Duration;

use journeyman::clock::Stopwatch;
use journeyman::drivers::database::DatabaseStore;
use journeyman::job::JobId;
use journeyman::queue::{Driver, ReservedJob, Unit, WorkerId};

use super::{give_back, job, open, open_as, take};
use crate::support::{mariadb, postgres};

const JOBS: usize = 40;
/// How long a front is used, if its line is quickly read.
const FRESH: Duration = Duration::from_millis(200);

#[tokio::test]
async fn r17_a_job_back_at_its_place_goes_first_on_mariadb() {
    goes_first(&mariadb::shared().fresh_url()).await;
}

#[tokio::test]
async fn r17_a_job_back_at_its_place_goes_first_on_postgres() {
    goes_first(&postgres::shared().fresh_url()).await;
}

#[tokio::test]
async fn r17_a_line_is_used_up_to_its_last_job_on_mariadb() {
    is_used_up(&mariadb::shared().fresh_url()).await;
}

#[tokio::test]
async fn r17_a_line_is_used_up_to_its_last_job_on_postgres() {
    is_used_up(&postgres::shared().fresh_url()).await;
}

/// Put back by the process that takes, it goes first at once; by another process, soon, although others wait.
async fn goes_first(url: &str) {
    let [one, other] = two_processes(url).await;
    let worker = filled(&one).await;
    let own = take(&one, &worker, 1, 1).await.remove(0);
    let others = take(&other, &worker, 1, 2).await.remove(0);
    assert_eq!(take(&one, &worker, 2, 3).await.len(), 2);

    give_back(&one, &own).await;
    let clock = Stopwatch::start();
    assert_eq!(ids(&take(&one, &worker, 1, 4).await), ids(std::slice::from_ref(&own)), "at once");

    // Behind the place of the job that is put back next.
    assert_eq!(take(&one, &worker, 2, 5).await.len(), 2);
    give_back(&other, &others).await;
    let (mut call, mut passed_over) = (6, 0);
    while ids(&take(&one, &worker, 1, call).await) != ids(std::slice::from_ref(&others)) {
        call += 1;
        passed_over += 1;
        assert!(passed_over < JOBS / 2, "for long, and others are still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(passed_over > 0 || clock.elapsed() >= FRESH, "the line is read from its beginning");
}

/// A call that finds nothing behind the front, or less than it wants, looks at what has come back before it.
async fn is_used_up(url: &str) {
    let [one, other] = two_processes(url).await;
    let worker = filled(&one).await;
    let first = take(&other, &worker, 1, 1).await.remove(0);
    let clock = Stopwatch::start();
    assert_eq!(take(&one, &worker, 3, 2).await.len(), 3);
    give_back(&other, &first).await;

    let before_last = take(&one, &worker, JOBS - 6, 3).await;
    assert_eq!(before_last.len(), JOBS - 6);
    let rest = take(&one, &worker, 10, 4).await;
    assert_eq!(rest.len(), 3, "less than was wanted stands behind the front");
    assert!(ids(&rest)[0] == first.reservation.job || clock.elapsed() >= FRESH, "{rest:?}");

    give_back(&other, &rest[1]).await;
    give_back(&other, &rest[2]).await;
    // As many as are there, so that the front stands behind them.
    let last = take(&one, &worker, 2, 5).await;
    assert_eq!(ids(&last), ids(&rest[1..]));
    give_back(&other, &last[0]).await;
    assert_eq!(ids(&take(&one, &worker, 1, 6).await), ids(&last[..1]), "nothing else is there");
}

async fn two_processes(url: &str) -> [DatabaseStore; 2] {
    let patience = Duration::from_secs(10);
    [open(url, patience).await, open_as(&format!("{url}, elsewhere"), url, patience).await]
}

/// Pushed long enough ago for a front to stand behind them.
async fn filled(store: &DatabaseStore) -> WorkerId {
    let jobs: Vec<_> = (0..JOBS).map(|_| job()).collect();
    store.push(&jobs, Unit::Queue).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    WorkerId::new("w").unwrap()
}

fn ids(jobs: &[ReservedJob]) -> Vec<JobId> {
    jobs.iter().map(|job| job.reservation.job).collect()
}
