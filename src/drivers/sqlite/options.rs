//! How a SQLite file is used.

use std::time::Duration;

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// The operating system: an acknowledged job survives a crash of the process, not always a power cut.
    Normal,
    /// The disk: it survives a power cut too.
    Full,
}

/// Settings of one handle on a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    pub synchronous: Synchronous,
    /// Longest wait for another process that writes to the same file.
    pub busy_timeout: Duration,
    /// Page cache of the writer, KiB. What it works on is little and near; a commit that has split a page walks the whole
    /// cache, so more makes it slower.
    pub cache_kib: u32,
    /// Part of the file that is read through a memory map, MiB.
    pub mmap_mib: u32,
    /// Pages that the write-ahead log gathers before they move to the file.
    pub checkpoint_pages: u32,
    /// Size above which the write-ahead log shrinks again once it has been emptied, MiB.
    pub log_mib: u32,
    /// Largest size of the file, bytes. None = what the disk holds.
    pub max_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Normal,
            busy_timeout: Duration::from_secs(5),
            cache_kib: 4 * 1024,
            mmap_mib: 128,
            checkpoint_pages: 4000,
            log_mib: 64,
            max_bytes: None,
        }
    }
}

impl SqliteOptions {
    pub(super) const PAGE_BYTES: u32 = 4096;

    /// Largest size of the file, pages.
    pub(super) fn max_pages(&self) -> Option<i64> {
        let pages = |bytes| i64::try_from(bytes / u64::from(Self::PAGE_BYTES)).unwrap_or(i64::MAX);
        self.max_bytes.map(pages)
    }

    /// What is promised of an acknowledged job, in words.
    pub(super) fn durability(&self) -> &'static str {
        match self.synchronous {
            Synchronous::Normal => {
                "sqlite (WAL, synchronous NORMAL): survives a crash of the process; a power cut may lose the last moments"
            }
            Synchronous::Full => "sqlite (WAL, synchronous FULL): survives a crash of the process and a power cut",
        }
    }
}
