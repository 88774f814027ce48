//! What statements are given.

use bytes::Bytes;
use journeyman_job::JobId;

/// One value, or many rows of values in one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Id(JobId),
    /// PostgreSQL takes an array per column; MySQL one JSON document, and what are bytes in it as a second value.
    Rows(&'a Rows),
}

/// Rows by column, all columns of one length.
#[derive(Debug, Default)]
pub(super) struct Rows(pub(super) Vec<Column>);

#[derive(Debug)]
pub(super) enum Column {
    Ids(Vec<JobId>),
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Bytes>),
}

impl Rows {
    pub(super) fn ids(mut self, column: impl IntoIterator<Item = JobId>) -> Self {
        self.0.push(Column::Ids(column.into_iter().collect()));
        self
    }

    pub(super) fn ints<I: Into<Option<i64>>>(mut self, column: impl IntoIterator<Item = I>) -> Self {
        self.0.push(Column::Ints(column.into_iter().map(Into::into).collect()));
        self
    }

    pub(super) fn texts<S: AsRef<str>>(mut self, column: impl IntoIterator<Item = S>) -> Self {
        self.0.push(Column::Texts(column.into_iter().map(|text| Some(text.as_ref().to_owned())).collect()));
        self
    }

    pub(super) fn maybe_texts(mut self, column: impl IntoIterator<Item = Option<String>>) -> Self {
        self.0.push(Column::Texts(column.into_iter().collect()));
        self
    }

    pub(super) fn bytes(mut self, column: impl IntoIterator<Item = Bytes>) -> Self {
        self.0.push(Column::Bytes(column.into_iter().collect()));
        self
    }
}

/// Bytes sent in one statement: well below the 16 MiB that MariaDB takes by default.
const STATEMENT_BYTES: usize = 4 * 1024 * 1024;

/// The items in pieces that each fit into one statement.
pub(super) fn pieces<T>(items: &[T], size: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |item: &&T| {
            bytes += size(item);
            bytes <= STATEMENT_BYTES
        };
        // One that is too large by itself goes alone.
        let length = rest.iter().take_while(fits).count().max(1).min(rest.len());
        let (piece, left) = rest.split_at(length);
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_everything_in_order_and_are_small() {
        let sizes = [STATEMENT_BYTES, 1, STATEMENT_BYTES + 1, 2, STATEMENT_BYTES - 2];
        let cut: Vec<&[usize]> = pieces(&sizes, |size| *size).collect();
        assert_eq!(cut.concat(), sizes);
        assert_eq!(cut.iter().map(|piece| piece.len()).collect::<Vec<_>>(), [1, 1, 1, 2]);
        assert_eq!(pieces(&[] as &[usize], |size| *size).count(), 0);
    }
}
