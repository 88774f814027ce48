//! `POST /api/queue/example/…`: the documents' example jobs by addresses of their own, there when examples are on.
//!
//! Each is an enqueue whose fields are those of one job type, checked one by one, so that every fault is told at once.

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use journeyman_job::credits::{Currency, Email, TransactionId, UserId};
use journeyman_job::{Amount, AmountError, Dispatch, RawJson};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::edge::needs;
use super::enqueue::{self, Enqueued, request};
use super::error::{Fault, Problem, ProblemBody};
use super::extract::JsonBody;
use super::json;
use crate::access::Scope;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(needs(Scope::Enqueue, routes!(credit_purchase)))
        .routes(needs(Scope::Enqueue, routes!(user_registration)))
        .routes(needs(Scope::Enqueue, routes!(credit_update)))
}

/// Credit that a user has bought.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "user123", "amount": 100, "currency": "USD", "transaction_id": "txn_456"}))]
struct CreditPurchaseRequest {
    #[schema(value_type = String, required = true, pattern = "^[!-~]{1,128}$")]
    user_id: Option<RawJson>,
    /// More than 0, exact, at most four digits after the point; a number or the same as a string.
    #[schema(value_type = f64, required = true, exclusive_minimum = 0)]
    amount: Option<RawJson>,
    /// ISO 4217.
    #[schema(value_type = String, required = true, pattern = "^[A-Z]{3}$")]
    currency: Option<RawJson>,
    /// What makes it this purchase: it is credited once, however often it is asked for.
    #[schema(value_type = String, required = true, pattern = "^[!-~]{1,128}$")]
    transaction_id: Option<RawJson>,
}

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "user123", "email": "user@example.com", "credit_balance": 0}))]
struct UserRegistrationRequest {
    #[schema(value_type = String, required = true, pattern = "^[!-~]{1,128}$")]
    user_id: Option<RawJson>,
    #[schema(value_type = String, required = true, max_length = 254)]
    email: Option<RawJson>,
    /// What the account is opened with: 0 by default.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = f64, required = false, minimum = 0)]
    credit_balance: Option<RawJson>,
}

/// Credit granted, or used where the amount is negative.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "user123", "amount": -2.5, "transaction_id": "txn_457"}))]
struct CreditUpdateRequest {
    #[schema(value_type = String, required = true, pattern = "^[!-~]{1,128}$")]
    user_id: Option<RawJson>,
    /// Not 0, exact, at most four digits after the point; a number or the same as a string.
    #[schema(value_type = f64, required = true)]
    amount: Option<RawJson>,
    /// What makes it this change: it is made once, however often it is asked for.
    #[schema(value_type = String, required = true, pattern = "^[!-~]{1,128}$")]
    transaction_id: Option<RawJson>,
}

/// What each of them may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description alone")]
enum Answer {
    /// Stored; `location` says where its status is.
    #[response(status = 201)]
    Stored(#[to_schema] Enqueued),
    /// The same was asked for before and has not ended: this is that job.
    #[response(status = 200)]
    There(#[to_schema] Enqueued),
    /// Not JSON, or nested too deep.
    #[response(status = 400, content_type = "application/problem+json")]
    Broken(#[to_schema] ProblemBody),
    /// The body took too long.
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(#[to_schema] ProblemBody),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    Large(#[to_schema] ProblemBody),
    /// The body is not called JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    Strange(#[to_schema] ProblemBody),
    /// Fields that are missing or do not hold what they are for; `errors` names each.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(#[to_schema] ProblemBody),
    /// The store is away, slow or full; try again after `Retry-After`.
    #[response(status = 503, content_type = "application/problem+json")]
    Away(#[to_schema] ProblemBody),
}

/// Credits a purchase
///
/// A job `credit_purchase` in the queue `high_priority`. Only where examples are on.
#[utoipa::path(
    post,
    path = "/api/queue/example/credit-purchase",
    operation_id = "purchaseCredit",
    tag = "examples",
    request_body = CreditPurchaseRequest,
    responses(Answer)
)]
async fn credit_purchase(
    State(api): State<Api>,
    OriginalUri(asked): OriginalUri,
    JsonBody(given): JsonBody<CreditPurchaseRequest>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let data = Purchase {
        user_id: fields.needed("user_id", given.user_id),
        amount: fields.amount("amount", given.amount, Amount::positive),
        currency: fields.needed("currency", given.currency),
        transaction_id: fields.needed("transaction_id", given.transaction_id),
    };
    enqueue::store(api, &asked, Box::new(fields.dispatch("credit_purchase", &data)?)).await
}

/// Registers a user
///
/// A job `user_registration`. Only where examples are on.
#[utoipa::path(
    post,
    path = "/api/queue/example/user-registration",
    operation_id = "registerUser",
    tag = "examples",
    request_body = UserRegistrationRequest,
    responses(Answer)
)]
async fn user_registration(
    State(api): State<Api>,
    OriginalUri(asked): OriginalUri,
    JsonBody(given): JsonBody<UserRegistrationRequest>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let balance =
        given.credit_balance.map(|balance| fields.amount("credit_balance", Some(balance), Amount::not_negative));
    let data = Registration {
        user_id: fields.needed("user_id", given.user_id),
        email: fields.needed("email", given.email),
        credit_balance: balance.flatten(),
    };
    enqueue::store(api, &asked, Box::new(fields.dispatch("user_registration", &data)?)).await
}

/// Changes a user's credit
///
/// A job `credit_update` in the queue `high_priority`. Only where examples are on.
#[utoipa::path(
    post,
    path = "/api/queue/example/credit-update",
    operation_id = "updateCredit",
    tag = "examples",
    request_body = CreditUpdateRequest,
    responses(Answer)
)]
async fn credit_update(
    State(api): State<Api>,
    OriginalUri(asked): OriginalUri,
    JsonBody(given): JsonBody<CreditUpdateRequest>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let data = Update {
        user_id: fields.needed("user_id", given.user_id),
        amount: fields.amount("amount", given.amount, Amount::not_zero),
        transaction_id: fields.needed("transaction_id", given.transaction_id),
    };
    enqueue::store(api, &asked, Box::new(fields.dispatch("credit_update", &data)?)).await
}

/// The payloads, with each value written the one way it has: 100 and "100.00" are the same purchase.
#[derive(Serialize)]
struct Purchase {
    user_id: Option<UserId>,
    amount: Option<Amount>,
    currency: Option<Currency>,
    transaction_id: Option<TransactionId>,
}

#[derive(Serialize)]
struct Registration {
    user_id: Option<UserId>,
    email: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_balance: Option<Amount>,
}

#[derive(Serialize)]
struct Update {
    user_id: Option<UserId>,
    amount: Option<Amount>,
    transaction_id: Option<TransactionId>,
}

/// Collects what is wrong with the fields of a body.
#[derive(Default)]
struct Fields(Vec<Fault>);

impl Fields {
    /// The field's value; without one there is a fault.
    fn needed<T: DeserializeOwned>(&mut self, name: &str, given: Option<RawJson>) -> Option<T> {
        let Some(given) = given else {
            self.fault(name, format!("missing field `{name}`"));
            return None;
        };
        given.read().map_err(|why| self.fault(name, why)).ok()
    }

    fn amount(
        &mut self,
        name: &str,
        given: Option<RawJson>,
        check: impl FnOnce(Amount) -> Result<Amount, AmountError>,
    ) -> Option<Amount> {
        let amount = self.needed(name, given)?;
        check(amount).map_err(|error| self.fault(name, error.to_string())).ok()
    }

    fn fault(&mut self, name: &str, detail: String) {
        self.0.push(Fault::new(format!("/{name}"), detail));
    }

    /// The dispatch of a sound body, or all its faults.
    fn dispatch(self, task_type: &str, data: &impl Serialize) -> Result<Dispatch, Problem> {
        if !self.0.is_empty() {
            return Err(Problem::invalid(self.0));
        }
        let data = RawJson::encode(data).map_err(|error| Problem::internal(&error))?;
        // The fields have been checked: what is left is a build without the example jobs.
        let spec = request::spec(task_type.to_owned(), data).map_err(|fault| Problem::internal(&fault.detail))?;
        Ok(Dispatch::from(spec))
    }
}
