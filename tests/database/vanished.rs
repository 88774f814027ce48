//! P3, R35: a process that vanishes in mid-transaction, its connection still open as far as the server can tell.

use std::time::Duration;

use journeyman::queue::{Driver, PushOutcome, StoreError, Unit};

use super::gate::{COMMIT, Gate};
use super::{job, open};
use crate::support::{mariadb, postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_what_a_vanished_process_locked_is_soon_free_on_mariadb() {
    is_soon_free(&mariadb::shared().fresh_url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_what_a_vanished_process_locked_is_soon_free_on_postgres() {
    is_soon_free(&postgres::shared().fresh_url()).await;
}

async fn is_soon_free(url: &str) {
    let gate = Gate::to(url);
    let vanishing = open(&gate.url, Duration::from_secs(1)).await;
    let other = open(url, Duration::from_secs(10)).await;
    let jobs = [job()];
    gate.close_at(COMMIT);
    let unheard = vanishing.push(&jobs, Unit::Queue).await.unwrap_err();
    assert!(matches!(unheard, StoreError::Unknown(_)), "{unheard:?}");
    // Its id is taken until the server gives up that transaction.
    let outcomes = other.push(&jobs, Unit::Queue).await.unwrap();
    assert_eq!(outcomes, [PushOutcome::Stored { delayed: false }]);
}
