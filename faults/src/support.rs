//! The servers that the tests start too, by the very same code.

#![allow(clippy::unwrap_used, dead_code, reason = "written for tests, which want a panic where something is amiss")]

#[path = "../../tests/support/database.rs"]
pub mod database;
#[path = "../../tests/support/http.rs"]
pub mod http;
#[path = "../../tests/support/instructions.rs"]
pub mod instructions;
#[path = "../../tests/support/mariadb.rs"]
mod mariadb;
#[path = "../../tests/support/postgres.rs"]
mod postgres;
#[path = "../../tests/redis/server.rs"]
pub mod redis;
#[path = "../../tests/support/waiting.rs"]
pub mod waiting;

pub use waiting::until;
