//! The jobs that this server knows: one file each. To add one, write its file and add its line here.

mod aborts_process;
mod always_fails;
mod blocking_sleep;
mod echo;
mod flaky;
mod generate_report;
mod noop;
mod panics;
mod process_order;
mod record_callback;
mod send_notification;
mod sleep;
