//! All integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod app;
mod architecture;
mod blackbox;
mod browser;
mod cli;
mod conformance;
mod database;
mod deploy;
mod docs;
mod faults;
mod fuzz;
mod http;
mod model;
mod redis;
mod requirements;
mod security;
mod support;
mod tables;
mod verify;
mod webhook;
mod wire;
mod worker;
