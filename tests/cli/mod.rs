//! The real binary from the outside: command line, API, exit codes.

mod config;
mod dispatch;
mod enqueue;
mod first_run;
mod keys;
mod look;
mod metrics;
mod offline;
mod starting;
mod trial_jobs;
mod two_processes;
mod work;
