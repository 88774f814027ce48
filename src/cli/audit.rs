//! The rows that commands leave of what they have done.

use crate::host;
use crate::http::Problem;
use crate::queue::operations::{Deed, Operations};

/// Does it, and leaves a row of it, whatever comes of it. Commands of the same process tell the user; the row is for others.
pub(super) async fn recorded<T, E: Clone + Into<Problem>>(
    operations: &Operations,
    action: &str,
    target: Option<String>,
    doing: impl Future<Output = Result<T, E>>,
    outcome: impl FnOnce(&T) -> String,
) -> Result<T, E> {
    let done = doing.await;
    let outcome = match &done {
        Ok(done) => outcome(done),
        Err(error) => {
            let Problem { code, .. } = error.clone().into();
            format!("{} ({})", code.as_str(), code.status().as_u16())
        }
    };
    let action = action.to_owned();
    operations.put_on_record(Deed { actor: Some(actor()), action, target, outcome, request_id: None }).await;
    done
}

fn actor() -> String {
    format!("cli:{}@{}", host::user(), host::name())
}
