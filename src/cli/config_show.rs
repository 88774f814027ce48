//! `journeyman config show`.

use std::process::ExitCode;

use super::Outcome;
use super::output::{Output, table};
use crate::config::SettingRow;

pub(super) fn run(rows: &[SettingRow], output: &Output) -> Outcome {
    output.show(&rows, || {
        let mut shown = table(SettingRow::HEADER);
        for row in rows {
            shown.add_row(row.cells());
        }
        shown
    })?;
    Ok(ExitCode::SUCCESS)
}
