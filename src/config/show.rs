//! What `config show` lists.

use serde::Serialize;

use super::layers::Origin;

/// A setting as it is in force. Secrets are masked, so every field may be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingRow {
    pub key: &'static str,
    /// In a form the setting takes back; `None` (JSON: null) if it is not set.
    pub value: Option<String>,
    pub origin: Origin,
    /// The variable that sets it.
    pub env: &'static str,
    pub doc: &'static str,
}

impl SettingRow {
    /// Heads of the columns of [`SettingRow::cells`].
    pub const HEADER: [&'static str; 2] = ["KEY and VARIABLE", "VALUE and where it is from"];

    /// The row of a table for people, of two lines each: two long names beside each other fit no terminal.
    pub fn cells(&self) -> [String; 2] {
        let value = self.value.as_deref().unwrap_or("-");
        [format!("{}\n{}", self.key, self.env), format!("{value}\n{}", self.origin)]
    }
}
