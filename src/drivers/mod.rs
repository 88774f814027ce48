//! The stores.

pub mod memory;
