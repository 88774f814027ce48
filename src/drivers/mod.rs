//! The stores.

pub mod memory;
pub mod sqlite;
