//! Connections of a pool die together, and are found out together.

use futures::future::join_all;
use journeyman::queue::StoreError;

use super::store::{Kind, Place};
use crate::support::proxy::Ending;

/// R35: whoever waits in vain on one half-open connection spares the next caller the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_one_call_finds_out_all_half_open_connections_of_a_pool() {
    for kind in [Kind::MariaDb, Kind::Postgres] {
        let place = Place::on(kind).await;
        let before = place.proxy.accepted();
        while place.proxy.accepted() < before + 3 {
            join_all((0..16).map(|_| place.faulty.control())).await;
        }
        place.proxy.end_all(Ending::Silent);
        let lost = place.faulty.control().await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{kind:?}: {lost:?}");
        let found = place.faulty.control().await;
        assert!(found.is_ok(), "{kind:?}: {found:?}");
    }
}
