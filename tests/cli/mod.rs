//! The real binary from the outside: command line, API, exit codes.

mod config;
mod database;
mod dispatch;
mod enqueue;
mod examples;
mod first_run;
mod keys;
mod look;
mod metrics;
mod offline;
mod starting;
mod trial_jobs;
mod two_processes;
mod work;
