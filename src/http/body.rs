//! Reading a request body under a limit on its size and on the time it may take.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

/// Why a request body was not taken. The rest of it is not read: the connection closes after the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Larger than `limit` bytes, announced or sent. Answer 413.
    #[error("the request body is larger than {limit} bytes; send a smaller one, or split the batch")]
    TooLarge { limit: usize },
    /// Not complete when `deadline` had passed. Answer 408.
    #[error("the request body was not complete after {deadline:?}; send it faster, or a smaller one")]
    TooSlow { deadline: Duration },
    /// The connection or the chunked coding failed midway. Answer 400, if anyone still listens.
    #[error("the request body broke off ({0}); send the request again")]
    Broken(String),
}

/// Reads the whole of `body`: at most `limit` bytes, all of them within `deadline` of this call. The deadline is for
/// the total, as a client that sends one byte a second would pass any limit on idleness. A Content-Length above
/// `limit` is refused before anything is read, also when the client waits for `100 Continue`.
pub async fn collect(body: Body, limit: usize, deadline: Duration) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    match timeout(deadline, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Ok(Err(error)) => Err(BodyError::Broken(root_cause(&*error))),
        Err(_elapsed) => Err(BodyError::TooSlow { deadline }),
    }
}

/// The outer errors only say that reading failed; the innermost says at what.
fn root_cause(mut error: &(dyn Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io;

    use futures::stream::{self, StreamExt};

    use super::*;

    const LONG: Duration = Duration::from_secs(10);
    const SHORT: Duration = Duration::from_millis(50);

    fn chunks(chunks: &[&'static str]) -> Body {
        Body::from_stream(stream::iter(chunks.to_vec()).map(Ok::<_, Infallible>))
    }

    #[tokio::test]
    async fn a_body_of_just_the_limit_is_taken() {
        assert_eq!(collect(Body::from("12345678"), 8, LONG).await.unwrap(), "12345678");
        assert_eq!(collect(chunks(&["1234", "5678"]), 8, LONG).await.unwrap(), "12345678");
    }

    #[tokio::test]
    async fn an_announced_length_above_the_limit_is_refused() {
        assert_eq!(collect(Body::from("123456789"), 8, LONG).await, Err(BodyError::TooLarge { limit: 8 }));
    }

    #[tokio::test]
    async fn chunks_that_add_up_past_the_limit_are_refused_before_the_body_ends() {
        let endless = Body::from_stream(stream::repeat(Ok::<_, Infallible>("1234")));
        assert_eq!(collect(endless, 8, LONG).await, Err(BodyError::TooLarge { limit: 8 }));
    }

    #[tokio::test]
    async fn a_body_that_stops_midway_is_too_slow() {
        let stalled = Body::from_stream(stream::iter([Ok::<_, Infallible>("1234")]).chain(stream::pending()));
        assert_eq!(collect(stalled, 8, SHORT).await, Err(BodyError::TooSlow { deadline: SHORT }));
    }

    #[tokio::test]
    async fn a_body_that_fails_midway_names_the_cause() {
        let torn = Body::from_stream(stream::iter([Ok("1234"), Err(io::Error::other("cable cut"))]));
        let error = collect(torn, 8, LONG).await.unwrap_err();
        assert_eq!(error.to_string(), "the request body broke off (cable cut); send the request again");
    }
}
