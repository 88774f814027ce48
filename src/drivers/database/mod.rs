//! Jobs in a database server: MySQL 8, MariaDB 10.6 or PostgreSQL 13, or newer.
//!
//! A transition of a job is one short transaction, whose steps are written once, for both families of servers; what
//! differs is in `sql/`, in words, and in `mysql/` and `postgres/`, on the wire. sqlx is named nowhere outside this
//! folder.

mod driver;
mod fault;
mod fronts;
mod inspector;
mod lanes;
mod lease;
mod ledger;
mod link;
mod listing;
mod migrations;
mod mysql;
mod notes;
mod operator;
mod options;
mod pool;
mod positions;
mod postgres;
mod promote;
mod prune;
mod push;
mod reclaim;
mod repair;
mod reserve;
mod rows;
mod settle;
mod shared;
mod standing;
mod statements;
mod transaction;
mod value;
mod verify;
mod wake;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;

pub use options::DatabaseOptions;

use fault::Fault;
use fronts::Fronts;
use link::Connector;
use mysql::MySqlConnector;
use pool::Pool;
use positions::Positions;
use postgres::PgConnector;
use statements::{MYSQL, POSTGRES, Statements};
use wake::Waker;

use super::store_time::StoreTime;
use crate::queue::StoreError;

/// A store in a database. Its tasks live on the runtime in which it was connected, and end when it is dropped.
#[derive(Debug)]
pub struct DatabaseStore {
    core: Arc<Core>,
    announcer: JoinHandle<()>,
    /// Started with the first worker that wants to hear.
    hearing: OnceLock<JoinHandle<()>>,
}

/// What the tasks share.
#[derive(Debug)]
struct Core {
    family: Family,
    sql: &'static Statements,
    pool: Pool,
    time: StoreTime,
    positions: Arc<Positions>,
    fronts: Arc<Fronts>,
    waker: Waker,
    call_timeout: Duration,
}

/// Which family of servers it is, and how to connect.
#[derive(Debug)]
enum Family {
    MySql(Arc<MySqlConnector>),
    Postgres(Arc<PgConnector>),
}

impl DatabaseStore {
    /// Connects, with up to `max_connection_retries` further tries.
    ///
    /// `Unavailable` when the server cannot be reached; `Refused` when it must not be used: too old, wrong password,
    /// tables that are not up to date.
    pub async fn connect(options: DatabaseOptions, time: StoreTime) -> Result<Self, StoreError> {
        let family = Family::of(&options)?;
        if options.auto_migrate {
            family.reach(&options).await?;
            family.migrate().await.map_err(|error| error.about(&options.masked_url))?;
        }
        let mut link = family.reach(&options).await?;
        let check = async {
            family.check_version(&mut *link).await?;
            family.check_tables(&mut *link).await
        };
        check.await.map_err(|fault| StoreError::from(fault).about(&options.masked_url))?;
        let pool = Pool::new(family.connector(), options.pool_size, options.call_timeout);
        let core = Arc::new(Core {
            sql: family.statements(),
            family,
            pool,
            time,
            positions: Positions::of(&options.masked_url),
            fronts: Fronts::of(&options.masked_url),
            waker: Waker::new(),
            call_timeout: options.call_timeout,
        });
        let announcer = tokio::spawn(wake::announce(Arc::clone(&core)));
        Ok(Self { core, announcer, hearing: OnceLock::new() })
    }

    /// Brings the tables up to what this build knows.
    pub async fn migrate(options: &DatabaseOptions) -> Result<(), StoreError> {
        let family = Family::of(options)?;
        let mut link = family.reach(options).await?;
        let about = |error: StoreError| error.about(&options.masked_url);
        family.check_version(&mut *link).await.map_err(|fault| about(fault.into()))?;
        family.migrate().await.map_err(about)
    }

    /// Begins to hear what other processes announce.
    fn hear_others(&self) {
        self.hearing.get_or_init(|| match &self.core.family {
            Family::MySql(_) => tokio::spawn(wake::poll(Arc::clone(&self.core))),
            Family::Postgres(connector) => {
                let (options, hub) = (connector.options.clone(), Arc::clone(&self.core.waker.hub));
                tokio::spawn(postgres::listen(options, hub, self.core.call_timeout))
            }
        });
    }
}

impl Drop for DatabaseStore {
    fn drop(&mut self) {
        self.announcer.abort();
        if let Some(hearing) = self.hearing.get() {
            hearing.abort();
        }
    }
}

impl Core {
    async fn describe_durability(&self) -> Result<String, StoreError> {
        let asking = async {
            let mut lent = self.pool.take().await?;
            let told = match self.family {
                Family::MySql(_) => mysql::durability(lent.link()).await?,
                Family::Postgres(_) => postgres::durability(lent.link()).await?,
            };
            lent.give_back();
            Ok(told)
        };
        let told = tokio::time::timeout(self.call_timeout, asking).await;
        told.unwrap_or_else(|_| Err(Fault::too_late(self.call_timeout))).map_err(StoreError::from)
    }
}

impl Family {
    fn of(options: &DatabaseOptions) -> Result<Self, StoreError> {
        let DatabaseOptions { url, masked_url, call_timeout, .. } = options;
        let refused = |error: sqlx::Error| StoreError::Refused(format!("{masked_url} cannot be used: {error}"));
        if url.starts_with("mysql:") || url.starts_with("mariadb:") {
            // The server's word about a lock comes before the call gives up.
            let connector = MySqlConnector::new(url, *call_timeout / 2).map_err(refused)?;
            Ok(Self::MySql(Arc::new(connector)))
        } else {
            let connector = PgConnector::new(url, *call_timeout).map_err(refused)?;
            Ok(Self::Postgres(Arc::new(connector)))
        }
    }

    fn statements(&self) -> &'static Statements {
        match self {
            Self::MySql(_) => &MYSQL,
            Self::Postgres(_) => &POSTGRES,
        }
    }

    fn connector(&self) -> Arc<dyn Connector> {
        match self {
            Self::MySql(connector) => Arc::<MySqlConnector>::clone(connector),
            Self::Postgres(connector) => Arc::<PgConnector>::clone(connector),
        }
    }

    /// A first connection.
    async fn reach(&self, options: &DatabaseOptions) -> Result<Box<dyn link::Link>, StoreError> {
        let (mut wait, longest) = (Duration::from_millis(50), Duration::from_secs(2));
        let (mut tries, connector) = (0, self.connector());
        loop {
            let connecting = tokio::time::timeout(options.call_timeout, connector.connect()).await;
            let fault = match connecting.unwrap_or_else(|_| Err(Fault::too_late(options.call_timeout))) {
                Ok(link) => return Ok(link),
                Err(fault) => fault,
            };
            if matches!(fault, Fault::Refused(_)) || tries == options.max_connection_retries {
                let (error, place) = (StoreError::from(fault), &options.masked_url);
                return Err(error.about(&format!("cannot connect to {place}")));
            }
            tries += 1;
            tokio::time::sleep(wait).await;
            wait = (wait * 4).min(longest);
        }
    }

    async fn check_version(&self, link: &mut dyn link::Link) -> Result<(), Fault> {
        match self {
            Self::MySql(_) => mysql::check_version(link).await,
            Self::Postgres(_) => postgres::check_version(link).await,
        }
    }
}
