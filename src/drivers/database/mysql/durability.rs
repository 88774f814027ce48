//! What the server promises to keep.

use std::sync::LazyLock;

use crate::drivers::database::fault::Fault;
use crate::drivers::database::link::Link;
use crate::drivers::database::statements::Statement;

static ASK: LazyLock<Statement> = LazyLock::new(|| {
    Statement::numbered("SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin, VERSION()")
});

/// How safe stored jobs are, in words.
pub(in crate::drivers::database) async fn durability(link: &mut dyn Link) -> Result<String, Fault> {
    let rows = link.rows(&ASK, &[]).await?;
    let Some(row) = rows.first() else { return Ok("unknown: the server does not tell".into()) };
    // With a binary log, recovery goes by it: what it has lost is undone, however careful InnoDB's own log is.
    let lagging_log = Some(row.int(1)?).filter(|sync_binlog| *sync_binlog != 1);
    Ok(told(row.int(0)?, if row.int(2)? == 0 { None } else { lagging_log }))
}

/// `lagging_log` is the setting of a binary log that is on and not written with each commit.
fn told(flush_at_commit: i64, lagging_log: Option<i64>) -> String {
    match (flush_at_commit, lagging_log) {
        (1, None) => "fsync: every change is on disk before it is confirmed".to_owned(),
        (1, Some(sync_binlog)) => format!(
            "a crash of the machine loses the last moments (the binary log is on and sync_binlog is {sync_binlog})"
        ),
        (2, _) => "a crash of the machine loses at most the last second or so (innodb_flush_log_at_trx_commit is 2)"
            .to_owned(),
        _ => "a crash of the server loses at most the last second or so (innodb_flush_log_at_trx_commit is not 1)"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_log_that_lags_decides_what_a_crash_leaves() {
        assert!(told(1, None).starts_with("fsync"));
        assert!(told(1, Some(0)).starts_with("a crash of the machine loses the last moments"));
        assert!(told(2, Some(0)).starts_with("a crash of the machine"));
        assert!(told(0, None).starts_with("a crash of the server"));
    }
}
