//! The books of the credit jobs: accounts, and the ledger of what was posted to them.
//!
//! `docs/credits.md` says why a transaction id counts once and why no balance can be wrong. In short: the lock on the
//! account comes first, the look into the ledger second, and balance and ledger change in one transaction.

mod calculate;
mod post;
mod register;

use async_trait::async_trait;
use journeyman_job::credits::{Calculated, CreditLedger, Posted, Posting, Registered, Registration, UserId};
use journeyman_job::{Amount, JobError, JobId};

use super::Tables;
use super::fault::Fault;
use super::session::{Read, Session, Value};

use calculate::Calculate;
use post::Post;
use register::Register;

#[async_trait]
impl CreditLedger for Tables {
    async fn post(&self, posting: &Posting) -> Result<Posted, JobError> {
        Ok(self.change(Post(posting.clone())).await?)
    }

    async fn register(&self, registration: &Registration) -> Result<Registered, JobError> {
        Ok(self.change(Register(registration.clone())).await?)
    }

    async fn calculate(&self, user_id: &UserId, job: JobId) -> Result<Calculated, JobError> {
        Ok(self.change(Calculate { user_id: user_id.clone(), job }).await?)
    }
}

/// What a user has: `balance` is always `purchased` less `used`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Account {
    balance: Amount,
    purchased: Amount,
    used: Amount,
}

const READ_ACCOUNT: &str = "SELECT balance, purchased, used FROM accounts WHERE user_id = ?";

impl Account {
    async fn find(session: &mut dyn Session, user_id: &str, lock: &str) -> Result<Option<Self>, Fault> {
        let sql = format!("{READ_ACCOUNT}{lock}");
        let rows = session.rows(&sql, &[Value::text(user_id)], &[Read::Int; 3]).await?;
        rows.first().map(|row| Self::read(row)).transpose()
    }

    /// The user's account, opened as needed and kept for this transaction: until its end nobody else changes it.
    async fn locked(session: &mut dyn Session, user_id: &str) -> Result<Self, Fault> {
        let dialect = session.dialect();
        if let Some(account) = Self::find(session, user_id, dialect.for_update()).await? {
            return Ok(account);
        }
        let open = format!("INSERT INTO accounts (user_id) VALUES (?){}", dialect.or_leave("user_id"));
        session.run(&open, &[Value::text(user_id)]).await?;
        let found = Self::find(session, user_id, dialect.for_update()).await?;
        found.ok_or_else(|| Fault::Contended(format!("the account of {user_id} was closed")))
    }

    /// The account after a posting, or why it cannot be made.
    fn after(self, user_id: &str, amount: Amount) -> Result<Self, Fault> {
        let too_large = || Fault::Refused(format!("amount: {amount} more is beyond what an account can hold"));
        if amount < Amount::ZERO && self.balance.units() < amount.units().saturating_neg() {
            let taken = Amount::from_units(amount.units().saturating_neg());
            return Err(Fault::Refused(format!(
                "amount: {taken} cannot be taken from {user_id}, who has {}",
                self.balance
            )));
        }
        let (purchased, used) = if amount > Amount::ZERO {
            (self.purchased.checked_add(amount).ok_or_else(too_large)?, self.used)
        } else {
            (self.purchased, self.used.checked_sub(amount).ok_or_else(too_large)?)
        };
        let balance = purchased.checked_sub(used).ok_or_else(too_large)?;
        Ok(Self { balance, purchased, used })
    }

    async fn keep(self, session: &mut dyn Session, user_id: &str) -> Result<(), Fault> {
        let sql = "UPDATE accounts SET balance = ?, purchased = ?, used = ? WHERE user_id = ?";
        let [balance, purchased, used] =
            [self.balance, self.purchased, self.used].map(|amount| Value::Int(amount.units()));
        match session.run(sql, &[balance, purchased, used, Value::text(user_id)]).await? {
            1 => Ok(()),
            rows => Err(Fault::unreadable(format_args!("{rows} accounts of {user_id}"))),
        }
    }

    fn read(row: &[Value]) -> Result<Self, Fault> {
        let amount = |at: usize| row.get(at).map_or(Ok(0), Value::int).map(Amount::from_units);
        Ok(Self { balance: amount(0)?, purchased: amount(1)?, used: amount(2)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(purchased: i64, used: i64) -> Account {
        let [balance, purchased, used] = [purchased - used, purchased, used].map(Amount::from_units);
        Account { balance, purchased, used }
    }

    #[test]
    fn r42_a_balance_never_goes_below_zero() {
        let rich = account(10, 3);
        assert_eq!(rich.after("ada", Amount::from_units(-7)), Ok(account(10, 10)));
        let error = rich.after("ada", Amount::from_units(-8)).unwrap_err().to_string();
        assert_eq!(error, "amount: 0.0008 cannot be taken from ada, who has 0.0007");
        assert!(account(0, 0).after("ada", Amount::from_units(i64::MIN)).is_err());
    }

    #[test]
    fn r42_a_sum_beyond_what_can_be_kept_is_refused_and_never_wraps() {
        let full = account(i64::MAX, 0);
        assert!(full.after("ada", Amount::from_units(1)).is_err());
        assert_eq!(full.after("ada", Amount::from_units(-1)), Ok(account(i64::MAX, 1)));
    }
}
