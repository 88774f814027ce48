//! Many rows in one value: a JSON document, and what are bytes in it beside it.

use std::fmt::Write as _;

use crate::drivers::database::value::{Column, Rows};

/// `[[cell, …], …]`. An id is 32 hexadecimal digits; bytes are where they begin in `bytes`, from 1, and how many they are.
pub(super) struct Encoded {
    pub(super) json: String,
    pub(super) bytes: Vec<u8>,
}

impl Encoded {
    pub(super) fn of(rows: &Rows) -> Self {
        let Rows(columns) = rows;
        let count = columns.first().map_or(0, length);
        let mut encoded = Self { json: String::with_capacity(count * columns.len() * 12 + 2), bytes: Vec::new() };
        encoded.json.push('[');
        for row in 0..count {
            encoded.json.push_str(if row == 0 { "[" } else { ",[" });
            for (number, column) in columns.iter().enumerate() {
                if number > 0 {
                    encoded.json.push(',');
                }
                encoded.cell(column, row);
            }
            encoded.json.push(']');
        }
        encoded.json.push(']');
        encoded
    }

    fn cell(&mut self, column: &Column, row: usize) {
        // Writing to a String cannot fail.
        let _ = match column {
            Column::Ids(ids) => write!(self.json, "\"{}\"", ids[row].as_uuid().simple()),
            Column::Ints(ints) => match ints[row] {
                Some(int) => write!(self.json, "{int}"),
                None => write!(self.json, "null"),
            },
            Column::Texts(texts) => match &texts[row] {
                Some(text) => write!(self.json, "{}", serde_json::Value::from(text.as_str())),
                None => write!(self.json, "null"),
            },
            Column::Bytes(column) => {
                let bytes = &column[row];
                let start = self.bytes.len() + 1;
                self.bytes.extend_from_slice(bytes);
                write!(self.json, "{start},{}", bytes.len())
            }
        };
    }
}

fn length(column: &Column) -> usize {
    match column {
        Column::Ids(column) => column.len(),
        Column::Ints(column) => column.len(),
        Column::Texts(column) => column.len(),
        Column::Bytes(column) => column.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use journeyman_job::JobId;

    #[test]
    fn rows_become_one_document_and_their_bytes_another() {
        let id: JobId = "0190a0b0-0000-7000-8000-00000000abcd".parse().unwrap();
        let rows = Rows::default()
            .ids([id, id])
            .ints([Some(-1), None])
            .texts(["a\"b", "ü"])
            .bytes([Bytes::from_static(b"\0\xff"), Bytes::from_static(b"xyz")]);
        let encoded = Encoded::of(&rows);
        let (first, second) = (r#"-1,"a\"b",1,2"#, r#"null,"ü",3,3"#);
        let hex = "0190a0b000007000800000000000abcd";
        assert_eq!(encoded.json, format!(r#"[["{hex}",{first}],["{hex}",{second}]]"#));
        assert_eq!(encoded.bytes, b"\0\xffxyz");
        assert_eq!(Encoded::of(&Rows::default()).json, "[]");
    }
}
