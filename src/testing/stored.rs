//! The drivers' readers of stored values, for whoever feeds them bytes that no driver wrote.

pub use crate::drivers::redis::read_any as redis;
pub use crate::drivers::sqlite::read_any as sqlite;
