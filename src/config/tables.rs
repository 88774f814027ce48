//! Settings of the application's tables, which jobs may change.

use super::allow_list::AllowList;
use super::database::DatabaseConfig;
use super::database_url::DatabaseUrl;
use super::reader::{Reader, settings};

settings! {
    /// Where the application's own tables are and what the database-operation job may touch there.
    pub struct TablesConfig in "tables" {
        /// Database of the tables, such as mysql://app:password@localhost/app; not set: the one of the settings under
        /// database, and where those name none the file app.db in the data directory.
        url: Option<DatabaseUrl> = "", env "TABLES_URL";
        /// Tables and columns that jobs of the type database_operation may touch: users:id,email;orders:id,state. None by
        /// default: then such jobs fail.
        allow: AllowList = "", env "TABLES_ALLOW";
        /// Whether the API takes jobs of the type database_operation; else only jobs and this program's own commands
        /// dispatch them.
        from_api: bool = "false", env "TABLES_FROM_API";
        /// Connections of one process to a database server.
        connections: u32 = "10", env "TABLES_CONNECTIONS", within 1..=1000;
    }
}

impl TablesConfig {
    /// A door that leads nowhere is a mistake, and so is one that was locked.
    pub(super) fn check(&self, database: Option<&DatabaseConfig>, reader: &mut Reader<'_>) {
        let is_off = database.is_some_and(|database| database.enabled == Some(false));
        if is_off && self.url.as_ref().is_some_and(DatabaseUrl::is_mysql) {
            let rule = "enable MySQL or keep the application's tables elsewhere";
            reader.conflict(&["tables.url", "database.enabled"], rule.to_owned());
        }
        if self.from_api && self.allow.is_empty() {
            let rule = "name the tables and columns that the API's callers may change, or take from_api away";
            reader.conflict(&["tables.from_api", "tables.allow"], rule.to_owned());
        }
    }
}
