//! The real binary from the outside: command line, API, exit codes.

mod config;
mod dispatch;
mod doctor;
mod enqueue;
mod first_run;
mod look;
mod manual;
mod offline;
mod operate;
mod starting;
mod trial_jobs;
mod two_processes;
mod work;
