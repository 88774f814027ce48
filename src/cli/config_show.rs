//! `journeyman config show`.

use std::process::ExitCode;

use comfy_table::{ColumnConstraint, Width};

use super::Outcome;
use super::output::{Output, list};
use crate::config::SettingRow;

pub(super) fn run(rows: &[SettingRow], output: &Output) -> Outcome {
    output.show(&rows, || {
        let mut shown = list(SettingRow::HEADER);
        // A name that is cut in two cannot be pasted.
        let longest = rows.iter().flat_map(|row| [row.key.len(), row.env.len()]).max().unwrap_or_default();
        let width = u16::try_from(longest + 2).unwrap_or(u16::MAX);
        shown.set_constraints([ColumnConstraint::LowerBoundary(Width::Fixed(width))]);
        for row in rows {
            shown.add_row(row.cells());
        }
        shown
    })?;
    Ok(ExitCode::SUCCESS)
}
