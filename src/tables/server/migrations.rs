//! Tables of ours on a server, created when somebody says so: the database is the application's.

use std::borrow::Cow;
use std::sync::LazyLock;

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{MySqlConnection, PgConnection, SqlSafeStr as _};

use crate::tables::Ours;
use crate::tables::fault::Fault;

/// What to do where a table is missing.
pub(super) const HINT: &str =
    "`journeyman migrate --tables` creates what database_operation needs, `--examples` the credit tables";

/// Each part keeps a history of its own, by other names than sqlx's, which the application may use.
struct Part {
    operations: Migrator,
    examples: Migrator,
}

macro_rules! part {
    ($folder:literal) => {
        LazyLock::new(|| Part {
            operations: migrator(
                "journeyman_operations_history",
                "operations",
                include_str!(concat!("../../../migrations/tables/", $folder, "/0001_operations.sql")),
            ),
            examples: migrator(
                "journeyman_examples_history",
                "credits",
                include_str!(concat!("../../../migrations/tables/", $folder, "/0002_credits.sql")),
            ),
        })
    };
}

static MYSQL: LazyLock<Part> = part!("mysql");
static POSTGRES: LazyLock<Part> = part!("postgres");

fn migrator(history: &'static str, name: &'static str, sql: &'static str) -> Migrator {
    let migration = Migration::new(1, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false);
    let mut migrator = Migrator::with_migrations(vec![migration]);
    migrator.dangerous_set_table_name(history);
    // A newer version may have been here: its tables serve this one as well.
    migrator.set_ignore_missing(true);
    // MariaDB does not know the endless wait that sqlx's own lock asks for; ours is below.
    migrator.set_locking(false);
    migrator
}

/// Of several that try, one does it and the others wait. The lock lasts as long as the connection.
pub(super) async fn mysql(connection: &mut MySqlConnection, ours: Ours) -> Result<(), Fault> {
    super::mysql::lock_tables(connection).await?;
    run(&MYSQL, connection, ours).await
}

/// The same.
pub(super) async fn postgres(connection: &mut PgConnection, ours: Ours) -> Result<(), Fault> {
    super::postgres::lock_tables(connection).await?;
    run(&POSTGRES, connection, ours).await
}

async fn run<C: Migrate>(part: &Part, connection: &mut C, ours: Ours) -> Result<(), Fault> {
    let refused = |error: MigrateError| Fault::Refused(format!("the tables cannot be created: {error}"));
    part.operations.run_direct(None, connection, false).await.map_err(refused)?;
    if ours == Ours::Examples {
        part.examples.run_direct(None, connection, false).await.map_err(refused)?;
    }
    Ok(())
}
