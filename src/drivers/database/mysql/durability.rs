//! What the server promises to keep.

use crate::drivers::database::fault::Fault;
use crate::drivers::database::link::Link;
use crate::drivers::database::statements::Statement;
use std::sync::LazyLock;

static ASK: LazyLock<Statement> = LazyLock::new(|| {
    Statement::numbered("SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin, VERSION()")
});

/// How safe stored jobs are, in words.
pub(in crate::drivers::database) async fn durability(link: &mut dyn Link) -> Result<String, Fault> {
    let rows = link.rows(&ASK, &[]).await?;
    let Some(row) = rows.first() else { return Ok("unknown: the server does not tell".into()) };
    let kept = match row.int(0)? {
        1 => "fsync: every change is on disk before it is confirmed",
        2 => "a crash of the machine loses at most the last second or so (innodb_flush_log_at_trx_commit is 2)",
        _ => "a crash of the server loses at most the last second or so (innodb_flush_log_at_trx_commit is not 1)",
    };
    let (sync_binlog, has_binlog) = (row.int(1)?, row.int(2)? != 0);
    Ok(if has_binlog && sync_binlog != 1 {
        format!("{kept}; replicas may miss what a crash took from the binary log (sync_binlog is {sync_binlog})")
    } else {
        kept.to_owned()
    })
}
