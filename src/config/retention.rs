//! Settings of how long finished jobs are kept.

use std::time::Duration;

use journeyman_job::seconds;

use super::reader::settings;

settings! {
    /// How long, and how many, finished jobs are kept.
    pub struct RetentionConfig in "retention" {
        /// How long a finished job can be looked up; 0 keeps none.
        backup_ttl: Duration = "604800", env "BACKUP_TTL", within Duration::ZERO..=seconds::MAX;
        /// Finished jobs kept for each queue; beyond it the oldest go first.
        max_records: u64 = "100000", env "JOURNEYMAN_RETENTION_MAX_RECORDS";
    }
}
