//! Who may do what over HTTP: scopes and the keys that grant them. Knows no network.
//!
//! A key is 256 random bits, so a plain SHA-256 of it is enough to keep: there is no word to guess, and nothing to salt.

mod file;
mod key;
mod keys;
mod scope;

pub use file::{KeyFileError, read_file};
pub(crate) use key::checked_name;
pub use key::{ApiKey, KeyLineError};
pub use keys::{Keys, Stranger};
pub use scope::{Scope, Scopes};
