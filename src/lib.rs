//! Journeyman: an HTTP job server with Laravel-style job traits.
//!
//! As a program it is `journeyman serve` and `journeyman work`; as a library, [`http::router`] is a `Router` to nest,
//! [`worker::Worker`] runs jobs, and [`queue::QueueManager`] dispatches them. `docs/design.md` tells how it is built.

pub mod access;
pub mod app;
pub mod chance;
pub mod circuit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod drivers;
mod host;
pub mod http;
pub mod metrics;
pub mod queue;
mod shutdown;
pub mod tables;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wake;
pub mod webhook;
pub mod worker;

pub use journeyman_job as job;
