//! Changes that a client cannot cut in half by going away.

use tracing::Instrument;

use super::error::Problem;

/// Runs a change in a task of its own: a client that leaves drops the handler, and the change goes on to its end.
pub(super) async fn detached<T, E>(change: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, Problem>
where
    T: Send + 'static,
    E: Into<Problem> + Send + 'static,
{
    let done = tokio::spawn(change.in_current_span()).await;
    done.map_err(|error| Problem::internal(&error))?.map_err(Into::into)
}
