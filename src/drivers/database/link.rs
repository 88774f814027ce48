//! One connection to a server of either family.

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::JobId;

use super::fault::Fault;
use super::statements::Statement;
use super::value::Value;

/// A connection. One that has failed other than by a refused statement is not to be used again.
#[async_trait]
pub(super) trait Link: Send {
    /// Runs a statement; the number of rows it changed.
    async fn run(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, Fault>;

    async fn rows(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<Vec<Box<dyn Row>>, Fault>;

    /// Opens a transaction; the server's time, microseconds since 1970.
    async fn begin(&mut self, statement: &'static Statement) -> Result<i64, Fault>;

    async fn commit(&mut self) -> Result<(), Fault>;

    async fn rollback(&mut self) -> Result<(), Fault>;
}

/// A row of an answer.
pub(super) trait Row: Send {
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, Fault>;

    fn maybe_text(&self, column: usize) -> Result<Option<String>, Fault>;

    /// NULL is no bytes.
    fn bytes(&self, column: usize) -> Result<Bytes, Fault>;

    fn int(&self, column: usize) -> Result<i64, Fault> {
        self.maybe_int(column)?.ok_or_else(|| Fault::unreadable("a NULL", format!("column {column} of an answer")))
    }

    fn text(&self, column: usize) -> Result<String, Fault> {
        self.maybe_text(column)?.ok_or_else(|| Fault::unreadable("a NULL", format!("column {column} of an answer")))
    }

    fn job_id(&self, column: usize) -> Result<JobId, Fault> {
        JobId::from_slice(&self.bytes(column)?).ok_or_else(|| Fault::unreadable("a job id", "it is not 16 bytes"))
    }
}

/// Opens connections.
#[async_trait]
pub(super) trait Connector: Send + Sync {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault>;
}

/// Makes a connection of sqlx a [`Link`] and its rows [`Row`]s: for either family the same words of other types. Where it
/// stands, `bound` makes a query of a statement and its values, and `judged` tells what an error lets a caller do.
macro_rules! speaks_sqlx {
    ($link:ident, $row:ident) => {
        #[async_trait::async_trait]
        impl Link for $link {
            async fn run(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, Fault> {
                let done = self.0.execute(bound(statement, values)).await.map_err(|error| judged(&error))?;
                Ok(done.rows_affected())
            }

            async fn rows(
                &mut self,
                statement: &'static Statement,
                values: &[Value<'_>],
            ) -> Result<Vec<Box<dyn Row>>, Fault> {
                let rows = self.0.fetch_all(bound(statement, values)).await.map_err(|error| judged(&error))?;
                Ok(rows.into_iter().map(|row| Box::new(row) as Box<dyn Row>).collect())
            }

            async fn begin(&mut self, statement: &'static Statement) -> Result<i64, Fault> {
                let row = self.0.fetch_one(sqlx::raw_sql(statement.text)).await.map_err(|error| judged(&error))?;
                row.int(0)
            }

            async fn commit(&mut self) -> Result<(), Fault> {
                self.0.execute(sqlx::raw_sql("COMMIT")).await.map_err(|error| judged(&error))?;
                Ok(())
            }

            async fn rollback(&mut self) -> Result<(), Fault> {
                self.0.execute(sqlx::raw_sql("ROLLBACK")).await.map_err(|error| judged(&error))?;
                Ok(())
            }
        }

        impl Row for $row {
            fn maybe_int(&self, column: usize) -> Result<Option<i64>, Fault> {
                self.try_get_unchecked(column).map_err(|error| Fault::unreadable("a number", error))
            }

            fn maybe_text(&self, column: usize) -> Result<Option<String>, Fault> {
                self.try_get_unchecked(column).map_err(|error| Fault::unreadable("a text", error))
            }

            fn bytes(&self, column: usize) -> Result<bytes::Bytes, Fault> {
                let bytes: Option<Vec<u8>> =
                    self.try_get_unchecked(column).map_err(|error| Fault::unreadable("some bytes", error))?;
                Ok(bytes.unwrap_or_default().into())
            }
        }
    };
}

pub(super) use speaks_sqlx;
