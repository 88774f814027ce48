//! From what SQLite says to what a job can do.

use rusqlite::{ErrorCode, ffi};

use crate::tables::fault::Fault;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed, OperationAborted,
            OperationInterrupted, OutOfMemory, SchemaChanged, SystemIoFailure,
        };
        let said = error.to_string();
        let extended = error.sqlite_error().map(|error| error.extended_code);
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => Self::Contended("another process holds the file too long".into()),
            Some(
                SystemIoFailure
                | CannotOpen
                | DiskFull
                | OutOfMemory
                | OperationInterrupted
                | OperationAborted
                | FileLockingProtocolFailed
                | SchemaChanged,
            ) => Self::Passing(said),
            _ => match extended {
                Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => Self::Duplicate(said),
                // A rule of the table, a table that is not there, a damaged file.
                _ => Self::Refused(said),
            },
        }
    }
}
