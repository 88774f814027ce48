//! The real binary from the outside: command line, API, exit codes.

mod config;
mod database;
mod dispatch;
mod doctor;
mod enqueue;
mod examples;
mod first_run;
mod keys;
mod listings;
mod look;
mod manual;
mod metrics;
mod offline;
mod operate;
mod starting;
mod terminal;
mod trial_jobs;
mod two_processes;
mod work;
