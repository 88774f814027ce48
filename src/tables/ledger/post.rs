//! Changing a balance, once per transaction id.

use async_trait::async_trait;
use journeyman_job::credits::{Posted, Posting, PostingKind};
use journeyman_job::{Amount, JobId};

use super::Account;
use crate::tables::fault::Fault;
use crate::tables::session::{Change, Read, Session, Value};

#[derive(Debug)]
pub(super) struct Post(pub(super) Posting);

#[async_trait]
impl Change for Post {
    type Answer = Posted;

    async fn apply(&self, session: &mut dyn Session) -> Result<Posted, Fault> {
        let Posting { transaction_id, user_id, kind, amount, job } = &self.0;
        let (kind, currency) = match kind {
            PostingKind::Purchase { currency } => ("purchase", Some(currency.as_str())),
            PostingKind::Update => ("update", None),
        };
        let account = Account::locked(session, user_id.as_str()).await?;
        let line = Line {
            transaction_id: transaction_id.as_str(),
            user_id: user_id.as_str(),
            kind,
            currency,
            amount: *amount,
            job: *job,
        };
        line.post(session, account).await
    }
}

/// A line of the ledger as it is to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) transaction_id: &'a str,
    pub(super) user_id: &'a str,
    pub(super) kind: &'static str,
    pub(super) currency: Option<&'a str>,
    pub(super) amount: Amount,
    pub(super) job: JobId,
}

impl Line<'_> {
    /// Writes it and changes the account, which this transaction holds; or, if the very same line is there, neither.
    pub(super) async fn post(self, session: &mut dyn Session, account: Account) -> Result<Posted, Fault> {
        if let Some(balance) = self.posted_before(session).await? {
            return Ok(self.answer(balance));
        }
        let account = account.after(self.user_id, self.amount)?;
        account.keep(session, self.user_id).await?;
        let sql = "INSERT INTO credit_transactions (transaction_id, user_id, kind, amount, currency, balance, job_id) \
                   VALUES (?, ?, ?, ?, ?, ?, ?)";
        let values = [
            Value::text(self.transaction_id),
            Value::text(self.user_id),
            Value::text(self.kind),
            Value::Int(self.amount.units()),
            self.currency.map_or(Value::Null, Value::text),
            Value::Int(account.balance.units()),
            Value::text(self.job.to_string()),
        ];
        // Of two accounts that are changed under one id at the same time, the unique key lets one in; the other is told
        // `Duplicate`, undone, and finds the line when it is done again.
        session.run(sql, &values).await?;
        Ok(self.answer(account.balance))
    }

    /// The balance that this line left when it was posted, if it was.
    pub(super) async fn posted_before(&self, session: &mut dyn Session) -> Result<Option<Amount>, Fault> {
        let sql = "SELECT user_id, kind, currency, amount, balance FROM credit_transactions WHERE transaction_id = ?";
        let columns = [Read::Text, Read::Text, Read::Text, Read::Int, Read::Int];
        let rows = session.rows(sql, &[Value::text(self.transaction_id)], &columns).await?;
        let Some([user_id, kind, currency, amount, balance]) = rows.first().map(Vec::as_slice) else { return Ok(None) };
        let is_same = user_id.as_text() == Some(self.user_id)
            && kind.as_text() == Some(self.kind)
            && currency.as_text() == self.currency
            && amount.int()? == self.amount.units();
        if is_same {
            return Ok(Some(Amount::from_units(balance.int()?)));
        }
        Err(Fault::of_field(
            "transaction_id",
            format_args!("{} is taken by another transaction; nothing was changed", self.transaction_id),
        ))
    }

    fn answer(&self, balance: Amount) -> Posted {
        let (transaction_id, user_id) = (self.transaction_id.to_owned(), self.user_id.to_owned());
        Posted { transaction_id, user_id, amount: self.amount, balance }
    }
}
