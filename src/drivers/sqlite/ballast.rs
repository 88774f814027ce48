//! Room for the jobs that are there, in case the disk fills up.
//!
//! A job that is taken and ended grows a little. A file without a limit of its own learns that the disk is full only when
//! no page is left, and then no job could end either. So the file carries pages that hold nothing: the first change that
//! finds no room gives them up, and no push is taken until they can be had again.

use super::error::Failure;
use super::group::Group;

/// Enough for what workers have in hand; ended jobs then give up their records one by one.
const BYTES: i64 = 1024 * 1024;

const IS_THERE: &str = "SELECT 1 FROM queue_ballast";

const LOAD: &str = "INSERT INTO queue_ballast (id, filler) VALUES (1, zeroblob(?1))";

const DROP: &str = "DELETE FROM queue_ballast";

/// Fails with a full file if there is none and no room for it.
pub(super) fn keep(group: &mut Group<'_>) -> Result<(), Failure> {
    if is_there(group)? {
        return Ok(());
    }
    group.statement(LOAD)?.execute([BYTES])?;
    group.ledger.has_ballast = Some(true);
    Ok(())
}

/// Whether there was some to give up.
pub(super) fn give_up(group: &mut Group<'_>) -> Result<bool, Failure> {
    let dropped = group.statement(DROP)?.execute([])?;
    group.ledger.has_ballast = Some(false);
    Ok(dropped > 0)
}

fn is_there(group: &mut Group<'_>) -> rusqlite::Result<bool> {
    if let Some(known) = group.ledger.has_ballast {
        return Ok(known);
    }
    let found = group.statement(IS_THERE)?.exists([])?;
    group.ledger.has_ballast = Some(found);
    Ok(found)
}
