//! The database servers that the tests start too, by the very same code.

#![allow(clippy::unwrap_used, dead_code, reason = "written for tests, which want a panic where something is amiss")]

#[path = "../../../tests/support/database.rs"]
pub mod database;
#[path = "../../../tests/support/mariadb.rs"]
mod mariadb;
#[path = "../../../tests/support/postgres.rs"]
mod postgres;
