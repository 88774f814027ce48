//! The built-in job type `database_operation`: one change to one table of the allow-list.

mod plan;

use std::collections::BTreeMap;

use async_trait::async_trait;
use journeyman_job::prelude::*;
use journeyman_job::{JobId, RawJson};

use self::plan::Plan;
use super::Tables;
use super::column::Column;
use super::fault::Fault;
use super::session::{Change, Read, Session, Value};
use crate::config::AllowList;

/// What to do to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Adds a row of `data`.
    Insert,
    /// Writes `data` to the rows that `filter` finds.
    Update,
    /// The same, and adds a row of both where it finds none.
    Upsert,
    /// Removes the rows that `filter` finds.
    Delete,
    /// Adds the numbers in `data` to the rows that `filter` finds.
    Increment,
}

/// Changes one table that the setting tables.allow names. The change is made once, however often the job runs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseOperation {
    pub operation: Operation,
    /// The table.
    pub collection: String,
    /// Columns and what to write to them, or to add.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, RawJson>,
    /// Columns and what they must hold, all of them; null finds NULL.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, RawJson>,
}

/// What status shows of it.
#[derive(Serialize)]
struct Done {
    affected: u64,
}

#[job(name = "database_operation", max_tries = 5, timeout = 30)]
impl Job for DatabaseOperation {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let tables = ctx.require::<Tables>()?;
        Outcome::with(Done { affected: tables.operate(ctx.id(), self).await? })
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::exponential())
    }
}

impl Tables {
    /// Makes the change of this job, once; the number of rows that it met.
    pub async fn operate(&self, job: JobId, operation: &DatabaseOperation) -> Result<u64, Fault> {
        let allow = &self.options().allow;
        plan::check(operation, allow)?;
        self.change(Operate { job, operation: operation.clone(), allow: allow.clone() }).await
    }
}

#[derive(Debug)]
struct Operate {
    job: JobId,
    operation: DatabaseOperation,
    allow: AllowList,
}

#[async_trait]
impl Change for Operate {
    type Answer = u64;

    async fn apply(&self, session: &mut dyn Session) -> Result<u64, Fault> {
        let job = Value::text(self.job.to_string());
        let sql = "SELECT affected FROM journeyman_operations WHERE job_id = ?";
        if let Some(row) = session.rows(sql, std::slice::from_ref(&job), &[Read::Int]).await?.first() {
            return Ok(u64::try_from(row.first().map_or(Ok(0), Value::int)?).unwrap_or_default());
        }
        let columns = columns(session, &self.operation.collection).await?;
        let plan = Plan::new(&self.operation, &self.allow, &columns, session.dialect())?;
        let affected = plan.run(session).await?;
        let sql = "INSERT INTO journeyman_operations (job_id, affected) VALUES (?, ?)";
        session.run(sql, &[job, Value::Int(i64::try_from(affected).unwrap_or(i64::MAX))]).await?;
        Ok(affected)
    }
}

async fn columns(session: &mut dyn Session, table: &str) -> Result<Vec<Column>, Fault> {
    let sql = session.dialect().columns();
    let rows = session.rows(sql, &[Value::text(table)], &[Read::Text, Read::Text, Read::Int]).await?;
    if rows.is_empty() {
        return Err(Fault::of_field("/collection", format_args!("the database has no table {table}")));
    }
    rows.iter().map(|row| Column::listed(row)).collect()
}
