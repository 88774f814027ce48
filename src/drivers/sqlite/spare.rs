//! Room on the disk for the jobs that are there, in case the disk fills up.
//!
//! Every change is first appended to the log, even one that deletes, and the log begins anew only once what it holds has
//! moved to the file. A full disk allows neither. So a file of nothing lies beside the database: the first change that
//! finds no room removes it, and the log can move and begin anew. It is always larger than what the log still adds to the
//! file, and no push is taken without it. The ballast does the same within the file, whose pages may be limited too.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::SqliteOptions;
use super::connection::Database;
use super::error::Failure;

/// It grows by this much.
const STEP: u64 = 4 * 1024 * 1024;

/// Processes that share the database share it too: whoever changes it or relies on it has the database locked, and
/// whoever gives it up needs no lock, because the next push makes it anew.
#[derive(Debug)]
pub(super) struct Spare {
    path: PathBuf,
    database: PathBuf,
}

impl Spare {
    pub(super) fn of(database: &Database) -> Self {
        Self { path: database.name_beside("-spare"), database: database.path().to_owned() }
    }

    /// Makes it large enough for a database of so many pages; fails as a full file if there is no room for it.
    pub(super) fn keep(&self, pages: i64) -> Result<(), Failure> {
        self.grow(u64::try_from(pages).unwrap_or(0)).map_err(Failure::NoSpare)
    }

    fn grow(&self, pages: u64) -> io::Result<()> {
        let in_log = (pages * u64::from(SqliteOptions::PAGE_BYTES)).saturating_sub(fs::metadata(&self.database)?.len());
        let needed = (in_log + STEP / 2).next_multiple_of(STEP);
        let has = fs::metadata(&self.path).map_or(0, |file| file.len());
        if has >= needed {
            return Ok(());
        }
        let mut file = super::connection::create_file(&self.path)?;
        fill(&mut file, needed - has).inspect_err(|_| {
            // Half of it would only take the room that is left.
            let _ = if has == 0 { fs::remove_file(&self.path) } else { file.set_len(has) };
        })
    }

    /// Removes it, if there is one.
    pub(super) fn give_up(&self) {
        // Nothing there is as good; and if it cannot be removed, the change fails once more and says so.
        let _ = fs::remove_file(&self.path);
    }
}

/// Written, not merely sized: a hole takes no room from anyone.
fn fill(file: &mut File, mut bytes: u64) -> io::Result<()> {
    let zeros = vec![0; 64 * 1024];
    while bytes > 0 {
        file.write_all(&zeros)?;
        bytes = bytes.saturating_sub(zeros.len() as u64);
    }
    Ok(())
}
