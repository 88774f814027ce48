//! The HTTP API, driven through its router; through a socket where the bytes on it matter.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod bodies;
mod enqueue;
mod everywhere;
mod faulty;
mod health;
mod jobs;
mod openapi;
mod options;
mod socket;
mod stats;
mod status;
mod store;
