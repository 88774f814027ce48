//! From what SQLite says to what a caller can do.

use rusqlite::ErrorCode;

use crate::drivers::takeover::TOO_LATE;
use crate::queue::StoreError;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The rest of the file is kept for jobs that are already there to move and end in.
    #[error("its size limit is reached")]
    NoRoom,
    #[error("the disk has no room to spare for the jobs that are there: {0}")]
    NoSpare(std::io::Error),
    #[error("{TOO_LATE}")]
    TooLate,
    #[error("a change panicked: {0}")]
    Panicked(String),
}

impl Failure {
    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::NoRoom | Self::NoSpare(_) | Self::TooLate | Self::Panicked(_) => None,
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::NoRoom | Self::NoSpare(_)) || self.code() == Some(ErrorCode::DiskFull) || self.lacks_shm()
    }

    /// No room for the log's index, which lies beside it.
    fn lacks_shm(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
    }

    /// Whether the file as a whole is at fault rather than one change: the next one would fare no better.
    pub(super) fn concerns_all(&self) -> bool {
        self.is_busy() || matches!(StoreError::from(self), StoreError::Unavailable(_) if self.code().is_some())
    }
}

impl From<&Failure> for StoreError {
    fn from(failure: &Failure) -> Self {
        let said = failure.to_string();
        match failure {
            Failure::NoRoom | Failure::NoSpare(_) => Self::Full(said),
            Failure::TooLate | Failure::Panicked(_) => Self::Unavailable(said),
            failure if failure.lacks_shm() => Self::Full(said),
            Failure::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Self::Full(said),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    Self::Unavailable("another process holds the database file too long".into())
                }
                Some(
                    ErrorCode::SystemIoFailure
                    | ErrorCode::CannotOpen
                    | ErrorCode::OutOfMemory
                    | ErrorCode::OperationInterrupted
                    | ErrorCode::OperationAborted
                    | ErrorCode::FileLockingProtocolFailed
                    | ErrorCode::SchemaChanged,
                ) => Self::Unavailable(said),
                // Damage, a file that is no database or may not be written, a row that breaks its own rules.
                _ => Self::Refused(said),
            },
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self::from(&failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn told(code: i32) -> StoreError {
        Failure::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).into()
    }

    #[test]
    fn a_caller_learns_whether_to_try_again() {
        for full in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_SHMSIZE] {
            assert!(matches!(told(full), StoreError::Full(_)), "{full}");
        }
        for passing in [ffi::SQLITE_BUSY, ffi::SQLITE_BUSY_SNAPSHOT, ffi::SQLITE_LOCKED, ffi::SQLITE_IOERR_WRITE] {
            assert!(matches!(told(passing), StoreError::Unavailable(_)), "{passing}");
        }
        for lasting in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_READONLY, ffi::SQLITE_CONSTRAINT] {
            assert!(matches!(told(lasting), StoreError::Refused(_)), "{lasting}");
        }
    }
}
