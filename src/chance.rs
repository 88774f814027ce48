//! The one home of chance.

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
