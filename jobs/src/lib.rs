//! The jobs that this server knows: one file each. To add one, write its file and add its line here.

pub mod aborts_process;
pub mod always_fails;
pub mod blocking_sleep;
pub mod credit_calculation;
pub mod credit_purchase;
pub mod credit_update;
pub mod echo;
pub mod flaky;
pub mod generate_report;
pub mod noop;
pub mod panics;
pub mod process_order;
pub mod record_callback;
pub mod send_notification;
pub mod sleep;
pub mod user_registration;
