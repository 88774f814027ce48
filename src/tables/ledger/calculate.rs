//! Adding up what a user has bought and used.

use async_trait::async_trait;
use journeyman_job::credits::{Calculated, UserId};
use journeyman_job::{Amount, JobId};

use super::Account;
use crate::tables::fault::Fault;
use crate::tables::session::{Change, Read, Session, Value};

#[derive(Debug)]
pub(super) struct Calculate {
    pub(super) user_id: UserId,
    pub(super) job: JobId,
}

#[async_trait]
impl Change for Calculate {
    type Answer = Calculated;

    async fn apply(&self, session: &mut dyn Session) -> Result<Calculated, Fault> {
        let user_id = self.user_id.as_str();
        let job = Value::text(self.job.to_string());
        let sql = "SELECT total_purchased, total_used, credit_score FROM credit_calculations WHERE job_id = ?";
        let known = session.rows(sql, std::slice::from_ref(&job), &[Read::Int; 3]).await?;
        if let Some([purchased, used, score]) = known.first().map(Vec::as_slice) {
            return Ok(self.answer([purchased.int()?, used.int()?, score.int()?]));
        }
        // One row tells all three, so no lock is needed for them to fit together. A user without an account has nothing.
        let account = Account::find(session, user_id, "").await?.unwrap_or_default();
        let figures = [account.purchased, account.used, account.balance].map(Amount::units);
        let sql = "INSERT INTO credit_calculations (job_id, user_id, total_purchased, total_used, credit_score) \
                   VALUES (?, ?, ?, ?, ?)";
        let [purchased, used, score] = figures.map(Value::Int);
        session.run(sql, &[job, Value::text(user_id), purchased, used, score]).await?;
        Ok(self.answer(figures))
    }
}

impl Calculate {
    fn answer(&self, figures: [i64; 3]) -> Calculated {
        let [total_purchased, total_used, credit_score] = figures.map(Amount::from_units);
        Calculated { user_id: self.user_id.to_string(), total_purchased, total_used, credit_score }
    }
}
