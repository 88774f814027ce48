//! R35: after a failover the old server lives on, read only.

use std::time::Duration;

use journeyman::queue::{Driver, StoreError, Unit};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, Row as _};

use super::{job, open};
use crate::support::database::{Care, DatabaseServer, Engine};
use crate::support::eventually;

struct Admin(MySqlConnection);

impl Admin {
    async fn run(&mut self, statement: String) {
        self.0.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
    }

    /// The connections of the one user who must not write to a server that is read only.
    async fn connections(&mut self) -> Vec<i64> {
        let ask = "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE user = 'jobs'";
        let rows = self.0.fetch_all(sqlx::raw_sql(ask)).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_connections_to_a_demoted_server_are_given_up() {
    let server = DatabaseServer::start(Engine::MariaDb, Care::None);
    let url = server.fresh_url();
    let mut admin = Admin(MySqlConnection::connect(&url).await.unwrap());
    admin.run("CREATE USER 'jobs'@'%'".to_owned()).await;
    admin.run(format!("GRANT ALL ON {}.* TO 'jobs'@'%'", url.rsplit('/').next().unwrap())).await;
    let store = open(&url.replace("root@", "jobs@"), Duration::from_secs(5)).await;
    store.push(&[job()], Unit::Queue).await.unwrap();
    let old = admin.connections().await;
    assert!(!old.is_empty());

    admin.run("SET GLOBAL read_only = 1".to_owned()).await;
    let refusal = store.push(&[job()], Unit::Queue).await.unwrap_err();
    assert!(matches!(refusal, StoreError::Unavailable(_)), "{refusal:?}");
    eventually("every connection of before is closed", async || {
        admin.connections().await.iter().all(|id| !old.contains(id))
    })
    .await;

    admin.run("SET GLOBAL read_only = 0".to_owned()).await;
    store.push(&[job()], Unit::Queue).await.unwrap();
}
