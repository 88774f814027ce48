//! Adding a user, once per user id.

use async_trait::async_trait;
use journeyman_job::Amount;
use journeyman_job::credits::{Registered, Registration};

use super::Account;
use super::post::Line;
use crate::tables::fault::Fault;
use crate::tables::session::{Change, Read, Session, Value};

#[derive(Debug)]
pub(super) struct Register(pub(super) Registration);

#[async_trait]
impl Change for Register {
    type Answer = Registered;

    async fn apply(&self, session: &mut dyn Session) -> Result<Registered, Fault> {
        let Registration { user_id, email, credit_balance, job } = &self.0;
        let answer = Registered { user_id: user_id.to_string(), credit_balance: *credit_balance };
        let opening = user_id.opening();
        let line = Line {
            transaction_id: &opening,
            user_id: user_id.as_str(),
            kind: "opening",
            currency: None,
            amount: *credit_balance,
            job: *job,
        };
        // Holding the account, no other registration of this user is under way.
        let account = Account::locked(session, user_id.as_str()).await?;
        if let Some(known) = email_of(session, user_id.as_str()).await? {
            let opened = line.posted_before(session).await?;
            // Without a line the account was opened with nothing.
            let is_same = opened.is_some() || *credit_balance == Amount::ZERO;
            return if known == email.as_str() && is_same {
                Ok(answer)
            } else {
                Err(Fault::of_field("user_id", format_args!("{user_id} is registered already, with other particulars")))
            };
        }
        let sql = "SELECT user_id FROM users WHERE email = ?";
        if !session.rows(sql, &[Value::text(email.as_str())], &[Read::Text]).await?.is_empty() {
            return Err(Fault::of_field("email", "the address is another user's"));
        }
        let values = [Value::text(user_id.as_str()), Value::text(email.as_str())];
        session.run("INSERT INTO users (user_id, email) VALUES (?, ?)", &values).await?;
        if *credit_balance > Amount::ZERO {
            line.post(session, account).await?;
        }
        Ok(answer)
    }
}

async fn email_of(session: &mut dyn Session, user_id: &str) -> Result<Option<String>, Fault> {
    let rows =
        session.rows("SELECT email FROM users WHERE user_id = ?", &[Value::text(user_id)], &[Read::Text]).await?;
    Ok(rows.first().and_then(|row| row.first()?.as_text().map(str::to_owned)))
}
