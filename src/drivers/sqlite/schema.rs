//! The tables, and how a file gets them.

use std::sync::LazyLock;

use rusqlite::Connection;
use rusqlite_migration::{Error, M, MigrationDefinitionError, Migrations};

use super::error::Failure;
use crate::queue::StoreError;

/// In order; one that was released never changes.
pub(super) static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(include_str!("../../../migrations/sqlite/0001_jobs.sql")),
        M::up(include_str!("../../../migrations/sqlite/0002_halves.sql")),
        M::up(include_str!("../../../migrations/sqlite/0003_notes.sql")),
    ])
});

/// Brings the tables up to what this build knows. The caller keeps other processes from doing the same.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    match MIGRATIONS.to_latest(connection) {
        Ok(()) => Ok(()),
        Err(Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead)) => Err(StoreError::Refused(
            "the database was written by a newer version; update this program to use it".into(),
        )),
        Err(Error::RusqliteError { err, .. }) => Err(Failure::from(err).into()),
        Err(other) => Err(StoreError::Refused(format!("the database cannot be migrated: {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_newer_version_is_refused_in_a_sentence() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refusal = migrate(&mut connection).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the store refused: the database was written by a newer version; update this program to use it"
        );
    }

    #[test]
    fn migrating_again_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
    }
}
