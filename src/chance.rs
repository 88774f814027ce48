//! The one home of chance.

use uuid::{Builder, Uuid};

use crate::clock::Timestamp;
use crate::queue::CallId;

/// A number from 0 to 1, for jitter.
#[expect(clippy::disallowed_methods, reason = "this is its home")]
pub fn roll() -> f64 {
    rand::random()
}

/// A fresh name for a call.
#[expect(clippy::disallowed_methods, reason = "this is its home")]
pub fn call_id() -> CallId {
    CallId(rand::random())
}

/// A fresh UUIDv7 of this time. It costs no call of the system, as those do that the crate makes by itself.
#[expect(clippy::disallowed_methods, reason = "this is its home")]
pub fn uuid(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

/// Eight letters and digits that tell two processes of one host apart.
#[expect(clippy::disallowed_methods, reason = "this is its home")]
pub fn suffix() -> String {
    format!("{:08x}", rand::random::<u32>())
}

/// 256 bits for a secret, from a generator that the system seeds and nobody can predict.
#[expect(clippy::disallowed_methods, reason = "this is its home")]
pub fn secret() -> [u8; 32] {
    rand::random()
}
