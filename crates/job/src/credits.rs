//! Accounts of credit: what the credit jobs ask of whoever keeps the books.

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{Amount, JobError, JobId};

/// Keeps accounts and the ledger of all that was posted to them.
///
/// Every method can be repeated with the same arguments: it then changes nothing and gives the same answer. An error that
/// [is final](crate::ErrorKind::is_final) says that nothing was changed; after any other the same call may be made again.
#[async_trait]
pub trait CreditLedger: Debug + Send + Sync {
    /// Changes the balance of an account, once per transaction id. The account is opened as needed.
    async fn post(&self, posting: &Posting) -> Result<Posted, JobError>;

    /// Adds a user, once per user id, and posts the opening balance.
    async fn register(&self, registration: &Registration) -> Result<Registered, JobError>;

    /// Adds up what a user has bought and used, and keeps the outcome under the job's id.
    async fn calculate(&self, user_id: &UserId, job: JobId) -> Result<Calculated, JobError>;
}

/// The ledger as the application shares it with its jobs: `ctx.require::<Credits>()`.
#[derive(Debug, Clone)]
pub struct Credits(Arc<dyn CreditLedger>);

impl Credits {
    pub fn new(ledger: impl CreditLedger + 'static) -> Self {
        Self(Arc::new(ledger))
    }
}

impl std::ops::Deref for Credits {
    type Target = dyn CreditLedger;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

/// What a posting is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostingKind {
    /// Bought with money of this currency.
    Purchase { currency: Currency },
    /// Granted, or used where the amount is negative.
    Update,
}

/// One change of a balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The same id is posted once, whichever job asks.
    pub transaction_id: TransactionId,
    pub user_id: UserId,
    pub kind: PostingKind,
    pub amount: Amount,
    /// The job that posts it, for the books.
    pub job: JobId,
}

/// What became of a [`Posting`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Posted {
    pub transaction_id: String,
    pub user_id: String,
    pub amount: Amount,
    /// The balance right after it.
    pub balance: Amount,
}

/// A user to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub user_id: UserId,
    pub email: Email,
    pub credit_balance: Amount,
    /// The job that asks, for the books.
    pub job: JobId,
}

/// What became of a [`Registration`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    pub user_id: String,
    /// What the account was opened with.
    pub credit_balance: Amount,
}

/// What a user has bought and used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calculated {
    pub user_id: String,
    pub total_purchased: Amount,
    pub total_used: Amount,
    /// The difference of the two.
    pub credit_score: Amount,
}

/// Why a text cannot be what its field is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} {rule}")]
pub struct FieldError {
    given: String,
    rule: &'static str,
}

/// A text that is checked when it is read.
macro_rules! checked_text {
    ($(#[doc = $doc:literal])+ $name:ident, $schema:tt, $rule:literal, $is_valid:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = FieldError;

            fn try_from(text: String) -> Result<Self, FieldError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(&text) {
                    Ok(Self(text))
                } else {
                    Err(FieldError { given: text.chars().take(40).collect(), rule: $rule })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

checked_text!(
    /// Who an account belongs to: 1 to 128 visible ASCII characters, told apart by case.
    UserId,
    { "type": "string", "pattern": "^[!-~]{1,128}$" },
    "is no user id: give 1 to 128 visible ASCII characters without spaces",
    is_key
);

checked_text!(
    /// What makes two postings the same one: as a [`UserId`]. Those that begin with `opening:` are the ledger's own.
    TransactionId,
    { "type": "string", "pattern": "^(?!opening:)[!-~]{1,128}$" },
    "is no transaction id: give 1 to 128 visible ASCII characters without spaces, and not \"opening:\" at the start",
    |text| is_key(text) && !text.starts_with(OPENING)
);

checked_text!(
    /// Three capital letters, as in ISO 4217.
    Currency,
    { "type": "string", "pattern": "^[A-Z]{3}$" },
    "is no currency: give three capital letters such as USD",
    |text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
);

checked_text!(
    /// Something with one `@` between two parts, at most 254 characters. Only a letter tells whether it can be delivered.
    Email,
    { "type": "string", "pattern": EMAIL, "maxLength": 254 },
    "is no address: give something like ada@example.org",
    |text| {
        let parts: Vec<&str> = text.split('@').collect();
        let is_clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
        text.chars().count() <= 254 && is_clean && matches!(parts[..], [name, host] if !name.is_empty() && !host.is_empty())
    }
);

/// The same as a pattern: `\s` is not the same everywhere.
const EMAIL: &str = concat!(
    r"^[^@\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+@",
    r"[^@\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$"
);

/// What the ids of opening balances begin with.
const OPENING: &str = "opening:";

impl UserId {
    /// The transaction that brings the opening balance.
    pub fn opening(&self) -> String {
        format!("{OPENING}{self}")
    }
}

fn is_key(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes<T: TryFrom<String>>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(T::try_from((*text).to_owned()).is_ok(), "{text}");
        }
        for text in bad {
            assert!(T::try_from((*text).to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn r41_each_field_takes_what_it_is_for() {
        let long = "x".repeat(129);
        takes::<UserId>(&["user123", "a@b", &long[1..]], &["", "a b", "a\n", "ü", &long]);
        takes::<TransactionId>(&["txn_456", "OPENING:x"], &["opening:x", "", " txn"]);
        takes::<Currency>(&["USD"], &["usd", "US", "USDT", "€"]);
        takes::<Email>(
            &["ada@example.org", "ä@ö.example"],
            &["ada", "@x", "x@", "a@b@c", "a b@c", &format!("{long}@{long}")],
        );
    }
}
