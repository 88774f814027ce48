//! The HTTP API, driven through its router; through a socket where the bytes on it matter.

mod access;
pub mod api;
mod batch;
mod bodies;
mod dashboard;
mod enqueue;
mod everywhere;
mod examples;
mod failed;
pub mod faulty;
mod health;
mod jobs;
mod limits;
mod listing;
mod log;
mod metrics;
mod openapi;
mod options;
mod queues;
mod session;
mod socket;
mod stats;
mod status;
mod store;
mod unique;
mod v1;
