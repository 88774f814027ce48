//! A panic is a failure of its job and of nothing else.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt;
use journeyman_job::{ErrorKind, JobError};

/// Runs `code` to its end and drops what is left of it; a panic in either is the error.
pub(super) fn caught<T>(code: impl Future<Output = T>) -> impl Future<Output = Result<T, JobError>> {
    // Boxed: each layer around a future would else hold it twice, and a job's is copied several times on its way.
    let code = Box::pin(code);
    #[expect(
        clippy::redundant_async_block,
        reason = "the block owns the code, so that a panic in its drop is caught too"
    )]
    let owned = AssertUnwindSafe(async move { code.await });
    owned.catch_unwind().map(|ended| ended.map_err(|panic| failure(panic.as_ref())))
}

/// The same for code that does not await.
pub(super) fn caught_now<T>(code: impl FnOnce() -> T) -> Result<T, JobError> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| failure(panic.as_ref()))
}

fn failure(panic: &(dyn Any + Send)) -> JobError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    JobError::of(ErrorKind::Panic, format!("the job panicked: {}", text.unwrap_or("without a message")))
}
