//! Tables on a database server.
//!
//! A change runs in a task of its own. A job that is cancelled drops only the wait for it: a transaction that is cut in
//! the middle would go back to sqlx's pool as it is.

mod link;
mod migrations;
mod mysql;
mod postgres;

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{MySqlPool, PgPool};
use tokio::time::timeout;
use tracing::debug;

use super::fault::Fault;
use super::session::Change;
use super::{Ours, TablesOptions};
use crate::chance;
use crate::config::Secret;
use link::Link;

/// Further tries of a change that met others or lost its connection.
const TRIES: u32 = 8;
/// Further tries of a change that met a key which another had just taken.
const DUPLICATES: u32 = 3;
/// Before the first of them at most; doubled for each.
const PAUSE: Duration = Duration::from_millis(5);
/// Longest life of a connection without use.
const IDLE: Duration = Duration::from_secs(15);

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct ServerTables {
    pool: Pool,
    timeout: Duration,
}

#[derive(Debug, Clone)]
enum Pool {
    MySql(MySqlPool),
    Postgres(PgPool),
}

impl ServerTables {
    /// Connects to nothing yet.
    pub(super) fn new(url: &Secret, masked: &str, options: &TablesOptions) -> Result<Self, Fault> {
        let text = url.expose();
        let refused = |error: sqlx::Error| Fault::Refused(format!("{masked} cannot be used: {error}"));
        let timeout = options.timeout;
        let pool = if text.starts_with("mysql:") || text.starts_with("mariadb:") {
            let connect = mysql::options(text).map_err(refused)?;
            let pool = pool_options(options).after_connect(move |link, _| Box::pin(mysql::prepare(link, timeout)));
            Pool::MySql(pool.connect_lazy_with(connect))
        } else {
            let connect = postgres::options(text).map_err(refused)?;
            let pool = pool_options(options).after_connect(move |link, _| Box::pin(postgres::prepare(link, timeout)));
            Pool::Postgres(pool.connect_lazy_with(connect))
        };
        Ok(Self { pool, timeout: options.timeout })
    }

    pub(super) async fn migrate(&self, ours: Ours) -> Result<(), Fault> {
        match &self.pool {
            // The connection is closed afterwards, and with it goes the lock.
            Pool::MySql(pool) => {
                let mut connection = pool.acquire().await.map_err(|error| mysql::judged(&error))?;
                connection.close_on_drop();
                migrations::mysql(&mut connection, ours).await
            }
            Pool::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(|error| postgres::judged(&error))?;
                connection.close_on_drop();
                migrations::postgres(&mut connection, ours).await
            }
        }
    }

    pub(super) async fn change<C: Change>(&self, change: C) -> Result<C::Answer, Fault> {
        let (tables, change) = (self.clone(), Arc::new(change));
        let making = tokio::spawn(async move { tables.until_made(change.as_ref()).await });
        making.await.map_err(|error| Fault::Passing(format!("the change was cut off: {error}")))?
    }

    /// A connection that is lost while it commits may have committed. Trying again is safe even then: every change begins
    /// by looking whether it is in.
    async fn until_made<C: Change>(&self, change: &C) -> Result<C::Answer, Fault> {
        let (mut tries, mut duplicates) = (0, 0);
        loop {
            let fault = match self.make(change).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let may_pass = match fault {
                Fault::Contended(_) | Fault::Passing(_) => tries < TRIES,
                // What came first was in the way, and is found next time. Several keys may be taken one after another.
                Fault::Duplicate(_) => {
                    duplicates += 1;
                    duplicates <= DUPLICATES
                }
                Fault::Refused(_) => false,
            };
            if !may_pass {
                return Err(fault);
            }
            debug!(tries, error = %fault, "a change of the tables is tried again");
            tokio::time::sleep((PAUSE * 2_u32.pow(tries)).mul_f64(chance::roll())).await;
            tries += 1;
        }
    }

    async fn make<C: Change>(&self, change: &C) -> Result<C::Answer, Fault> {
        let mut link = self.pool.link().await?;
        let made = timeout(self.timeout, within_transaction(link.as_mut(), change)).await;
        let made =
            made.unwrap_or_else(|_| Err(Fault::Passing(format!("no answer within {} s", self.timeout.as_secs_f64()))));
        let is_clean = match &made {
            Ok(_) => true,
            Err(Fault::Passing(_)) => false,
            Err(_) => matches!(timeout(self.timeout, link.rollback()).await, Ok(Ok(()))),
        };
        if !is_clean {
            link.close();
        }
        made
    }
}

async fn within_transaction<C: Change>(link: &mut dyn Link, change: &C) -> Result<C::Answer, Fault> {
    link.begin().await?;
    let answer = change.apply(link.session()).await?;
    link.commit().await?;
    Ok(answer)
}

impl Pool {
    async fn link(&self) -> Result<Box<dyn Link>, Fault> {
        Ok(match self {
            Self::MySql(pool) => {
                Box::new(mysql::MySqlLink(pool.acquire().await.map_err(|error| mysql::judged(&error))?))
            }
            Self::Postgres(pool) => {
                Box::new(postgres::PgLink(pool.acquire().await.map_err(|error| postgres::judged(&error))?))
            }
        })
    }
}

fn pool_options<DB: sqlx::Database>(options: &TablesOptions) -> PoolOptions<DB> {
    PoolOptions::new().max_connections(options.connections).acquire_timeout(options.timeout).idle_timeout(IDLE)
}
