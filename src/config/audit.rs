//! Settings of what is kept of what operators do.

use std::time::Duration;

use journeyman_job::seconds;

use super::reader::settings;

settings! {
    /// What is kept of what operators do.
    pub struct AuditConfig in "audit" {
        /// How long it can be read who did what by hand; 0 keeps nothing of it but the lines of the log.
        retention: Duration = "90days", env "JOURNEYMAN_AUDIT_RETENTION", within Duration::ZERO..=seconds::MAX;
    }
}
