//! Opening the file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::SqliteOptions;
use super::options::Synchronous;
use crate::chance;
use crate::queue::StoreError;

/// Distinct statements of one connection, with room to spare.
const STATEMENTS: usize = 100;

const MIB: i64 = 1024 * 1024;

/// Where a database is and how its connections are set up.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    path: PathBuf,
    pub(super) options: SqliteOptions,
}

impl Database {
    /// Creates folder and file where there are none, for their owner alone.
    pub(crate) fn prepare(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let told = |error: io::Error| cannot_open(path, &error);
        let path = std::path::absolute(path).map_err(told)?;
        if let Some(folder) = path.parent() {
            create_folder(folder).map_err(told)?;
        }
        // SQLite gives its own side files the modes of this one.
        create_file(&path).map_err(told)?;
        Ok(Self { path, options })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file beside the database whose change wakes other processes.
    pub(super) fn wake_file(&self) -> Result<(PathBuf, File), StoreError> {
        self.beside("-wake")
    }

    /// A file of the database's name with something behind it, created as needed.
    pub(crate) fn beside(&self, suffix: &str) -> Result<(PathBuf, File), StoreError> {
        let path = self.name_beside(suffix);
        let file = create_file(&path).map_err(|error| cannot_open(&path, &error))?;
        Ok((path, file))
    }

    pub(super) fn name_beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    }

    /// A connection that may write.
    pub(crate) fn writer(&self) -> rusqlite::Result<Connection> {
        let connection = self.connect()?;
        let options = &self.options;
        connection.pragma_update(None, "page_size", SqliteOptions::PAGE_BYTES)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "journal_size_limit", i64::from(options.log_mib) * MIB)?;
        connection.pragma_update(None, "wal_autocheckpoint", options.checkpoint_pages)?;
        connection.pragma_update(None, "cache_size", -i64::from(options.cache_kib))?;
        let synchronous = match options.synchronous {
            Synchronous::Normal => "normal",
            Synchronous::Full => "full",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        if let Some(pages) = options.max_pages() {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(connection)
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> rusqlite::Result<Connection> {
        let connection = self.connect()?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        // No URI: a path is a path, whatever characters are in it. No mutex: each connection stays on its own thread.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.options.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Else a statement with a bound limit is planned anew each time it runs.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.pragma_update(None, "mmap_size", i64::from(self.options.mmap_mib) * MIB)?;
        Ok(connection)
    }
}

/// Waits a little before another try, each process another little.
pub(crate) fn pause(longest: Duration) {
    thread::sleep(longest.mul_f64(chance::roll()));
}

pub(super) fn cannot_open(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("{} cannot be opened: {error}", path.display()))
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

pub(super) fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
