//! R17: a line is not read from its beginning each time; whatever comes back to the beginning is found all the same.

use std::time::Duration;

use journeyman::drivers::database::DatabaseStore;
use journeyman::job::JobId;
use journeyman::queue::{Driver, ReservedJob, Unit, WorkerId};

use super::{give_back, job, open, take};
use crate::support::{mariadb, postgres};

const JOBS: usize = 40;

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

/// Put back by the process that takes it goes first at once; by another process, soon, although others wait.
async fn goes_first(url: &str) {
    let (one, other) = (open(url, Duration::from_secs(10)).await, open(url, Duration::from_secs(10)).await);
    let worker = filled(&one).await;
    let (own, others) = (take(&one, &worker, 1, 1).await.remove(0), take(&other, &worker, 1, 2).await.remove(0));
    let mut call = 3;
    assert_eq!(take(&one, &worker, 2, call).await.len(), 2);

    give_back(&one, &own).await;
    call += 1;
    assert_eq!(ids(&take(&one, &worker, 1, call).await), ids(std::slice::from_ref(&own)), "at once");

    give_back(&other, &others).await;
    let mut passed_over = 0;
    while ids(&take(&one, &worker, 1, call + 1).await) != ids(std::slice::from_ref(&others)) {
        call += 1;
        passed_over += 1;
        assert!(passed_over < JOBS / 2, "for long, and others are still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A call that wants more than stands behind the front takes what has come back before it, first.
async fn is_used_up(url: &str) {
    let (one, other) = (open(url, Duration::from_secs(10)).await, open(url, Duration::from_secs(10)).await);
    let worker = filled(&one).await;
    let first = take(&other, &worker, 1, 1).await.remove(0);
    assert_eq!(take(&one, &worker, 3, 2).await.len(), 3);
    give_back(&other, &first).await;

    let rest = take(&one, &worker, 2 * JOBS, 3).await;
    assert_eq!(rest.len(), JOBS - 3, "all of them");
    assert_eq!(rest[0].reservation.job, first.reservation.job);

    give_back(&other, &rest[0]).await;
    assert_eq!(ids(&take(&one, &worker, 1, 4).await), [first.reservation.job], "nothing else is there");
}

async fn filled(store: &DatabaseStore) -> WorkerId {
    let jobs: Vec<_> = (0..JOBS).map(|_| job()).collect();
    store.push(&jobs, Unit::Queue).await.unwrap();
    WorkerId::new("w").unwrap()
}

fn ids(jobs: &[ReservedJob]) -> Vec<JobId> {
    jobs.iter().map(|job| job.reservation.job).collect()
}
