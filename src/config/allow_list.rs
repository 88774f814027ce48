//! Which tables and columns jobs may touch.

use super::value::Value;

/// One table and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedTable {
    pub name: String,
    pub columns: Vec<String>,
}

/// Tables with their columns, written `users:id,email;orders:id,state`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowList(Vec<AllowedTable>);

impl AllowList {
    /// Longest name of a table or column: what every database can hold.
    const NAME: usize = 63;

    /// Reads it as the setting is written.
    pub fn read(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn table(&self, name: &str) -> Option<&AllowedTable> {
        self.0.iter().find(|table| table.name == name)
    }

    /// Names of all tables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|table| table.name.as_str())
    }
}

impl Value for AllowList {
    fn parse(text: &str) -> Result<Self, String> {
        let rule = || {
            "give tables with their columns, such as users:id,email;orders:id,state, names of A-Z a-z 0-9 _ only"
                .to_owned()
        };
        let name = |text: &str| {
            let text = text.trim();
            let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && text.len() <= Self::NAME
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name { Ok(text.to_owned()) } else { Err(rule()) }
        };
        let mut tables: Vec<AllowedTable> = Vec::new();
        for written in text.split(';').filter(|written| !written.trim().is_empty()) {
            let (table, columns) = written.split_once(':').ok_or_else(rule)?;
            let table =
                AllowedTable { name: name(table)?, columns: columns.split(',').map(name).collect::<Result<_, _>>()? };
            if tables.iter().any(|known| known.name == table.name) {
                return Err(format!("name the table {} once", table.name));
            }
            tables.push(table);
        }
        Ok(Self(tables))
    }

    fn show(&self) -> Option<String> {
        let written = |table: &AllowedTable| format!("{}:{}", table.name, table.columns.join(","));
        Some(self.0.iter().map(written).collect::<Vec<_>>().join(";"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r42_an_allow_list_names_tables_and_columns() {
        let list = AllowList::parse("users: id, email ;orders:id,state;").unwrap();
        assert_eq!(list.table("users").unwrap().columns, ["id", "email"]);
        assert_eq!(list.table("accounts"), None);
        assert_eq!(AllowList::parse(&list.show().unwrap()), Ok(list));
        assert!(AllowList::parse(" ").unwrap().is_empty());
    }

    #[test]
    fn r42_a_name_that_would_need_quoting_is_refused() {
        for bad in
            ["users", "users:", "users:*", "users:id;users:email", "us\"ers:id", "a.b:id", "1a:id", "a:b c", "ü:id"]
        {
            assert!(AllowList::parse(bad).is_err(), "{bad}");
        }
    }
}
