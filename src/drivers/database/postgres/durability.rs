//! What the server promises to keep.

use std::sync::LazyLock;

use crate::drivers::database::fault::Fault;
use crate::drivers::database::link::Link;
use crate::drivers::database::statements::Statement;

static ASK: LazyLock<Statement> =
    LazyLock::new(|| Statement::numbered("SELECT current_setting('fsync'), current_setting('synchronous_commit')"));

/// How safe stored jobs are, in words.
pub(in crate::drivers::database) async fn durability(link: &mut dyn Link) -> Result<String, Fault> {
    let rows = link.rows(&ASK, &[]).await?;
    let Some(row) = rows.first() else { return Ok("unknown: the server does not tell".into()) };
    Ok(match (row.text(0)?.as_str(), row.text(1)?.as_str()) {
        ("off", _) => "a crash of the machine may damage the whole database (fsync is off)".to_owned(),
        (_, "off") => {
            "a crash of the server loses at most the last second or so (synchronous_commit is off)".to_owned()
        }
        (_, "local") => "fsync: every change is on disk before it is confirmed, on this server alone".to_owned(),
        _ => "fsync: every change is on disk before it is confirmed".to_owned(),
    })
}
