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
    pub const HEADER: [&'static str; 4] = ["KEY", "VALUE", "FROM", "VARIABLE"];

    /// The row of a table for people.
    pub fn cells(&self) -> [String; 4] {
        let value = self.value.clone().unwrap_or_else(|| "-".to_owned());
        [self.key.to_owned(), value, self.origin.to_string(), self.env.to_owned()]
    }
}
