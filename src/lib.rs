//! Journeyman: an HTTP job server with Laravel-style job traits.

pub mod chance;
pub mod clock;
pub mod drivers;
pub mod http;
pub mod queue;
pub mod wake;

pub use journeyman_job as job;
