//! Taking replies apart. An odd reply is an error, never a panic.

use bytes::Bytes;
use fred::types::Value;
use journeyman_job::JobId;

use crate::queue::StoreError;

/// The elements of a reply, one after the other.
#[derive(Debug)]
pub struct Reply(std::vec::IntoIter<Value>);

impl Reply {
    pub fn new(value: Value) -> Self {
        match value {
            Value::Array(elements) => Self(elements.into_iter()),
            single => Self(vec![single].into_iter()),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    pub fn optional_bytes(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self.0.next() {
            Some(Value::Null) => Ok(None),
            Some(Value::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Value::String(text)) => Ok(Some(text.into_inner())),
            other => Err(odd("a string", other.as_ref())),
        }
    }

    pub fn bytes(&mut self) -> Result<Bytes, StoreError> {
        self.optional_bytes()?.ok_or_else(|| odd("a string", Some(&Value::Null)))
    }

    pub fn text(&mut self) -> Result<String, StoreError> {
        String::from_utf8(self.bytes()?.into()).map_err(|_| odd("text", None))
    }

    pub fn id(&mut self) -> Result<JobId, StoreError> {
        JobId::from_slice(&self.bytes()?).ok_or_else(|| odd("an id", None))
    }

    /// The worker whose list was not among the keys of a look at a job, if that is what it says.
    pub fn moved_to(&self) -> Option<String> {
        let text = |value: &Value| value.as_string();
        match self.0.as_slice() {
            [word, worker] if text(word)? == "moved" => text(worker),
            _ => None,
        }
    }

    /// The elements of an array in it.
    pub fn array(&mut self) -> Result<Self, StoreError> {
        match self.0.next() {
            Some(array @ Value::Array(_)) => Ok(Self::new(array)),
            other => Err(odd("an array", other.as_ref())),
        }
    }

    pub fn integer(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(Value::Integer(number)) => Ok(number),
            other => Err(odd("a number", other.as_ref())),
        }
    }

    /// A number that cannot be below zero.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        self.integer().map(|number| u64::try_from(number).unwrap_or(0))
    }
}

/// What to say of a reply that is not as the scripts write it.
fn odd(wanted: &str, found: Option<&Value>) -> StoreError {
    let found = found.map_or("nothing", |value| match value {
        Value::Null => "nil",
        Value::Integer(_) => "a number",
        Value::String(_) | Value::Bytes(_) => "a string",
        Value::Array(_) => "an array",
        _ => "something else",
    });
    StoreError::Refused(format!("Redis gave an unexpected answer: {found} where {wanted} was due"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_reply_is_an_error() {
        let mut reply = Reply::new(Value::Array(vec![Value::Null, Value::from(3), Value::from("x")]));
        assert_eq!(reply.optional_bytes(), Ok(None));
        assert!(reply.bytes().is_err());
        assert!(reply.integer().is_err());
        assert!(Reply::new(Value::Array(vec![Value::from(3)])).array().is_err());
        assert!(reply.is_empty() && reply.bytes().is_err());
    }
}
