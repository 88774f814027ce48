//! What a handler may return.

use serde_json::Value;

use crate::{JobError, JobResult, Outcome, RawJson};

/// What a function registered as a handler ends with: `false`, JSON `false` and errors are failures, anything else is the
/// result.
///
/// Any serialisable type that is not among these goes through [`Outcome::with`].
pub trait HandlerResult {
    fn into_job_result(self) -> JobResult;
}

fn said_no() -> JobError {
    JobError::new("the handler returned false")
}

impl HandlerResult for bool {
    fn into_job_result(self) -> JobResult {
        if self { Outcome::with(true) } else { Err(said_no()) }
    }
}

impl HandlerResult for () {
    fn into_job_result(self) -> JobResult {
        Ok(Outcome::done())
    }
}

impl HandlerResult for Outcome {
    fn into_job_result(self) -> JobResult {
        Ok(self)
    }
}

impl HandlerResult for RawJson {
    fn into_job_result(self) -> JobResult {
        if self.get() == "false" { Err(said_no()) } else { Ok(Outcome::Completed(Some(self))) }
    }
}

impl HandlerResult for Value {
    fn into_job_result(self) -> JobResult {
        if self == Value::Bool(false) { Err(said_no()) } else { Outcome::with(self) }
    }
}

impl<T: HandlerResult> HandlerResult for Option<T> {
    fn into_job_result(self) -> JobResult {
        self.map_or_else(|| Ok(Outcome::done()), HandlerResult::into_job_result)
    }
}

impl<T: HandlerResult, E: Into<JobError>> HandlerResult for Result<T, E> {
    fn into_job_result(self) -> JobResult {
        self.map_or_else(|error| Err(error.into()), HandlerResult::into_job_result)
    }
}

macro_rules! plain_results {
    ($($kind:ty),+) => {$(
        impl HandlerResult for $kind {
            fn into_job_result(self) -> JobResult {
                Outcome::with(self)
            }
        }
    )+};
}

plain_results!(String, &'static str, i32, i64, u32, u64, usize, f64);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result(returned: impl HandlerResult) -> Result<Option<String>, String> {
        match returned.into_job_result() {
            Ok(Outcome::Completed(value)) => Ok(value.map(|value| value.get().to_owned())),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn r11_false_and_errors_fail_and_anything_else_is_the_result() {
        for (returned, expected) in [
            (result(true), Some("true")),
            (result(()), None),
            (result(json!(null)), Some("null")),
            (result(json!(0)), Some("0")),
            (result(json!({"a": false})), Some(r#"{"a":false}"#)),
            (result(RawJson::parse("[ ]".into()).unwrap()), Some("[ ]")),
            (result(Some("text")), Some(r#""text""#)),
            (result(None::<u32>), None),
            (result(Ok::<_, JobError>(7_u64)), Some("7")),
        ] {
            assert_eq!(returned, Ok(expected.map(str::to_owned)));
        }
        let no = RawJson::parse(" false ".into()).unwrap();
        for failed in [result(false), result(json!(false)), result(no), result(Ok::<_, JobError>(false))] {
            assert!(failed.clone().unwrap_err().contains("returned false"), "{failed:?}");
        }
        assert!(result(Err::<(), _>(JobError::fatal("no credit"))).unwrap_err().contains("no credit"));
        assert!(result(Err::<(), _>(std::io::Error::other("line busy"))).unwrap_err().contains("line busy"));
    }
}
