//! The tables of ours in the file.

use std::sync::LazyLock;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::drivers::sqlite::Database;
use crate::queue::StoreError;

/// In order; one that was released never changes.
static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(include_str!("../../../migrations/tables/sqlite/0001_operations.sql")),
        M::up(include_str!("../../../migrations/tables/sqlite/0002_credits.sql")),
    ])
});

/// One process at a time sets the file up. The lock is another file's, because SQLite's own are not yet usable then.
pub(super) fn open_migrated(database: &Database) -> Result<Connection, StoreError> {
    let (path, lock) = database.beside("-lock")?;
    let failed = |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {error}", path.display()));
    lock.lock().map_err(|error| failed(&error))?;
    let mut connection = database.writer().map_err(|error| failed(&error))?;
    MIGRATIONS
        .to_latest(&mut connection)
        .map_err(|error| StoreError::Refused(format!("{} cannot be migrated: {error}", database.path().display())))?;
    // Released with the file at the latest.
    let _ = lock.unlock();
    Ok(connection)
}
