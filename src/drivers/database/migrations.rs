//! The tables, and how a database gets them.

use std::borrow::Cow;
use std::sync::LazyLock;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use tracing::warn;

use super::fault::{Fault, NO_TABLES};
use super::link::Link;
use super::statements::Statement;
use super::{Family, mysql, postgres};
use crate::queue::StoreError;

/// Where sqlx notes what was done; by another name than its own, which the users' migrations may have.
const TABLE: &str = "queue_migrations";

static APPLIED: LazyLock<Statement> =
    LazyLock::new(|| Statement::numbered("SELECT version, success FROM queue_migrations ORDER BY version"));

macro_rules! migrations {
    ($folder:literal: $(($version:literal, $name:literal)),+) => {
        vec![$(migration($version, $name, include_str!(concat!("../../../migrations/", $folder, "/", $name, ".sql")))),+]
    };
}

/// In order; one that was released never changes.
static MYSQL: LazyLock<Migrator> = LazyLock::new(|| {
    migrator(migrations!("mysql": (1, "0001_jobs"), (2, "0002_lanes"), (3, "0003_delayed"), (4, "0004_notes")))
});
static POSTGRES: LazyLock<Migrator> =
    LazyLock::new(|| migrator(migrations!("postgres": (1, "0001_jobs"), (2, "0002_lanes"), (3, "0003_notes"))));

fn migration(version: i64, name: &'static str, sql: &'static str) -> Migration {
    Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
}

fn migrator(migrations: Vec<Migration>) -> Migrator {
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.dangerous_set_table_name(TABLE);
    // A newer version may have been here: its tables serve this one as well.
    migrator.set_ignore_missing(true);
    // MariaDB does not know the endless wait that sqlx's own lock asks for.
    migrator.set_locking(false);
    migrator
}

impl Family {
    fn migrator(&self) -> &'static Migrator {
        match self {
            Self::MySql(_) => &MYSQL,
            Self::Postgres(_) => &POSTGRES,
        }
    }

    /// Brings the tables up to what this build knows; of several that try, one does it and the others wait.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        match self {
            Self::MySql(connector) => {
                let mut connection = connector.open().await?;
                mysql::lock_tables(&mut connection).await?;
                run(self.migrator(), &mut connection).await
            }
            Self::Postgres(connector) => {
                let mut connection = connector.open_unhurried().await?;
                postgres::lock_tables(&mut connection).await?;
                run(self.migrator(), &mut connection).await
            }
        }
    }

    /// Refuses a database whose tables are older than this build. Newer ones are fine: a migration only ever adds what
    /// the version before it does not mind.
    pub(super) async fn check_tables(&self, link: &mut dyn Link) -> Result<(), Fault> {
        let rows = link.rows(&APPLIED, &[]).await?;
        let mut applied = Vec::new();
        for row in &rows {
            let version = row.int(0)?;
            if row.int(1)? == 0 {
                return Err(Fault::Refused(dirty(version)));
            }
            applied.push(version);
        }
        let migrator = self.migrator();
        if migrator.iter().any(|migration| !applied.contains(&migration.version)) {
            return Err(Fault::Refused(NO_TABLES.into()));
        }
        if applied.iter().any(|version| !migrator.version_exists(*version)) {
            warn!("the database was migrated by a newer version; update this program soon");
        }
        Ok(())
    }
}

async fn run<C: Migrate>(migrator: &Migrator, connection: &mut C) -> Result<(), StoreError> {
    migrator.run_direct(None, connection, false).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) if is_of_way(&error) => {
            StoreError::Unavailable(error.to_string())
        }
        MigrateError::Dirty(version) => StoreError::Refused(dirty(version)),
        other => StoreError::Refused(format!("the database cannot be migrated: {other}")),
    })
}

fn dirty(version: i64) -> String {
    format!(
        "migration {version} of the database was broken off: put its tables right by hand, delete its row from \
         {TABLE}, then run `journeyman migrate` again"
    )
}

fn is_of_way(error: &sqlx::Error) -> bool {
    matches!(Fault::of_client(error), Fault::Lost(_))
}
