//! An open transaction on any of the databases, and what is done in one.

use async_trait::async_trait;

use super::dialect::Dialect;
use super::fault::Fault;

/// Something bound to a statement or read from a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
}

/// What a column of an answer is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Int,
    Text,
}

/// An open transaction. Statements are written with `?` for each value, on every database.
#[async_trait]
pub(super) trait Session: Send {
    fn dialect(&self) -> Dialect;

    /// Runs a statement; the number of rows that it met.
    async fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Fault>;

    async fn rows(&mut self, sql: &str, values: &[Value], columns: &[Read]) -> Result<Vec<Vec<Value>>, Fault>;
}

/// One thing to do to the tables: all of it or nothing. It may be done again after it was rolled back, and after a commit
/// whose answer was lost; so it begins by looking whether it is in already.
#[async_trait]
pub(super) trait Change: Send + Sync + 'static {
    type Answer: Send + 'static;

    async fn apply(&self, session: &mut dyn Session) -> Result<Self::Answer, Fault>;
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn int(&self) -> Result<i64, Fault> {
        match self {
            Self::Int(int) => Ok(*int),
            other => Err(Fault::unreadable(format_args!("{other:?} is no number"))),
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Int(_) => None,
        }
    }
}
